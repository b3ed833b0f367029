"""Checking an evidence profile: elements that R4 does not have, and what its selectors make of samples.

Every selector should match at least one sample and reject at least one. A profile's samples are NDJSON, one
resource a line; those of the product's profiles lie in `extractors/profiles/samples/<name>/`, and a profile has
those of all that it extends.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from extractors.decode import Json, Unreadable, read_object, schema_of
from extractors.element_paths import unknown_elements
from extractors.errors import ProfileError
from extractors.fhirpath import is_true
from extractors.profile import Profile
from extractors.selectors import Selector
from extractors.vocabulary import Grade


@dataclass(frozen=True, slots=True)
class Proof:
    """How many samples of its type a selector matched and rejected."""

    rule: str
    resource: str
    matched: int
    rejected: int

    @property
    def proven(self) -> bool:
        """Whether samples show both what it is for and what it leaves alone."""
        return self.matched > 0 and self.rejected > 0


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found: `faults` must be mended, `warnings` looked at."""

    profile: Profile
    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    proofs: tuple[Proof, ...]


def check(profile: Profile, more_samples: Path | None = None) -> Check:
    """Check a profile with the samples of what it is made of, and those of a folder beside them.

    Raises:
        ProfileError: the folder cannot be read, or a sample is no FHIR resource.
    """
    samples = _by_type(_samples(profile, more_samples))
    proofs = [_proof(selector, samples.get(selector.resource, [])) for selector in _selectors(profile)]
    return Check(profile, tuple(_faults(profile)), tuple(_warnings(profile, proofs)), tuple(proofs))


def _selectors(profile: Profile) -> list[Selector]:
    return sorted((s for group in profile.selectors.values() for s in group), key=lambda selector: selector.rule)


def _samples(profile: Profile, more: Path | None) -> Iterator[Json]:
    shipped = Path(str(files("extractors") / "profiles" / "samples"))
    folders = [shipped / Path(file.name).stem for file in profile.files]
    if more is not None and not more.is_dir():
        raise ProfileError(f"{more}: expected a folder of samples (NDJSON). Name an existing one.")
    for folder in [*(folder for folder in folders if folder.is_dir()), *([more] if more else [])]:
        for path in sorted(folder.glob("*.ndjson")):
            for number, line in enumerate(path.read_bytes().splitlines(), 1):
                yield from _sample(line, f"{path.name}, line {number}")


def _sample(line: bytes, at: str) -> Iterator[Json]:
    if not line.strip():
        return
    try:
        found = read_object(line)
    except Unreadable as problem:
        raise ProfileError(f"{at}: expected a FHIR resource, got {problem}. Mend the sample.") from None
    if schema_of(str(found.get("resourceType"))) is None:
        raise ProfileError(f"{at}: expected a FHIR R4 resource, got none. Mend the sample.")
    yield found


def _by_type(samples: Iterable[Json]) -> Mapping[str, list[Json]]:
    """Each sample once, however often it is stored."""
    found: dict[str, dict[str, Json]] = defaultdict(dict)
    for sample in samples:
        found[sample["resourceType"]][json.dumps(sample, sort_keys=True)] = sample
    return {kind: list(each.values()) for kind, each in found.items()}


def _proof(selector: Selector, samples: list[Json]) -> Proof:
    matched = sum(is_true(selector.where(sample)) for sample in samples)
    return Proof(selector.rule, selector.resource, matched, len(samples) - matched)


def _faults(profile: Profile) -> Iterator[str]:
    expressions = [
        (selector.resource, f"{selector.rule}, {key}", text)
        for selector in _selectors(profile)
        for key, text in selector.texts.items()
    ]
    expressions += [
        (kind, f"reference {relation.name} of {kind}", relation.text)
        for kind, group in profile.relations.items()
        for relation in group
    ]
    for resource, at, text in expressions:
        for name in unknown_elements(resource, text):
            yield f"{at}: R4 has no {name}. It would select nothing: correct the name."
    for selector in _selectors(profile):
        for name in sorted(selector.focus_types):
            if schema_of(name) is None:
                yield f"{selector.rule}, focus_type: expected FHIR R4 resource types, got {name!r}. Correct it."


def _warnings(profile: Profile, proofs: list[Proof]) -> Iterator[str]:
    for proof in proofs:
        if not proof.proven:
            lacks = "matches none" if not proof.matched else "rejects none"
            yield f"{proof.rule}: {lacks} of {proof.matched + proof.rejected} samples of {proof.resource}."
    for selector in _selectors(profile):
        yield from _oddities(profile, selector)
    undocumented = [*profile.absent.values(), *profile.dropped] if len(profile.files) > 1 else []
    for remark in undocumented:
        if remark.source is None or remark.on is None:
            yield f"{remark.about}: says that the server does not show it, without 'source' and 'on'."


def _oddities(profile: Profile, selector: Selector) -> Iterator[str]:
    if "answer" in selector.paths and not selector.answers:
        yield f"{selector.rule}: has 'answer' without 'map', so every match is met."
    if selector.answers and not {"answer", "ccda"} & set(selector.paths):
        yield f"{selector.rule}: has 'map' without 'answer', so every match is unknown."
    others = [s.rank for kind in selector.kinds for s in profile.carriers(kind) if s.grade != Grade.ASSERTED]
    worst = max(others, default=0)
    if selector.grade == Grade.ASSERTED and selector.rank <= worst:
        yield f"{selector.rule}: what is only asserted should rank after {worst}, the last that records the act."
