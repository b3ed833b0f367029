"""The text of generated functions: lines, blocks, names and constants."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace


class Beyond(Exception):  # noqa: N818  # no error: the reference answers instead
    """No source can be written for an expression on a resource type."""


@dataclass(frozen=True, slots=True)
class Item:
    """A value that generated source has in a variable.

    `paths` are the places of the R4 model where it may stand, a place being a type's name where it has one; None is a
    place that the reference has forgotten (after a union). `raw` is a constant or a truth, no element. `root` is the
    resource itself, `resource` one whose type is known. `chosen` is, for one of a choice, the variable that names its
    field and the places by field.
    """

    var: str
    paths: frozenset[str | None] = frozenset()
    raw: bool = False
    root: bool = False
    resource: bool = False
    chosen: tuple[str, Mapping[str, str]] | None = None

    def named(self, var: str) -> "Item":
        """The same in another variable."""
        return replace(self, var=var)


class Body:
    """The lines of one function."""

    def __init__(self, fresh: Callable[[], str]) -> None:
        self.fresh = fresh
        self.lines: list[str] = []
        self._checked: list[set[str]] = [set()]

    def line(self, text: str) -> None:
        """Add a line."""
        self.lines.append("    " * len(self._checked) + text)

    def assign(self, expression: str) -> str:
        """Give an expression a new variable."""
        var = self.fresh()
        self.line(f"{var} = {expression}")
        return var

    def refuse(self, condition: str, consequence: str = "raise Unusual") -> None:
        """Leave the function where a condition holds."""
        with self.block(f"if {condition}:"):
            self.line(consequence)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """An indented block."""
        self.line(head)
        before = len(self.lines)
        self._checked.append(set())
        try:
            yield
            if len(self.lines) == before:
                self.line("pass")
        finally:
            self._checked.pop()

    def first_check(self, var: str) -> bool:
        """Whether a variable was not yet checked on the way to here; it is from now on."""
        if any(var in checked for checked in self._checked):
            return False
        self._checked[-1].add(var)
        return True


class Module:
    """Functions and constants of generated source; equal ones stand once."""

    def __init__(self) -> None:
        self.constants: dict[str, object] = {}
        self._functions: dict[str, str] = {}
        self._names = 0

    @property
    def source(self) -> str:
        """All functions, each after those that it calls."""
        return "\n\n".join(f"def {name}(x):\n{text}" for text, name in self._functions.items())

    def constant(self, value: object) -> str:
        """The name of a constant."""
        name = self._fresh("k")
        self.constants[name] = value
        return name

    def function(self, write: Callable[[Body, Item], None], argument: Item) -> str:
        """The name of a function of one argument, `x`, which `write` writes."""
        body = Body(lambda: self._fresh("v"))
        write(body, replace(argument, var="x", chosen=None))
        text = "\n".join(body.lines)
        return self._functions.setdefault(text, self._fresh("f"))

    def _fresh(self, letter: str) -> str:
        self._names += 1
        return f"{letter}{self._names}"
