"""Standard error: notes for a person, and progress as a bar on a terminal or as plain lines in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SECONDS_BETWEEN_LINES = 5.0
_MEGABYTE = 1_000_000


def note(text: str) -> None:
    """One line for a person, on standard error."""
    print(text, file=sys.stderr)  # noqa: T201  # this is the one place that prints


@contextmanager
def reading_progress(total: int, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """Give a function that takes the bytes just read; shows them until the context ends."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        yield from _bar(total)
    else:
        yield _Lines(total)


def _bar(total: int) -> Iterator[Callable[[int], None]]:
    # Imported here: every verb imports this module for its notes, and few draw a bar.
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Reading", total=total)
        yield lambda size: progress.update(task, advance=size)


class _Lines:
    """A plain line every few seconds, for logs."""

    def __init__(self, total: int) -> None:
        self._total, self._read, self._next = total, 0, time.monotonic() + _SECONDS_BETWEEN_LINES

    def __call__(self, size: int) -> None:
        self._read += size
        if time.monotonic() >= self._next:
            self._next += _SECONDS_BETWEEN_LINES
            note(f"read {self._read / _MEGABYTE:.1f} of {self._total / _MEGABYTE:.1f} MB")


@contextmanager
def crawl_progress(clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[int, int], None]]:
    """Give a function that takes searches done and to do; tells them every few seconds, with the rate and the rest."""
    started = clock()
    due = started + _SECONDS_BETWEEN_LINES

    def tell(done: int, to_do: int) -> None:
        nonlocal due
        if clock() >= due:
            due = clock() + _SECONDS_BETWEEN_LINES
            note(progress_in_words(done, to_do, clock() - started))

    yield tell


def progress_in_words(done: int, to_do: int, seconds: float) -> str:
    """How far it is, how fast, and about how long it will take at that rate.

    Args:
        done: searches done since it began, those of an earlier time included.
        to_do: of how many that are known by now.
        seconds: since it began; more than 0.
    """
    rate = done / seconds
    left = round((to_do - done) / rate) if rate else 0
    return f"{done} of {to_do} searches, {rate:.1f} a second, about {left // 60} min {left % 60} s left"
