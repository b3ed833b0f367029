"""FHIR search over one scenario: read the parameters, find the matches and what is to come with them."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from extractors.dates import Moment, read_moment
from extractors.decode import Json
from smartapp.demo_ehr.scenario import Scenario, elements
from smartapp.demo_ehr.search_parameters import Kind, SearchParameter, parameters

Visible = Callable[[Json], bool]
"""Whether the holder of a token may see a resource."""

_PAGE, _LARGEST_PAGE = 50, 200
_COMMA = re.compile(r"(?<!\\),")
_PREFIXED = re.compile(r"(?P<prefix>eq|ge|gt|le|lt|[a-z]{2})?(?P<date>\d.*)")


class SearchRefused(ValueError):  # noqa: N818
    """A search that cannot be answered; the message says why, in words for an OperationOutcome."""


@dataclass(frozen=True)
class Search:
    """One search as it was understood.

    Attributes:
        criteria: name, type modifier or None, and value of each honoured criterion; all must hold.
        includes: type and parameter of each `_include`.
        revincludes: type and parameter of each `_revinclude`.
        page: entries a page, 0 for the total alone.
        honoured: the parameters as they were sent, without those that were ignored.
        ignored: names of the parameters that this server does not know.
    """

    resource_type: str
    criteria: tuple[tuple[str, str | None, str], ...]
    includes: tuple[tuple[str, str], ...]
    revincludes: tuple[tuple[str, str], ...]
    page: int
    honoured: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


def read_search(resource_type: str, sent: Iterable[tuple[str, str]]) -> Search:
    """Understand the parameters of a search.

    Raises:
        SearchRefused: a value is malformed, or a modifier is not known (which R4 forbids to ignore).
    """
    known = parameters(resource_type)
    criteria, included, page, honoured, ignored = [], [], _PAGE, [], []
    for name, value in sent:
        plain, _, modifier = name.partition(":")
        if plain in known:
            criteria.append((plain, _target(known[plain], name, modifier), value))
        elif name in ("_include", "_revinclude") and (pair := _included(resource_type, name, value)):
            included.append((name, pair))
        elif name == "_count":
            page = _page(value)
        elif (name, value) == ("_summary", "count"):
            page = 0
        elif name != "_format":
            ignored.append(name)
            continue
        honoured.append((name, value))
    return Search(
        resource_type,
        tuple(criteria),
        tuple(pair for name, pair in included if name == "_include"),
        tuple(pair for name, pair in included if name == "_revinclude"),
        page,
        tuple(honoured),
        tuple(ignored),
    )


def without(search: Search, unheeded: Collection[Kind]) -> Search:
    """The search without its criteria of some kinds; it still says that they were honoured."""
    known = parameters(search.resource_type)
    return replace(search, criteria=tuple(one for one in search.criteria if known[one[0]].kind not in unheeded))


def find(scenario: Scenario, search: Search, visible: Visible) -> list[Json]:
    """The matches that may be seen, in the scenario's order.

    Raises:
        SearchRefused: a value cannot be read as its parameter wants.
    """
    tests = [_test(scenario, search.resource_type, *criterion) for criterion in search.criteria]
    return [
        resource
        for resource in scenario.all(search.resource_type)
        if all(test(resource) for test in tests) and visible(resource)
    ]


def matches(scenario: Scenario, resource: Json, query: Iterable[tuple[str, str]]) -> bool:
    """Whether a resource meets search criteria; false if one of them is not known or cannot be read."""
    try:
        search = read_search(resource["resourceType"], query)
        tests = [_test(scenario, search.resource_type, *criterion) for criterion in search.criteria]
    except SearchRefused:
        return False
    return not search.ignored and all(test(resource) for test in tests)


def brought(scenario: Scenario, search: Search, found: Iterable[Json]) -> list[Json]:
    """What comes with these matches by `_include` and `_revinclude`, each resource once."""
    matched = {(one["resourceType"], one["id"]): one for one in found}
    more = {(one["resourceType"], one["id"]): one for one in _more(scenario, search, list(matched.values()))}
    return [resource for at, resource in more.items() if at not in matched]


def _more(scenario: Scenario, search: Search, found: list[Json]) -> Iterator[Json]:
    for _, name in search.includes:
        keys = [key for resource in found for key in scenario.references(resource, name)]
        yield from filter(None, (scenario.get(*_split(key)) for key in keys))
    for resource_type, name in search.revincludes:
        index = scenario.referring(resource_type, name)
        for resource in found:
            yield from index.get(f"{resource['resourceType']}/{resource['id']}", [])


def _target(parameter: SearchParameter, name: str, modifier: str) -> str | None:
    if modifier and not (parameter.kind is Kind.REFERENCE and modifier[0].isupper()):
        raise SearchRefused(f"The modifier of {name} is not supported.")
    return modifier or parameter.target


def _included(resource_type: str, name: str, value: str) -> tuple[str, str] | None:
    """Type and parameter of an `_include` or `_revinclude`; None if this server cannot follow it."""
    source, _, parameter = value.partition(":")
    found = parameters(source).get(parameter)
    if found is None or found.kind is not Kind.REFERENCE:
        return None
    return (source, parameter) if name == "_revinclude" or source == resource_type else None


def _page(value: str) -> int:
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
        raise SearchRefused("_count is not a whole number.")
    return min(int(value), _LARGEST_PAGE)


def _test(scenario: Scenario, resource_type: str, name: str, target: str | None, value: str) -> Visible:
    """A test for one criterion: any of the values that commas part."""
    parameter = parameters(resource_type)[name]
    wanted = [text.replace("\\,", ",") for text in _COMMA.split(value)]
    of_kind: dict[Kind, Callable[[str], Callable[[Any], bool]]] = {
        Kind.TOKEN: _token_test,
        Kind.STRING: lambda text: lambda element: element.casefold().startswith(text.casefold()),
        Kind.REFERENCE: lambda text: _reference_test(scenario, text, target),
        Kind.DATE: lambda text: _date_test(scenario, name, text),
    }
    tests = [of_kind[parameter.kind](text) for text in wanted]
    return lambda resource: any(test(one) for one in elements(resource, parameter.paths) for test in tests)


def _token_test(text: str) -> Callable[[Any], bool]:
    system, bar, code = text.rpartition("|")

    def test(element: Any) -> bool:
        codings = element.get("coding", [element]) if isinstance(element, dict) else [{"code": _plain(element)}]
        return any(
            (not code or code in (one.get("code"), one.get("value"))) and (not bar or one.get("system", "") == system)
            for one in codings
        )

    return test


def _plain(element: object) -> str:
    return str(element).lower() if isinstance(element, bool) else str(element)


def _reference_test(scenario: Scenario, text: str, target: str | None) -> Callable[[Any], bool]:
    wanted = scenario.key(text)

    def test(element: Any) -> bool:
        key = scenario.key(element.get("reference", ""))
        kind, identifier = _split(key)
        return target in (None, kind) and (key == wanted if "/" in wanted else identifier == wanted)

    return test


def _split(key: str) -> tuple[str, str]:
    kind, _, identifier = key.partition("/")
    return kind, identifier


def _date_test(scenario: Scenario, name: str, text: str) -> Callable[[Any], bool]:
    form = _PREFIXED.fullmatch(text)
    try:
        wanted = read_moment(form["date"], scenario.zone) if form else None
    except ValueError:
        wanted = None
    compare = _COMPARE.get((form["prefix"] if form else None) or "eq")
    if wanted is None or compare is None:
        raise SearchRefused(f"{name} is not a date with one of the prefixes eq, ge, gt, le, lt.")
    return lambda element: compare(read_moment(element, scenario.zone), wanted)


def _equal(element: Moment, wanted: Moment) -> bool:
    return wanted.from_utc <= element.from_utc and element.to_utc <= wanted.to_utc


_COMPARE: dict[str, Callable[[Moment, Moment], bool]] = {
    "eq": _equal,
    "gt": lambda element, wanted: element.to_utc > wanted.to_utc,
    "ge": lambda element, wanted: element.to_utc > wanted.to_utc or _equal(element, wanted),
    "lt": lambda element, wanted: element.from_utc < wanted.from_utc,
    "le": lambda element, wanted: element.from_utc < wanted.from_utc or _equal(element, wanted),
}
"""The prefixes of R4, 3.1.1.4.6: the value searched for, and the one found, are both intervals."""
