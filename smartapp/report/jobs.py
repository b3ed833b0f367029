"""Jobs in words: what is being done, how far it is, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from smartapp.long_work import Kind
from smartapp.report.frame import Action
from smartapp.report.words import figure, moment
from smartapp.store import Job, JobState

_TITLES = {
    Kind.OWN_PATIENTS: "Reading a clinician's own patients",
    Kind.PRACTICE: "Counting the practice's export anew",
}
_LEFT = {
    Kind.OWN_PATIENTS: "It was interrupted. Whom it had read is kept for a day: it goes on from there.",
    Kind.PRACTICE: "It was interrupted. It begins again from the start of the export, and nothing was published.",
}
_STOPPING = "It was asked to stop, and does so after the patient or file that it is at."
_NO_WORKER = "It waits, and no worker is running: your IT has to start pi180 worker."


@dataclass(frozen=True, slots=True)
class JobShown:
    """One job as a page shows it; `percent` None: not known. `cancel` is a button, None where it may not be pressed."""

    title: str
    state: str
    text: str
    by: str
    begun: str
    percent: int | None
    live: bool
    cancel: Action | None = None


def job_shown(job: Job, zone: ZoneInfo, *, has_worker: bool, cancel: Action | None = None) -> JobShown:
    """A job in words.

    Args:
        job: as it was last told.
        zone: the practice's.
        has_worker: whether a worker gave a sign of life lately.
        cancel: the button that stops it, if the reader may.
    """
    return JobShown(
        title=_TITLES[Kind(job.task.kind)],
        state=str(job.state),
        text=_text(job, has_worker=has_worker),
        by=job.by.name,
        begun=moment(job.begun.astimezone(zone)),
        percent=100 * job.progress.done // job.progress.total if job.state.live and job.progress.total else None,
        live=job.state.live,
        cancel=cancel if job.state.live and not job.cancelling else None,
    )


def is_any_live(shown: Sequence[JobShown]) -> bool:
    """Whether a page that shows these jobs has a reason to look again."""
    return any(one.live for one in shown)


def far(job: Job) -> str:
    """How far a job is that goes on, as a sentence."""
    done, total = job.progress.done, job.progress.total
    if job.state is JobState.WAITING:
        return "It waits for its turn."
    own = job.task.kind == Kind.OWN_PATIENTS
    if not total:
        return "The patients are being looked up." if own else "The export is being opened."
    if own:
        return f"{figure(done)} of {figure(total)} patients are read."
    return f"{100 * done // total}% of the export is read." if done < total else "The export is read, and being scored."


def _text(job: Job, *, has_worker: bool) -> str:
    if job.cancelling and job.state.live:
        return _STOPPING
    if job.state is JobState.WAITING and not has_worker:
        return _NO_WORKER
    if job.state.live:
        return far(job)
    if job.state is JobState.INTERRUPTED:
        return _LEFT[Kind(job.task.kind)]
    if job.state is JobState.FAILED:
        return f"It ended without a result: {job.progress.problem}."
    return f"It is whole, and the pages show it. {job.progress.stage}".strip() if job.state is JobState.DONE else ""
