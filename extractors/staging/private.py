"""Folders of this process alone, below the temporary one, in which rows and other secrets lie for a while.

What lies there is PHI. The folder is its owner's alone, goes away with its context, and after a kill at the next
making of such a folder: a lock that the system lets go with the process tells those whose process is gone.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from extractors.errors import StagingError

_MADE, _IN_USE = "pi180-made-", "pi180-rows-"
_LOCK = ".lock"


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
        StagingError: it cannot be made where it should be.
        OSError: it was made, and cannot be locked.
    """
    clear_left()
    made = _made()
    descriptor = os.open(made / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder = made.with_name(made.name.replace(_MADE, _IN_USE))
        made.rename(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


def _made() -> Path:
    place = temporary_place()
    try:
        return Path(tempfile.mkdtemp(prefix=_MADE, dir=place))
    except OSError as problem:
        raise StagingError(
            f"{place}: no folder for patients' data can be made there: {problem.strerror}. Have that mended, or name "
            "another place with TMPDIR."
        ) from problem


def clear_left() -> None:
    """Remove the folders of this user whose process is gone; raises as `temporary_place`."""
    for left in temporary_place().glob(f"{_IN_USE}*"):
        with suppress(OSError):
            if left.lstat().st_uid == os.geteuid() and not left.is_symlink():
                _clear(left)


def _clear(left: Path) -> None:
    """Remove a folder unless its process lives. One without a lock was half removed when its process was killed."""
    descriptor = os.open(left / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(left, ignore_errors=True)
    finally:
        os.close(descriptor)
