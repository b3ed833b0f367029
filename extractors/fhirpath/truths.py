"""What can be known of an expression before it is evaluated."""

from dataclasses import dataclass

from extractors.fhirpath.subset import Call, Expr, Index, Literal, Member, Operation, This

_TRUTHS = frozenset({"all", "contains", "empty", "endsWith", "exists", "matches", "not", "startsWith"})
_RAISING = frozenset({"contains", "endsWith", "extension", "join", "matches", "startsWith"})


def sides(expr: Expr) -> list[Expr]:
    """The sides of a union, of unions in it too; else the expression itself."""
    if isinstance(expr, Operation) and expr.operator == "|":
        return [*sides(expr.left), *sides(expr.right)]
    return [expr]


def words_of(expr: Expr) -> frozenset[str] | None:
    """The strings of a union of strings; None if it is anything else."""
    found = [side.value for side in sides(expr) if isinstance(side, Literal) and isinstance(side.value, str)]
    return frozenset(found) if len(found) == len(sides(expr)) else None


@dataclass(frozen=True, slots=True)
class LookUp:
    """`of.where(a = 'x' and b = 'y').exists()`: the elements, the names of their members, and what they must be."""

    of: Expr
    names: tuple[str, ...]
    words: tuple[str, ...]


def look_up(expr: Expr) -> LookUp | None:
    """An expression that asks whether there is an element with some strings; None for any other."""
    match expr:
        case Call(Call(of, "where", (criterion,)), "exists", ()) if not may_raise(of):
            members = _members(criterion)
            if members is not None:
                return LookUp(of, tuple(members), tuple(members.values()))
    return None


def _members(expr: Expr) -> dict[str, str] | None:
    match expr:
        case Operation("=", Member(This(), name), Literal(str() as word)):
            return {name: word}
        case Operation("and", left, right):
            one, other = _members(left), _members(right)
            if one is not None and other is not None and not set(one) & set(other):
                return dict(sorted((one | other).items()))
    return None


def is_truth(expr: Expr) -> bool:
    """Whether an expression is always a truth: True, False or empty."""
    match expr:
        case Literal(value):
            return isinstance(value, bool)
        case Operation(operator, _, _):
            return operator != "|"
        case Call(_, name, _, _):
            return name in _TRUTHS
    return False


def may_raise(expr: Expr) -> bool:
    """Whether the reference may refuse some data: then every part must be evaluated, as it does."""
    match expr:
        case Member(of, _) | Index(of, _):
            return may_raise(of)
        case Call(of, name, arguments, _):
            return name in _RAISING or may_raise(of) or any(map(may_raise, arguments))
        case Operation(operator, left, right):
            return _is_strict(operator, left, right) or may_raise(left) or may_raise(right)
    return False


def _is_strict(operator: str, left: Expr, right: Expr) -> bool:
    """Whether an operator refuses several values, or values of another type."""
    if operator in ("and", "or"):
        return not (is_truth(left) and is_truth(right))
    return operator not in ("=", "!=", "|")


def equalities(expr: Expr) -> tuple[Expr, frozenset[str]] | None:
    """`a = 'x' or a = 'y'` as one look-up: what is compared, with the strings; None for anything else."""
    if not (isinstance(expr, Operation) and expr.operator == "or"):
        return None
    sides = [_equality(expr.left), _equality(expr.right)]
    left, right = sides
    if left is None or right is None or left[0] != right[0]:
        return None
    return left[0], left[1] | right[1]


def _equality(expr: Expr) -> tuple[Expr, frozenset[str]] | None:
    match expr:
        case Operation("=", left, Literal(str() as value)) if not is_truth(left) and not isinstance(
            left, Literal | This
        ):
            return left, frozenset({value})
    return equalities(expr)
