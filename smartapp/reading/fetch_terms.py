"""What reading a server is asked and gives, see `smartapp.reading.fetching`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from extractors.sources.bulk_journal import Reached
from extractors.sources.bulk_request import Form, Level
from extractors.sources.bulk_waiting import Waits
from extractors.sources.crawl import Told
from smartapp.reading.crawling import Crawling

MANIFEST_MB = 64
"""Some 300,000 files, each with a signed address."""


class Choice(StrEnum):
    """Which way may be taken: the better one, or one alone."""

    BEST = "best"
    BULK = "bulk"
    CRAWL = "crawl"


class Way(StrEnum):
    """Which way was taken."""

    BULK = "bulk"
    CRAWL = "crawl"


class Renew(StrEnum):
    """What to do where a finished reading is there already.

    An unfinished one is always gone on with, never asked for twice.
    """

    KEEP = "keep"
    """Nothing: it is given as it is."""
    ALL = "all"
    """Read everything anew."""
    CHANGES = "changes"
    """Ask an export for what changed since the last one (`_since`); a crawl, and an export by another profile or of a
    Group with other members, is read anew as a whole."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """What to read, and how.

    `level` None: that of the cohort, a Group or all patients. `form` is how the server wants the list of types, `waits`
    how long an export is waited for, and `manifest_mb` how many megabytes one page of its list of files may have.
    `arrived` is told the bytes of each piece of its files, before they are written, and `reached` each step, before and
    after it is on the disk.
    """

    crawling: Crawling
    choice: Choice = Choice.BEST
    renew: Renew = Renew.KEEP
    level: Level | None = None
    form: Form = Form.GET
    waits: Waits = field(default_factory=Waits)
    manifest_mb: int = MANIFEST_MB
    arrived: Callable[[int], None] = lambda _: None
    reached: Reached = lambda _: None


@dataclass(frozen=True, slots=True)
class Telling:
    """Who hears how it goes: `done` of units that are known, `say` a line in words without anything of a patient."""

    done: Told = lambda _done, _of: None
    say: Callable[[str], None] = lambda _text: None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A reading that came to its end.

    Attributes:
        folder: to read from, as `--from` takes it.
        way: how it was read.
        reason: why it was crawled although an export was allowed; empty otherwise.
        new: False where nothing was asked for, because a finished reading was there and was to be kept.
        patients: how many a crawl read; None for an export, which does not say.
        unknown: how many of those the server does not show.
        faults: why it may give no score at all.
        not_whole: rows of the ledger of which something could not be had.
        cautions: what a person should know of it, such as a clock that differs.
    """

    folder: Path
    way: Way
    reason: str = ""
    new: bool = True
    patients: int | None = None
    unknown: int = 0
    faults: tuple[str, ...] = ()
    not_whole: tuple[Mapping[str, object], ...] = ()
    cautions: tuple[str, ...] = ()
