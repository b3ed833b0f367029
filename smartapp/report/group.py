"""The page of a group: its clinicians' numbers as an account that adds up to the group's, and both ways to report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from extractors.cases import Tally
from scoring.model import Score
from smartapp.opened.measure_words import words_of
from smartapp.people.eligibility import Standing
from smartapp.people.group_rollup import GroupRollup, Member, Rollup
from smartapp.report.words import figure, plural, rate_in_words
from smartapp.scored import Scored

_NOBODY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Account:
    """One line of a measure's account; `href` opens its cases, but for which of them; empty for no list of cases."""

    name: str
    met: str
    denominator: str
    rate: str
    unknown: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class MeasureAccount:
    """One measure: its clinicians, their sum, what the sum counts too often or not at all, and the group."""

    measure: str
    title: str
    unit: str
    reading: str
    clinicians: tuple[Account, ...]
    sum: Account
    corrections: tuple[tuple[str, str], ...]
    group: Account
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reported:
    """One way to be reported: as the group, or one clinician by herself; `owes` is empty where it is not known."""

    name: str
    points: str
    up_to: str
    against: str
    owes: str
    because: str
    note: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class GroupShown:
    """The whole page. `hidden` is how many clinicians whoever looks may not see."""

    reading: str
    ways: tuple[Reported, ...]
    measures: tuple[MeasureAccount, ...]
    hidden: int
    gate: str


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the numbers: where they lead, and who owes the category.

    `home` is the path of the launch's pages; `queries` choose by NPI a clinician, and under an empty NPI the group.
    Cases are linked only where `cases` says that whoever looks may open them. `owes` are the verdicts, by NPI as well.
    """

    home: str = ""
    queries: Mapping[str, str] = field(default_factory=lambda: _NOBODY)
    cases: bool = False
    owes: Mapping[str, Standing] = field(default_factory=dict)

    def score(self, npi: str) -> str:
        """The address of a clinician's score; empty where there is none."""
        return f"{self.home}/score{self.queries[npi]}" if npi in self.queries else ""

    def rows(self, npi: str, measure: str) -> str:
        """The address of the cases of a measure but for what is shown of them; empty where they may not be opened."""
        known = self.cases and npi in self.queries
        return f"{self.home}/measures/{measure}{self.queries[npi]}&show=" if known else ""


def group_shown(found: GroupRollup, around: Around) -> GroupShown:
    """The records of the template."""
    seen = {member.npi for member in found.shown}
    return GroupShown(
        reading=_reading(found),
        ways=tuple(_ways(found, around)),
        measures=tuple(_account(found.scored, one, seen, around) for one in found.measures),
        hidden=len(found.members) - len(seen),
        gate="Points are before the gate, which is shut." if found.scored.score.gate_shut else "",
    )


def _reading(found: GroupRollup) -> str:
    own = [member.scored.score.before_gate for member in found.shown if member.scored]
    group = found.scored.score.before_gate
    text = f"As a group, every clinician has {group} points"
    if not own:
        return f"{text}."
    span = str(min(own)) if min(own) == max(own) else f"{min(own)} to {max(own)}"
    more, fewer = sum(points > group for points in own), sum(points < group for points in own)
    text += f"; each alone, {plural(len(own), 'clinician', 'clinicians')} would have {span}"
    return f"{text}: {more} of them more, {fewer} fewer."


def _ways(found: GroupRollup, around: Around) -> Iterator[Reported]:
    group = found.scored
    yield _way("As a group", group.score, group, around.owes.get(""), "")
    for member in found.shown:
        if member.scored:
            note = _elsewhere(member)
            owes = around.owes.get(member.npi)
            name, href = f"NPI {member.npi}", around.score(member.npi)
            yield _way(name, member.scored.score, group, owes, note, href)


def _way(name: str, score: Score, group: Scored, owes: Standing | None, note: str, href: str = "") -> Reported:
    against = score.before_gate - group.score.before_gate
    return Reported(
        name=name,
        points=str(score.before_gate) if score.determinable else f"{score.before_gate}, not determinable",
        up_to=str(min(group.reading.rules.cap.points, sum(line.up_to for line in score.lines))),
        against=f"{against:+d}" if against else "the same",
        owes=owes.verdict.duty.value if owes else "",
        because=owes.verdict.because if owes else "",
        note=note,
        href=href,
    )


def _elsewhere(member: Member) -> str:
    if not member.elsewhere:
        return ""
    return (
        f"Works under {plural(member.elsewhere, 'other TIN', 'other TINs')} too; only what is of this TIN counts here."
    )


def _account(scored: Scored, one: Rollup, seen: set[str], around: Around) -> MeasureAccount:
    words, unit = scored.reading.rules.measures[one.measure], words_of(one.measure).unit
    named = [(npi, part) for npi, part in one.parts.items() if npi in seen]
    return MeasureAccount(
        measure=one.measure,
        title=words.title,
        unit=unit,
        reading=_compared(one, unit),
        clinicians=tuple(_tally(f"NPI {npi}", part, around.rows(npi, one.measure)) for npi, part in named),
        sum=_sum(one),
        corrections=tuple(_corrections(one)),
        group=_tally("The group", one.group, around.rows("", one.measure)),
        notes=tuple(_notes(scored, one)),
    )


def _tally(name: str, tally: Tally, href: str = "") -> Account:
    rate = Fraction(tally.met, tally.denominator) if tally.denominator else None
    numbers = figure(tally.met), figure(tally.denominator)
    return Account(name, *numbers, rate_in_words(rate, tally.unknown), figure(tally.unknown), href)


def _sum(one: Rollup) -> Account:
    unknown = sum(part.unknown for part in one.parts.values())
    return Account(
        "Sum of the clinicians", figure(one.met_of_parts), figure(one.sum_of_parts), "no rate", figure(unknown)
    )


def _corrections(one: Rollup) -> Iterator[tuple[str, str]]:
    """What leads from the sum to the group; only what there is."""
    if one.again:
        yield f"less what several clinicians count: {figure(one.shared)} counted once", f"-{figure(one.again)}"
    if one.alone:
        yield "less what counts for a clinician and not for the group", f"-{figure(one.alone)}"
    if one.nobodys:
        yield "with what counts for the group and for no clinician", f"+{figure(one.nobodys)}"


def _compared(one: Rollup, unit: str) -> str:
    total, group = one.sum_of_parts, one.group.denominator
    if total == group and not (one.again or one.alone or one.nobodys):
        return f"The group counts {figure(group)} {unit}: the sum of its clinicians."
    return f"The group counts {figure(group)} {unit}; its clinicians add up to {figure(total)}."


def _notes(scored: Scored, one: Rollup) -> Iterator[str]:
    if one.less_met:
        yield f"{figure(one.less_met)} met for one clinician and not for the group: another's part of it is not met."
    if one.measure in scored.attestations.reported:
        yield "The group's score rests on a total of the EHR's report; these are the cases recomputed from FHIR."
