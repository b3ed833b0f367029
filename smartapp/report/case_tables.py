"""Tables of figures over the cases of one measure, each with the address of as many rows, and sums that add up."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smartapp.opened.casebook import ANSWERS, Standing
from smartapp.opened.drilldown import Asked, Show, Way, grade_of, key_of
from smartapp.report.case_list import DRUGS, GRADES, Opens
from smartapp.report.words import month_in_words

_SHOWS = {
    Standing.MET: Show.MET,
    Standing.UNKNOWN: Show.UNKNOWN,
    Standing.NOT_MET: Show.NOT_MET,
    Standing.UNDECIDED: Show.UNDECIDED,
}
_WORDS = {
    Standing.MET: "Met",
    Standing.UNKNOWN: "Not visible",
    Standing.NOT_MET: "Not met",
    Standing.UNDECIDED: "Undecided whether it belongs",
}
_IN_DENOMINATOR = (Standing.MET, Standing.UNKNOWN, Standing.NOT_MET)
_BAD_FIRST = (Standing.NOT_MET, Standing.UNKNOWN, Standing.UNDECIDED, Standing.MET)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of cases and where it opens; `href` empty for none, and where the reader may not open cases."""

    number: int
    href: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of figures; `note` stands beside its title."""

    title: str
    figures: tuple[Figure, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Figures whose columns add up to `total`; None where a case may stand in several rows."""

    name: str
    title: str
    caption: str
    first: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    total: Row | None = None


@dataclass(frozen=True, slots=True)
class CaseTables:
    """The tables of one way to count; `opens` gives the address of what is asked for."""

    way: Way
    opens: Opens

    @property
    def _bare(self) -> Asked:
        return Asked(variant=self.way.variant)

    @property
    def _tallied(self) -> Mapping[Standing, int]:
        """The numbers as they were tallied, not as rows were counted here."""
        tally = self.way.tally
        return {
            Standing.MET: tally.met,
            Standing.UNKNOWN: tally.unknown,
            Standing.NOT_MET: self.way.not_met,
            Standing.UNDECIDED: tally.undecided,
        }

    def split(self) -> Table:
        """Each number by what it rests on."""
        counts = self.way.counted(lambda case: [grade_of(case)])
        grades = [name for name in GRADES if any(counts[standing, name] for standing in _IN_DENOMINATOR)]
        rows = tuple(
            Row(
                _WORDS[standing],
                (
                    self._figure(self._tallied[standing], standing),
                    *(self._figure(counts[standing, grade], standing, rests=grade) for grade in grades),
                ),
            )
            for standing in _IN_DENOMINATOR
        )
        sums = [Figure(sum(counts[s, g] for s in _IN_DENOMINATOR), self.opens(self._bare, rests=g)) for g in grades]
        total = Row("Denominator", (Figure(self.way.tally.denominator, self.opens(self._bare)), *sums))
        head = ("All", *(GRADES[name].capitalize() for name in grades))
        caption = "Each number, and what the answers of its cases rest on"
        return Table("split", "What the numbers rest on", caption, "Answer", head, rows, total)

    def reasons(self) -> Table:
        """Why cases came out as they did, what is not met first."""
        counts = self.way.counted(lambda case: [case.why])
        found = sorted(counts.items(), key=lambda item: (_BAD_FIRST.index(item[0][0]), -item[1], item[0][1]))
        rows = tuple(
            Row(why, (self._figure(number, standing, why=key_of(why)),), ANSWERS[standing])
            for (standing, why), number in found
        )
        tally = self.way.tally
        total = Row("All, the undecided too", (Figure(tally.denominator + tally.undecided, ""),))
        caption = "Reasons of all cases, those that are in neither number too"
        return Table("reasons", "Reasons", caption, "Reason", ("Cases",), rows, total)

    def months(self) -> Table:
        """Cases by the month of the first record that decides them."""
        counts = self.way.counted(lambda case: [case.month])
        months = sorted({month for _, month in counts})
        rows = tuple(self._row(counts, month, month_in_words(month), {"month": month}) for month in months)
        total = Row("All", tuple(self._figure(self._tallied[s], s) for s in Standing))
        caption = "Cases by the month of the first record that decides each"
        return Table("months", "Month by month", caption, "Month", tuple(_WORDS.values()), rows, total)

    def clinicians(self) -> Table:
        """Whose cases these are; one of several clinicians stands with each of them, so that nothing adds up."""
        counts = self.way.counted(lambda case: [npi or "" for npi in case.clinicians])
        rows = tuple(
            self._row(counts, npi, f"NPI {npi}" if npi else "Nobody named", {"clinician": str(number)})
            for number, npi in enumerate(self.way.clinicians, 1)
        )
        caption = "Cases by clinician; one of several clinicians stands with each of them"
        return Table("clinicians", "Clinicians", caption, "Clinician", tuple(_WORDS.values()), rows)

    def drugs(self) -> Table:
        """Prescriptions of controlled substances, and others."""
        counts = self.way.counted(lambda case: [case.controlled or "unknown"])
        drugs = [drug for drug in DRUGS if any(found == drug for _, found in counts)]
        rows = tuple(self._row(counts, drug, DRUGS[drug].capitalize(), {"drug": drug}) for drug in drugs)
        total = Row("All", tuple(self._figure(self._tallied[s], s) for s in Standing))
        caption = "Prescriptions by what the drug is"
        return Table("drugs", "Controlled substances", caption, "Drug", tuple(_WORDS.values()), rows, total)

    def _row(self, counts: Counter[tuple[Standing, str]], key: str, title: str, asked: Mapping[str, Any]) -> Row:
        return Row(title, tuple(self._figure(counts[standing, key], standing, **asked) for standing in Standing))

    def _figure(self, number: int, standing: Standing, **asked: Any) -> Figure:  # what `Asked` takes
        return Figure(number, self.opens(self._bare, show=_SHOWS[standing], **asked) if number else "")


def unlisted(show: Show, whys: Iterable[str], opens: Opens) -> Table:
    """What is no case of the reporter's, by reason, the most frequent first."""
    counts = Counter(whys)
    found = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = tuple(Row(why, (Figure(number, opens(Asked(show=show), why=key_of(why))),)) for why, number in found)
    total = Row("All", (Figure(sum(counts.values()), opens(Asked(show=show))),))
    return Table(show.value, "", "Records by reason", "Reason", ("Records",), rows, total)
