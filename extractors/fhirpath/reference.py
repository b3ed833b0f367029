"""The only door to `fhirpathpy`: its grammar, its R4 model, and its answer, which every compiled answer equals.

`fhirpathpy` itself accepts expressions that do not parse and answers them with nothing, so the syntax is
checked here with its own grammar before an expression is used.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, NoReturn

import fhirpathpy
from antlr4 import CommonTokenStream, InputStream, ParseTreeWalker, Token
from antlr4.error.ErrorListener import ErrorListener
from fhirpathpy.engine import do_eval
from fhirpathpy.models import models
from fhirpathpy.parser.ASTPathListener import ASTPathListener
from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

from extractors.fhirpath.running import joined, reference_key_of, resource_key

_R4: Mapping[str, Any] = models["r4"]
TYPES: Mapping[str, str] = _R4["path2Type"]
CHOICES: Mapping[str, list[str]] = _R4["choiceTypePaths"]
ELSEWHERE: Mapping[str, str] = _R4["pathsDefinedElsewhere"]
RESOURCES = frozenset(name for name in _R4["type2Parent"] if f"{name}.meta" in TYPES)

_LITERALS = ("BooleanLiteral", "NumberLiteral", "StringLiteral")


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a parsed expression.

    What kind of part in the words of FHIRPath's grammar, its parts, its own words, the column where it begins (from 1),
    and what a literal stands for (None for other parts).
    """

    kind: str
    parts: tuple["Node", ...]
    words: tuple[str, ...]
    column: int = 1
    value: str | int | Decimal | None = None


def _of_resource(found: list[Any]) -> list[str]:
    return [key for item in found if (key := resource_key(item)) is not None]


def _of_reference(found: list[Any], kind: Any = None) -> list[str]:
    named = kind and kind.name
    return [key for item in found if (key := reference_key_of(item, named)) is not None]


_OURS = {
    "getResourceKey": {"fn": _of_resource, "arity": {0: []}},
    "getReferenceKey": {"fn": _of_reference, "arity": {0: [], 1: ["TypeSpecifier"]}},
    "join": {"fn": joined, "arity": {0: [], 1: ["String"]}},
}
"""Functions as SQL on FHIR defines them, where `fhirpathpy` has none or another."""


class _Refuse(ErrorListener):  # type: ignore[misc]  # antlr4 is untyped
    def syntaxError(self, *found: Any) -> NoReturn:  # noqa: N802  # the name is antlr4's
        _, _, _, column, message, _ = found
        raise ValueError(f"column {column + 1}: {message}")


class _Placed(ASTPathListener):
    """Collects the tree that `fhirpathpy` evaluates, with the column of every part."""

    def pushNode(self, kind: str, context: Any) -> None:  # noqa: N802  # the name is fhirpathpy's
        super().pushNode(kind, context)  # type: ignore[no-untyped-call]
        self.parentStack[-1]["column"] = context.start.column + 1


@cache
def _tree(expression: str) -> Any:
    lexer = FHIRPathLexer(InputStream(expression))
    tokens = CommonTokenStream(lexer)
    parser = FHIRPathParser(tokens)
    for reader in (lexer, parser):
        reader.removeErrorListeners()
        reader.addErrorListener(_Refuse())
    found = parser.expression()
    rest = tokens.LT(1)
    if rest.type != Token.EOF:
        raise ValueError(f"column {rest.column + 1}: nothing expected, got {rest.text!r}")
    listener = _Placed()  # type: ignore[no-untyped-call]
    ParseTreeWalker().walk(listener, found)
    return listener.parentStack[0]


def parsed(expression: str) -> Node:
    """The parts of an expression.

    Raises:
        ValueError: it does not parse; with the column, from 1.
    """
    return _node(_tree(expression))


def _node(found: Mapping[str, Any]) -> Node:
    evaluate: Any = do_eval
    kind = str(found.get("type") or "Expression")
    return Node(
        kind,
        tuple(_node(part) for part in found.get("children", [])),
        tuple(found.get("terminalNodeText", [])),
        found.get("column", 1),
        evaluate({}, [], found)[0] if kind in _LITERALS else None,
    )


def reference(expression: str) -> Callable[[Mapping[str, Any]], list[Any]]:
    """How `fhirpathpy` answers an expression that parses; it raises bare exceptions on shapes that it does not know."""
    tree, options = _tree(expression), {"userInvocationTable": _OURS}
    apply: Any = fhirpathpy.apply_parsed_path
    return lambda resource: list(apply(resource, tree, {}, _R4, options))
