"""Answers that somebody proposes: what they would make of the score, and why some of them are refused.

A draft may be incomplete, and may be of something that a person still has to mend. Refused is only what cannot be
kept at all, and what a person must not say: two roads at once, an exclusion that the counts refute, a day of another
year, another edition.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scoring import findings
from scoring.model import Finding, MeasureId, Severity
from scoring.year import RuleBook
from smartapp.attesting.attestations import Attestations, as_document, from_document
from smartapp.attesting.entries import Entry, changed_by, faults, with_entries
from smartapp.attesting.fields import fields_of
from smartapp.errors import UsageError
from smartapp.scored import Scored, score_reading

REFUSED = {
    kind.code
    for kind in (
        findings.PATHS_SEVERAL,
        findings.OWN_EXCLUSION,
        findings.SUBSTITUTES,
        findings.EXCLUSION_REFUSED,
        findings.EXCLUSION_REFUTED,
        findings.DONE_OUTSIDE_YEAR,
        findings.EDITION_OTHER,
    )
}
"""The findings that a form may not bring about; one that is there already hinders no other answer."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a form proposes.

    `document` holds all answers with those of the form; `changed` are the fields that change something; `problems` say
    by field what cannot be kept. `after` is the score with the answers, None where they cannot be scored.
    """

    document: Mapping[str, Any]
    changed: tuple[str, ...]
    problems: Mapping[str, str]
    before: Scored
    after: Scored | None

    @property
    def can_be_kept(self) -> bool:
        """Whether everything in it may be kept."""
        return not self.problems


def propose(scored: Scored, entries: Iterable[Entry]) -> Proposed:
    """Score what a form brings, beside the score as it stands.

    Args:
        scored: the score with the answers that the form started from.
        entries: what the form would set; see `smartapp.attesting.fields`.
    """
    rules, before = scored.reading.rules, as_document(scored.attestations)
    changed = changed_by(before, entries)
    problems = faults(before, changed, rules)
    document = with_entries(before, [entry for entry in changed if entry.field not in problems])
    attested = from_document(document, "the form", rules)
    return _held_against(scored, attested, document, tuple(entry.field for entry in changed), problems)


def in_place(scored: Scored, earlier: Attestations) -> Proposed:
    """Score other answers in place of all, beside the score as it stands; `changed` are the fields that differ."""
    rules = scored.reading.rules
    changed = differing(fields_of(scored.attestations, rules), fields_of(earlier, rules))
    return _held_against(scored, earlier, as_document(earlier), changed, {})


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The fields that hold something else after than before; one that is not there is empty."""
    return tuple(one for one in {**before, **after} if before.get(one, "") != after.get(one, ""))


def _held_against(
    scored: Scored,
    attested: Attestations,
    document: Mapping[str, Any],
    fields: tuple[str, ...],
    problems: Mapping[str, str],
) -> Proposed:
    try:
        after = rescored(scored, attested)
    except UsageError as problem:
        return Proposed(document, fields, {**problems, **_contradiction(problem, attested)}, scored, None)
    return Proposed(document, fields, {**_refused(scored, after), **problems}, scored, after)


def _refused(before: Scored, after: Scored) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in _new(before, after):
        field = field_of(one, after.attestations, after.reading.rules)
        found[field] = f"{found.get(field, '')} {one.message} {one.remedy}".strip()
    return found


def rescored(scored: Scored, attested: Attestations) -> Scored:
    """The same reading and the same reporter, scored with other answers.

    Raises:
        UsageError: as for `score_reading`.
    """
    return score_reading(scored.reading, replace(attested, reporter=scored.submission.reporter))


def _contradiction(problem: UsageError, attested: Attestations) -> dict[str, str]:
    """A typed total beside an answer that takes its measure out stands beside the total."""
    named = (name for name in attested.reported if f"[reported.{name}]" in str(problem))
    name = next(named, None)
    text = str(problem).replace(f"[reported.{name}]", f"The total of {name}")
    return {f"met-{name}" if name else "reason": text}


def _new(before: Scored, after: Scored) -> Iterator[Finding]:
    known = {(one.code, one.subject, one.message) for one in before.score.findings}
    for one in after.score.findings:
        if one.code in REFUSED and (one.code, one.subject, one.message) not in known:
            yield one


_FIELDS = {
    findings.EDITION_OTHER.code: "edition-{}",
    findings.REGISTERED_LATE.code: "registered-{}",
    findings.REQUESTS_MISSED.code: "asked-{}-0",
    findings.OWN_EXCLUSION.code: "claim-{}",
    findings.EXCLUSIONS_SEVERAL.code: "claim-{}",
}
"""The fields of findings that are about one part of a measure."""


def field_of(finding: Finding, attested: Attestations, rules: RuleBook) -> str:
    """The field of the forms that a finding is about; the CEHRT ID where it is about none of them."""
    name = MeasureId(finding.subject)
    measure = rules.measures.get(name)
    if finding.code == findings.DONE_OUTSIDE_YEAR.code:
        late = attested.dates.done.get(name)
        return f"managed-{name}" if late is None or late.year == rules.year else f"done-{name}"
    if finding.code in _FIELDS:
        return _FIELDS[finding.code].format(name)
    if measure is None:
        return _of_no_measure(finding, rules)
    return _of_measure(name, rules)


def _of_no_measure(finding: Finding, rules: RuleBook) -> str:
    roads = [f"road-{choice.objective}" for choice in rules.choices if choice.objective == finding.subject]
    dates = {findings.NOT_IN_USE.code: "in-use-from", findings.NOT_CERTIFIED.code: "certified-on"}
    return roads[0] if roads else dates.get(finding.code, "cehrt-id")


def _of_measure(name: MeasureId, rules: RuleBook) -> str:
    measure = rules.measures[name]
    excluded = next((one.id for one in rules.measures.values() if name in one.exclusions), None)
    if excluded is not None:
        return f"claim-{excluded}"
    if measure.engages is not None:
        return f"level-{measure.engages}"
    choice = rules.choice_of(name)
    return f"road-{choice.objective}" if choice else f"answer-{name}"


@dataclass(frozen=True, slots=True)
class Difference:
    """The points before and after, None where not determinable, and what would shut the gate then and did not.

    `readable` are the points that can be given already, before and after, also where not all can.
    """

    before: int | None
    after: int | None
    readable: tuple[int, int]
    shut_by: tuple[Finding, ...]
    opened: tuple[Finding, ...]


def difference(before: Scored, after: Scored) -> Difference:
    """What other answers do to a score."""
    errors = [[one for one in each.score.findings if one.severity is Severity.ERROR] for each in (before, after)]
    kept = {(one.code, one.subject) for one in errors[0]} & {(one.code, one.subject) for one in errors[1]}
    shut, opened = ([one for one in found if (one.code, one.subject) not in kept] for found in errors[::-1])
    readable = before.score.points, after.score.points
    return Difference(_points(before), _points(after), readable, tuple(shut), tuple(opened))


def _points(scored: Scored) -> int | None:
    return scored.score.points if scored.score.gate_shut or scored.score.determinable else None
