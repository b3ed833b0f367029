"""Evidence profiles: which resources of a server witness which kind of event.

A profile is TOML, read strictly: an unknown key, an unknown kind, an expression that does not parse or a
kind that is neither selected nor declared absent stops the run with the place and what was expected. A vendor's
profile extends another one and states only what differs.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from extractors.errors import ProfileError
from extractors.fhirpath import Criteria, compile_criteria
from extractors.search_rules import SearchRules, search_rules_of
from extractors.selectors import (
    Relation,
    Remark,
    Selector,
    absence_of,
    drop_of,
    relation_of,
    remark_of,
    selector_of,
    words_of,
)
from extractors.strict_toml import check_keys, read_toml
from extractors.vocabulary import EventKind

_ABOUT = {"name": str, "version": str, "about": str}
_WHOLE = {"reference": list, "select": list}
_OPTIONAL = {"absent": list, "observed": dict, "remark": list, "search": dict}
_EXTENDING = {"extends": str, "drop": list, **_OPTIONAL, **_WHOLE}
_BASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.toml)?")
_LONGEST_CHAIN = 8
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """One file of a profile: its name as in messages, and its text."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """The SHA-256 of its bytes."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Profile:
    """An evidence profile, compiled, with all that it inherits.

    `files` are its own file and, after it, those that it extends, nearest first. `dropped` are the rules that it
    does not inherit, `search` how the server is to be asked. `criteria` give, by resource type, the places of the
    selectors that match a resource.
    """

    name: str
    version: str
    about: str
    files: tuple[ProfileFile, ...]
    observed: str | None
    selectors: Mapping[str, tuple[Selector, ...]]
    criteria: Mapping[str, Criteria]
    relations: Mapping[str, tuple[Relation, ...]]
    absent: Mapping[EventKind, Remark]
    dropped: tuple[Remark, ...]
    remarks: tuple[Remark, ...]
    search: SearchRules
    reads: Mapping[str, frozenset[str]]

    @property
    def text(self) -> str:
        """Its own file, without what it inherits."""
        return self.files[0].text

    @property
    def digest(self) -> str:
        """The SHA-256 of its file; of the digests of all its files where it extends another."""
        digests = [file.digest for file in self.files]
        return digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()

    @property
    def never_send(self) -> frozenset[str]:
        """The search parameters (`Type.parameter`) that the server does not have."""
        return self.search.never_send

    @property
    def asked(self) -> frozenset[str]:
        """The types to ask a live server for: Binary is none of them, for it opens the text of every note."""
        return frozenset(self.selectors) - {"Binary"}

    def carriers(self, kind: EventKind) -> list[Selector]:
        """The selectors that can witness a kind, best first; evidence Provenance comes last."""
        found = [s for group in self.selectors.values() for s in group if kind in s.kinds]
        return sorted(found, key=lambda selector: (selector.rank, selector.rule))


def load_profile(name: str) -> Profile:
    """Load a profile by its name in `extractors/profiles/`, or by the path of a TOML file.

    `extends` names a profile of the product, or a TOML file beside the one that says it.

    Raises:
        ProfileError: no such profile, or it is not usable as written.
    """
    if not name.endswith(".toml") and name not in profile_names():
        raise ProfileError(f"profile {name!r}: expected one of {', '.join(profile_names())}, or a TOML file.")
    return _profile(Path(name) if name.endswith(".toml") else _shipped(name), _base_of)


def load_kept(folder: Path) -> Profile:
    """Load the profile that `kept_files` left in a folder, whatever the product's own profiles say by now.

    Raises:
        ProfileError: a file of it is missing or not usable as written.
    """
    return _profile(folder / _kept_name(0), lambda _, __, depth: folder / _kept_name(depth))


def kept_files(profile: Profile) -> dict[str, str]:
    """The text of every file of a profile, by the name under which `load_kept` finds it."""
    return {_kept_name(depth): file.text for depth, file in enumerate(profile.files)}


def load_texts(texts: Mapping[str, str]) -> Profile:
    """Load a profile from what `kept_files` gave to another process; raises as `load_kept`."""
    with TemporaryDirectory() as folder:
        for name, text in texts.items():
            (Path(folder) / name).write_text(text, encoding="utf-8", newline="")
        return load_kept(Path(folder))


def profile_names() -> list[str]:
    """Names of the profiles that come with the product."""
    return sorted(
        p.name.removesuffix(".toml") for p in (files("extractors") / "profiles").iterdir() if p.name.endswith(".toml")
    )


def _shipped(name: str) -> Path:
    return Path(str(files("extractors") / "profiles" / f"{name}.toml"))


def _kept_name(depth: int) -> str:
    return f"profile.{depth}.toml" if depth else "profile.toml"


def _base_of(place: Path, base: str, _: int) -> Path:
    if base.endswith(".toml"):
        return place.parent / base
    if base not in profile_names():
        raise ProfileError(
            f"{place.name}, extends: expected one of {', '.join(profile_names())}, or the name of a TOML file beside "
            f"it, got {base!r}."
        )
    return _shipped(base)


@dataclass(frozen=True, slots=True)
class _Layer:
    """What one file says, compiled; and, once it is laid over others, what all of them say."""

    selectors: tuple[Selector, ...]
    relations: tuple[Relation, ...]
    absent: Mapping[EventKind, Remark]
    dropped: tuple[Remark, ...]
    remarks: tuple[Remark, ...]
    search: SearchRules
    file: str


def _profile(place: Path, base_of: Callable[[Path, str, int], Path]) -> Profile:
    chain = _chain(place, base_of)
    document = chain[0][1]
    layer = reduce(_over, [_layer(said, file.name) for file, said in reversed(chain)])
    _check_whole(layer)
    observed = document.get("observed")
    selectors = _grouped((s.resource, s) for s in layer.selectors)
    return Profile(
        name=document["name"],
        version=document["version"],
        about=document["about"],
        files=tuple(file for file, _ in chain),
        observed=f"{observed['on']}, {observed['version']}, {observed['by']}" if observed else None,
        selectors=selectors,
        criteria={kind: compile_criteria([s.texts["where"] for s in found], kind) for kind, found in selectors.items()},
        relations=_grouped((r.resource, r) for r in layer.relations),
        absent=layer.absent,
        dropped=layer.dropped,
        remarks=layer.remarks,
        search=layer.search,
        reads=_reads(layer),
    )


def _chain(place: Path, base_of: Callable[[Path, str, int], Path]) -> list[tuple[ProfileFile, dict[str, Any]]]:
    """A file and those that it extends, nearest first, each with what it says."""
    found: list[tuple[ProfileFile, dict[str, Any]]] = []
    while True:
        data, document = read_toml(place, "an evidence profile", ProfileError)
        required, optional = (_ABOUT, _EXTENDING) if "extends" in document else ({**_ABOUT, **_WHOLE}, _OPTIONAL)
        check_keys(document, required, optional, place.name, ProfileError)
        found.append((ProfileFile(place.name, data.decode()), document))
        base = document.get("extends")
        if base is None:
            return found
        if not _BASE.fullmatch(base) or len(found) == _LONGEST_CHAIN:
            raise ProfileError(
                f"{place.name}, extends: expected the name of a profile that does not come back to this one, "
                f"got {base!r}."
            )
        place = base_of(place, base, len(found))


def _layer(document: dict[str, Any], file: str) -> _Layer:
    if "observed" in document:
        check_keys(document["observed"], {"on": date, "version": str, "by": str}, {}, f"{file}, observed", ProfileError)
    return _Layer(
        selectors=_each(document, "select", selector_of, file),
        relations=_each(document, "reference", relation_of, file),
        absent=dict(_each(document, "absent", absence_of, file)),
        dropped=_each(document, "drop", drop_of, file),
        remarks=_each(document, "remark", remark_of, file),
        search=search_rules_of(document.get("search", {}), f"{file}, search"),
        file=file,
    )


def _each(
    document: dict[str, Any], key: str, compiled: Callable[[dict[str, Any], str], _Item], file: str
) -> tuple[_Item, ...]:
    return tuple(compiled(entry, f"{file}, {key} {n}") for n, entry in enumerate(document.get(key, []), 1))


def _over(base: _Layer, own: _Layer) -> _Layer:
    """What a file says laid over what it extends.

    A kind that it declares absent loses every inherited carrier; one that it selects is absent no longer.
    """
    for drop in own.dropped:
        if drop.about not in {selector.rule for selector in base.selectors}:
            known = ", ".join(sorted(selector.rule for selector in base.selectors))
            raise ProfileError(f"{own.file}, drop: expected a rule that is inherited ({known}), got {drop.about!r}.")
    rules = {drop.about for drop in own.dropped}
    left = [replace(s, kinds=s.kinds - set(own.absent)) for s in base.selectors if s.rule not in rules]
    selected = {kind for selector in own.selectors for kind in selector.kinds}
    return _Layer(
        selectors=(*(selector for selector in left if selector.kinds), *own.selectors),
        relations=(*base.relations, *own.relations),
        absent={kind: why for kind, why in base.absent.items() if kind not in selected} | dict(own.absent),
        dropped=(*base.dropped, *own.dropped),
        remarks=(*base.remarks, *own.remarks),
        search=own.search.over(base.search),
        file=own.file,
    )


def _check_whole(layer: _Layer) -> None:
    """Every kind selected or absent, and every rule with a name of its own, by which people find it."""
    selected = {kind for selector in layer.selectors for kind in selector.kinds}
    for kind in EventKind:
        if (kind in selected) == (kind in layer.absent):
            state = "both selected and absent" if kind in layer.absent else "neither selected nor declared absent"
            raise ProfileError(f"{layer.file}: {kind} is {state}. Select it, or declare it absent with a reason.")
    for rule, times in Counter(selector.rule for selector in layer.selectors).items():
        if times > 1:
            raise ProfileError(f"{layer.file}: {times} selectors are named {rule}. Give each a rank of its own.")


def _grouped(pairs: Iterable[tuple[str, _Item]]) -> dict[str, tuple[_Item, ...]]:
    groups: dict[str, tuple[_Item, ...]] = {}
    for resource, item in pairs:
        groups[resource] = (*groups.get(resource, ()), item)
    return groups


def _reads(layer: _Layer) -> dict[str, frozenset[str]]:
    words = [(s.resource, words_of(*s.texts.values())) for s in layer.selectors]
    words += [(r.resource, words_of(r.text)) for r in layer.relations]
    return {resource: frozenset().union(*found) for resource, found in _grouped(words).items()}
