"""The only door to `fhirpathpy`: FHIRPath over one resource, with the R4 model.

`fhirpathpy` itself accepts expressions that do not parse and answers them with nothing, so the syntax is
checked here with its own grammar before an expression is used.

It is slow, and the resources of a practice say the same again and again (a status, a category, a kind of message):
so an answer is remembered by all that the expression can have looked at.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import fhirpathpy
from antlr4 import CommonTokenStream, InputStream, Token
from antlr4.error.ErrorListener import ErrorListener
from fhirpathpy.models import models
from fhirpathpy.parser import parse
from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

from extractors.errors import ProfileError

_TYPES: Mapping[str, Any] = models["r4"]["path2Type"]
_WITHOUT_NAME = ("", "BackboneElement", "Element")
_AS_TYPE = {"Code": "code", "Coding": "Coding", "CodeableConcept": "CodeableConcept"}

Path = Callable[[Mapping[str, Any]], list[Any]]

_WORD = re.compile(r"[A-Za-z][A-Za-z-]{0,31}")


class _Refuse(ErrorListener):  # type: ignore[misc]  # antlr4 is untyped
    def syntaxError(self, *found: Any) -> NoReturn:  # noqa: N802  # the name is antlr4's
        _, _, _, column, message, _ = found
        raise ValueError(f"column {column + 1}: {message}")


def _check_syntax(expression: str) -> None:
    lexer = FHIRPathLexer(InputStream(expression))
    tokens = CommonTokenStream(lexer)
    parser = FHIRPathParser(tokens)
    for reader in (lexer, parser):
        reader.removeErrorListeners()
        reader.addErrorListener(_Refuse())
    parser.expression()
    rest = tokens.LT(1)
    if rest.type != Token.EOF:
        raise ValueError(f"column {rest.column + 1}: nothing expected, got {rest.text!r}")


@cache
def compile_path(expression: str) -> Path:
    """Compile an expression once; the result maps a resource to the list of what the path selects.

    Raises:
        ProfileError: the expression does not parse or uses a function that is not there.
    """
    try:
        _check_syntax(expression)
        evaluate: Any = fhirpathpy.compile(expression, models["r4"])
        evaluate({})
    except Exception as problem:  # fhirpathpy raises bare exceptions
        raise ProfileError(
            f"FHIRPath {expression!r}: expected an expression, got a fault at {problem}. Mend the expression."
        ) from problem
    return _remembering(expression, evaluate)


_PLAIN = frozenset(
    {"Expression", "Functn", "Identifier", "ParamList"}
    | {"InvocationTerm", "LiteralTerm", "ParenthesizedTerm", "TermExpression"}
    | {"BooleanLiteral", "NullLiteral", "NumberLiteral", "StringLiteral"}
    | {"FunctionInvocation", "InvocationExpression", "MemberInvocation"}
    | {"AndExpression", "EqualityExpression", "MembershipExpression", "OrExpression", "UnionExpression"}
)
_PLAIN_FUNCTIONS = frozenset(
    ("all", "empty", "exists", "extension", "first", "iif", "last", "matches", "not", "ofType", "startsWith", "where")
)
"""Parts and functions whose answer depends on nothing but the elements that the expression names."""

_LONGEST = 1_000
_MOST = 10_000
_ANSWERS: dict[tuple[str, str], list[Any]] = {}
"""Answers by expression and by what it looked at; emptied when full, so that they never take more than a few MB."""


def _remembering(expression: str, evaluate: Path) -> Path:
    names = _names(parsed(expression))
    if names is None:
        return lambda resource: list(evaluate(resource))

    def answer(resource: Mapping[str, Any]) -> list[Any]:
        looked_at = [item for item in resource.items() if item[0].lstrip("_").startswith(names)]
        key = expression, repr((resource.get("resourceType"), looked_at))
        found = _ANSWERS.get(key)
        if found is None:
            found = list(evaluate(resource))
            _remember(key, found)
        return list(found)

    return answer


def _remember(key: tuple[str, str], found: list[Any]) -> None:
    """Keep an answer, unless what was looked at is long or the answer is a resource with all that is in it."""
    if len(key[1]) > _LONGEST or any(isinstance(part, Mapping) and "resourceType" in part for part in found):
        return
    if len(_ANSWERS) >= _MOST:
        _ANSWERS.clear()
    _ANSWERS[key] = found


def _names(part: "Node") -> tuple[str, ...] | None:
    """Every name in an expression: a choice element's begin with one. None where it may look at other elements."""
    if part.kind not in _PLAIN or (part.kind == "Functn" and part.parts[0].words[0] not in _PLAIN_FUNCTIONS):
        return None
    if part.kind == "Identifier":
        return (part.words[0].strip('`"'),)
    found = [_names(inner) for inner in part.parts]
    return None if None in found else tuple(dict.fromkeys(name for names in found if names for name in names))


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a parsed expression: what kind of part in the words of FHIRPath's grammar, its parts, its own words."""

    kind: str
    parts: tuple["Node", ...]
    words: tuple[str, ...]


def parsed(expression: str) -> Node:
    """The parts of an expression that `compile_path` accepts."""
    tree: Any = parse
    return _node(tree(expression))


def _node(found: Mapping[str, Any]) -> Node:
    parts = tuple(_node(part) for part in found.get("children", []))
    return Node(str(found.get("type") or "Expression"), parts, tuple(found.get("terminalNodeText", [])))


def code_in(resource: Mapping[str, Any], text: str | None) -> str | None:
    """A text, if it is one word without digits that an element of type `code` of the resource holds; else None.

    Anything else may be a name or a number, even where a code belongs.
    """
    if text is None or not _WORD.fullmatch(text):
        return None
    return text if text in _codes(resource, str(resource.get("resourceType"))) else None


def _codes(value: Mapping[str, Any], at: str) -> Iterator[str]:
    for name, found in value.items():
        kind = _type_at(at, name)
        for item in found if isinstance(found, list) else [found]:
            if isinstance(item, Mapping):
                yield from _codes(item, f"{at}.{name}" if kind in _WITHOUT_NAME else kind)
            elif kind == "code" and isinstance(item, str):
                yield item


def _type_at(at: str, name: str) -> str:
    """The R4 type of an element, by its place or, for one of a choice, by the end of its name; "" if not known."""
    if name in ("extension", "modifierExtension"):
        return "Extension"
    if at == "Extension" and name.startswith("value"):
        return _AS_TYPE.get(name.removeprefix("value"), "")
    return str(_TYPES.get(f"{at}.{name}") or "")


def is_true(found: list[Any]) -> bool:
    """Whether a path used as a criterion holds: a single `true`, as FHIRPath's `where` reads it."""
    return found == [True]
