"""The audit trail in words: who did what, in which role, from where. No name of a patient is in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from smartapp.report.words import moment
from smartapp.store import AuditEvent, Deed

MOST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class RowShown:
    """One row; empty where it says nothing."""

    number: int
    at: str
    deed: str
    user: str
    role: str
    session: str
    origin: str
    about: str


@dataclass(frozen=True, slots=True)
class TrailShown:
    """The latest rows of a day, of `of` in all, and the kinds of row to choose from."""

    rows: tuple[RowShown, ...]
    of: int
    deeds: tuple[str, ...]


def trail_shown(rows: Sequence[AuditEvent], zone: tzinfo, *, with_patients: bool) -> TrailShown:
    """The records of the template.

    Args:
        rows: oldest first.
        zone: the practice's, for times.
        with_patients: whether the ids of patients are shown, or only that a row is about one.
    """
    latest = [_row(one, zone, with_patients) for one in reversed(rows[-MOST_SHOWN:])]
    return TrailShown(tuple(latest), len(rows), tuple(Deed))


def _row(event: AuditEvent, zone: tzinfo, with_patients: bool) -> RowShown:
    patient = f"patient {event.patient}" if with_patients else "a patient"
    return RowShown(
        number=event.number or 0,
        at=moment(event.at.astimezone(zone)) if event.at else "",
        deed=event.event,
        user=event.user or "",
        role=event.role or "",
        session=(event.launch or "")[:8],
        origin=event.origin or "",
        about=", ".join(one for one in (patient if event.patient else "", event.detail or "") if one),
    )
