"""Runs that are kept open, so that a page about another period or reporter counts again and reads nothing again.

One engine a run, a lock each: an engine holds the cases of one period at a time and works for one thread at a time.
A folder that was changed or replaced is read anew, with all the checks of `archive`; one that is gone is refused.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, local
from typing import TypeVar

from extractors.errors import StagingError
from scoring.model import Period
from smartapp.kept.archive import counted_again, engine_of_run, load_run, open_run
from smartapp.kept.runs import period_name
from smartapp.usecases import Reading

MOST_OPEN = 4
"""Runs that stay open; a run of a large practice takes hundreds of megabytes."""
_MOST_PERIODS = 32
_MOST_RESULTS = 512

_Made = TypeVar("_Made")
_Signature = tuple[tuple[str, int, int, int], ...]


@dataclass(slots=True)
class _Open:
    """One run's place in the pool; empty until somebody opens it, and after it was put out."""

    lock: Lock = field(default_factory=Lock)
    signature: _Signature = ()
    closing: ExitStack = field(default_factory=ExitStack)
    latest: Reading | None = None
    counted: OrderedDict[tuple[Period, _Signature], Reading] = field(default_factory=OrderedDict)

    def close(self) -> None:
        self.signature, self.latest = (), None
        self.counted.clear()
        self.closing.close()  # last, so that it is forgotten even where it does not close


class OpenRuns:
    """The runs that are open in this process, the one used longest ago put out first.

    Args:
        most: how many stay open.
    """

    def __init__(self, most: int = MOST_OPEN) -> None:
        self._most, self._lock, self._inside = most, Lock(), local()
        self._open: OrderedDict[Path, _Open] = OrderedDict()

    @contextmanager
    def reading(self, run: Path, period: Period) -> Iterator[Reading]:
        """A period of a run, counted; nobody else uses its engine meanwhile.

        Whoever is inside already, perhaps with the same run, never waits for another: they get one of their own.

        Raises:
            ArchiveError: the folder lacks something, or says what does not fit together.
            StagingError: there is no memory or no room on the disk, perhaps only while the reading is used.
            UsageError: the period leaves the year.
        """
        place, inside = self._place(run), getattr(self._inside, "deep", 0)
        if not place.lock.acquire(blocking=not inside):
            with open_run(run, period) as reading:
                yield reading
            return
        self._inside.deep = inside + 1
        try:
            yield _counted(place, run, period)
        except StagingError:  # a database that a full disk broke stays broken: whoever comes next opens another
            place.close()
            raise
        finally:
            self._inside.deep = inside
            place.lock.release()

    def close(self) -> None:
        """Put every run out that nobody uses."""
        with self._lock:
            for place in self._open.values():
                _put_out(place)
            self._open.clear()

    def _place(self, run: Path) -> _Open:
        with self._lock:
            place = self._open.setdefault(run, _Open())
            self._open.move_to_end(run)
            for oldest in list(self._open)[: max(0, len(self._open) - self._most)]:
                if _put_out(self._open[oldest]):
                    del self._open[oldest]
        return place


def _put_out(place: _Open) -> bool:
    """Close a run, unless somebody is using it: then it stays for the next time."""
    if not place.lock.acquire(blocking=False):
        return False
    try:
        place.close()
    finally:
        place.lock.release()
    return True


def _counted(place: _Open, run: Path, period: Period) -> Reading:
    signature = signature_of(run)
    if place.latest is None or signature != place.signature:
        place.close()
        place.latest = _opened(place, run, period)
        place.signature = signature
    key = period, signature_of(run / period_name(period))
    if key not in place.counted or not _is_held(place.latest, period):
        place.counted[key] = place.latest = counted_again(run, place.latest, period)
    place.counted.move_to_end(key)
    while len(place.counted) > _MOST_PERIODS:
        place.counted.popitem(last=False)
    return place.counted[key]


def _opened(place: _Open, run: Path, period: Period) -> Reading:
    with ExitStack() as opening:
        engine = opening.enter_context(engine_of_run(run))
        reading = load_run(run, period, engine)
        place.closing = opening.pop_all()
    place.counted[period, signature_of(run / period_name(period))] = reading
    return reading


def _is_held(reading: Reading, period: Period) -> bool:
    """Whether the engine holds the cases of this period: a page may have counted another one meanwhile."""
    [row] = reading.engine.rows("period", "1")
    return (row["start_day"], row["end_day"]) == (str(period.start), str(period.end))


def signature_of(folder: Path) -> _Signature:
    """Name, number, size and time of each file of a folder, without those below; empty where there is no folder."""
    try:
        with os.scandir(folder) as entries:
            found = [(one.name, one.stat()) for one in entries if one.is_file()]
    except OSError:  # it was taken away, perhaps in this moment
        return ()
    return tuple(sorted((name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found))


class Remembered:
    """What pages worked out, by all that it depends on; the oldest is forgotten first.

    Only values belong here: nothing that needs an open run.
    """

    def __init__(self, most: int = _MOST_RESULTS) -> None:
        self._most, self._lock = most, Lock()
        self._made: OrderedDict[Hashable, object] = OrderedDict()

    def once(self, key: Hashable, make: Callable[[], _Made]) -> _Made:
        """What `make` gives, made only where nobody made it for this key before."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]  # type: ignore[return-value]
        made = make()
        with self._lock:
            self._made[key] = made
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        return made
