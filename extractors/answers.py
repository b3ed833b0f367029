"""How a profile's expressions are answered for whole resources of one type; `quick` answers them from less."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from extractors.decode import Unreadable
from extractors.fhirpath import Columns, Criteria, Found, Path, is_true
from extractors.profile import Profile
from extractors.selectors import SAYS, WHO, Selector


@dataclass(frozen=True, slots=True)
class Answers:
    """Of a resource: the places of the selectors that match it, and what those and the relations select.

    For each selector, `who` gives what it finds by the order of `WHO`, and `says` by that of `SAYS`, at last the
    exclusions that hold; `relations` likewise, without exclusions.
    """

    criteria: Criteria
    who: tuple[Columns, ...]
    says: tuple[Columns, ...]
    relations: Columns


def whole_answers(profile: Profile, kind: str) -> Answers:
    """Answers from a whole resource; they raise `Unreadable` on a shape that an expression cannot be evaluated on."""
    relations = profile.relations.get(kind, ())
    criteria = profile.criteria.get(kind)
    return Answers(
        _guarded(criteria) if criteria else lambda _: [],
        tuple(_each([selector.paths.get(name) for name in WHO]) for selector in profile.selectors.get(kind, ())),
        tuple(_says(selector) for selector in profile.selectors.get(kind, ())),
        _each([relation.path for relation in relations]),
    )


def _guarded(path: Callable[[Mapping[str, Any]], list[Any]]) -> Callable[[Mapping[str, Any]], list[Any]]:
    def found(resource: Mapping[str, Any]) -> list[Any]:
        try:
            return path(resource)
        except Exception as problem:  # fhirpathpy raises bare exceptions on shapes that it does not expect
            raise Unreadable(f"cannot be evaluated ({type(problem).__name__})") from None

    return found


def _says(selector: Selector) -> Columns:
    columns = _each([selector.paths.get(name) for name in SAYS])
    exclusions = [_guarded(exclusion.when) for exclusion in selector.exclusions]

    def found(resource: Mapping[str, Any]) -> tuple[Found, ...]:
        barred = next((place for place, when in enumerate(exclusions) if is_true(when(resource))), None)
        return (*columns(resource), [] if barred is None else [barred])

    return found


def _each(paths: Iterable[Path | None]) -> Columns:
    """What each path selects; None selects nothing."""
    guarded = [_nothing if path is None else _guarded(path) for path in paths]
    return lambda resource: tuple([path(resource) for path in guarded])


def _nothing(_: Mapping[str, Any]) -> list[Any]:
    return []
