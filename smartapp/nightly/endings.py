"""How a run ends that does not come to its end: as what, with which exit code, and what to do then."""

import errno
from dataclasses import dataclass

from extractors.errors import Unreachable
from extractors.sources.queries import SignInNeeded
from smartapp.nightly.machine import Parked
from smartapp.nightly.problems import TOLD
from smartapp.nightly.status import State
from smartapp.smart.backend import ClockWrong

UNEXPECTED, UNUSABLE, REFUSED, SILENT, NOT_WHOLE, WAITS, INTERRUPTED, STOPPED = 1, 2, 5, 6, 8, 9, 130, 143
DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG})
_AGAIN = "Nothing: the next run goes on from here."


class Stopped(BaseException):
    """The run was asked to stop (SIGTERM)."""


class NotWhole(Exception):  # noqa: N818  # no error of ours: the input lacks something
    """The input is not whole, so nothing was published; each text says what is missing."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a scheduler is told: the state, the exit code, and what somebody should do."""

    state: State
    code: int
    next_action: str


def ending_of(problem: BaseException) -> Ending:
    """How a run ends by an exception."""
    if isinstance(problem, OSError):
        return _of_file(problem)
    if (cause := _of_the_disk(problem.__cause__)) is not None:
        return _of_file(cause)
    if isinstance(problem, Parked):
        return Ending(State.PARKED, WAITS, str(problem))
    return next((ending for kinds, ending in _ENDINGS if isinstance(problem, kinds)), _UNEXPECTED)


_ENDINGS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Ending], ...] = (
    (Stopped, Ending(State.PARKED, STOPPED, _AGAIN)),
    (KeyboardInterrupt, Ending(State.PARKED, INTERRUPTED, _AGAIN)),
    (SignInNeeded, Ending(State.PARKED, REFUSED, "Renew the key or the permission at the server, then run again.")),
    (Unreachable, Ending(State.PARKED, SILENT, "Wait until the server answers; the next run goes on from here.")),
    (NotWhole, Ending(State.FAILED, NOT_WHOLE, "Give what is missing, or have it exported anew, then run again.")),
    (ClockWrong, Ending(State.PARKED, WAITS, "Set this machine's clock (NTP), then run again.")),
    (TOLD, Ending(State.FAILED, UNUSABLE, "Mend what the run says, then run again.")),
)
"""Whatever fits first; the special before the general."""
_UNEXPECTED = Ending(State.FAILED, UNEXPECTED, "Report it, with what the run wrote to standard error.")


def _of_the_disk(cause: BaseException | None) -> OSError | None:
    """The full or failing disk behind a problem, however often it was told in other words; None where it is none."""
    while cause is not None and not (isinstance(cause, OSError) and cause.errno in DISK):
        cause = cause.__cause__
    return cause


def _of_file(problem: OSError) -> Ending:
    if problem.errno in DISK:
        return Ending(State.PARKED, WAITS, "Make room on the disk, or have it mended; the next run goes on from here.")
    return Ending(State.FAILED, UNUSABLE, "Give pi180 a place that can be read or written, then run again.")
