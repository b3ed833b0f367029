"""The first score without an export: read the signed-in clinician's own patients with her permission.

Started by her, never by a launch. Patient by patient through the same searches as "This patient", kept as they
came, then counted and scored by the same use cases as an export. What cannot be read whole stops it: a score
from the rest would be wrong. What merely broke it off (the process ended, the server did not answer, the permission
ran out) leaves the patients who were read, and the same reading goes on with the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from extractors.dates import read_moment
from extractors.decode import Json
from extractors.fhirpath import Path as FhirPath
from extractors.fhirpath import compile_path
from extractors.ledger import as_seen
from extractors.profile import Profile
from extractors.site import Site
from extractors.sources.dialect import kinds_of
from extractors.sources.search import Found, LiveServer, Outcome, WrongPatient, keys_of, matches_in, subjects_of
from extractors.sources.searchset import subjects
from scoring.model import Period, Reporter
from scoring.rulebook import load
from smartapp import __version__
from smartapp.attesting.attestations import Attestations
from smartapp.errors import UsageError
from smartapp.kept.publish import keep
from smartapp.long_work import Cancelled, Told
from smartapp.reading.own_pages import OwnPages
from smartapp.scored import score_reading
from smartapp.smart.scopes import Access, Granted
from smartapp.usecases import read_folder


class _Own(NamedTuple):
    """A search that finds a clinician's patients: by which parameters, and what of a match says until when it was."""

    type: str
    actor: str
    day: str
    last_day: FhirPath


_OF_OWN = (
    _Own("Encounter", "participant", "date", compile_path("period.end")),
    _Own("MedicationRequest", "requester", "authoredon", compile_path("authoredOn")),
    _Own("ServiceRequest", "requester", "authored", compile_path("authoredOn")),
)

_OWN = "own"
"""Under what name the clinician's own resources are kept."""


class ReadingStopped(UsageError):  # noqa: N818  # the word says it
    """The clinician's patients cannot be read whole; the message says what was missing, and names no patient."""


@dataclass(frozen=True, slots=True)
class Panel:
    """What to read and where to leave it.

    `pages` is a folder of this clinician's readings alone, removed at the end, but not when the reading was broken
    off. `runs` is where the run is kept. `tell` is called with patients read and to read. `now` is aware.
    """

    user: str
    npi: str
    pages: Path
    site: Site
    profile: Profile
    granted: Granted
    year: int
    runs: Path
    tell: Told
    now: datetime


def read_own_patients(server: LiveServer, panel: Panel) -> Path:
    """Read every patient of the clinician, and score the year.

    Returns:
        The run's folder.

    Raises:
        ReadingStopped: something could not be read whole.
        Halted: `tell` would not have it go on.
    """
    load(panel.year)  # before anything is read: a year without rules cannot be scored
    _check_findable(panel.profile)
    header = _header(panel)
    with OwnPages(panel.pages) as kept:
        kept.begin(header, panel.now)
        try:
            run = _read(server, panel, kept)
        except (ReadingStopped, WrongPatient, Cancelled):
            kept.remove()
            raise
        kept.remove()
    return run


def _header(panel: Panel) -> Json:
    """What has to be the same for a reading to be gone on with."""
    return {
        "version": __version__,
        "user": panel.user,
        "npi": panel.npi,
        "year": panel.year,
        "profile": panel.profile.digest,
        "types": _kinds(panel),
    }


def _read(server: LiveServer, panel: Panel, kept: OwnPages) -> Path:
    """Read whom nobody read yet. Who is to be read is asked anew: nobody who came meanwhile is missed."""
    user, roles = _whole([server.read(panel.user), server.roles_of(panel.user.partition("/")[2])])
    kept.keep(_OWN, [user, roles])
    patients = _patients(server, [panel.user, *sorted(keys_of(roles))], panel)
    kept.keep_only([_OWN, *map(_name_of, patients)])
    for number, patient in enumerate(patients):
        panel.tell(number, len(patients))
        if not kept.has(_name_of(patient)):
            kept.keep(_name_of(patient), _whole(server.of_patient(patient, _kinds(panel))))
    panel.tell(len(patients), len(patients))
    return _score(panel, kept.pages)


def _name_of(patient: str) -> str:
    return f"Patient/{patient}"


def _kinds(panel: Panel) -> list[str]:
    """Every type that the profile reads and the launch was granted; what was not is shown as not readable."""
    may = sorted(kind for kind in kinds_of(panel.profile) if panel.granted.access(kind) is not Access.NOT_GRANTED)
    for kind in may:
        if panel.granted.access(kind) is Access.RESTRICTED or panel.granted.patient_only(kind):
            raise ReadingStopped(f"{kind}: the launch was granted only part of it")
    return may


def _check_findable(profile: Profile) -> None:
    """Refuse to begin where a search by clinician would be ignored or refused: some patients would be missed."""
    lacking = [name for own in _OF_OWN if (name := f"{own.type}.{own.actor}") in profile.never_send]
    if lacking:
        raise ReadingStopped(f"profile {profile.name}: this server does not search by {', '.join(lacking)}")


def _patients(server: LiveServer, actors: Sequence[str], panel: Panel) -> list[str]:
    """Ids of everyone whom the clinician saw or wrote an order for since the year began."""
    found: set[str] = set()
    for own in _OF_OWN:
        since = {} if f"{own.type}.{own.day}" in panel.profile.never_send else {own.day: f"ge{date(panel.year, 1, 1)}"}
        for actor in actors:
            answer = _whole([server.search(own.type, {own.actor: actor, **since})])[0]
            found |= subjects_of(answer) if since else _since(answer, own, panel)
    return sorted(key.removeprefix("Patient/") for key in found if key.startswith("Patient/"))


def _since(found: Found, own: _Own, panel: Panel) -> set[str]:
    """Whom matches are about, without those that certainly ended before the year; for what is asked without a day."""
    return set().union(*(subjects(match) for match in matches_in(found) if _may_be_of(match, own, panel)))


def _may_be_of(match: Json, own: _Own, panel: Panel) -> bool:
    said = own.last_day(match)
    try:
        return not said or read_moment(str(said[0]), panel.site.zone_info).day_to >= str(date(panel.year, 1, 1))
    except ValueError:
        return True


def _whole(answers: list[Found]) -> list[Found]:
    for answer in answers:
        if answer.outcome not in (Outcome.COMPLETE, Outcome.ABSENT):
            raise ReadingStopped(f"{answer.type}: {answer.outcome} ({answer.detail or 'no reason given'})")
    return answers


def _as_seen(panel: Panel) -> Site:
    """The site's settings without any closed world that rests on what this launch was not granted to read."""
    types = {selector.resource for kind in panel.site.closed_world for selector in panel.profile.carriers(kind)}
    return as_seen(panel.site, panel.profile, {one for one in types if not _is_granted(panel, one)})


def _is_granted(panel: Panel, kind: str) -> bool:
    return panel.granted.access(kind) is not Access.NOT_GRANTED


def _score(panel: Panel, pages: Path) -> Path:
    """Score the year, for each of her TINs, with nothing attested: the gate lists what a person still has to answer."""
    rules = load(panel.year)
    period = Period(date(panel.year, 1, 1), date(panel.year, 12, 31))
    with read_folder(pages, _as_seen(panel), rules, period) as reading:
        if reading.faults:
            raise ReadingStopped("; ".join(reading.faults))
        tins = sorted({tally.tin for tally in reading.tallies if tally.npi == panel.npi}, key=str)
        if not tins:
            raise ReadingStopped("nothing of yours was found in what the EHR showed")
        for tin in tins:
            attested = Attestations(panel.year, Reporter(tin, panel.npi), period, None, {}, {}, "controlled-included")
            run = keep(score_reading(reading, attested), panel.runs)
    return run
