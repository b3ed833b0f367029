"""What rows depend on besides the lines: what extracts and joins them, by which profile, in which zone."""

import hashlib
import sys
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from zoneinfo import ZoneInfo

from extractors.profile import Profile
from extractors.site import FIRST_YEAR, LAST_YEAR

_LIBRARIES = (
    "antlr4-python3-runtime",
    "duckdb",
    "fhir-core",
    "fhir.resources",
    "fhirclient",
    "fhirpathpy",
    "lxml",
    "msgspec",
    "pyarrow",
    "pydantic",
    "tzdata",
)


def version_of(profile: Profile, zone: ZoneInfo) -> bytes:
    """SHA-256 of all that decides what a line becomes, but for the line itself."""
    return hashlib.sha256("\n".join([code_version(), profile.digest, str(zone), _clock_of(zone)]).encode()).digest()


@cache
def code_version() -> str:
    """A digest of what extracts and joins: our own source, whatever its version is said to be, and the libraries'."""
    libraries = [sys.version, *(version(name) for name in _LIBRARIES)]
    return hashlib.sha256(" ".join([*libraries, code_digest()]).encode()).hexdigest()


@cache
def code_digest() -> str:
    """SHA-256 of our own source that reads: two machines that have the same say the same of a line."""
    whole = hashlib.sha256()
    for name, data in sorted(_sources(files("extractors"), "")):
        whole.update(f"{name} {len(data)}\n".encode() + data)
    return whole.hexdigest()


def _sources(folder: Traversable, below: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _sources(entry, f"{below}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield below + entry.name, entry.read_bytes()


def _clock_of(zone: ZoneInfo) -> str:
    """A digest of the offsets of a zone and of the minutes at which they change.

    The rules of a zone come from the system, which may know new ones.
    """
    noon = datetime(FIRST_YEAR, 1, 1, 12, tzinfo=UTC)
    days = [noon + timedelta(days=n) for n in range(366 * (LAST_YEAR - FIRST_YEAR + 1))]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    changes = [_change(zone, days[n - 1]) for n in range(1, len(days)) if offsets[n] != offsets[n - 1]]
    return hashlib.sha256("".join(map(str, (*offsets, *changes))).encode()).hexdigest()


def _change(zone: ZoneInfo, noon: datetime) -> datetime:
    """The first minute of the day after a noon at which the offset is no more that of the noon."""
    before = noon.astimezone(zone).utcoffset()
    minutes = range(24 * 60 + 1)
    first = bisect_left(
        minutes, True, key=lambda n: (noon + timedelta(minutes=n)).astimezone(zone).utcoffset() != before
    )
    return noon + timedelta(minutes=first)
