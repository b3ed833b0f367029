"""Source that walks from an element to its members."""

from collections.abc import Callable

from extractors.fhirpath.body import Beyond, Body, Item, Module
from extractors.fhirpath.shapes import choice_at, path_at

Then = Callable[[Item], None]

_FEW = 6


def check_object(item: Item, body: Body) -> None:
    """Refuse an element that is no object, or that is a resource, which resets the place."""
    if not item.resource and body.first_check(item.var):
        body.refuse(f'type({item.var}) is not dict or "resourceType" in {item.var}')


def refuse_hidden(item: Item, names: list[str], body: Body) -> None:
    """Refuse the `_name` of a primitive, which the reference gives out beside its value."""
    body.refuse(" or ".join(f"{'_' + name!r} in {item.var}" for name in names))


def refuse_resource(item: Item, body: Body) -> None:
    """Refuse a resource where an element belongs."""
    if not item.resource:
        body.refuse(f'type({item.var}) is dict and "resourceType" in {item.var}')


def member(item: Item, name: str, module: Module, body: Body, then: Then) -> None:
    """What visits the members of a name."""
    check_object(item, body)
    choice = choice_at(item.paths, name)
    if choice is not None:
        _choice(item, choice, module, body, then)
        return
    found = body.assign(f"{item.var}.get({name!r})")
    refuse_hidden(item, [name], body)
    _spread(Item(found, path_at(item.paths, name)), body, then)


def _spread(found: Item, body: Body, then: Then) -> None:
    var = body.fresh()
    with (
        body.block(f"if {found.var} is not None:"),
        body.block(f"for {var} in {found.var} if type({found.var}) is list else ({found.var},):"),
    ):
        body.refuse(f"{var} is None or type({var}) is list")
        then(found.named(var))


def _choice(item: Item, fields: dict[str, str], module: Module, body: Body, then: Then) -> None:
    """One of a choice: a variable holds the name of the field that is there."""
    named = body.assign("None")
    if len(fields) <= _FEW:
        _look_up(item, list(fields), named, body)
    else:
        _look_through(item, module.constant(frozenset(fields) | {f"_{field}" for field in fields}), named, body)
    with body.block(f"if {named} is not None:"):
        found = body.assign(f"{item.var}[{named}]")
        _spread(Item(found, frozenset(fields.values()), chosen=(named, fields)), body, then)


def _look_up(item: Item, fields: list[str], named: str, body: Body) -> None:
    refuse_hidden(item, fields, body)
    for field in fields:
        with body.block(f"if {field!r} in {item.var}:"):
            body.refuse(f"{named} is not None")
            body.line(f"{named} = {field!r}")


def _look_through(item: Item, known: str, named: str, body: Body) -> None:
    key = body.fresh()
    with body.block(f"for {key} in {item.var}:"), body.block(f"if {key} in {known}:"):
        body.refuse(f"{named} is not None or {key}[0] == '_'")
        body.line(f"{named} = {key}")


def unite(seen: list[Item], places: int) -> Item | None:
    """What values from several expressions have in common, or from several places of one; None if there is none."""
    if not seen:
        return None
    if len({(item.raw, item.root, item.resource) for item in seen}) > 1:
        raise Beyond
    first = seen[0]
    if places == 1:
        paths = frozenset[str | None]().union(*(item.paths for item in seen))
        return Item("", paths, raw=first.raw, root=first.root, resource=first.resource)
    if first.root or first.resource:
        raise Beyond
    return Item("", frozenset({None}), raw=first.raw)
