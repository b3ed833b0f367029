"""`preflight`: which measures a FHIR server can show, judged on a bounded sample of its patients."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from extractors.cases import derive
from extractors.engine.local import LocalEngine
from extractors.errors import Unreachable
from extractors.events import Extract, Line, extract
from extractors.ledger import NEEDS
from extractors.preflight_carriers import Cases, Evidence, KindShown, Role, Shown, kind_shown
from extractors.preflight_sample import (
    FEW,
    Opened,
    Sample,
    Told,
    TypeRead,
    chosen,
    clinicians,
    confirmed,
    openings,
    people_in,
    read_sample,
    unread,
)
from extractors.preflight_server import (
    DAYS,
    Asker,
    DateFilter,
    DateFilterSeen,
    Statement,
    date_filter,
    statement_of,
)
from extractors.probe import probe_of
from extractors.profile import Profile, load_profile, profile_names
from extractors.site import Site
from extractors.sources.search import LiveServer, Outcome
from extractors.vocabulary import Answer, EventKind, Grade
from scoring.model import MeasureId


class Gradeability(StrEnum):
    """What a server's data can do for a measure."""

    DERIVABLE = "derivable"
    WITH_MAPPING = "derivable with mapping"
    ATTEST_ONLY = "attest only"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Judged:
    """One measure: its grade, how many cases of it the sample holds, and the kinds that decide."""

    measure: MeasureId
    grade: Gradeability
    cases: int
    kinds: tuple[KindShown, ...]

    def of(self, shown: Shown) -> list[KindShown]:
        """The kinds that pull it down to one word: of kinds that make cases, only where none will do."""
        cases = [one for one in self.kinds if one.role is Role.CASE]
        counted = [*(cases if _best(cases) is shown else []), *(k for k in self.kinds if k.role is Role.NUMERATOR)]
        return [one for one in counted if one.shown is shown]


@dataclass(frozen=True, slots=True)
class Clinicians:
    """Who signed what the sample holds: how many are named, were read, have an NPI, and could not be read."""

    named: int
    read: int
    with_npi: int
    unread: int

    @property
    def shown(self) -> Shown:
        """Whether the server shows an NPI, by which an act is somebody's; a no only where all could be read."""
        if self.with_npi or not self.named:
            return Shown.YES
        return Shown.NO if self.read and not self.unread else Shown.NOT_KNOWN


@dataclass(frozen=True, slots=True)
class Preflight:
    """What preflight found out about one server."""

    base: str
    statement: Statement
    profile: Profile
    sample: Sample
    resources: int
    set_aside: int
    clinicians: Clinicians
    date_filters: tuple[DateFilterSeen, ...]
    judged: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """What to judge by, and on at most how many patients.

    `patients` None: a handful is found by search; `found_by` says in words whence they come.
    """

    profile: Profile
    site: Site
    measures: tuple[MeasureId, ...]
    patients: tuple[str, ...] | None = None
    found_by: str = "found by search"
    most: int = FEW


def examine(base: str, asker: Asker, server: LiveServer, questions: Questions, tell: Told) -> Preflight:
    """Ask a server what it can show.

    Raises:
        Unreachable: it gives no answer, or none of a FHIR server.
        SignInRefused: it answers nothing without a credential, or with this one.
    """
    profile = questions.profile
    statement = statement_of(asker)
    opened = openings(asker, profile)
    _check_is_fhir(statement, opened)
    patients = chosen(opened, questions.most) if questions.patients is None else questions.patients[: questions.most]
    sample = read_sample(server, profile, patients, questions.found_by, tell) if patients else unread(opened)
    sample = confirmed(sample, opened, statement)
    found, people = _extracted(server, sample.lines, questions)
    return Preflight(
        base=base,
        statement=statement,
        profile=profile,
        sample=sample,
        resources=len({row["key"] for row in found.resources}),
        set_aside=len(found.quarantine),
        clinicians=people,
        date_filters=tuple(_date_filter(asker, kind, sample, profile) for kind in DAYS if kind in sample.types),
        judged=_judged(found, people, sample, opened, questions),
    )


def _check_is_fhir(statement: Statement, opened: Opened) -> None:
    """Refuse to judge what answers no question of FHIR: a wrong address is no server without measures."""
    silent = (Outcome.ABSENT, Outcome.FAILED)
    if statement.problem and all(isinstance(one, TypeRead) and one.outcome in silent for one in opened.values()):
        raise Unreachable(
            f"nothing there answers like a FHIR R4 server ({statement.problem.rstrip('.')}). Check the address: "
            "expected a FHIR base such as https://ehr.example.org/fhir."
        )


def _extracted(server: LiveServer, lines: Sequence[Line], questions: Questions) -> tuple[Extract, Clinicians]:
    """What the sample says, with its clinicians beside it."""
    profile, zone = questions.profile, questions.site.zone_info
    signed = people_in(row["clinician"] for row in extract(lines, profile, zone).events)
    people = clinicians(server, signed)
    found = extract([*lines, *(line for one in people for line in one.lines)], profile, zone)
    keys = {row["key"] for row in found.resources if row["type"] == "Practitioner"}
    npis = {key for row in found.directory if row["attribute"] == "npi" and (key := row["key"]) in keys}
    unread = sum(one.outcome is not Outcome.COMPLETE for one in people)
    return found, Clinicians(len(signed), len(keys), len(npis), unread)


def _date_filter(asker: Asker, kind: str, sample: Sample, profile: Profile) -> DateFilterSeen:
    whose, name = sample.types[kind].filed_under, DAYS[kind]
    if f"{kind}.{name}" in profile.never_send:
        why = f"profile {profile.name} says that the server does not have it"
        return DateFilterSeen(kind, name, DateFilter.NOT_ASKED, None, why)
    if whose is None:
        return DateFilterSeen(kind, name, DateFilter.NOT_KNOWN, None, "the sample holds none to look for")
    return date_filter(asker, kind, asker.whose(kind, whose))


def _judged(
    found: Extract, people: Clinicians, sample: Sample, opened: Opened, questions: Questions
) -> tuple[Judged, ...]:
    profile = questions.profile
    evidence = Evidence(
        extract=found,
        profile=profile,
        probes={one.rule: one for one in probe_of(found, profile).rules},
        types={**sample.types, "Provenance": _provenance(sample, opened)},
        stated={standing.kind for standing in questions.site.standing},
        elsewhere=_elsewhere(sample.lines, questions),
    )
    cases = _cases(found, questions.site)
    return tuple(_measure(name, cases, evidence, people) for name in questions.measures)


def _measure(name: MeasureId, cases: Mapping[MeasureId, Cases], evidence: Evidence, people: Clinicians) -> Judged:
    making, numerator = NEEDS[name]
    kinds = [kind_shown(kind, Role.CASE, cases[name], evidence) for kind in making]
    counted = [kind_shown(kind, Role.NUMERATOR, _needing(kind, cases), evidence) for kind in numerator]
    needed = [people.shown, _best(kinds), *(one.shown for one in counted)]
    return Judged(name, _grade(needed), len(cases[name].foci), (*kinds, *counted))


def _needing(kind: EventKind, cases: Mapping[MeasureId, Cases]) -> Cases:
    """The cases of every measure whose numerator needs a kind: what is not shown is not shown for any of them."""
    needing = [cases[name] for name, (_, numerator) in NEEDS.items() if kind in numerator]
    return Cases(
        foci=frozenset().union(*(one.foci for one in needing)),
        patients=frozenset().union(*(one.patients for one in needing)),
    )


_BEST_FIRST = (Shown.YES, Shown.MAPPED, Shown.NOT_KNOWN, Shown.NO)


def _best(kinds: Iterable[KindShown]) -> Shown:
    return min((one.shown for one in kinds), key=_BEST_FIRST.index)


def _grade(needed: Sequence[Shown]) -> Gradeability:
    """One no is a no; an act by a clinician whose NPI the server does not show is nobody's."""
    if Shown.NO in needed:
        return Gradeability.ATTEST_ONLY
    if Shown.NOT_KNOWN in needed:
        return Gradeability.NOT_KNOWN
    return Gradeability.WITH_MAPPING if Shown.MAPPED in needed else Gradeability.DERIVABLE


def _provenance(sample: Sample, opened: Opened) -> TypeRead:
    """Provenance comes with what it is about, or not; that a server has none of it is known by asking for any."""
    alone = opened.get("Provenance")
    if isinstance(alone, TypeRead) and alone.outcome in (Outcome.ABSENT, Outcome.WITHHELD):
        return alone
    if sample.patients and not sample.provenance:
        return TypeRead("Provenance", Outcome.PARTIAL, 0, "the server does not add it: _revinclude=Provenance:target")
    return TypeRead("Provenance", Outcome.COMPLETE, 0, "")


def _cases(found: Extract, site: Site) -> dict[MeasureId, Cases]:
    with LocalEngine() as engine:
        derive(found, site, engine)
        rows = engine.rows("cases", "measure, focus")
    return {name: _cases_of([row for row in rows if row["measure"] == name]) for name in NEEDS}


def _cases_of(rows: Sequence[Mapping[str, Any]]) -> Cases:
    return Cases(*(frozenset(row[name] for row in rows if row[name]) for name in ("focus", "patient")))


def _elsewhere(lines: Sequence[Line], questions: Questions) -> dict[EventKind, str]:
    """The kinds that another shipped profile sees by a rule of its own, and which profile that is."""
    shown: dict[EventKind, str] = {}
    for name in profile_names() if lines else []:
        other = load_profile(name)
        own = {s.rule for group in other.selectors.values() for s in group if s.file == other.files[0].name}
        if name == questions.profile.name or len(other.files) == 1:
            continue
        for event in extract(lines, other, questions.site.zone_info).events:
            if event["rule"] in own and event["answer"] == Answer.MET and event["grade"] != Grade.ASSERTED:
                shown.setdefault(EventKind(event["kind"]), name)
    return shown
