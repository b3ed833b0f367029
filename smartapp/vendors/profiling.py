"""Looking at evidence profiles: what one says and inherits, whether it is sound, a new one, how it fares on data."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from extractors.probe import Probe, probe
from extractors.profile import Profile, load_profile, profile_names
from extractors.profile_check import Check, check
from extractors.selectors import Remark, Selector
from extractors.site import load_site
from extractors.sources.folder import Folder, Progress
from extractors.vocabulary import EventKind
from smartapp.errors import UsageError
from smartapp.usecases import Source
from smartapp.written import write_text

DOCUMENTED = "documented, not observed"

_NEW = """\
# What your server shows differently from `{base}`; all else is inherited: pi180 profiles show {base}
# Check it with:   pi180 profiles check {file} --samples FOLDER
# Try it on data:  pi180 probe --from FOLDER --profile {file}

name = "{name}"
version = "1"  # raise it when you change what it says
about = "which server, product and version this is about"
extends = "{base}"
# observed = {{ on = 2026-11-22, version = "the server's version", by = "who saw it" }}  # once it was seen live

# A carrier of your own. The best rank with a definite answer decides; equal ranks that disagree are unknown.
# [[select]]
# kind = "prescription-transmitted"
# resource = "MedicationRequest"
# where = "intent = 'order' and extension.where(url = 'https://example.org/sent').exists()"
# patient = "subject"
# clinician = "requester"
# answer = "extension.where(url = 'https://example.org/sent').value.ofType(code)"
# map = {{ sent = "met", printed = "not_met" }}  # any other value is unknown, never a guess
# rank = 1
# grade = "native"  # or standard, proxy, asserted
# why = "Set when the message leaves the gateway."
# source = "https://example.org/documentation"
# on = 2026-11-22  # when you read that

# A kind that the server does not show: what is inherited for it is left out.
# [[absent]]
# kind = "pdmp-queried"
# why = "Queries run in the state's portal and leave no resource."
# source = "https://example.org/documentation"
# on = 2026-11-22

# One inherited rule that does not hold here.
# [[drop]]
# rule = "receipt-confirmed/Task/2"
# why = "Tasks are internal here."
# source = "https://example.org/documentation"
# on = 2026-11-22

# [search]
# never_send = ["MedicationRequest.authoredon"]  # parameters that the server does not have
"""


def new_profile(file: Path, base: str) -> None:
    """Write a small commented profile that extends one of the product's.

    Raises:
        UsageError: the file exists, or is no TOML file by its name.
    """
    if file.exists():
        raise UsageError(f"{file}: exists already and is left as it is. Name another file.")
    if file.suffix != ".toml":
        raise UsageError(f"{file}: expected a name that ends in .toml. Rename it.")
    write_text(file, _NEW.format(base=base, file=file.name, name="".join(c for c in file.stem if c not in '"\\')))
    load_profile(str(file))


def check_profiles(names: tuple[str, ...], samples: Path | None) -> list[Check]:
    """Check profiles by name or file; all of the product's where none is named.

    Raises:
        ExtractionError: one is not usable as written, or a sample is none.
    """
    return [check(load_profile(name), samples) for name in names or profile_names()]


def probe_folder(source: Source, progress: Progress) -> Probe:
    """Try a profile's rules on a folder of FHIR.

    Raises:
        ExtractionError: the folder is missing, or the site file or profile is not usable.
    """
    site = load_site(source.site, source.profile, source.zone)
    return probe(Folder(source.folder, progress).lines(), load_profile(site.profile), site.zone_info)


def profile_document(profile: Profile) -> dict[str, Any]:
    """A profile kind by kind: carriers with the file that says so, or why there is none."""
    return {
        "schema": "pi180/profile/1",
        **_named(profile),
        "about": profile.about,
        "extends": [file.name for file in profile.files[1:]],
        "kinds": {str(kind): _kind(profile, kind) for kind in EventKind},
        "dropped": [_remark(one) for one in profile.dropped],
        "remarks": [_remark(one) for one in profile.remarks],
        "never_send": sorted(profile.never_send),
    }


def _named(profile: Profile) -> dict[str, str]:
    observed = profile.observed or DOCUMENTED
    return {"name": profile.name, "version": profile.version, "digest": profile.digest, "observed": observed}


def _kind(profile: Profile, kind: EventKind) -> dict[str, Any]:
    absent = profile.absent.get(kind)
    return {
        "carriers": [_carrier(selector) for selector in profile.carriers(kind)],
        "absent": None if absent is None else _remark(absent),
    }


def _carrier(selector: Selector) -> dict[str, Any]:
    return {
        "rule": selector.rule,
        "resource": selector.resource,
        "rank": selector.rank,
        "grade": selector.grade,
        "file": selector.file,
        "why": selector.why,
        "source": selector.remark.source,
        "on": selector.remark.on,
    }


def _remark(remark: Remark) -> Mapping[str, Any]:
    return asdict(remark)


def check_document(checks: list[Check]) -> dict[str, Any]:
    """What a check of profiles found."""
    return {
        "schema": "pi180/profile-check/1",
        "profiles": [
            {
                **_named(one.profile),
                "kinds": {
                    "selected": sum(kind not in one.profile.absent for kind in EventKind),
                    "absent": len(one.profile.absent),
                },
                "faults": list(one.faults),
                "warnings": list(one.warnings),
                "rules": [asdict(proof) for proof in one.proofs],
            }
            for one in checks
        ],
    }


def probe_document(found: Probe) -> dict[str, Any]:
    """What every rule made of data."""
    return {
        "schema": "pi180/probe/1",
        "profile": _named(found.profile),
        "set_aside": found.set_aside,
        "rules": [asdict(rule) for rule in found.rules],
    }
