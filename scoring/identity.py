"""Who reports: CMS refuses an upload whose identifiers do not fit its entity type."""

from collections.abc import Iterator

from scoring import findings
from scoring.model import Finding, Submission

TIN, NPI, ENTITY_ID = "taxpayerIdentificationNumber", "nationalProviderIdentifier", "entityId"
IDENTIFIERS = {"entityType", ENTITY_ID, TIN, NPI}
"""The fields that say who reports."""

NEEDED = {"individual": (TIN, NPI), "group": (TIN,)} | dict.fromkeys(("virtualGroup", "subgroup", "apm"), (ENTITY_ID,))
"""Exactly which identifiers each entity type has, in CMS's words."""


def identity(submission: Submission) -> Iterator[Finding]:
    """What is wrong about who reports; a warning of the score, an error of a file."""
    reporter, kind = submission.reporter, submission.entity_type
    stated = {TIN: reporter.tin, NPI: reporter.npi, ENTITY_ID: reporter.entity_id}
    if kind not in NEEDED:
        message, remedy = f"entityType: expected one of {', '.join(NEEDED)}.", "Say who reports."
        yield findings.IDENTITY_UNFIT.about("entityType", message, remedy)
    elif tuple(name for name, value in stated.items() if value is not None) != NEEDED[kind]:
        message = f"entityType {kind}: an individual has TIN and NPI, a group its TIN only, the others an entityId."
        yield findings.IDENTITY_UNFIT.about("entityType", message, "Give exactly the identifiers of the type.")
    entity = reporter.entity_id
    if entity is not None and not (entity.strip() and entity.isprintable()):
        message = "entityId: expected an identifier, got nothing, or characters that cannot be printed."
        yield findings.IDENTITY_UNFIT.about(ENTITY_ID, message, "Copy the identifier again.")
    if reporter.npi is not None and not is_npi(reporter.npi):
        message = "nationalProviderIdentifier: the check digit does not fit; a digit is wrong."
        yield findings.IDENTITY_UNFIT.about(NPI, message, "Copy the NPI again.")


def is_npi(digits: str) -> bool:
    """Whether ten digits carry the check digit of an NPI (Luhn over the prefix 80840 and the NPI)."""
    doubled = [int(d) * (2 - place % 2) for place, d in enumerate(reversed(f"80840{digits}"), 1)]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
