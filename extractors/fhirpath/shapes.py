"""Where a member of an element stands in the R4 model, exactly as the reference walks it."""

from extractors.fhirpath.body import Beyond
from extractors.fhirpath.reference import CHOICES, ELSEWHERE, TYPES

Paths = frozenset[str | None]


def choice_at(paths: Paths, name: str) -> dict[str, str] | None:
    """The fields of a choice of types, in the model's order, with their places; None where the member is no choice.

    Raises:
        Beyond: it is one at some of the places only.
    """
    children = {_child(path, name) for path in paths}
    chosen = {child for child in children if child in CHOICES}
    if not chosen:
        return None
    if len(children) > 1:
        raise Beyond
    child = chosen.pop()
    return {f"{name}{kind}": TYPES.get(f"{child}{kind}", f"{child}{kind}") for kind in CHOICES[child]}


def path_at(paths: Paths, name: str) -> Paths:
    """The places of a member that is no choice."""
    if name == "extension":
        return frozenset({TYPES.get("Extension", "Extension")})
    return frozenset(TYPES.get(child, child) for child in (_child(path, name) for path in paths))


def _child(path: str | None, name: str) -> str:
    child = f"{path}.{name}" if path else f"_.{name}"
    return ELSEWHERE.get(child, child)


def matches_type(path: str | None, kind: str) -> bool:
    """Whether a value at a place has a type, by name alone: subtypes do not count, as the reference has it.

    Raises:
        Beyond: the place has no type in the model.
    """
    namespace, _, name = kind.rpartition(".")
    if path is None or ("." in path and not path.startswith("System.")):
        raise Beyond
    own_namespace, own = ("System", path.removeprefix("System.")) if "." in path else ("FHIR", path)
    return namespace in ("", own_namespace) and name == own
