"""Who may do what with whose numbers: roles, acts, and the table that joins them. What it does not name is denied.

An act is about a reporter, or about the whole registration (reporter None): its runs, its trail, its people. Source of
the roles: acceptance journey J4, security requirements R82, R84 and R99.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scoring.model import Reporter


class Role(StrEnum):
    """What somebody is here."""

    CLINICIAN = "clinician"  # by the NPI that the EHR states, never by an assignment
    STAFF = "staff"
    ADMIN = "admin"
    AUDITOR = "auditor"


ASSIGNABLE = (Role.STAFF, Role.ADMIN, Role.AUDITOR)
"""The roles that an admin gives. A clinician is whom the EHR states to be one."""


class Act(StrEnum):
    """What somebody may do."""

    SEE_SCORE = "see scores"
    SEE_CASES = "see cases"
    SEE_PATIENT = "see the patient of a launch"
    ANSWER = "answer"
    ATTACH = "attach documents"
    START_RUN = "start runs"
    DOWNLOAD = "download"
    SIGN = "sign"
    SEE_TRAIL = "see the audit trail"
    MANAGE_PEOPLE = "manage people"


_ALL_OF_A_REPORTER = {Act.SEE_SCORE, Act.SEE_CASES, Act.ANSWER, Act.ATTACH, Act.DOWNLOAD, Act.SIGN}

MAY: Mapping[Role, frozenset[Act]] = {
    Role.CLINICIAN: frozenset(_ALL_OF_A_REPORTER | {Act.START_RUN, Act.SEE_PATIENT}),
    Role.STAFF: frozenset(_ALL_OF_A_REPORTER | {Act.START_RUN, Act.SEE_PATIENT}),
    Role.ADMIN: frozenset({Act.SEE_SCORE, Act.START_RUN, Act.SEE_TRAIL, Act.MANAGE_PEOPLE}),
    Role.AUDITOR: frozenset({Act.SEE_SCORE, Act.SEE_CASES, Act.SEE_TRAIL, Act.DOWNLOAD}),
}
"""The whole of what is allowed."""


_USER = re.compile(r"(?:Practitioner|PractitionerRole|Person)/[\w.-]{1,64}|https?://\S{1,2000} \S{1,255}", re.ASCII)


def is_user(text: str) -> bool:
    """Whether a text names a user as an EHR does: a fhirUser (`Practitioner/abc`), or issuer, space, subject."""
    return _USER.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Assigned:
    """A role that somebody was given; `tins` None is the whole registration."""

    role: Role
    tins: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Who somebody is here: the NPI that the EHR states for them, None if none, and the roles that they were given."""

    npi: str | None = None
    assigned: tuple[Assigned, ...] = ()

    @property
    def roles(self) -> tuple[Role, ...]:
        """Every role, each once, the clinician's first; empty for somebody who may do nothing."""
        own = (Role.CLINICIAN,) if self.npi else ()
        return tuple(dict.fromkeys((*own, *(one.role for one in self.assigned))))


def may(access: Access, act: Act, reporter: Reporter | None) -> bool:
    """Whether an act is allowed.

    Args:
        access: who acts.
        act: what they would do.
        reporter: whose numbers it is about; None is the whole registration, which neither a clinician nor an
            assignment to some TINs reaches.
    """
    if access.npi and act in MAY[Role.CLINICIAN] and reporter is not None and reporter.npi == access.npi:
        return True
    return any(act in MAY[one.role] and _reaches(one, reporter) for one in access.assigned)


def may_see_patient(access: Access) -> bool:
    """Whether the patient of a launch may be shown, who is no reporter's: any role that sees patients will do."""
    return any(Act.SEE_PATIENT in MAY[role] for role in access.roles)


def _reaches(assigned: Assigned, reporter: Reporter | None) -> bool:
    if assigned.role is Role.CLINICIAN:
        return False
    if assigned.tins is None:
        return True
    return reporter is not None and reporter.tin in assigned.tins


def allowed(access: Access, reporter: Reporter | None) -> frozenset[Act]:
    """Every act that is allowed on a reporter, or on the whole registration."""
    return frozenset(act for act in Act if may(access, act, reporter))
