"""What a person says of who must report: the table `[eligibility]` of an attestation file."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scoring.eligibility import HardshipStatus
from scoring.eligibility_rules import EligibilityRules, load_eligibility
from smartapp.attesting.attestation_errors import AttestationError

_KEYS = ("type", "statuses", "below_threshold", "hardship", "hardship_reason", "shared_savings")


@dataclass(frozen=True, slots=True)
class Eligible:
    """What is said; None is "not said", never "no". The words are ids of the eligibility rules.

    `statuses` are those of the clinician, or of the group itself; empty says that there is none.
    """

    type: str | None = None
    statuses: frozenset[str] | None = None
    below_threshold: bool | None = None
    hardship: HardshipStatus = HardshipStatus.NONE
    hardship_reason: str | None = None
    shared_savings: bool | None = None


NOTHING_SAID = Eligible()


@lru_cache(maxsize=1)
def eligibility_rules() -> EligibilityRules:
    """The product's own rules of who must report."""
    return load_eligibility()


def read_eligible(table: Mapping[str, Any], at: str) -> Eligible:
    """The table, read strictly.

    Raises:
        AttestationError: an unknown key, or a word that the eligibility rules do not know.
    """
    across = eligibility_rules()
    for key in table:
        if key not in _KEYS:
            raise AttestationError(f"{at}: unknown key {key!r}. Expected one of: {', '.join(_KEYS)}.")
    hardship = _word(table, "hardship", list(HardshipStatus), at) or HardshipStatus.NONE
    reason = _word(table, "hardship_reason", list(across.hardships), at)
    if (hardship == HardshipStatus.NONE) != (reason is None):
        raise AttestationError(
            f"{at}.hardship: expected a reason beside an application or an approval, and neither without the other."
        )
    return Eligible(
        type=_word(table, "type", list(across.types), at),
        statuses=_statuses(table.get("statuses"), list(across.statuses), at),
        below_threshold=_flag(table, "below_threshold", at),
        hardship=HardshipStatus(hardship),
        hardship_reason=reason,
        shared_savings=_flag(table, "shared_savings", at),
    )


def eligible_document(said: Eligible) -> dict[str, Any]:
    """The table as plain values; what is not said is left out."""
    exception = said.hardship is not HardshipStatus.NONE
    found = {
        "type": said.type,
        "statuses": None if said.statuses is None else sorted(said.statuses),
        "below_threshold": said.below_threshold,
        "hardship": said.hardship.value if exception else None,
        "hardship_reason": said.hardship_reason,
        "shared_savings": said.shared_savings,
    }
    return {key: value for key, value in found.items() if value is not None}


def _word(table: Mapping[str, Any], key: str, words: list[str], at: str) -> str | None:
    value = table.get(key)
    if value is not None and value not in words:
        raise AttestationError(f"{at}.{key}: expected one of {', '.join(words)}, got {value!r}.")
    return value


def _statuses(value: Any, known: list[str], at: str) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(one in known for one in value):
        raise AttestationError(f"{at}.statuses: expected a list of {', '.join(known)}, got {value!r}.")
    return frozenset(value)


def _flag(table: Mapping[str, Any], key: str, at: str) -> bool | None:
    value = table.get(key)
    if value is not None and not isinstance(value, bool):
        raise AttestationError(f"{at}.{key}: expected true or false, got {value!r}.")
    return value
