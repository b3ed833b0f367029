"""How a profile's expressions are answered for resources of one type: all of a selector at once.

There are two ways with one result. The quick one needs of a resource only what the profile reads, and gives up
(`Unusual`) where more could matter; the whole one asks each expression of the whole resource.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from extractors.decode import Unreadable
from extractors.fhirpath import Columns, Criteria, Path, is_true, quick_columns, quick_criteria
from extractors.profile import Profile
from extractors.selectors import PATHS, Relation, Selector


@dataclass(frozen=True, slots=True)
class Answers:
    """Of a resource: the places of the selectors that match it, and what those and the relations select.

    `columns` gives for each selector what it finds by the order of `PATHS`, and at last the exclusions that hold;
    `relations` likewise, without exclusions.
    """

    criteria: Criteria
    columns: tuple[Columns, ...]
    relations: Columns


def quick_answers(profile: Profile, kind: str) -> Answers:
    """Answers from what a profile reads of a resource; they raise `Unusual` or TypeError where that is not enough."""
    selectors, relations = profile.selectors.get(kind, ()), profile.relations.get(kind, ())
    return Answers(
        quick_criteria(tuple(selector.texts["where"] for selector in selectors), kind),
        tuple(_quick(selector, kind) for selector in selectors),
        quick_columns(tuple(relation.text for relation in relations), (), kind),
    )


def _quick(selector: Selector, kind: str) -> Columns:
    excluded = tuple(text for name, text in selector.texts.items() if name.startswith("except "))
    return quick_columns(tuple(selector.texts.get(name) for name in PATHS), excluded, kind)


def whole_answers(profile: Profile, kind: str) -> Answers:
    """Answers from a whole resource; they raise `Unreadable` on a shape that an expression cannot be evaluated on."""
    relations = profile.relations.get(kind, ())
    criteria = profile.criteria.get(kind)
    return Answers(
        _guarded(criteria) if criteria else lambda _: [],
        tuple(_whole(selector) for selector in profile.selectors.get(kind, ())),
        _each(relations),
    )


def _guarded(path: Callable[[Mapping[str, Any]], list[Any]]) -> Callable[[Mapping[str, Any]], list[Any]]:
    def found(resource: Mapping[str, Any]) -> list[Any]:
        try:
            return path(resource)
        except Exception as problem:  # fhirpathpy raises bare exceptions on shapes that it does not expect
            raise Unreadable(f"cannot be evaluated ({type(problem).__name__})") from None

    return found


def _whole(selector: Selector) -> Columns:
    paths = [_guarded(selector.paths[name]) if name in selector.paths else _nothing for name in PATHS]
    exclusions = [_guarded(exclusion.when) for exclusion in selector.exclusions]

    def found(resource: Mapping[str, Any]) -> tuple[list[Any], ...]:
        columns = [path(resource) for path in paths]
        barred = next((place for place, when in enumerate(exclusions) if is_true(when(resource))), None)
        return (*columns, [] if barred is None else [barred])

    return found


def _each(relations: tuple[Relation, ...]) -> Columns:
    paths: list[Path] = [_guarded(relation.path) for relation in relations]
    return lambda resource: (*(path(resource) for path in paths), [])


def _nothing(_: Mapping[str, Any]) -> list[Any]:
    return []
