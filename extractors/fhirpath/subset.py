"""The FHIRPath that profiles are written in, as a small tree; everything outside it is refused with its place.

The guide is what SQL on FHIR asks of a ViewDefinition's paths. Inside are members, `$this`, `[number]`, literals
(strings, numbers, booleans, `{}`), the operators of `OPERATORS` and the functions of `FUNCTIONS`; functions that take
text take it as a literal. An expression sees its resource and nothing else: no variables, no clock, no other resource.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from extractors.fhirpath.reference import Node

OPERATORS = frozenset({"=", "!=", "<", ">", "<=", ">=", "and", "or", "in", "|"})
FUNCTIONS = {
    "all": (1, 1),
    "contains": (1, 1),
    "count": (0, 0),
    "empty": (0, 0),
    "endsWith": (1, 1),
    "exists": (0, 1),
    "extension": (1, 1),
    "first": (0, 0),
    "getReferenceKey": (0, 1),
    "getResourceKey": (0, 0),
    "iif": (2, 3),
    "join": (0, 1),
    "last": (0, 0),
    "matches": (1, 1),
    "not": (0, 0),
    "ofType": (1, 1),
    "startsWith": (1, 1),
    "where": (1, 1),
}
"""Every function, with the fewest and the most arguments that it takes."""

_TEXT = frozenset({"contains", "endsWith", "extension", "join", "matches", "startsWith"})
_TYPE = frozenset({"getReferenceKey", "ofType"})
_THROUGH = frozenset({"Expression", "InvocationTerm", "LiteralTerm", "ParenthesizedTerm", "TermExpression"})


class Outside(ValueError):  # noqa: N818  # the word says it
    """An expression uses what the subset does not have; the message says where and what."""


@dataclass(frozen=True, slots=True)
class This:
    """What the expression is evaluated on."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; None is the empty collection."""

    value: str | int | Decimal | None


@dataclass(frozen=True, slots=True)
class Member:
    """The elements of a name."""

    of: "Expr"
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """One element by its place, from 0."""

    of: "Expr"
    place: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function; `word` is its argument where that is text or the name of a type."""

    of: "Expr"
    name: str
    arguments: tuple["Expr", ...]
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator between two expressions."""

    operator: str
    left: "Expr"
    right: "Expr"


Expr = This | Literal | Member | Index | Call | Operation


def understood(node: Node) -> Expr:
    """The tree of an expression within the subset.

    Raises:
        Outside: the expression uses something else; with the column.
    """
    return _of(node, This())


def _of(node: Node, this: Expr) -> Expr:
    """A part with `this` as its input."""
    if node.kind in _THROUGH and len(node.parts) == 1:
        return _of(node.parts[0], this)
    read = _KINDS.get(node.kind)
    return read(node, this) if read else _refuse(node, _text(node))


def _text(node: Node) -> str:
    """The first words in a part."""
    return " ".join(node.words) or next((_text(part) for part in node.parts), node.kind)


def _literal(node: Node, _: Expr) -> Expr:
    return Literal(node.value)


def _invocation(node: Node, this: Expr) -> Expr:
    left, right = node.parts
    return _of(right, _of(left, this))


def _member(node: Node, this: Expr) -> Expr:
    return Member(this, _name(node.parts[0]))


def _index(node: Node, this: Expr) -> Expr:
    of, place = node.parts
    return Index(_of(of, this), _place(place))


def _operation(node: Node, this: Expr) -> Expr:
    operator = node.words[0]
    if operator not in OPERATORS:
        return _refuse(node, operator)
    left, right = (_of(part, this) for part in node.parts)
    return Operation(operator, left, right)


def _call(node: Node, this: Expr) -> Expr:
    name, *rest = node.parts[0].parts
    function, arguments = name.words[0], rest[0].parts if rest else ()
    fewest, most = FUNCTIONS.get(function, (0, -1))
    if not fewest <= len(arguments) <= most:
        return _refuse(node, f"{function}()" if most < 0 else f"{function}() of {len(arguments)} arguments")
    if function in _TYPE:
        return Call(this, function, (), ".".join(_type(arguments[0])) if arguments else None)
    found = tuple(_of(argument, This()) for argument in arguments)
    if function not in _TEXT:
        return Call(this, function, found)
    word = found[0].value if found and isinstance(found[0], Literal) else None
    if found and not isinstance(word, str):
        return _refuse(arguments[0], f"{function}() of something else than 'text'")
    if function == "matches":
        _check_pattern(str(word), arguments[0])
    return Call(this, function, (), str(word) if found else None)


def _check_pattern(text: str, node: Node) -> None:
    try:
        re.compile(text, re.DOTALL)
    except re.error as problem:
        raise Outside(f"column {node.column}: expected a regular expression, got one with {problem}") from None


def _name(node: Node) -> str:
    return node.words[0].strip('`"')


def _type(node: Node) -> list[str]:
    if node.kind == "Identifier":
        return [_name(node)]
    return [name for part in node.parts for name in _type(part)]


def _place(node: Node) -> int:
    found = _of(node, This())
    if isinstance(found, Literal) and isinstance(found.value, int) and not isinstance(found.value, bool):
        return found.value
    return _refuse(node, "an index that is no number")


def _refuse(node: Node, what: str) -> NoReturn:
    raise Outside(
        f"column {node.column}: {what} is not part of the FHIRPath that a profile may use (members, literals, "
        f"{' '.join(sorted(OPERATORS))}, {', '.join(sorted(FUNCTIONS))})"
    )


_KINDS: Mapping[str, Callable[[Node, Expr], Expr]] = {
    **dict.fromkeys(("BooleanLiteral", "NullLiteral", "NumberLiteral", "StringLiteral"), _literal),
    **dict.fromkeys(("AndExpression", "OrExpression", "EqualityExpression", "InequalityExpression"), _operation),
    **dict.fromkeys(("MembershipExpression", "UnionExpression"), _operation),
    "FunctionInvocation": _call,
    "IndexerExpression": _index,
    "InvocationExpression": _invocation,
    "MemberInvocation": _member,
    "ThisInvocation": lambda _, this: this,
}
