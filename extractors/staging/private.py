"""Folders of this process alone, below the temporary one, in which rows and other secrets lie for a while.

What lies there is PHI. The folder is its owner's alone, goes away with its context, and after a kill at the next
making of such a folder: a lock that the system lets go with the process tells those whose process is gone.
"""

import fcntl
import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from extractors.errors import StagingError

_MADE, _IN_USE = "pi180-made-", "pi180-rows-"
_LOCK = ".lock"
_MAKING = 3600.0
"""Seconds after which nobody is making a folder any more: that takes no time, but a machine may sleep meanwhile."""
_WAITS = (0.0, 0.2, 0.5)
"""Seconds before each try to remove a folder: another process may be clearing it in the same moment."""
_LOG = logging.getLogger("pi180")


def temporary_place() -> Path:
    """Below which patients' data may lie for a while: `TMPDIR` where it is set, else the system's temporary folder.

    Python itself takes another folder where that one cannot be used: another disk than somebody chose for such data.

    Raises:
        StagingError: what `TMPDIR` names is no folder, or cannot be written.
        OSError: `TMPDIR` is not set, and the system has no temporary folder.
    """
    named = os.environ.get("TMPDIR")
    if not named:
        return Path(tempfile.gettempdir())
    place = Path(named).absolute()
    if not (os.access(place, os.W_OK | os.X_OK) and place.is_dir()):
        raise StagingError(
            f"TMPDIR: {place}: expected a folder that can be written, for patients' data lie there for a while. "
            "Make it, mount it, or name another one."
        )
    return place


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder, 0700, removed at the end with all that is in it.

    Raises:
        StagingError: it cannot be made where it should be; the cause is the `OSError` that says why, if there is one.
    """
    clear_left()
    folder, lock = _made(temporary_place())
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def _made(place: Path) -> tuple[Path, int]:
    """A folder that no other process clears, and the descriptor of its lock."""
    try:
        made = Path(tempfile.mkdtemp(prefix=_MADE, dir=place))
        lock = os.open(made / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return made.rename(made.with_name(made.name.replace(_MADE, _IN_USE))), lock
    except OSError as problem:
        raise StagingError(
            f"{place}: no folder for patients' data can be made there: {problem.strerror}. Have that mended, or name "
            "another place with TMPDIR."
        ) from problem


def clear_left() -> None:
    """Remove the folders of this user whose process is gone; raises as `temporary_place`."""
    place = temporary_place()
    for left in (*place.glob(f"{_IN_USE}*"), *place.glob(f"{_MADE}*")):
        with suppress(OSError):
            if _is_ours(left) and (left.name.startswith(_IN_USE) or _was_begun_long_ago(left)):
                _clear(left)


def _is_ours(left: Path) -> bool:
    """Whether it is a folder of this user, and no link to one."""
    found = left.lstat()
    return found.st_uid == os.geteuid() and stat.S_ISDIR(found.st_mode)


def _was_begun_long_ago(left: Path) -> bool:
    """Whether its process was killed before anything but the lock was put there."""
    return time.time() - left.stat().st_mtime > _MAKING and {entry.name for entry in left.iterdir()} <= {_LOCK}


def _clear(left: Path) -> None:
    """Remove a folder unless its process lives. One without a lock was half removed when its process was killed."""
    descriptor = os.open(left / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(left)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    """Remove a folder, or say that it is still there: a run whose numbers are right does not fail for that."""
    for wait in _WAITS:
        time.sleep(wait)
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
    _LOG.warning("%s: could not be removed, and may hold patients' data. Remove it.", folder)
