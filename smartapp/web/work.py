"""What a worker does: a job, from the moment it is its own until its end is told. Who may begin one, `jobs` decides.

Of a clinician's own patients: read with her permission, for which the job knows the launch and nothing more (R24);
this needs `offline_access`, so that she may leave. Of the practice: the export that its registration names.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from extractors.errors import ExtractionError
from scoring.errors import RuleError
from scoring.model import Reporter
from scoring.rulebook import load
from smartapp.attesting.attestation_errors import AttestationError
from smartapp.attesting.attestations import Attestations, from_document
from smartapp.errors import UsageError
from smartapp.long_work import Cancelled, Kind, Paused
from smartapp.reading.own_patients import Panel, read_own_patients
from smartapp.reading.practice import Practice, refresh
from smartapp.smart.errors import SmartError
from smartapp.smart.issuers import Registration
from smartapp.smart.scopes import granted
from smartapp.store import AuditEvent, Deed, Filing, Job, JobState, Launch, Progress
from smartapp.web.problems import noted
from smartapp.web.service import READINGS, Service

KEPT_FOR = timedelta(minutes=30)
"""How long after its last sign of life a job's tokens are kept."""
STOPPED = "the server was stopped"
_LOST = "Some of those whom earlier runs scored are not in this export: their numbers are still those of before."


LAUNCH = "launch"
"""In a job's request: the id of the launch whose permission it reads with."""
YEAR = "year"
"""In the request of a reading of own patients: the year to count. A run of the practice is about its year."""

_ENDED = {Kind.OWN_PATIENTS: Deed.READING_ENDED, Kind.PRACTICE: Deed.RUN_ENDED}


@dataclass(frozen=True, slots=True)
class _Work:
    """One job that is being done; `stopping` says whether the process is about to end."""

    service: Service
    job: Job
    stopping: Callable[[], bool]

    def tell(self, done: int, total: int) -> None:
        """Say how far the job is.

        Raises:
            Halted: it is not to go on.
        """
        now = self.service.clock()
        if LAUNCH in self.job.task.request:
            self.service.launches.need(self.job.task.request[LAUNCH], now + KEPT_FOR)
        going_on = self.service.jobs.tell(self.job.id, Progress(done, total), now)
        told = self.service.jobs.find(self.job.id, now)
        if told is not None and told.cancelling:
            raise Cancelled
        if self.stopping() or not going_on:
            raise Paused

    @property
    def registration(self) -> Registration:
        """Of the EHR that the job is about."""
        found = self.service.launching.ehrs.get(self.job.task.registration)
        if found is None:
            raise UsageError("this EHR is not registered here any more")
        return found.registration


def do(service: Service, job_id: str, stopping: Callable[[], bool]) -> None:
    """Do a job that waits, unless somebody else has it; however it ends, its end is told."""
    if not service.jobs.take(job_id, service.clock()):
        return
    job = service.jobs.find(job_id, service.clock())
    assert job is not None  # noqa: S101  # just taken
    state, told = _done(_Work(service, job, stopping))
    if state is JobState.INTERRUPTED and not stopping():
        return  # it was given up for silence, and whoever took it up tells its end
    far = service.jobs.find(job_id, service.clock()) or job
    ended = replace(far.progress, stage=told.stage, problem=told.problem, result=told.result)
    service.jobs.end(job_id, state, ended, service.clock())
    launch, deed = job.task.request.get(LAUNCH), _ENDED[Kind(job.task.kind)]
    event = AuditEvent(deed, job.task.registration, launch, job.by.user, None, told.problem or str(state))
    service.trail.add(event, service.clock())


def _done(work: _Work) -> tuple[JobState, Progress]:
    """Do it: how it ended, with its problem or result, and what else there is to say of it."""
    try:
        return JobState.DONE, _DOING[Kind(work.job.task.kind)](work)
    except Cancelled:
        return JobState.CANCELLED, Progress()
    except Paused:
        return JobState.INTERRUPTED, Progress(problem=STOPPED)
    except (SmartError, ExtractionError, UsageError, RuleError, AttestationError) as failure:
        return JobState.FAILED, Progress(problem=str(failure).removesuffix("."))
    except Exception as failure:  # nothing else would tell that it is over
        return JobState.FAILED, Progress(
            problem=f"something unexpected; your IT finds it in the log as {noted(failure)}"
        )


def _own_patients(work: _Work) -> Progress:
    launch = work.service.launches.needed(work.job.task.request[LAUNCH], work.service.clock())
    if launch is None:
        raise UsageError("the EHR's permission has run out meanwhile: launch pi180 from the EHR and go on from there")
    return Progress(result=read_own_patients(work.service.server(launch), _panel(work, launch)).name)


def _panel(work: _Work, launch: Launch) -> Panel:
    user = launch.context.fhir_user if launch.context else None
    if user is None or not user.startswith("Practitioner/"):
        raise UsageError("the EHR names the signed-in user by no Practitioner")
    service, task, registration = work.service, work.job.task, work.registration
    place = sha256(f"{task.registration} {task.about}".encode()).hexdigest()[:16]
    return Panel(
        user=user,
        npi=task.about,
        pages=service.settings.data / READINGS / place,
        site=registration.site,
        profile=registration.profile,
        granted=granted(service.token(launch).scope()),
        year=int(task.request.get(YEAR) or service.today(registration).year),  # jobs of before named none
        runs=registration.first_looks,
        tell=work.tell,
        now=service.clock(),
    )


def _practice(work: _Work) -> Progress:
    registration = work.registration
    if registration.source is None:
        raise UsageError("the registration names no source any more")
    year = int(work.job.task.about)
    made = refresh(
        Practice(
            source=registration.source,
            site=registration.site,
            year=year,
            runs=registration.runs,
            saved=lambda reporter: _saved(work.service, registration.id, year, reporter),
            tell=work.tell,
        )
    )
    return Progress(result=made.run.name, stage=_LOST if made.unknown else "")


def _saved(service: Service, registration: str, year: int, reporter: Reporter) -> Attestations | None:
    """The newest answers that were saved here for a reporter."""
    draft = service.store.drafts.current(Filing(registration, year, reporter.tin, reporter.npi))
    return from_document(draft.document, "the saved answers", load(year)) if draft else None


_DOING: dict[Kind, Callable[[_Work], Progress]] = {Kind.OWN_PATIENTS: _own_patients, Kind.PRACTICE: _practice}
