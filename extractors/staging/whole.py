"""Files that are whole or not there: written beside their place and renamed; and what is said, with its digest.

What is found is believed only if every digest holds, so that damage, a foreign file or half of one is as good as
nothing.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LEAST_ROOM = 200_000_000
"""Bytes that stay free where rows are written."""


def digest(data: bytes) -> str:
    """The SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


@contextmanager
def draft_of(place: Path) -> Iterator[Path]:
    """An empty file, 0600, that takes its place at the end of the context; after an error it is gone.

    Raises:
        OSError: there is no room for it.
    """
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        yield draft
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


def put(place: Path, data: bytes) -> None:
    """Write a file whole.

    Raises:
        OSError: it cannot be written.
    """
    with draft_of(place) as draft:
        draft.write_bytes(data)


def say(place: Path, said: Any) -> None:
    """Write a value of JSON, by which `heard` gives it back; raises as `put` does."""
    body = json.dumps(said).encode()
    put(place, digest(body).encode() + b"\n" + body)


def heard(place: Path) -> Any:
    """What `say` wrote; None unless all of it is there as it was written."""
    try:
        proof, _, body = place.read_bytes().partition(b"\n")
        return json.loads(body) if digest(body).encode() == proof else None
    except (OSError, ValueError):
        return None
