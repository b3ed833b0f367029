"""Who reports: what a person named, held against what the data show, so that a typing error is never a zero."""

from collections.abc import Iterable

from scoring.model import Reporter
from scoring.year import Status
from smartapp.errors import UsageError
from smartapp.usecases import Reading

_MOST_LISTED = 12


class ReporterError(UsageError):
    """Who reports is not to be found out. `problem` says why, whoever was named where."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem


def who_reports(tallied: Iterable[Reporter]) -> frozenset[Reporter]:
    """Of everyone with a tally those who may report: an NPI without a TIN only where no tally of theirs has one."""
    found = frozenset(tallied)
    with_tin = {one.npi for one in found if one.tin}
    return frozenset(one for one in found if one.tin or (one.npi and one.npi not in with_tin))


def reporter_of(reading: Reading, named: Reporter | None) -> Reporter:
    """The reporter whose cases are counted.

    Args:
        reading: what was read.
        named: what the attestation file says; None leaves it to the data. An NPI without a TIN takes the only
            TIN that the data give it.

    Raises:
        ReporterError: nobody is named and the data name several or none, or the data do not know who is named.
    """
    required = {measure.id for measure in reading.rules.with_status(Status.REQUIRED)}
    counted = [reading.tallies.reporters(measure) for measure in required]
    if named is None:
        return _only(reading, {reporter for found in counted for reporter in found if reporter.npi})
    if any(named in found for found in counted) or reading.faults:  # what is missing may be in what was lost
        return named
    known = _seen(reading).union(*counted)
    same = [one for one in known if one.npi == named.npi and named.npi is not None and named.tin is None and one.tin]
    if named not in known and len(same) != 1:
        raise ReporterError(
            f"who is to report is not in the data. In the data: {_listed(known)}. Where these give no TIN, say it in "
            "the site file's [tin_map].",
            "Correct [reporter] in the attestation file.",
        )
    return named if named in known else same[0]


def _only(reading: Reading, individuals: set[Reporter]) -> Reporter:
    if len(individuals) == 1:
        return next(iter(individuals))
    if reading.faults:
        return Reporter(None, None)
    raise ReporterError(
        f"who reports is not said, and the data name several or none: {_listed(individuals)}.",
        "Add [reporter] to the attestation file.",
    )


def _seen(reading: Reading) -> set[Reporter]:
    """Everyone to whom any fact of any year belongs, and their groups."""
    found = {(row["tin"], row["npi"]) for row in reading.engine.rows("seen_reporter")}
    return {Reporter(*one) for one in found} | {Reporter(tin, None) for tin, _ in found if tin}


def _listed(reporters: Iterable[Reporter]) -> str:
    names = sorted(f"TIN {r.tin or 'unknown'} {f'NPI {r.npi}' if r.npi else '(group)'}" for r in reporters)
    more = f"; and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return "; ".join(names[:_MOST_LISTED]) + more or "nobody"
