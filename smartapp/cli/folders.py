"""How a verb reads a folder of FHIR: with progress, and with what is not as it should be on standard error."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from extractors.sources.folder import FileState
from scoring.model import Period
from scoring.rulebook import RuleBook
from smartapp.cli.options import INTERRUPTED, STOPPED
from smartapp.errors import UsageError
from smartapp.printed import console
from smartapp.usecases import Reading, Source, read

_MOST_TOLD = 20


@contextmanager
def reading_of(source: Source, rules: RuleBook, period: Period) -> Iterator[Reading]:
    """A folder read for one period, with progress and what was left out or set aside on standard error."""
    total = sum(p.stat().st_size for p in source.folder.rglob("*") if p.is_file()) if source.folder.is_dir() else 0
    with (
        _ended_in_order(),
        console.reading_progress(total) as progress,
        read(source, rules, period, progress) as reading,
    ):
        for record in reading.files:
            if record.state is FileState.NOT_FHIR:
                console.note(f"pi180: {record.file} is no FHIR and is left out.")
        for fault in reading.faults:
            console.note(f"pi180: the input is not whole: {fault}.")
        _tell_set_aside(reading)
        yield reading


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end a reading with their own exit codes, after what it had on the disk is removed."""

    def stop(*_: object) -> None:
        raise SystemExit(STOPPED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        console.note("pi180: interrupted. Give the command again to count.")
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell_set_aside(reading: Reading) -> None:
    rows = reading.quarantine.rows
    for row in rows[:_MOST_TOLD]:
        entry = f", entry {row['entry']}" if row["entry"] is not None else ""
        console.note(
            f"pi180: set aside {row['file']}, line {row['line']}{entry}, byte {row['offset']}: {row['reason']}."
        )
    if len(rows) > _MOST_TOLD:
        console.note(f"pi180: {len(rows) - _MOST_TOLD} more lines set aside; --json and the report name them all.")


def check_apart(out: Path | None, folder: Path) -> None:
    """Refuse to write where the next run would read.

    Raises:
        UsageError: `out` is the folder that is read, or lies in it.
    """
    if out is not None and out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{out} lies in the folder that is read. Name another folder with --out.")
