"""Source for truths and for values that are looked for alone.

A value that is looked for alone is None (nothing), MANY (several) or the value. A truth is True, False or None (empty).
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

from extractors.fhirpath.body import Beyond, Body, Item, Module
from extractors.fhirpath.elements import Then, check_object, refuse_hidden, refuse_resource
from extractors.fhirpath.shapes import choice_at, path_at
from extractors.fhirpath.subset import Call, Expr, Literal, Member, Operation, This
from extractors.fhirpath.truths import equalities, is_truth, may_raise, sides, words_of

_COMPARED = {"<": "lt", ">": "gt", "<=": "le", ">=": "ge"}
_JOINED = {"and": "both", "or": "either"}
_TESTS: dict[str, Callable[[str], Callable[[str], Any]]] = {
    "matches": lambda text: re.compile(text, re.DOTALL).search,
    "startsWith": lambda text: lambda found: found != "" and found.startswith(text),
    "endsWith": lambda text: lambda found: found != "" and found.endswith(text),
    "contains": lambda text: lambda found: text in found,
}


class Each(Protocol):
    """Writes what visits each value of an expression."""

    def __call__(self, expr: Expr, focus: Item, body: Body, then: Then, /) -> None:
        """`then` writes what is done with one value."""


class Criteria:
    """Writes conditions into a module. Every method returns a Python expression, and may add lines before it."""

    def __init__(self, module: Module, each: Each) -> None:
        self._module = module
        self._each = each

    def test(self, expr: Expr, focus: Item, body: Body) -> str:
        """What is truthy where a criterion of `where` holds: the first value is true, and every element is."""
        match expr:
            case Operation("and" | "or" as word, left, right) if self._may_skip(expr):
                return f"({self.test(left, focus, body)} {word} {self.test(right, focus, body)})"
            case Operation("=", left, Literal(str() | int() as value)):
                return f"({self.value(left, focus, body)} == {value!r})"
            case Literal(value):
                return repr(bool(value))
        return self.truth(expr, focus, body) if is_truth(expr) else self._exists(expr, focus, nodes=True)

    def _may_skip(self, expr: Operation) -> bool:
        """Whether the right side may be left out where the left decides: only what cannot be refused may."""
        alone = is_truth(expr.left) and is_truth(expr.right) and not may_raise(expr.right)
        return alone and equalities(expr) is None

    def is_true(self, expr: Expr, focus: Item, body: Body) -> str:
        """What is truthy where an expression is a single true."""
        return self.test(expr, focus, body) if is_truth(expr) else f"{self.value(expr, focus, body)} == True"

    def value(self, expr: Expr, focus: Item, body: Body) -> str:
        """The only value of an expression."""
        if is_truth(expr):
            return self.truth(expr, focus, body)
        match expr:
            case Literal(found):
                return self.constant(found)
            case Member(This(), name) if not focus.raw and name[0].islower() and choice_at(focus.paths, name) is None:
                return _own(focus, name, body)
        return body.assign(f"{self._only(expr, focus)}({focus.var})")

    def _only(self, expr: Expr, focus: Item) -> str:
        def write(body: Body, on: Item) -> None:
            def take(item: Item) -> None:
                _refuse_quantity(item.paths)
                if not item.raw:
                    refuse_resource(item, body)
                if may_raise(expr):
                    body.line(f"found = {item.var} if found is None else MANY")
                else:
                    body.refuse("found is not None", "return MANY")
                    body.line(f"found = {item.var}")

            body.line("found = None")
            self._each(expr, on, body, take)
            body.line("return found")

        return self._module.function(write, focus)

    def constant(self, value: object) -> str:
        """A literal as Python has it."""
        return self._module.constant(value) if isinstance(value, Decimal) else repr(value)

    def truth(self, expr: Expr, focus: Item, body: Body) -> str:
        """Three-valued: True, False or None."""
        match expr:
            case Operation():
                return self._operation(expr, focus, body)
            case Call():
                return self._call(expr, focus, body)
            case Literal(value):
                return repr(value)
        raise Beyond

    def _operation(self, expr: Operation, focus: Item, body: Body) -> str:
        same = equalities(expr)
        if same is not None:
            return f"equals_one({self.value(same[0], focus, body)}, {self._module.constant(same[1])})"
        if expr.operator in _JOINED:
            found = (self._operand(side, focus, body) for side in (expr.left, expr.right))
            return f"{_JOINED[expr.operator]}({', '.join(found)})"
        left = self.value(expr.left, focus, body)
        if expr.operator == "in":
            return f"among({left}, {self._words(expr.right)})"
        right = self.value(expr.right, focus, body)
        if expr.operator in _COMPARED:
            return f"compared({left}, {right}, {_COMPARED[expr.operator]})"
        return f"{'equal' if expr.operator == '=' else 'unequal'}({left}, {right})"

    def _operand(self, expr: Expr, focus: Item, body: Body) -> str:
        return self.truth(expr, focus, body) if is_truth(expr) else f"operand({self.value(expr, focus, body)})"

    def _words(self, expr: Expr) -> str:
        words = words_of(expr)
        if words is None:
            raise Beyond
        return self._module.constant(words)

    def _call(self, call: Call, focus: Item, body: Body) -> str:
        match call.name:
            case "exists":
                return self._exists(Call(call.of, "where", call.arguments) if call.arguments else call.of, focus)
            case "empty":
                return f"(not {self._exists(call.of, focus)})"
            case "not":
                return f"negated({self.value(call.of, focus, body)})"
            case "all":
                return self._every(call.of, call.arguments[0], focus)
        if call.name == "matches" and not call.word:
            raise Beyond
        test = self._module.constant(_TESTS[call.name](str(call.word)))
        return f"tested({self.value(call.of, focus, body)}, {test})"

    def _exists(self, of: Expr, focus: Item, nodes: bool = False) -> str:
        """Whether there is any value; `nodes` where only elements may be, which all count as true."""

        def write(body: Body, on: Item) -> None:
            def take(item: Item) -> None:
                if nodes and (item.raw or item.root):
                    raise Beyond
                body.line("found = True" if may_raise(of) else "return True")

            body.line("found = False")
            for side in sides(of):
                self._each(side, on, body, take)
            body.line("return found")

        return f"{self._module.function(write, focus)}({focus.var})"

    def _every(self, of: Expr, criterion: Expr, focus: Item) -> str:
        if may_raise(of):
            raise Beyond

        def write(body: Body, on: Item) -> None:
            def take(item: Item) -> None:
                body.refuse(f"not ({self.is_true(criterion, item, body)})", "return False")

            self._each(of, on, body, take)
            body.line("return True")

        return f"{self._module.function(write, focus)}({focus.var})"


def _own(focus: Item, name: str, body: Body) -> str:
    """The only value of an element of the focus itself."""
    _refuse_quantity(path_at(focus.paths, name))
    check_object(focus, body)
    found = body.assign(f"{focus.var}.get({name!r})")
    refuse_hidden(focus, [name], body)
    body.refuse(f"type({found}) is not str", f"{found} = only({found})")
    return found


def _refuse_quantity(paths: frozenset[str | None]) -> None:
    """Quantities compare by their units, which only the reference knows."""
    if "Quantity" in paths:
        raise Beyond
