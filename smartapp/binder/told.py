"""What a binder's manifest tells of it, and whether that has the shape that pi180 gives it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from smartapp.binder import layout
from smartapp.binder.attached import file_of
from smartapp.binder.container import Fault, is_plain
from smartapp.binder.manifest import MANIFEST
from smartapp.kept.archive import FINGERPRINT, named_period
from smartapp.store.retention import LEAST_YEARS

RUN_NAMES = ("run", "period", "reporter")
MOST_YEARS = 100


def faults_of_manifest(manifest: Mapping[str, Any], key: str | None) -> Iterator[Fault]:
    """What of a manifest nobody may rely on: names of folders that are none, and values of another kind.

    Args:
        manifest: as it was read.
        key: fingerprint of the key that signed it; None where no signature can be read.
    """
    run, period, reporter = (str(manifest.get(name)) for name in RUN_NAMES)
    is_name = is_plain(reporter) and "/" not in reporter
    if not (FINGERPRINT.fullmatch(run) and named_period(period) and is_name):
        yield Fault(MANIFEST, "does not say which run, period and reporter these are")
        return
    wrong = [name for name, is_one in _SHAPE.items() if not _holds(is_one, manifest.get(name))]
    if wrong:
        yield Fault(MANIFEST, f"does not say as pi180 does: {', '.join(wrong)}")
    if manifest.get("key") != key:
        yield Fault(MANIFEST, "names another key than the one that signed it")


def faults_of_names(files: Mapping[str, bytes]) -> Iterator[Fault]:
    """Files in the folders of a run's inputs that are none of them."""
    for name in files:
        if name.startswith(f"{layout.INPUTS}/") and layout.run_name(name) is None:
            yield Fault(name, "is no input of a run")


def _holds(is_one: Callable[[Any], bool], value: object) -> bool:
    try:
        return is_one(value)
    except (TypeError, ValueError, LookupError, AttributeError):
        return False


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()


def _is_points(value: object) -> bool:
    return value is None or type(value) in (int, float)


def _is_day(value: str) -> bool:
    return date.fromisoformat(value).isoformat() == value


def _are_files(rows: object) -> bool:
    return isinstance(rows, list) and all(file_of(row) for row in rows)


def _are_versions(found: object) -> bool:
    if not isinstance(found, dict) or not {"pi180", "Python"} <= found.keys():
        return False
    return all(_is_text(name) and _is_text(version) for name, version in found.items())


_SHAPE: Mapping[str, Callable[[Any], bool]] = {
    "points": _is_points,
    "keep_until": _is_day,
    "years": lambda years: type(years) is int and LEAST_YEARS <= years <= MOST_YEARS,
    "pseudonyms": lambda flag: isinstance(flag, bool),
    "attestation": lambda told: _is_text(told["text"]),
    "software": _are_versions,
    "documents": lambda rows: _are_files(rows) and all(_is_text(row["slot"]) for row in rows),
    "submitted": _are_files,
    "outside": _are_files,
}
"""What a manifest tells that is printed, or that replaying goes by; the rest of it is made again and compared."""
