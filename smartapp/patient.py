"""This patient: what of Promoting Interoperability is open before the patient leaves, read live.

The same `extract` and the same SQL for the cases as a run; only the source is one patient's records. A search
that failed or was not permitted makes its task "cannot be read", never "nothing open".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from extractors.cases import derive
from extractors.decode import Json, Unreadable, read_object
from extractors.engine.local import LocalEngine
from extractors.events import Line, extract
from extractors.ledger import NEEDS
from extractors.profile import Profile
from extractors.site import Site
from extractors.sources.search import Found, LiveServer, Outcome
from extractors.vocabulary import EventKind
from scoring.model import MeasureId
from smartapp.person import name_of
from smartapp.smart.scopes import Access, Granted
from smartapp.store import Person

_MRN = "MR"


class Standing(StrEnum):
    """Where one task stands; three answers, never two."""

    OPEN = "open"
    UNKNOWN = "cannot be told"
    DONE = "nothing open"
    UNREADABLE = "cannot be read"


@dataclass(frozen=True, slots=True)
class Item:
    """One record that still lacks something. `due` None: no last day is known, or none but the period's."""

    record: str
    what: str
    occurred: str
    certain: bool
    reason: str
    due: date | None


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of thing to do before the patient leaves. `too_late`: visits whose last day is over."""

    measure: MeasureId
    title: str
    do: str
    standing: Standing
    items: tuple[Item, ...]
    too_late: int
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Banner:
    """Who the patient is, as the EHR's record says (R23)."""

    name: str
    born: str
    record_number: str


@dataclass(frozen=True, slots=True)
class PatientView:
    """One patient, as of one day. `banner` None: the Patient record cannot be read."""

    banner: Banner | None
    tasks: tuple[Task, ...]
    asked: tuple[Found, ...]
    as_of: date


@dataclass(frozen=True, slots=True)
class Reads:
    """With what to read: the EHR's profile and settings, what was granted, whose cases, and the day."""

    profile: Profile
    site: Site
    granted: Granted
    user: str | None
    person: Person | None
    today: date


_TASKS = {
    MeasureId("PI_EP_1"): ("Prescriptions not sent", "Send each electronically, or note why not."),
    MeasureId("PI_HIE_1"): (
        "Referrals without a confirmed receipt",
        "Send the summary of care electronically and see that its receipt is confirmed.",
    ),
    MeasureId("PI_HIE_4"): (
        "Summaries received and not reconciled",
        "Reconcile medications, allergies and problems with each.",
    ),
    MeasureId("PI_PEA_1"): (
        "Access to health information not yet given",
        "Give portal and API access by the day shown: four business days after the visit's information is there.",
    ),
}
_MORE_KINDS = {
    MeasureId("PI_HIE_1"): (EventKind.SUMMARY_COMPLETE,),
    MeasureId("PI_HIE_4"): (
        EventKind.SUMMARY_COMPLETE,
        EventKind.PATIENT_SEEN,
        EventKind.TRANSITION_RECEIVED,
        EventKind.REFERRAL_RECEIVED,
    ),
    MeasureId("PI_PEA_1"): (EventKind.INFORMATION_AVAILABLE, EventKind.ACCESS_WITHDRAWN, EventKind.ACCESS_DECLINED),
}
_BESIDE = "Provenance"
"""Comes with the searches of what it is about, and is not searched for itself."""


def patient_view(server: LiveServer, patient: str, reads: Reads) -> PatientView:
    """Read one patient and say what is open.

    Args:
        server: with the token of this very launch.
        patient: the id in the launch's context.
        reads: see `Reads`.

    Raises:
        WrongPatient: the server answered with another patient's record; nothing may be shown (R23).
        ExtractionError: nothing can be read at all.
    """
    asked = _asked(server, patient, reads)
    lines = [line for found in asked for line in found.lines]
    with LocalEngine() as engine:
        derive(extract(lines, reads.profile, reads.site.zone_info), reads.site, engine)
        signers = _signers(engine.rows("stated_event", "focus"))
        own = {reads.user, *(_key(role) for role in _resources(asked, "PractitionerRole"))}
        cases = [
            case
            for case in engine.rows("cases", "occurred, focus")
            if _is_due(case, patient, reads.today) and _is_own(case, signers, own, reads.person)
        ]
        due = {row["focus"]: row["deadline"] for row in engine.rows("visit_access", "focus")}
        drugs = {row["focus"]: row["display"] for row in engine.rows("event", "focus, display") if row["display"]}
    tasks = tuple(_task(measure, cases, due, drugs, asked, reads) for measure in _TASKS)
    return PatientView(_banner(_resources(asked, "Patient")), tasks, tuple(asked), reads.today)


def _asked(server: LiveServer, patient: str, reads: Reads) -> list[Found]:
    """Every type that the tasks need and that may be read; what was not granted is not asked for."""
    kinds = sorted({"Patient"}.union(*(_types_of(measure, reads.profile) for measure in _TASKS)))
    refused = [kind for kind in kinds if reads.granted.access(kind) is Access.NOT_GRANTED]
    found = server.of_patient(patient, [kind for kind in kinds if kind not in refused])
    found += [Found(kind, Outcome.WITHHELD, detail="the launch was not granted it") for kind in refused]
    return [*found, *_own_records(server, reads.user)]


def _own_records(server: LiveServer, user: str | None) -> list[Found]:
    """The signed-in clinician, by whom orders name themselves, and her roles."""
    if user is None or not user.startswith("Practitioner/"):
        return []
    return [server.read(user), server.roles_of(user.partition("/")[2])]


def _types_of(measure: MeasureId, profile: Profile) -> set[str]:
    kinds = [kind for group in NEEDS[measure] for kind in group] + list(_MORE_KINDS.get(measure, ()))
    return {selector.resource for kind in kinds for selector in profile.carriers(kind)} - {_BESIDE}


def _signers(events: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """By whom each record says that it was signed or done."""
    found: dict[str, set[str]] = {}
    for event in events:
        if event["clinician"]:
            found.setdefault(event["focus"], set()).add(event["clinician"])
    return found


def _is_due(case: Mapping[str, Any], patient: str, today: date) -> bool:
    """Whether a case is of this patient, and of this year up to today."""
    if case["patient"] != f"Patient/{patient}" or case["occurred"] is None:
        return False
    return f"{today.year}-01-01" <= str(case["occurred"]) <= today.isoformat()


def _is_own(
    case: Mapping[str, Any], signers: Mapping[str, set[str]], own: set[str | None], person: Person | None
) -> bool:
    """Whether a case is the signed-in clinician's, or nobody's that is known: another's is not hers to do."""
    if case["npi"] is not None:
        return person is not None and case["npi"] == person.npi
    signed = signers.get(case["focus"], set())
    return not signed or bool(signed & own)


def _task(
    measure: MeasureId,
    cases: Iterable[Mapping[str, Any]],
    due: Mapping[str, str],
    drugs: Mapping[str, str],
    asked: Sequence[Found],
    reads: Reads,
) -> Task:
    title, do = _TASKS[measure]
    lacking = [case for case in cases if case["measure"] == measure and case["met"] != "met"]
    last_days = {case["focus"]: date.fromisoformat(d) for case in lacking if (d := due.get(case["focus"]))}
    still = [case for case in lacking if last_days.get(case["focus"], reads.today) >= reads.today]
    items = tuple(_item(case, drugs, last_days if measure == "PI_PEA_1" else {}) for case in still)
    unread = tuple(f"{found.type}: {found.outcome}" for found in asked if _hides(found, measure, reads.profile))
    return Task(measure, title, do, _standing(items, unread), items, len(lacking) - len(still), unread)


def _hides(found: Found, measure: MeasureId, profile: Profile) -> bool:
    """Whether what was not read could change a task; a type that the server does not have hides nothing but cases."""
    if found.outcome is Outcome.ABSENT:
        return found.type in {s.resource for kind in NEEDS[measure][0] for s in profile.carriers(kind)}
    return found.outcome is not Outcome.COMPLETE and found.type in _types_of(measure, profile)


def _item(case: Mapping[str, Any], drugs: Mapping[str, str], due: Mapping[str, date]) -> Item:
    focus = case["focus"]
    return Item(
        record=focus,
        what=drugs.get(focus) or focus.partition("/")[0],
        occurred=case["occurred"],
        certain=case["met"] == "not_met" and case["member"] == "yes",
        reason=case["reason"],
        due=due.get(focus),
    )


def _standing(items: Sequence[Item], unread: Sequence[str]) -> Standing:
    if any(item.certain for item in items):
        return Standing.OPEN
    if unread:
        return Standing.UNREADABLE
    return Standing.UNKNOWN if items else Standing.DONE


def _resources(asked: Iterable[Found], kind: str) -> list[Json]:
    """The resources of one type in search results, bad pages left out."""
    found: list[Json] = []
    for line in (line for one in asked if one.type == kind for line in one.lines):
        found += [r for r in _entries(line) if r.get("resourceType") == kind]
    return found


def _key(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource.get('id')}"


def _entries(line: Line) -> list[Json]:
    try:
        page = read_object(line.data)
    except Unreadable:
        return []
    return [
        e["resource"] for e in page.get("entry") or [] if isinstance(e, dict) and isinstance(e.get("resource"), dict)
    ]


def _banner(patients: Sequence[Json]) -> Banner | None:
    if not patients:
        return None
    patient = patients[0]
    born = patient.get("birthDate")
    return Banner(name_of(patient), born if isinstance(born, str) else "not stated", _record_number(patient))


def _record_number(patient: Json) -> str:
    """The identifier typed as a medical record number (v2 table 0203, MR)."""
    for identifier in patient.get("identifier") or []:
        codings = ((identifier or {}).get("type") or {}).get("coding") or []
        if any((coding or {}).get("code") == _MRN for coding in codings) and identifier.get("value"):
            return str(identifier["value"])
    return "not stated"
