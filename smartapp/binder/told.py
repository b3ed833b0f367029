"""What a binder's manifest tells of it, and whether that has the shape that pi180 gives it."""

from collections.abc import Iterator, Mapping
from typing import Any

from smartapp.binder.container import Fault, is_plain
from smartapp.binder.manifest import MANIFEST
from smartapp.kept.archive import FINGERPRINT, named_period

RUN_NAMES = ("run", "period", "reporter")


def faults_of_manifest(manifest: Mapping[str, Any]) -> Iterator[Fault]:
    """What of a manifest nobody may rely on, as the names of folders of its run."""
    run, period, reporter = (str(manifest.get(name)) for name in RUN_NAMES)
    is_name = is_plain(reporter) and "/" not in reporter
    if not (FINGERPRINT.fullmatch(run) and named_period(period) and is_name):
        yield Fault(MANIFEST, "does not say which run, period and reporter these are")
