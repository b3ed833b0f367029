"""This patient: what of Promoting Interoperability is open before the patient leaves, read live.

The same `extract` and the same SQL for the cases as a run; only the source is one patient's records. A search
that failed, was not permitted or left something out makes its task "cannot be read", never "nothing open"; and
while evidence may be missing, nothing is certainly open.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from extractors.cases import derive
from extractors.engine import Engine
from extractors.engine.local import LocalEngine
from extractors.events import extract
from extractors.ledger import NEEDS
from extractors.profile import Profile
from extractors.site import Site
from extractors.sources.search import Found, LiveServer, Outcome
from extractors.vocabulary import EventKind
from scoring.model import MeasureId
from smartapp.opened.whose import OwnRecords, Signers, Whose, own_records, whose
from smartapp.printed.banner import Banner, banner_of, record_of
from smartapp.smart.scopes import Access, Granted
from smartapp.store import Person


class Standing(StrEnum):
    """Where one task stands; three answers, never two."""

    OPEN = "open"
    UNKNOWN = "cannot be told"
    DONE = "nothing open"
    UNREADABLE = "cannot be read"


@dataclass(frozen=True, slots=True)
class Item:
    """One record that still lacks something. `due` None: no last day is known, or none but the period's.

    `certain`: all that could show otherwise was read. `occurred` None: the record is not dated.
    """

    record: str
    what: str
    occurred: str | None
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
class PatientView:
    """One patient, as of one day. `banner` None: the Patient record cannot be read.

    `banner_in_full` False: the EHR shows its own beside this page.
    """

    banner: Banner | None
    banner_in_full: bool
    tasks: tuple[Task, ...]
    asked: tuple[Found, ...]
    as_of: date


@dataclass(frozen=True, slots=True)
class Reads:
    """With what to read: the EHR's profile and settings, what was granted, whose cases, and the day.

    `needs_banner` is `need_patient_banner` of the launch; None: the EHR did not say.
    """

    profile: Profile
    site: Site
    granted: Granted
    user: str | None
    person: Person | None
    today: date
    needs_banner: bool | None = None


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
_NAMES = {
    "MedicationRequest": "Prescription",
    "ServiceRequest": "Referral",
    "DocumentReference": "Received summary",
    "Encounter": "Visit",
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
_ALSO_MAKES_CASES = {MeasureId("PI_HIE_4"): (EventKind.PATIENT_SEEN,)}
"""Kinds without which the evidence of a measure makes no case, besides those of `NEEDS`."""
_BESIDE, _ABOUT_PATIENT = "Provenance", "Patient"
"""Comes with the searches of what it is about, and is not searched for itself; access is stated of the patient."""


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
    asked, own = _asked(server, patient, reads), own_records(server, reads.user)
    lines = [line for found in (*asked, *own.found) for line in found.lines]
    made = extract(lines, reads.profile, reads.site.zone_info)
    asked = _as_visible(_as_readable(asked, {row["file"] for row in made.quarantine}), patient)
    with LocalEngine() as engine:
        derive(made, replace(reads.site, data_until=date.max), engine)  # what is due later is open today, not pending
        cases = _cases(engine, patient, own, reads)
        due = {row["focus"]: row["deadline"] for row in engine.rows("visit_access", "focus")}
        drugs = {row["focus"]: row["display"] for row in engine.rows("event", "focus, display") if row["display"]}
    tasks = tuple(_task(measure, cases, due, drugs, asked, reads) for measure in _TASKS)
    in_full = reads.needs_banner is not False
    return PatientView(banner_of(asked, patient), in_full, tasks, (*asked, *own.found), reads.today)


def _asked(server: LiveServer, patient: str, reads: Reads) -> list[Found]:
    """Every type that the tasks need and that may be read; what was not granted is not asked for."""
    kinds = sorted({_ABOUT_PATIENT}.union(*(_types_of(measure, reads.profile) for measure in _TASKS)) - {_BESIDE})
    refused = [kind for kind in kinds if reads.granted.access(kind) is Access.NOT_GRANTED]
    found = server.of_patient(patient, [kind for kind in kinds if kind not in refused])
    found = [_as_granted(one, reads.granted) for one in found]
    refused += [] if _shows_provenance(reads.granted) else [_BESIDE]
    return found + [Found(kind, Outcome.WITHHELD, detail="the launch was not granted it") for kind in refused]


def _as_visible(asked: list[Found], patient: str) -> list[Found]:
    """What was answered; nothing of it is whole where the server answers as if there were no such patient."""
    searched = any(found.type == _ABOUT_PATIENT and found.outcome is Outcome.COMPLETE for found in asked)
    if not searched or record_of(asked, patient) is not None:
        return asked
    return [_less(found, "the EHR does not show this patient") for found in asked]


def _as_granted(found: Found, granted: Granted) -> Found:
    """Of a type that is granted only in part, a search never shows all, whatever the server says of it (R22)."""
    part = granted.access(found.type) is Access.RESTRICTED
    return _less(found, "the launch was granted only part of it") if part else found


def _as_readable(asked: Iterable[Found], set_aside: set[str]) -> list[Found]:
    """What was answered, less what is no FHIR: an answer with a resource set aside is not whole."""
    return [_less(found, "a record is not readable") if found.type in set_aside else found for found in asked]


def _less(found: Found, why: str) -> Found:
    return replace(found, outcome=Outcome.PARTIAL, detail=why) if found.outcome is Outcome.COMPLETE else found


def _shows_provenance(granted: Granted) -> bool:
    """Whether Provenance may come with a search: that takes the right to read it, without a restriction."""
    scopes = [scope for scope in granted.scopes if scope.covers(_BESIDE) and scope.restriction is None]
    return not granted.known or any("r" in scope.letters for scope in scopes)


def _types_of(measure: MeasureId, profile: Profile) -> set[str]:
    kinds = [kind for group in NEEDS[measure] for kind in group] + list(_MORE_KINDS.get(measure, ()))
    types = {selector.resource for kind in kinds for selector in profile.carriers(kind)}
    return (types & profile.asked) | ({_ABOUT_PATIENT} if measure == "PI_PEA_1" else set())


def _cases(engine: Engine, patient: str, own: OwnRecords, reads: Reads) -> list[dict[str, Any]]:
    """The patient's cases of this year that are, or may be, the clinician's; each record once per measure."""
    key = f"Patient/{patient}"
    merged = {row["same_as"] for row in engine.rows("canonical", "key") if row["key"] == key}
    patients = frozenset({key, *merged})
    signers = Signers(engine.rows("fact", "focus"), patients)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for case in engine.rows("cases", "occurred, focus"):
        owner, at = whose(case, signers, own, reads.person), (case["measure"], case["focus"])
        if owner is Whose.ANOTHERS or case["patient"] not in patients or not _is_of_this_year(case, reads.today):
            continue
        if at not in found or (owner is Whose.HERS and found[at]["whose"] is not Whose.HERS):
            found[at] = {**case, "whose": owner}
    return list(found.values())


def _is_of_this_year(case: Mapping[str, Any], today: date) -> bool:
    """Whether a case is, or may be, of this year up to today: one without a date may be."""
    if case["occurred"] is None:
        return True
    return str(case["occurred_to"]) >= f"{today.year}-01-01" and str(case["occurred"]) <= today.isoformat()


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
    known = due if measure == "PI_PEA_1" else {}
    last_days = {case["focus"]: date.fromisoformat(d) for case in lacking if (d := known.get(case["focus"]))}
    still = [case for case in lacking if last_days.get(case["focus"], reads.today) >= reads.today]
    unread = tuple(f"{found.type}: {found.outcome}" for found in asked if _hides(found, measure, reads.profile))
    items = tuple(_item(case, drugs, last_days, whole=not unread) for case in still)
    return Task(measure, title, do, _standing(items, unread), items, len(lacking) - len(still), unread)


def _hides(found: Found, measure: MeasureId, profile: Profile) -> bool:
    """Whether what was not read could change a task; a type that the server does not have hides nothing but cases."""
    if found.outcome is Outcome.ABSENT:
        kinds = (*NEEDS[measure][0], *_ALSO_MAKES_CASES.get(measure, ()))
        return found.type in {s.resource for kind in kinds for s in profile.carriers(kind)} | {_ABOUT_PATIENT}
    return found.outcome is not Outcome.COMPLETE and found.type in _types_of(measure, profile)


def _item(case: Mapping[str, Any], drugs: Mapping[str, str], due: Mapping[str, date], *, whole: bool) -> Item:
    focus, hers, dated = case["focus"], case["whose"] is Whose.HERS, case["occurred"] is not None
    return Item(
        record=focus,
        what=drugs.get(focus) or _NAMES.get(focus.partition("/")[0], focus.partition("/")[0]),
        occurred=case["occurred"],
        certain=whole and hers and dated and case["met"] == "not_met" and case["member"] == "yes",
        reason=case["reason"] if hers else f"{case['reason']}; {case['whose']}",
        due=due.get(focus),
    )


def _standing(items: Sequence[Item], unread: Sequence[str]) -> Standing:
    if any(item.certain for item in items):
        return Standing.OPEN
    if unread:
        return Standing.UNREADABLE
    return Standing.UNKNOWN if items else Standing.DONE
