"""Who may do what, and who is signed in, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from smartapp.people.access import ASSIGNABLE, MAY, Role
from smartapp.report.words import moment
from smartapp.store import Assignment, Launch

_FROM_SETTINGS = "the server's settings"


@dataclass(frozen=True, slots=True)
class Given:
    """One role that somebody has; `revocable` False for those of the settings."""

    user: str
    label: str
    role: str
    reach: str
    by: str
    at: str
    revocable: bool


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in; `own` is the session that looks."""

    id: str
    who: str
    since: str
    seen: str
    own: bool


@dataclass(frozen=True, slots=True)
class PeopleShown:
    """The page; `roles` are those to give, each with what it may do."""

    given: tuple[Given, ...]
    sessions: tuple[Session, ...]
    roles: tuple[tuple[str, str], ...]


def people_shown(
    given: Iterable[Assignment], admins: Iterable[str], sessions: Sequence[Launch], here: Launch, zone: tzinfo
) -> PeopleShown:
    """The records of the template.

    Args:
        given: the assignments of the store.
        admins: the users whom the settings make administrators.
        sessions: who is signed in.
        here: the session that looks.
        zone: the practice's, for times.
    """
    settled = [Given(user, "", Role.ADMIN, "all TINs", _FROM_SETTINGS, "", revocable=False) for user in admins]
    return PeopleShown(
        given=(*settled, *(_given(one, zone) for one in given)),
        sessions=tuple(_session(one, one.id == here.id, zone) for one in sessions),
        roles=tuple((role, ", ".join(sorted(MAY[role]))) for role in ASSIGNABLE),
    )


def _given(one: Assignment, zone: tzinfo) -> Given:
    reach = f"TIN {', '.join(one.tins)}" if one.tins else "all TINs"
    return Given(one.user, one.label, one.role, reach, one.by, moment(one.at.astimezone(zone)), revocable=True)


def _session(launch: Launch, own: bool, zone: tzinfo) -> Session:
    user = launch.context.user if launch.context else "not known"
    who = f"{launch.person.name}, {user}" if launch.person else user
    since, seen = (moment(one.astimezone(zone)) for one in (launch.created, launch.seen))
    return Session(launch.id, who, since, seen, own)
