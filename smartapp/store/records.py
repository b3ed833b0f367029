"""The nouns of the store."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Phase(StrEnum):
    """How far a launch has come; it only moves forward."""

    OFFERED = "offered"  # the EHR sent a browser here
    ASKED = "asked"  # that browser kept our cookie and was sent to the EHR's authorization page
    OPEN = "open"  # the EHR gave tokens: somebody is signed in
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Pending:
    """What a launch must remember until the EHR answers; gone once it has.

    `iss` and `launch` are as the EHR sent them; `launch` is None for a standalone launch.
    """

    iss: str
    launch: str | None = field(repr=False)
    verifier: str = field(default="", repr=False)
    nonce: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens of one launch. `scope` None: the server did not say what it granted. `version` counts renewals."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    received: datetime
    expires: datetime
    scope: str | None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """Whom and what a launch is about, as its own token response said; `person` is learned from the server later.

    `issuer` and `base` are those of the registration at that time: tokens go nowhere else, whatever it says later.
    `fhir_user` and `patient` are `Type/id` and an id; None: not said. `needs_banner` None: not said.
    """

    issuer: str
    base: str
    subject: str
    fhir_user: str | None
    patient: str | None
    encounter: str | None
    needs_banner: bool | None

    @property
    def user(self) -> str:
        """Who is signed in: issuer and subject together, never one of them alone (R20)."""
        return f"{self.issuer} {self.subject}"


@dataclass(frozen=True, slots=True)
class Person:
    """The signed-in user as the server's Practitioner says; `npi` None: it states none."""

    name: str
    npi: str | None


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch, which is also one session: its own cookie, its own user, its own patient, its own tokens."""

    id: str
    registration: str
    phase: Phase
    created: datetime
    seen: datetime
    pending: Pending | None
    context: Context | None
    person: Person | None


@dataclass(frozen=True, slots=True)
class Filing:
    """Whose category of which year, at which registration: what drafts and documents belong to.

    `npi` None: the whole TIN. `tin` None: the evidence names none.
    """

    registration: str
    year: int
    tin: str | None = field(repr=False)
    npi: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Author:
    """Who did something: the name that people read, and the user as the audit trail has it."""

    name: str
    user: str
