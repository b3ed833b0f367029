"""What rows depend on besides the lines: what extracts them, by which profile, in which zone."""

import hashlib
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from extractors.profile import Profile
from extractors.site import FIRST_YEAR, LAST_YEAR

_LIBRARIES = ("antlr4-python3-runtime", "fhirclient", "fhirpathpy", "lxml", "msgspec", "pyarrow", "tzdata")


def version_of(profile: Profile, zone: ZoneInfo) -> bytes:
    """SHA-256 of all that decides what a line becomes, but for the line itself."""
    return hashlib.sha256("\n".join([_code(), profile.digest, str(zone), _days_of(zone)]).encode()).digest()


@cache
def _code() -> str:
    """A digest of what extracts: our own source, whatever it says its version is, and the libraries by theirs."""
    root = Path(str(files("extractors")))
    whole = hashlib.sha256(" ".join([sys.version, *(version(name) for name in _LIBRARIES)]).encode())
    for file in sorted(root.rglob("*.py")):
        whole.update(f"\n{file.relative_to(root)} {file.stat().st_size}\n".encode() + file.read_bytes())
    return whole.hexdigest()


def _days_of(zone: ZoneInfo) -> str:
    """A digest of the offsets of a zone, day by day: its rules come from the system, which may know new ones."""
    noon = datetime(FIRST_YEAR, 1, 1, 12, tzinfo=UTC)
    days = (noon + timedelta(days=n) for n in range(366 * (LAST_YEAR - FIRST_YEAR + 1)))
    return hashlib.sha256("".join(str(day.astimezone(zone).utcoffset()) for day in days).encode()).hexdigest()
