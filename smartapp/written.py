"""Texts that pi180 prints or keeps: a document as JSON, and a file that is whole or not there."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_OWNER_ONLY = 0o600


def as_json(document: Mapping[str, Any]) -> str:
    """One JSON document, keys sorted, the same text for the same content."""
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, default=str) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a file whole, readable by its owner alone: beside its place, to the disk, then renamed into it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=_OWNER_ONLY)
    with draft.open("w", encoding="utf-8", newline="") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(path)
