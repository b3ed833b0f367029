"""The comparison of a run with the deck as text for a terminal."""

from smartapp.printed.terminal import columns
from smartapp.vendors.deck_comparison import Compared


def comparison_table(compared: tuple[Compared, ...]) -> str:
    """Every cell, one line each, and how many are the same; what differs is marked at the line's end."""
    head = ("Test", "Measure", "Variant", "Reporter", "Expected", "Got", "")
    rows = [
        (one.cell.test, one.cell.measure, one.cell.variant, one.cell.label, _expected(one), _got(one), _mark(one))
        for one in compared
    ]
    same = sum(one.same for one in compared)
    return "\n".join([*columns([head, *rows]), "", f"{same} of {len(compared)} cells are the same.", ""])


def _expected(one: Compared) -> str:
    return f"{one.cell.numerator}/{one.cell.denominator}"


def _got(one: Compared) -> str:
    if one.got is None:
        return "not there"
    unseen = [f"{one.got.unknown} unknown"] if one.got.unknown else []
    unseen += [f"{one.got.undecided} undecided"] if one.got.undecided else []
    return f"{one.got.met}/{one.got.denominator}" + (f" ({', '.join(unseen)})" if unseen else "")


def _mark(one: Compared) -> str:
    return "same" if one.same else "DIFFERS"
