"""What the tests of the store share: names, times, and stores with something in them."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from smartapp.store import AuditEvent, Author, Context, Deed, Filing, Grant, Launches, Pending, Trail

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
KEY, NEXT_KEY, OTHER_KEY = (bytes(range(start, start + 32)) for start in (0, 64, 128))
TIN, NPI = "123456789", "1234567893"
FILING = Filing("one", 2026, TIN, NPI)
DANA = Author("Dana Name-Canary", "https://ehr.example.org subject-canary")
CONTEXT = Context("https://ehr.example.org", "https://ehr.example.org/fhir", "subject", None, "patient", None, False)


def opened_launch(launches: Launches, state: str, registration: str = "one", now: datetime = NOW) -> str:
    """A launch that somebody is signed in to."""
    pending = Pending("https://ehr.example.org/fhir", "launch")
    launch, _ = launches.create(registration, pending, now)
    launches.ask(launch.id, state, pending)
    launches.open(launch.id, CONTEXT, Grant("access", "refresh", now, now + timedelta(hours=1), "openid"), now)
    return launch.id


def viewed(registration: str | None, patient: str) -> AuditEvent:
    """A row of the trail."""
    return AuditEvent(Deed.PATIENT_VIEWED, registration, "launch", DANA.user, patient, "detail", "staff", "192.0.2.7")


def execute(file: Path, *statements: str) -> list[Any]:
    """What somebody does to the file who can write to it and has no key; the answer of the last statement."""
    found: list[Any] = []
    with closing(sqlite3.connect(file)) as raw:
        for statement in statements:
            found = raw.execute(statement).fetchall()
        raw.commit()
    return found


def untied(file: Path) -> None:
    """Take away what keeps the trail from being changed by accident: no attacker would be kept by it."""
    execute(file, "DROP TRIGGER audit_UPDATE", "DROP TRIGGER audit_DELETE")


def bytes_below(folder: Path) -> bytes:
    """Everything that a folder holds."""
    return b"".join(place.read_bytes() for place in sorted(folder.rglob("*")) if place.is_file())


def broken(trail: Trail) -> list[int]:
    """The rows that are found not to be as they were written, in the order in which they are told."""
    return [fault.number for fault in trail.faults() if fault.number is not None]
