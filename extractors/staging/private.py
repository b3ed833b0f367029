"""Folders of this process alone, below the system's temporary one, in which rows lie while they are read.

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

_MADE, _IN_USE = "pi180-made-", "pi180-rows-"
_LOCK = ".lock"


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder, 0700, removed at the end with all that is in it.

    Raises:
        OSError: there is no temporary folder, or no room in it.
    """
    clear_left()
    made = Path(tempfile.mkdtemp(prefix=_MADE))
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


def clear_left() -> None:
    """Remove the folders of this user whose process is gone."""
    for left in Path(tempfile.gettempdir()).glob(f"{_IN_USE}*"):
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
