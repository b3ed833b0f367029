"""Who may begin which job, see it, and cancel it. What a job then does is `work`'s."""

from smartapp.kept.archive import latest
from smartapp.long_work import Kind
from smartapp.people.access import Act, may
from smartapp.people.open_years import open_years
from smartapp.report.jobs import JobShown, job_shown
from smartapp.smart.scopes import granted
from smartapp.store import Deed, Job, JobState, Launch, Person, Task
from smartapp.web.framing import access_of
from smartapp.web.problems import Shown
from smartapp.web.service import Service
from smartapp.web.work import KEPT_FOR, LAUNCH, YEAR
from smartapp.web.worker import has_worker


def may_read(service: Service, launch: Launch) -> bool:
    """Whether a launch was given a permission that outlives the session."""
    grant = service.launches.grant(launch.id)
    return grant is not None and grant.refresh_token is not None and granted(grant.scope).offline


def may_begin(service: Service, launch: Launch, person: Person, kind: Kind) -> bool:
    """Whether somebody may begin a job of a kind, once none of it is live.

    A clinician's own patients are read only where no run of the practice holds a score for them.
    """
    registration = service.ehr(launch).registration
    if kind is Kind.PRACTICE:
        return registration.source is not None and _manages(service, launch, person)
    has_score = person.npi is not None and latest(registration.runs, person.npi)
    return person.npi is not None and launch.context is not None and not has_score and may_read(service, launch)


def begin(service: Service, launch: Launch, person: Person, kind: Kind, year: int) -> bool:
    """Begin a job of a year that its caller was found to be allowed; false: one like it is live, and nothing happens.

    The trail says it first: a job that waits is done, whatever fails after that.
    """
    now = service.clock()
    own = kind is Kind.OWN_PATIENTS
    about = str(person.npi) if own else str(year)
    task = Task(launch.registration, kind, about, {LAUNCH: launch.id, YEAR: str(year)} if own else {})
    if any(_is_like(one, task) and one.state.live for one in service.jobs.of(launch.registration, now)):
        return False
    service.note(Deed.READING_BEGUN if own else Deed.RUN_BEGUN, launch, detail=str(year))
    job = service.jobs.begin(task, service.author(launch), now)
    if job is None:  # somebody else began one in this moment
        return False
    if own:
        service.launches.need(launch.id, now + KEPT_FOR)
    service.queue.put(job.id)
    return True


def jobs_of(service: Service, launch: Launch, person: Person) -> tuple[Job, ...]:
    """The jobs that somebody may see, the newest first: all of the registration, or those of their own patients."""
    found = service.jobs.of(launch.registration, service.clock())
    if _manages(service, launch, person):
        return found
    return tuple(job for job in found if _is_own(job, person))


def open_to_begin(service: Service, launch: Launch, person: Person, kind: Kind) -> tuple[int, ...]:
    """The years of which somebody may begin a job of a kind now: none while one like it is live."""
    if not may_begin(service, launch, person, kind):
        return ()
    live = [job for job in jobs_of(service, launch, person) if job.state.live and job.task.kind == kind]
    if kind is Kind.OWN_PATIENTS:
        return () if any(_is_own(job, person) for job in live) else years_open(service, launch)
    return tuple(year for year in years_open(service, launch) if str(year) not in {job.task.about for job in live})


def newest(service: Service, launch: Launch, person: Person, kind: Kind) -> Job | None:
    """The newest job of a kind that somebody may see; None: there was none."""
    found = (job for job in jobs_of(service, launch, person) if job.task.kind == kind)
    return next((job for job in found if kind is Kind.PRACTICE or _is_own(job, person)), None)


def cancel(service: Service, launch: Launch, job: Job) -> None:
    """Ask a job to stop, one that its caller was found to see; nothing happens where it is over."""
    if job.state.live:
        service.note(Deed.RUN_CANCELLED, launch, detail=job.task.kind)
        service.jobs.cancel(job.id, service.clock())


def is_left(job: Job | None, year: int) -> bool:
    """Whether a reading was broken off, so that somebody may want to go on with it in that year."""
    return job is not None and job.state is JobState.INTERRUPTED and job.task.request.get(YEAR, str(year)) == str(year)


def of_year(year: int, years: tuple[int, ...]) -> str:
    """For a button: its year, where there is one to choose."""
    return f", year {year}" if len(years) > 1 else ""


def _is_like(job: Job, task: Task) -> bool:
    return (job.task.kind, job.task.about) == (task.kind, task.about)


def _is_own(job: Job, person: Person) -> bool:
    return job.task.kind == Kind.OWN_PATIENTS and person.npi is not None and job.task.about == person.npi


def _manages(service: Service, launch: Launch, person: Person) -> bool:
    return may(access_of(service, launch, person), Act.START_RUN, None)


def years_open(service: Service, launch: Launch) -> tuple[int, ...]:
    """The years of which a job may be begun today, the one that closes first at the beginning."""
    return open_years(service.today(service.ehr(launch).registration))


def year_named(service: Service, launch: Launch, text: str) -> int:
    """The year that a form names; the one that closes first where it names none.

    Raises:
        Shown: it is open no longer, or not yet.
    """
    found = years_open(service, launch)
    chosen = text or str(found[0])
    if chosen not in map(str, found):
        is_open = " and ".join(map(str, found))
        raise Shown(
            400, "That year is not open", f"Today a run can be begun of {is_open}.", "Open Runs, and begin there."
        )
    return int(chosen)


def job_told(service: Service, launch: Launch) -> JobShown | None:
    """For a page of numbers: the job after which they may be others; None where none goes on that this person sees.

    It has no buttons; the page of runs has.
    """
    person, lives = service.person(launch), has_worker(service)
    live = next((job for job in jobs_of(service, launch, person) if job.state.live), None) if person else None
    zone = service.ehr(launch).registration.site.zone_info
    return job_shown(live, zone, has_worker=lives) if live else None
