"""Which elements an expression names that FHIR R4 does not have, by the types through which it walks.

A misspelt element selects nothing, without any sign; so a profile's expressions are walked here over the element
tree that `decode` has. What cannot be known without data (a resolved reference, a contained resource) is let pass.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from extractors.decode import elements_of, is_open, is_primitive, type_of
from extractors.fhirpath import Node, parsed

_Types = Mapping[str, type]
"""What an expression may have found: types by FHIRPath's name; empty where it found a value of its own."""

_SAME = frozenset({"where", "first", "last", "tail", "skip", "take", "distinct", "single", "trace", "exclude"})
_OPEN = frozenset({"resolve", "children", "descendants", "repeat"})
_FEW = 4
_VALUES = {"str": "string", "bool": "boolean", "int": "integer", "float": "decimal"}


def unknown_elements(resource: str, expression: str) -> list[str]:
    """What an expression over resources of a type names that R4 does not have, as `name in type`; in order.

    Args:
        resource: a FHIR R4 resource type.
        expression: FHIRPath that `compile_path` accepts.
    """
    kind = type_of(resource)
    if kind is None:
        return [f"{resource} in FHIR R4"]
    walk = _Walk({resource: kind}, resource)
    walk.of(parsed(expression), walk.root)
    return walk.unknown


@dataclass(slots=True)
class _Walk:
    """One walk: the root's type, and what was not found. None stands for a type that only data tells."""

    root: _Types
    resource: str
    unknown: list[str] = field(default_factory=list)

    def of(self, node: Node, this: _Types | None) -> _Types | None:
        """What a part finds, with `this` as its input."""
        by_kind: Mapping[str, Callable[[Node, _Types | None], _Types | None]] = {
            "InvocationExpression": self._invocation,
            "MemberInvocation": self._member,
            "FunctionInvocation": self._function,
            "ThisInvocation": lambda _, this: this,
            "ExternalConstantTerm": lambda _, __: None,
            "IndexerExpression": lambda node, this: self._all(node, this)[0],
            "UnionExpression": lambda node, this: _union(self._all(node, this)),
            "TypeExpression": self._type_expression,
        }
        if node.kind in by_kind:
            return by_kind[node.kind](node, this)
        found = self._all(node, this)
        return found[0] if node.kind.endswith("Term") or len(found) == 1 else {}

    def _all(self, node: Node, this: _Types | None) -> list[_Types | None]:
        return [self.of(part, this) for part in node.parts] or [{}]

    def _invocation(self, node: Node, this: _Types | None) -> _Types | None:
        left, right = node.parts
        return self.of(right, self.of(left, this))

    def _member(self, node: Node, this: _Types | None) -> _Types | None:
        name = node.parts[0].words[0].strip("`")
        if name == self.resource and this is self.root:
            return this
        return self._known(name, this, lambda types: dict(_named(name, types)))

    def _function(self, node: Node, this: _Types | None) -> _Types | None:
        name, arguments = _call(node)
        if name in ("ofType", "as"):
            return self._narrowed(_last_word(arguments[0]), this)
        found = [self.of(argument, this) for argument in arguments] if name != "is" else []
        if name == "extension":
            return self._known(name, this, lambda types: dict(_named(name, types)))
        if name in ("iif", "select"):
            return _union(found[-1:] if name == "select" else found[1:])
        if name in ("union", "combine"):
            return _union([this, *found])
        if name in _OPEN:
            return None
        return this if name in _SAME else {}

    def _type_expression(self, node: Node, this: _Types | None) -> _Types | None:
        found = self.of(node.parts[0], this)
        return self._narrowed(_last_word(node.parts[1]), found) if "as" in node.words else {}

    def _narrowed(self, name: str, this: _Types | None) -> _Types | None:
        return self._known(name, this, lambda types: dict(_of_type(name, types)))

    def _known(self, name: str, this: _Types | None, found_in: Callable[[_Types], dict[str, type]]) -> _Types | None:
        """What is found by a name; where nothing is, that is noted, and no more is asked of what follows."""
        if this is None or any(map(is_open, this.values())):
            return None
        found = found_in(this)
        if not found:
            place = " or ".join(sorted(this)) or "a value"
            self.unknown.append(f"{name} in {place if len(this) <= _FEW else 'a choice of types'}")
        return found or None


def _named(name: str, types: _Types) -> Iterator[tuple[str, type]]:
    for kind in types.values():
        if is_primitive(kind):
            yield from _of_value(name)
            continue
        for element, (of, _, choice) in elements_of(kind).items():
            if element == name:
                yield _type_name(of), of
            elif choice == name:
                yield element.removeprefix(name), of


def _of_value(name: str) -> Iterator[tuple[str, type]]:
    """A value has what every element has."""
    extensible = type_of("Patient")
    if name in ("id", "extension") and extensible is not None:
        kind = elements_of(extensible)[name][0]
        yield _type_name(kind), kind


def _of_type(name: str, types: _Types) -> Iterator[tuple[str, type]]:
    """What is left of some types; of the kinds of plain value (code, uri, dateTime) the tree does not tell."""
    for known, kind in types.items():
        plain = is_primitive(kind) and known == _type_name(kind)
        if known.lower() == name.lower() or (plain and name[:1].islower()):
            yield name, kind


def _type_name(kind: type) -> str:
    name = _VALUES.get(kind.__name__, kind.__name__.removeprefix("FHIR"))
    return f"{name[0].lower()}{name[1:]}" if is_primitive(kind) else name


def _union(found: list[_Types | None]) -> _Types | None:
    known = [types for types in found if types is not None]
    return {name: kind for types in known for name, kind in types.items()} if len(known) == len(found) else None


def _call(node: Node) -> tuple[str, tuple[Node, ...]]:
    """A function's name and its arguments."""
    name, *rest = node.parts[0].parts
    return name.words[0], rest[0].parts if rest else ()


def _last_word(node: Node) -> str:
    """The type that `ofType` or `as` names, without `FHIR.` before it."""
    while node.parts:
        node = node.parts[-1]
    return node.words[0].strip("`")
