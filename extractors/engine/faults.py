"""What a database says when it cannot go on, told as what became of the run and what to do.

Its own text may quote a value of a row. So it is looked at only where it is of the machine, and is never shown.
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from extractors.errors import StagingError

_OF_OUR_SQL = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.SyntaxException)
_KIND = re.compile(r"[A-Za-z]+( [A-Za-z]+){0,3} Error(?=:)")
_NO_MEMORY = "Out of Memory Error"
_OF_THE_MACHINE = frozenset({"IO Error", _NO_MEMORY, "TransactionContext Error", "FATAL Error"})
"""The kinds whose texts name files and sizes, and quote no value."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REASONS = (*_FULL, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.ENOENT)
_PUT_ON_THE_DISK = ("Could not write file", "failed to offload", "max_temp_directory_size")


@contextmanager
def told(memory_limit: str) -> Iterator[None]:
    """Turn what the database raises into errors of ours; an error of our SQL passes, as does one of others.

    Args:
        memory_limit: of the database, to be named.

    Raises:
        StagingError: it lacks memory; or the disk has no room, or fails, its cause then being an `OSError` with the
            reason; or rows that it reads are gone or damaged.
    """
    try:
        yield
    except _OF_OUR_SQL:
        raise
    except duckdb.Error as problem:
        raise fault(str(problem), memory_limit) from cause_of(str(problem))


def fault(said: str, memory_limit: str) -> StagingError:
    """The error of ours for a text of the database, also where Arrow passes it on; it repeats nothing of it."""
    number = reason_in(said)
    if number in _FULL:
        return StagingError(
            "the disk has no room left for the rows that are counted. "
            "Make room, allow more memory (--memory), or name another disk with TMPDIR."
        )
    if number is None and _lacks_memory(said):
        return StagingError(
            f"the rows need more than the {memory_limit} that the database has. "
            "Allow more memory (--memory), or name a disk with more room by TMPDIR."
        )
    why = (os.strerror(number) if number else _kind(said)) or "no reason given"
    return StagingError(
        f"the rows that were extracted are gone or damaged, or cannot be read ({why}). Give the command again."
    )


def lacks_room(problem: duckdb.Error) -> bool:
    """Whether the database lacks memory, or the disk has no room or fails, rather than that rows are no table."""
    said = str(problem)
    return _lacks_memory(said) or reason_in(said) in (*_FULL, errno.EIO, errno.EROFS)


def cause_of(said: str) -> OSError | None:
    """What the operating system refused; None where the text names nothing that is known."""
    number = reason_in(said)
    return None if number is None else OSError(number, os.strerror(number))


def reason_in(said: str) -> int | None:
    """The number of what the operating system refused, by a text of the database; None where it names none."""
    if not _is_of_the_machine(said, _PUT_ON_THE_DISK + tuple(map(os.strerror, _REASONS))):
        return None
    return next((number for number in _REASONS if os.strerror(number) in said), errno.ENOSPC)


def _lacks_memory(said: str) -> bool:
    return _kind(said) == _NO_MEMORY or _is_of_the_machine(said, ("could not allocate", "Out of Memory"))


def _is_of_the_machine(said: str, words: tuple[str, ...]) -> bool:
    return _kind(said) in _OF_THE_MACHINE and any(word in said for word in words)


def _kind(said: str) -> str:
    """As what the database introduces a text, which is no value of a row; empty where it does not."""
    found = _KIND.match(said)
    return found[0] if found else ""
