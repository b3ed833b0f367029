"""`compile_path`: from the text of an expression to a function of a resource."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from extractors.errors import ProfileError
from extractors.fhirpath.body import Beyond, Module
from extractors.fhirpath.reference import RESOURCES, parsed, reference
from extractors.fhirpath.running import Unusual
from extractors.fhirpath.source import LEAN, NAMES, Writer
from extractors.fhirpath.subset import Expr, understood

Path = Callable[[Mapping[str, Any]], list[Any]]
Criteria = Callable[[Mapping[str, Any]], list[int]]
Found = Sequence[Any]
Columns = Callable[[Mapping[str, Any]], tuple[Found, ...]]


@cache
def compile_path(expression: str) -> Path:
    """Compile an expression once; the result maps a resource to the list of what the path selects.

    Raises:
        ProfileError: the expression does not parse, or uses what `subset` does not have.
    """
    try:
        expr = understood(parsed(expression))
        judge = reference(expression)
        judge({"resourceType": "Resource"})
    except Exception as problem:  # fhirpathpy raises bare exceptions
        raise ProfileError(
            f"FHIRPath {expression!r}: expected an expression, got a fault at {problem}. Mend the expression."
        ) from problem
    return _by_type(expr, judge)


def _by_type(expr: Expr, judge: Path) -> Path:
    known: dict[str, Path] = {}

    def answer(resource: Mapping[str, Any]) -> list[Any]:
        kind = resource.get("resourceType")
        if type(kind) is not str or kind not in RESOURCES or type(resource) is not dict:
            return judge(resource)
        path = known.get(kind)
        if path is None:
            path = known.setdefault(kind, _built(expr, kind) or judge)
        try:
            return path(resource)
        except Unusual:
            return judge(resource)

    return answer


def _built(expr: Expr, kind: str) -> Path | None:
    built: Path | None = _run(kind, lambda writer: writer.answer(expr))
    return built


def _run(kind: str, write: Callable[[Writer], str], lean: bool = False) -> Any:
    """The function that is written; None where no source can be, or Python takes none that is nested so deep.

    `lean` is whether the values that it finds are used and not given out.
    """
    module = Module()
    try:
        name = write(Writer(module, kind, lean))
        code = compile(module.source, f"<{kind}>", "exec")
    except (Beyond, SyntaxError):
        return None
    known = {**NAMES, **(LEAN if lean else {}), **module.constants}
    exec(code, known)  # noqa: S102  # our own source; texts are in it as literals
    return known[name]


def compile_criteria(expressions: Sequence[str], kind: str) -> Criteria:
    """Compile expressions together; the result maps a resource of a type to the places, from 0, of those that are true.

    Raises:
        ProfileError: as `compile_path`.
    """
    paths = [compile_path(expression) for expression in expressions]

    def one_by_one(resource: Mapping[str, Any]) -> list[int]:
        return [number for number, path in enumerate(paths) if is_true(path(resource))]

    @cache
    def together() -> Criteria:
        exprs = [understood(parsed(expression)) for expression in expressions]
        return _run(kind, lambda writer: writer.holding(exprs)) or one_by_one

    def holding(resource: Mapping[str, Any]) -> list[int]:
        try:
            return together()(resource)
        except (Unusual, TypeError):  # the first that the reference refuses says why
            return one_by_one(resource)

    return holding


def _refused(_: Mapping[str, Any]) -> Any:
    raise Unusual


@cache
def quick_criteria(expressions: tuple[str, ...], kind: str) -> Criteria:
    """As `compile_criteria`, of a resource of which no more may be there than the expressions read.

    The result raises `Unusual` or TypeError where the whole resource must be asked.
    """
    exprs = [understood(parsed(expression)) for expression in expressions]
    return _run(kind, lambda writer: writer.holding(exprs), lean=True) or _refused


@cache
def quick_columns(expressions: tuple[str | None, ...], criteria: tuple[str, ...], kind: str) -> Columns:
    """All that some expressions select, in their order, and the places of the criteria that are true, in one function.

    The resource need have no more than the expressions read, and objects are given as they stand in it; None selects
    nothing, and no criteria give nothing. The result raises as that of `quick_criteria`.
    """
    exprs = [None if expression is None else understood(parsed(expression)) for expression in expressions]
    held = [understood(parsed(expression)) for expression in criteria]
    return _run(kind, lambda writer: writer.columns(exprs, held), lean=True) or _refused


@cache
def quick_path(expression: str, kind: str) -> Callable[[Mapping[str, Any]], Found]:
    """What one expression selects, as `quick_columns` finds it."""
    expr = understood(parsed(expression))
    return _run(kind, lambda writer: writer.answer(expr), lean=True) or _refused


def source_of(expression: str, kind: str) -> str | None:
    """The generated source of an expression for resources of a type; None where the reference answers it."""
    module = Module()
    try:
        Writer(module, kind).answer(understood(parsed(expression)))
    except Beyond:
        return None
    return module.source


def is_true(found: list[Any]) -> bool:
    """Whether a path used as a criterion holds: a single `true`, as FHIRPath's `where` reads it."""
    return found == [True]
