"""What each rule of a profile saw in a sample of a server, and so whether a kind of fact is shown there.

Three answers, never two: shown, not shown, not known. A fact that is only asserted is not shown.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from extractors.decode import elements_of, type_of
from extractors.events import Extract
from extractors.preflight_sample import TypeRead
from extractors.probe import RuleProbe
from extractors.profile import Profile
from extractors.selectors import Selector
from extractors.sources.search import Outcome
from extractors.told import is_unmapped
from extractors.vocabulary import Answer, EventKind, Grade

Row = Mapping[str, Any]

_PATH = re.compile(r"\w+(?:\.\w+)*")
_WORD = re.compile(r"(?<![.'/\w])[a-z]\w*")


class Seen(StrEnum):
    """What one rule saw."""

    SHOWN = "shows it"
    UNMAPPED = "has values that the profile does not map"
    INCOMPLETE = "lacks an element"
    ABOUT_OTHERS = "is about none of the cases"
    NEVER_MET = "matches, but never says yes"
    NOT_MATCHED = "none matches"
    EMPTY = "none received"
    NO_TYPE = "the server does not have the type"
    WITHHELD = "may not be read"
    NOT_READ = "could not be read whole"


class Shown(StrEnum):
    """Whether a server shows a kind of fact."""

    YES = "shown"
    MAPPED = "shown once it is mapped"
    NO = "not shown"
    NOT_KNOWN = "not known"


class Role(StrEnum):
    """What a kind does for a measure: any kind that makes cases will do, of the numerator all are needed."""

    CASE = "makes cases"
    NUMERATOR = "makes the numerator"


@dataclass(frozen=True, slots=True)
class Carrier:
    """One rule and what it saw; `of` resources of its type were received, `matched` of them.

    `elements` are what its type would have to fill, `unmapped` values that are codes of the resources.
    """

    selector: Selector
    seen: Seen
    of: int
    matched: int
    elements: tuple[str, ...]
    unmapped: tuple[str, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class KindShown:
    """Whether one kind is shown, what each rule for it saw, and how often it was merely asserted.

    `because` is why where no rule decides it: the profile's word of absence, the site's policy, another profile.
    """

    kind: EventKind
    role: Role
    shown: Shown
    carriers: tuple[Carrier, ...]
    asserted: int
    because: str


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases in the sample: what they are about, and whose they are."""

    foci: frozenset[str]
    patients: frozenset[str]

    def include(self, focus: str) -> bool:
        """Whether a fact about this is about one of the cases, or about its patient."""
        return focus in self.foci or focus in self.patients


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sample gave: events, hits of every rule, how each type was read, and what else shows a kind.

    `stated` are the kinds that the site's policies provide; `elsewhere` names the shipped profiles that would show a
    kind by a rule that the profile at hand does not have.
    """

    extract: Extract
    profile: Profile
    probes: Mapping[str, RuleProbe]
    types: Mapping[str, TypeRead]
    stated: Collection[EventKind]
    elsewhere: Mapping[EventKind, str]


def kind_shown(kind: EventKind, role: Role, cases: Cases, evidence: Evidence) -> KindShown:
    """Whether a kind of fact is shown, for the cases of the measures that need it."""
    rules = [s for s in evidence.profile.carriers(kind) if s.grade is not Grade.ASSERTED]
    carriers = tuple(_carrier(selector, kind, role, cases, evidence) for selector in rules)
    shown, because = _concluded(kind, role, carriers, cases, evidence)
    asserted = sum(
        event["kind"] == kind and event["grade"] == Grade.ASSERTED and event["answer"] == Answer.MET
        for event in evidence.extract.events
    )
    return KindShown(kind, role, shown, carriers, asserted, because)


def _carrier(selector: Selector, kind: EventKind, role: Role, cases: Cases, evidence: Evidence) -> Carrier:
    probe = evidence.probes[selector.rule]
    events = [e for e in evidence.extract.events if e["rule"] == selector.rule and e["kind"] == kind]
    about = events if role is Role.CASE else [event for event in events if cases.include(event["focus"])]
    met = [event for event in about if event["answer"] == Answer.MET]
    lacking = _lacking(selector, role, met)
    read = evidence.types.get(selector.resource)
    return Carrier(
        selector=selector,
        seen=_matched(about, met, lacking) if probe.matched else _not_matched(probe.of, read),
        of=probe.of,
        matched=probe.matched,
        elements=tuple(lacking),
        unmapped=tuple(code for code in probe.unmapped if code),
        detail=read.detail if read else "",
    )


def _matched(about: Sequence[Row], met: Sequence[Row], lacking: Sequence[str]) -> Seen:
    if met:
        return Seen.INCOMPLETE if lacking else Seen.SHOWN
    if any(is_unmapped(event["reason"]) for event in about):
        return Seen.UNMAPPED
    return Seen.NEVER_MET if about else Seen.ABOUT_OTHERS


def _not_matched(of: int, read: TypeRead | None) -> Seen:
    states = {Outcome.WITHHELD: Seen.WITHHELD, Outcome.ABSENT: Seen.NO_TYPE}
    if read is not None and read.outcome is not Outcome.COMPLETE:
        return states.get(read.outcome, Seen.NOT_READ)
    return Seen.NOT_MATCHED if of else Seen.EMPTY


def _lacking(selector: Selector, role: Role, events: Sequence[Row]) -> list[str]:
    """Elements that none of some events has although the rule would read them: when, and of a case by whom."""
    columns = {"clinician": "clinician"} if role is Role.CASE else {}
    return [
        elements_in(selector.resource, selector.texts[name])
        for name, column in {**columns, "occurred": "from_utc"}.items()
        if events and name in selector.paths and all(event[column] is None for event in events)
    ]


def elements_in(resource: str, expression: str) -> str:
    """What an expression reads, as `Type.element`: the path where it is one, else its elements of the resource."""
    if _PATH.fullmatch(expression):
        return f"{resource}.{expression}"
    kind = type_of(resource)
    known = (
        {name for element, (_, _, choice) in elements_of(kind).items() for name in (element, choice)} if kind else ()
    )
    return " or ".join(dict.fromkeys(f"{resource}.{word}" for word in _WORD.findall(expression) if word in known))


def _concluded(
    kind: EventKind, role: Role, carriers: Sequence[Carrier], cases: Cases, evidence: Evidence
) -> tuple[Shown, str]:
    seen = {carrier.seen for carrier in carriers}
    if Seen.SHOWN in seen:
        return Shown.YES, ""
    if kind in evidence.stated:
        return Shown.MAPPED, "the site file states the practice's policy"
    if Seen.UNMAPPED in seen:
        return Shown.MAPPED, ""
    if kind in evidence.elsewhere:
        return Shown.MAPPED, f"profile {evidence.elsewhere[kind]} reads it: --profile {evidence.elsewhere[kind]}"
    if kind in evidence.profile.absent:
        return Shown.NO, evidence.profile.absent[kind].text
    return _not_shown(role, seen, cases), ""


_OPEN = frozenset({Seen.WITHHELD, Seen.NOT_READ, Seen.NEVER_MET})
_BARE = frozenset({Seen.NO_TYPE})


def _not_shown(role: Role, seen: set[Seen], cases: Cases) -> Shown:
    """No where something was looked at: cases without it, or resources among which it is not. Else it is not known."""
    if seen & _OPEN:
        return Shown.NOT_KNOWN
    if seen <= _BARE:
        return Shown.NO
    looked_at = bool(cases.foci) if role is Role.NUMERATOR else bool(seen & {Seen.NOT_MATCHED, Seen.INCOMPLETE})
    return Shown.NO if looked_at else Shown.NOT_KNOWN
