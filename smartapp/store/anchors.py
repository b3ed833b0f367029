"""Files of anchors: what the ends of all chains of the audit trail were at a time, one JSON line each.

Kept where whoever can write to the store cannot write, they show what a chain alone cannot: that rows were taken
from its end.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from smartapp.store.chain import Head
from smartapp.store.errors import StoreError


def anchor_line(heads: Iterable[Head], now: datetime) -> str:
    """One line for the present ends of the chains."""
    return json.dumps({"at": now.isoformat(timespec="seconds"), "heads": [asdict(head) for head in heads]})


def write_anchor(file: Path, heads: Iterable[Head], now: datetime) -> None:
    """Add a line to a file, which is made for its owner alone; one that was cut short keeps its own line."""
    begun = file.read_bytes()[-1:] if file.exists() else b""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as opened:
        opened.write(("" if begun in (b"", b"\n") else "\n") + anchor_line(heads, now) + "\n")


def read_anchors(file: Path) -> tuple[Head, ...]:
    """Every end of a chain that a file tells of.

    Raises:
        StoreError: it is no file of anchors.
    """
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        return tuple(Head(**head) for line in lines for head in line["heads"])
    except (OSError, ValueError, LookupError, TypeError):
        raise StoreError(
            f"{file}: expected lines that pi180 store anchor wrote, each whole. Name that file; of the daily one, "
            "keep a copy and take out the line that was cut short."
        ) from None


def last_day(file: Path) -> str | None:
    """The day of the last line, as 2026-11-22; None: there is none, or it was cut short by a full disk or a crash."""
    lines = file.read_bytes().splitlines() if file.exists() else []
    try:
        return str(json.loads(lines[-1])["at"])[:10]
    except (ValueError, LookupError, TypeError):
        return None
