"""Python source for an expression over resources of one type: loops over JSON values, and no collections between them.

The source is made for the shapes that FHIR JSON usually has. Where a value has another one (null in an array, the
`_element` of a primitive, two choices at once, a resource where an element belongs), it raises `Unusual`, and the
reference answers. What cannot be written for a type is `Beyond`, and is left to the reference from the start.
"""

from collections.abc import Sequence
from operator import ge, gt, le, lt

from extractors.fhirpath import lean, running
from extractors.fhirpath.body import Beyond, Body, Item, Module
from extractors.fhirpath.criteria import Criteria
from extractors.fhirpath.elements import Then, member, refuse_resource, unite
from extractors.fhirpath.shapes import matches_type
from extractors.fhirpath.subset import Call, Expr, Index, Literal, Member, Operation, This
from extractors.fhirpath.truths import look_up, may_raise, sides

_BUILTINS = {one.__name__: one for one in (bool, dict, float, int, len, list, set, sorted, str, type)}
NAMES = vars(running) | {"ge": ge, "gt": gt, "le": le, "lt": lt, "__builtins__": _BUILTINS}
"""What generated source may call; it can import nothing and open nothing."""
LEAN = {one.__name__: one for one in (lean.answer, lean.distinct, lean.equal, lean.unequal)}
"""What takes the place of the same names where values are used and not given out."""


class Writer:
    """Writes the functions of one expression for one resource type into a module."""

    def __init__(self, module: Module, kind: str, lean: bool = False) -> None:
        self._module = module
        self._lean = lean
        self._kind = kind
        self._criteria = Criteria(module, self._each)

    def answer(self, expr: Expr) -> str:
        """Write the function that maps a resource to the list of what an expression selects; its name."""

        def write(body: Body, root: Item) -> None:
            body.line("out = []")
            self._each(expr, root, body, lambda item: _give_out(item, body, self._lean))
            body.line("return out")

        return self._module.function(write, Item("x", frozenset({self._kind}), root=True, resource=True))

    def holding(self, exprs: Sequence[Expr]) -> str:
        """Write the function that maps a resource to the places of the expressions that are true; its name.

        Several that ask for an element with some strings, at one place, are one look-up.
        """
        asked = [(number, expr, look_up(expr)) for number, expr in enumerate(exprs)]
        tables: dict[tuple[Expr, tuple[str, ...]], dict[tuple[str, ...], tuple[int, ...]]] = {}
        for number, _, found in asked:
            if found is not None:
                table = tables.setdefault((found.of, found.names), {})
                table[found.words] = (*table.get(found.words, ()), number)

        def write(body: Body, root: Item) -> None:
            body.line("out = set()")
            for (of, names), table in tables.items():
                self._look_up(of, names, self._module.constant(table), root, body)
            for number, expr in ((number, expr) for number, expr, found in asked if found is None):
                with body.block(f"if {self._criteria.is_true(expr, root, body)}:"):
                    body.line(f"out.add({number})")
            body.line("return sorted(out)")

        return self._module.function(write, Item("x", frozenset({self._kind}), root=True, resource=True))

    def columns(self, exprs: Sequence[Expr | None], criteria: Sequence[Expr]) -> str:
        """Write the function that maps a resource to what each expression selects, and at last to what `holding` gives.

        None is an expression that selects nothing; without criteria, nothing is given of them.
        """
        found = [self.answer(expr) + "(x)" if expr is not None else "()" for expr in exprs]
        found += [self.holding(criteria) + "(x)"] if criteria else []

        def write(body: Body, _: Item) -> None:
            body.line(f"return ({', '.join(found)},)" if found else "return ()")

        return self._module.function(write, Item("x", frozenset({self._kind}), root=True, resource=True))

    def _look_up(self, of: Expr, names: tuple[str, ...], table: str, root: Item, body: Body) -> None:
        def take(item: Item) -> None:
            words = [self._criteria.value(Member(This(), name), item, body) for name in names]
            with body.block(f"if {' and '.join(f'type({word}) is str' for word in words)}:"):
                body.line(f"out.update({table}.get(({', '.join(words)},), ()))")

        self._each(of, root, body, take)

    def _each(self, expr: Expr, focus: Item, body: Body, then: Then) -> None:
        """What visits each value of an expression; `then` writes what is done with one."""
        match expr:
            case This():
                then(focus)
            case Literal(value):
                if value is not None:
                    then(Item(self._criteria.constant(value), raw=True))
            case Member(of, name):
                self._each(of, focus, body, lambda item: self._member(item, name, body, then))
            case Index(of, place):
                self._picked(of, f", {place}", focus, body, then)
            case Operation("|", _, _):
                found, item = self._all(expr, focus)
                _visit(f"distinct({found}({focus.var}))", item, body, then)
            case Call():
                self._call(expr, focus, body, then)
            case _:
                self._truth(expr, focus, body, then)

    def _truth(self, expr: Expr, focus: Item, body: Body, then: Then) -> None:
        _if_any(self._criteria.truth(expr, focus, body), Item("", raw=True), body, then)

    def _member(self, item: Item, name: str, body: Body, then: Then) -> None:
        if item.raw or name[0] == "_" or (name[0].isupper() and not item.root):
            raise Beyond
        if name == self._kind:
            then(Item(item.var, item.paths, resource=True))
        elif not name[0].isupper():
            member(item, name, self._module, body, then)

    def _call(self, call: Call, focus: Item, body: Body, then: Then) -> None:
        match call.name:
            case "where":
                self._each(call.of, focus, body, lambda item: self._where(item, call.arguments[0], body, then))
            case "ofType":
                self._each(call.of, focus, body, lambda item: _of_type(item, str(call.word), body, then))
            case "extension" | "getResourceKey" | "getReferenceKey":
                self._each(call.of, focus, body, lambda item: _mapped(call, item, body, then))
            case "first":
                self._first(call.of, focus, body, then)
            case "last":
                self._picked(call.of, ", -1", focus, body, then)
            case "iif":
                self._iif(call, focus, body, then)
            case "count" | "join":
                self._gathered(call, focus, body, then)
            case _:
                self._truth(call, focus, body, then)

    def _where(self, item: Item, criterion: Expr, body: Body, then: Then) -> None:
        with body.block(f"if {self._criteria.test(criterion, item, body)}:"):
            then(item)

    def _gathered(self, call: Call, focus: Item, body: Body, then: Then) -> None:
        found, _ = self._all(call.of, focus)
        if call.name == "count":
            then(Item(body.assign(f"len({found}({focus.var}))"), raw=True))
        else:
            _visit(f"joined({found}({focus.var}), {call.word or ''!r})", Item("", raw=True), body, then)

    def _iif(self, call: Call, focus: Item, body: Body, then: Then) -> None:
        if not isinstance(call.of, This):
            raise Beyond
        condition, *ways = call.arguments
        with body.block(f"if {self._criteria.is_true(condition, focus, body)}:"):
            self._each(ways[0], focus, body, then)
        for otherwise in ways[1:]:
            with body.block("else:"):
                self._each(otherwise, focus, body, then)

    def _first(self, of: Expr, focus: Item, body: Body, then: Then) -> None:
        """The first value; the others are not looked at, unless the reference may refuse them."""
        if may_raise(of):
            self._picked(of, ", 0", focus, body, then)
            return
        found, item = self._function(of, focus, ("", "return {}", "return None"))
        _if_any(f"{found}({focus.var})", item, body, then)

    def _picked(self, of: Expr, place: str, focus: Item, body: Body, then: Then) -> None:
        found, item = self._all(of, focus)
        distinct = f"distinct({found}({focus.var}))" if len(sides(of)) > 1 else f"{found}({focus.var})"
        _if_any(f"at({distinct}{place})", item, body, then)

    def _all(self, of: Expr, focus: Item) -> tuple[str, Item]:
        """A function that gives all values of an expression as a list, and what they are."""
        return self._function(of, focus, ("out = []", "out.append({})", "return out"))

    def _function(self, of: Expr, focus: Item, lines: tuple[str, str, str]) -> tuple[str, Item]:
        """A function of the focus with lines before, for and after the values of an expression, and what they are."""
        seen: list[Item] = []
        before, at_each, after = lines

        def write(body: Body, on: Item) -> None:
            def take(item: Item) -> None:
                seen.append(item)
                body.line(at_each.format(item.var))

            body.line(before or "pass")
            for side in sides(of):
                self._each(side, on, body, take)
            body.line(after)

        return self._module.function(write, focus), unite(seen, len(sides(of))) or Item("", raw=True)


def _give_out(item: Item, body: Body, lean: bool) -> None:
    given = f"out.append({item.var})"
    if item.raw:
        body.line(given)
    elif lean:  # spares most values the call
        known = f"type({item.var}) is str or (type({item.var}) is dict and len({item.var}) > 1)"
        body.line(f"{given} if {known} else answer(out, {item.var})")
    else:
        body.line(f"answer(out, {item.var})")


def _visit(found: str, item: Item, body: Body, then: Then) -> None:
    var = body.fresh()
    with body.block(f"for {var} in {found}:"):
        then(item.named(var))


def _if_any(found: str, item: Item, body: Body, then: Then) -> None:
    var = body.assign(found)
    with body.block(f"if {var} is not None:"):
        then(item.named(var))


def _of_type(item: Item, kind: str, body: Body, then: Then) -> None:
    if item.raw or item.root:
        raise Beyond
    held = frozenset(path for path in item.paths if matches_type(path, kind))
    if not held:
        return
    refuse_resource(item, body)
    if held == item.paths:
        then(item)
        return
    if item.chosen is None:
        raise Beyond
    named, fields = item.chosen
    with body.block(f"if {named} in {tuple(field for field, path in fields.items() if path in held)!r}:"):
        then(Item(item.var, held))


def _mapped(call: Call, item: Item, body: Body, then: Then) -> None:
    """A function of one value, which may find nothing."""
    if item.raw:
        raise Beyond
    if call.name == "extension":
        _if_any(f"extension_of({item.var}, {call.word!r})", Item("", frozenset({"Extension"})), body, then)
        return
    if call.name == "getResourceKey":
        found = f"resource_key({item.var})"
    else:
        found = f"reference_key_of({item.var}, {call.word and call.word.rpartition('.')[2]!r})"
    _if_any(found, Item("", raw=True), body, then)
