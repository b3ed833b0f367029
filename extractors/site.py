"""Site settings: what a practice knows about itself that no server says.

Read strictly from TOML (`--site FILE.toml`); hashed into every run. Every setting has a default that
assumes nothing: no closed world, no proven history, federal holidays, period-bound numerators. What each
setting means, and by whose word, is told in `docs/site-settings.toml`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from extractors.dates import federal_holidays
from extractors.errors import SiteError
from extractors.strict_toml import check_keys, read_toml
from extractors.vocabulary import EventKind

FIRST_YEAR, LAST_YEAR = 2015, 2035


class NumeratorWindow(StrEnum):
    """Within which days a numerator act counts. Source: ONC general note 7 against note 6 (rules.md 2.9)."""

    PERFORMANCE_PERIOD = "performance_period"
    CALENDAR_YEAR = "calendar_year"


class SharedEhrRecipients(StrEnum):
    """Whether referrals to who uses the same EHR count, for all patients alike. Source: onc-scenarios 8, ref 9."""

    EXCLUDE = "exclude"
    INCLUDE = "include"


class ReconUnit(StrEnum):
    """What PI_HIE_4 counts once: each document, or what was reconciled in one sitting. Source: fhir-mapping 4, 8."""

    DOCUMENT = "document"
    SESSION = "session"


STANDING = (EventKind.ACCESS_VDT, EventKind.ACCESS_API, EventKind.ACCESS_DECLINED)
"""What can hold for all patients by policy."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A fact that holds for all patients by policy, from a day on; `ended` is the first day without it."""

    kind: EventKind
    since: date
    ended: date | None
    why: str


@dataclass(frozen=True, slots=True)
class Site:
    """One practice's settings.

    `tin_map` maps `Organization/id` or `Location/id` to a TIN. `closed_world` names the kinds whose absence
    proves that the act did not happen. `history_from` is the day on which the practice's encounters begin, all
    of them in the data; None means not proven, and whether a patient is new is then not known. `closed_days`
    are days on which the practice does no business, weekends apart. `data_until` is the last day whose data are
    whole; None takes it from the data, and a deadline after it is pending. `shared_ehr` names organizations of other
    TINs that use the practice's EHR. `drug_tables` is a folder of refreshed drug tables; None is the product's own.
    """

    profile: str = "generic"
    zone: str = "America/New_York"
    tin_map: Mapping[str, str] = field(default_factory=dict)
    closed_world: frozenset[EventKind] = frozenset()
    history_from: date | None = None
    numerator_window: NumeratorWindow = NumeratorWindow.PERFORMANCE_PERIOD
    pdmp_lookback_days: int = 1
    closed_days: frozenset[date] = field(default_factory=lambda: federal_holidays(FIRST_YEAR, LAST_YEAR))
    standing: tuple[Standing, ...] = ()
    collapse_changes: bool = False
    shared_ehr_recipients: SharedEhrRecipients = SharedEhrRecipients.EXCLUDE
    shared_ehr: frozenset[str] = frozenset()
    recon_unit: ReconUnit = ReconUnit.DOCUMENT
    telehealth_in_pea: bool = True
    data_until: date | None = None
    drug_tables: Path | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the settings in force, whether they came from a file, flags or defaults."""
        return hashlib.sha256(json.dumps(self.as_document(), sort_keys=True, default=str).encode()).hexdigest()

    def as_document(self) -> dict[str, Any]:
        """The settings as plain values, in a fixed order.

        Where the drug tables lie is left out: what they hold has a digest of its own.
        """
        said = {
            **asdict(self),
            **{name: sorted(getattr(self, name)) for name in ("closed_days", "closed_world", "shared_ehr")},
        }
        del said["drug_tables"]
        return said

    @property
    def zone_info(self) -> ZoneInfo:
        """The practice's zone."""
        return ZoneInfo(self.zone)


def site_of(document: Mapping[str, Any], at: str) -> Site:
    """The settings that `Site.as_document` gave, read back from plain values (days as ISO text).

    Args:
        document: the settings, as from JSON.
        at: where they stood, for messages.

    Raises:
        SiteError: a setting is missing, unknown or not of its kind.
    """
    try:
        given = dict(document)
        flags: dict[str, Any] = {name: _flag(given.pop(name)) for name in _FLAGS}
        site = Site(
            profile=str(given.pop("profile")),
            zone=_zone(given.pop("zone"), at),
            tin_map=_tins(given.pop("tin_map"), at),
            closed_world=frozenset(EventKind(kind) for kind in given.pop("closed_world")),
            history_from=_iso(given.pop("history_from")),
            data_until=_iso(given.pop("data_until")),
            **{name: words(given.pop(name)) for name, words in WORDS.items()},
            **flags,
            shared_ehr=_shared(given.pop("shared_ehr"), at),
            pdmp_lookback_days=int(given.pop("pdmp_lookback_days")),
            closed_days=frozenset(date.fromisoformat(day) for day in given.pop("closed_days")),
            standing=tuple(_standing_of(entry) for entry in given.pop("standing")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise SiteError(f"{at}: expected the settings as pi180 wrote them, got a fault at {problem}.") from None
    if given:
        raise SiteError(f"{at}: expected the settings as pi180 wrote them, got also {', '.join(sorted(given))}.")
    return site


def _flag(said: object) -> bool:
    if not isinstance(said, bool):
        raise TypeError(f"{said!r}, which is neither true nor false")
    return said


def _iso(day: str | None) -> date | None:
    return None if day is None else date.fromisoformat(day)


def _standing_of(entry: Mapping[str, Any]) -> Standing:
    since, ended = date.fromisoformat(entry["since"]), _iso(entry["ended"])
    return Standing(EventKind(entry["kind"]), since, ended, str(entry["why"]))


KEYS: dict[str, Any] = {
    "profile": str,
    "zone": str,
    "tin_map": dict,
    "closed_world": list,
    "history_from": date,
    "numerator_window": str,
    "pdmp_lookback_days": int,
    "holidays": list,
    "standing": list,
    "collapse_changes": bool,
    "shared_ehr_recipients": str,
    "shared_ehr": list,
    "recon_unit": str,
    "telehealth_in_pea": bool,
    "data_until": date,
    "drug_tables": str,
}
"""What a site file may hold, each with its kind of value."""

WORDS: dict[str, Any] = {
    "numerator_window": NumeratorWindow,
    "shared_ehr_recipients": SharedEhrRecipients,
    "recon_unit": ReconUnit,
}
"""The settings that are one of a closed set of words."""

_FLAGS = ("collapse_changes", "telehealth_in_pea")
_AS_WRITTEN = ("profile", "zone", "history_from", "data_until", "pdmp_lookback_days", *_FLAGS)


def load_site(
    path: Path | None, profile: str | None = None, zone: str | None = None, drugs: Path | None = None
) -> Site:
    """Read a site file; `profile`, `zone` and the folder of drug tables from the command line go before it.

    Raises:
        SiteError: the file is missing or not usable as written.
    """
    site = Site() if path is None else _read(path)
    site = replace(site, profile=profile or site.profile, zone=zone or site.zone, drug_tables=drugs or site.drug_tables)
    return replace(site, zone=_zone(site.zone, path.name if path else "--zone"))


def _read(path: Path) -> Site:
    _, document = read_toml(path, "site settings", SiteError)
    check_keys(document, {}, KEYS, path.name, SiteError)
    drugs = path.parent / document["drug_tables"] if "drug_tables" in document else None
    return replace(_site(document, path.name), drug_tables=drugs)


def _site(document: dict[str, Any], at: str) -> Site:
    given: dict[str, Any] = {name: document[name] for name in _AS_WRITTEN if name in document}
    given |= {name: _word(document[name], words, f"{at}, {name}") for name, words in WORDS.items() if name in document}
    if "holidays" in document:
        given["closed_days"] = frozenset(_day(day, f"{at}, holidays") for day in document["holidays"])
    if given.get("pdmp_lookback_days", 0) < 0:
        raise SiteError(f"{at}, pdmp_lookback_days: expected 0 or more days, got {given['pdmp_lookback_days']}.")
    return Site(
        tin_map=_tins(document.get("tin_map", {}), at),
        shared_ehr=_shared(document.get("shared_ehr", []), at),
        closed_world=frozenset(_word(k, EventKind, f"{at}, closed_world") for k in document.get("closed_world", [])),
        standing=tuple(
            _standing(entry, f"{at}, standing {n}") for n, entry in enumerate(document.get("standing", []), 1)
        ),
        **given,
    )


def _tins(table: Mapping[str, Any], at: str) -> dict[str, str]:
    for key, tin in table.items():
        if not (isinstance(tin, str) and len(tin) == 9 and tin.isdigit()):
            raise SiteError(
                f"{at}, tin_map.{key}: expected a TIN of 9 digits in quotation marks, without a dash. Correct it."
            )
        if not key.startswith(("Organization/", "Location/")):
            raise SiteError(f"{at}, tin_map: expected keys as 'Organization/id' or 'Location/id', got {key!r}.")
    return dict(table)


def _shared(organizations: list[object], at: str) -> frozenset[str]:
    for key in organizations:
        if not (isinstance(key, str) and key.startswith("Organization/") and key.removeprefix("Organization/")):
            raise SiteError(f"{at}, shared_ehr: expected organizations as 'Organization/id', got {key!r}. Correct it.")
    return frozenset(str(key) for key in organizations)


def _standing(entry: dict[str, Any], at: str) -> Standing:
    check_keys(entry, {"kind": str, "from": date, "why": str}, {"ended": date}, at, SiteError)
    kind, since, ended = _word(entry["kind"], EventKind, at), entry["from"], entry.get("ended")
    if kind not in STANDING:
        raise SiteError(
            f"{at}, kind: expected one of {', '.join(STANDING)}, got {str(kind)!r}. No other fact holds by policy."
        )
    if ended is not None and ended <= since:
        raise SiteError(
            f"{at}, ended: expected a day after {since}, got {ended}. It is the first day without the policy."
        )
    return Standing(kind, since, ended, entry["why"])


def _word(word: Any, words: Any, at: str) -> Any:
    try:
        return words(word)
    except ValueError:
        raise SiteError(f"{at}: expected one of {', '.join(words)}, got {word!r}.") from None


def _day(day: object, at: str) -> date:
    if type(day) is not date:  # a datetime is a date, too
        raise SiteError(f"{at}: expected days such as 2026-12-24 without quotation marks, got {day!r}.")
    return day


def _zone(name: str, at: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SiteError(f"{at}, zone: expected an IANA zone such as America/New_York, got {name!r}.") from None
    return name
