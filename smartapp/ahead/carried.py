"""Totals of the EHR's own report that stand for a period: of which days they are, and what that leaves open."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from scoring.model import MeasureId, Period
from smartapp.attesting.attestations import Attestations, Reported


@dataclass(frozen=True, slots=True)
class Carried:
    """A total taken as it stands for `period`, seen from `as_of`.

    `of` is the period that the attestation file names, whose total it is; None where it names none.
    """

    measure: MeasureId
    total: Reported
    of: Period | None
    period: Period
    as_of: date

    @property
    def of_other_days(self) -> bool:
        """Whether it is the total of another period, or nobody says of which."""
        return self.of != self.period

    @property
    def later(self) -> bool:
        """Whether the report was made after the day from which it is looked at."""
        return self.total.on > self.as_of

    def sentences(self) -> Iterator[str]:
        """What was taken, then each doubt about it."""
        counted = self.total.proportion
        yield f"{self.measure}: {counted.met} of {counted.denominator} is the EHR's own total, as it stands"
        yield f'("{self.total.report}", of {self.total.on}).'
        if self.of is None:
            yield "The attestation file names no period, so nothing says of which days it is."
        elif self.of_other_days:
            yield f"It is of {self.of.start} to {self.of.end}, not of these days: run that report again for them."
        if self.later:
            yield f"It was made after {self.as_of}: it holds what was not known on that day."
        elif self.total.on < min(self.as_of, self.period.end):
            yield cut_short(self.total, self.period)


def cut_short(total: Reported, period: Period) -> str:
    """What a total cannot hold of a period that ended after the day of its report; empty where it can hold all."""
    return f"What came after {total.on} is not in it." if total.on < period.end else ""


def carried(attested: Attestations, period: Period, as_of: date) -> tuple[Carried, ...]:
    """Every reported total of an attestation file, for a period and a day."""
    return tuple(
        Carried(measure, total, attested.period, period, as_of) for measure, total in attested.reported.items()
    )
