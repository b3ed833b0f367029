"""Blocks to parts, by this process and by others that help it: in the order of the blocks, a bounded number at a time.

Helpers are started anew, not forked, for the process may have threads. They are told the text of the profile and load
it once. They end with the work, and with the process that they help, however that ends.
"""

import gc
import multiprocessing
import os
import shutil
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from zoneinfo import ZoneInfo

from extractors.errors import StagingError
from extractors.events import Reader
from extractors.profile import kept_files, load_texts
from extractors.sources.blocks import Block, digest_of, lines_of
from extractors.staging import parts
from extractors.staging.parts import Part
from extractors.staging.whole import LEAST_ROOM
from extractors.staging.work import Work

_ENDED = (
    "a process that helped to read ended before its work was done: memory may have run out, or somebody ended it. "
    "Nothing was counted. Give the command again, with fewer --workers."
)


@dataclass(frozen=True, slots=True)
class Bench:
    """What one needs to turn a block into a part: where to, how, and `version`, without which nothing is reused."""

    folder: Path
    reader: Reader
    version: bytes | None = None

    def part_of(self, number: int, block: Block) -> Part:
        """The part of a block, of an earlier run where that is whole; raises as `made` does."""
        name = self.name_of(number, block)
        return self.kept(name) or self.made(name, block)

    def name_of(self, number: int, block: Block) -> str:
        """The name of a part: its place in the source, or a digest of all that decides where it may be reused."""
        return f"{number:08}" if self.version is None else sha256(self.version + digest_of(block)).hexdigest()

    def kept(self, name: str) -> Part | None:
        """The part of that name of an earlier run; None where there is none that is whole."""
        return None if self.version is None else parts.read(self.folder, name)

    def made(self, name: str, block: Block) -> Part:
        """Extract a block and write its part.

        Raises:
            OSError: it cannot be written.
            StagingError: there is too little room to write it.
        """
        if (free := shutil.disk_usage(self.folder).free) < LEAST_ROOM:
            raise StagingError(
                f"{self.folder}: {free / 1e6:.0f} MB are free, expected {LEAST_ROOM / 1e6:.0f} MB or more for rows. "
                "Make room, or name another disk with TMPDIR or --reuse."
            )
        with _unswept():
            part = parts.write(self.folder, name, self.reader.extract(lines_of(block)))
        if self.version is not None:
            parts.keep(self.folder, part)
        return part


@contextmanager
def _unswept() -> Iterator[None]:
    """Without searches for circles of objects: rows have none, are many, and would be searched again and again."""
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()


def parts_of(blocks: Iterator[Block], bench: Bench, work: Work) -> Generator[Part, None, None]:
    """The part of each block, in order. Others help from the start, where there are more than a few.

    Close it: then no helper writes any more.

    Raises:
        StagingError: a helper was ended, or there is no room.
        OSError: a part cannot be written.
    """
    first = deque(islice(blocks, work.alone + 1 if work.workers > 1 else 0))
    numbered = enumerate(chain(_let_go(first), blocks))
    if len(first) <= work.alone:
        yield from (bench.part_of(number, block) for number, block in numbered)
        return
    try:
        with _helpers(bench, work.workers - 1) as pool:
            yield from _together(numbered, bench, pool, work.workers)
    except BrokenProcessPool:
        raise StagingError(_ENDED) from None


def _let_go(blocks: deque[Block]) -> Iterator[Block]:
    while blocks:
        yield blocks.popleft()


def _together(
    numbered: Iterator[tuple[int, Block]], bench: Bench, pool: ProcessPoolExecutor, workers: int
) -> Iterator[Part]:
    """Each helper has its block, and one more waits; whatever comes meanwhile, this process does itself.

    The first helper starts with the first block that is not kept from an earlier run.
    """
    held: deque[Future[Part]] = deque()
    for number, block in numbered:
        name = bench.name_of(number, block)
        if (part := bench.kept(name)) is not None:
            held.append(_done(part))
        elif sum(not one.done() for one in held) < workers:
            held.append(_given(pool, name, block))
        else:
            held.append(_done(bench.made(name, block)))
        while held and (held[0].done() or len(held) > 8 * workers):
            yield held.popleft().result()
    while held:
        yield held.popleft().result()


def _done(part: Part) -> "Future[Part]":
    found: Future[Part] = Future()
    found.set_result(part)
    return found


def _given(pool: ProcessPoolExecutor, name: str, block: Block) -> "Future[Part]":
    """Give a block to a helper. One that is started here never hears Ctrl-C: it ends with this process."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(_helped, name, block)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _helpers(bench: Bench, number: int) -> Iterator[ProcessPoolExecutor]:
    told = (bench.folder, kept_files(bench.reader.profile), bench.reader.zone, bench.version)
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(number, mp_context=context, initializer=_prepare, initargs=told)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_BENCH: list[Bench] = []
"""In a helper: the one bench that it works at."""


def _prepare(folder: Path, profile: dict[str, str], zone: ZoneInfo, version: bytes | None) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _BENCH.append(Bench(folder, Reader(load_texts(profile), zone), version))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _helped(name: str, block: Block) -> Part:
    return _BENCH[0].made(name, block)
