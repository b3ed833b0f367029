"""What all drawings have in common: their words, their table, and places as percent of a side."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class DataTable:
    """The numbers of a drawing: the first cell of each row heads it; all others are numbers or short words."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A drawing in words: `anchor` is its id in the page, `reading` one sentence made from its numbers."""

    anchor: str
    title: str
    reading: str
    table: DataTable


@dataclass(frozen=True, slots=True)
class Mark:
    """A place along the width of a drawing, in percent without the sign, and what is written there."""

    x: str
    text: str


def place(part: int | Fraction, whole: int | Fraction) -> str:
    """A part of a whole as a number from 0 to 100 with two decimals; of no whole, 0."""
    return f"{float(Fraction(part) * 100 / Fraction(whole)):.2f}" if whole else "0.00"


def percent_of(part: int | Fraction, whole: int | Fraction) -> str:
    """The same with the sign, as a width or a place in a drawing."""
    return f"{place(part, whole)}%"
