"""A source read as facts: few lines in memory, many as parts on the disk, which the database reads from there."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from extractors.decode import Json
from extractors.events import Extract, Facts, Reader, Takes, extract
from extractors.profile import Profile
from extractors.rows import Row
from extractors.sources.blocks import Stretch, grouped, lines_of
from extractors.staging.hands import Bench, parts_of
from extractors.staging.kept import kept_parts
from extractors.staging.memory import give_back
from extractors.staging.parts import Part
from extractors.staging.private import clear_left, private_folder
from extractors.staging.versions import version_of
from extractors.staging.work import Work
from extractors.told import Tried
from extractors.validation import LOOKED_AT


class Stretches(Protocol):
    """A source of lines."""

    def stretches(self) -> Iterator[Stretch]:
        """Its lines, in order."""


@dataclass(slots=True)
class Staged:
    """What many lines became: as an `Extract`, but the rows lie in the files of a folder."""

    folder: Path
    quarantine: list[Row] = field(default_factory=list)
    not_read: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[str, list[Json]] = field(default_factory=dict)
    tried: Tried = field(default_factory=Tried)
    _counts: Counter[str] = field(default_factory=Counter)
    _files: defaultdict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))

    def take(self, part: Part) -> None:
        """Take the part of the next block."""
        for table, kept in part.tables.items():
            self._files[table].append(self.folder / kept.file)
            self._counts[table] += kept.rows
        self.quarantine += part.quarantine
        self.not_read.update(part.not_read)
        self.tried.hits.update(part.tried.hits)
        for kind, documents in part.first.items():
            held = self.first.setdefault(kind, [])
            held += documents[: LOOKED_AT - len(held)]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows there are, by the names by which SQL reads them."""
        return {name: self._counts[name] for name in Extract().tables}

    def load_into(self, engine: Takes) -> None:
        """Let an engine read every table from its files, which it does as long as it is open."""
        for name, rows in Extract().tables.items():
            engine.load_files(name, rows.schema, self._files[name])


@contextmanager
def gathered(source: Stretches, profile: Profile, zone: ZoneInfo, work: Work) -> Iterator[Facts]:
    """Read a source; its rows are there as long as the context is open.

    Raises:
        StagingError: what is kept for reuse is in use by another process or is no such folder, there is no room, or a
            helper was ended.
        OSError: rows cannot be written.
    """
    clear_left()
    blocks = grouped(source.stretches(), work.block)
    begun = tuple(islice(blocks, 2))
    if len(begun) < 2 and work.reuse is None:
        yield extract((line for block in begun for line in lines_of(block)), profile, zone)
        return
    with ExitStack() as open_folders:
        if work.reuse is None:
            kept, folder, version = None, open_folders.enter_context(private_folder()), None
        else:
            kept = open_folders.enter_context(kept_parts(work.reuse))
            folder, version = kept.folder, version_of(profile, zone)
        staged = Staged(folder)
        with closing(parts_of(chain(begun, blocks), Bench(folder, Reader(profile, zone), version), work)) as found:
            for part in found:
                staged.take(part)
                if kept is not None:
                    kept.use(part)
        if kept is not None:
            kept.drop_unused()
        give_back()
        yield staged
