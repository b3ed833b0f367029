"""Which parts of a statement stand open: where something is typed, wrong or missing. The rest is one click away."""

from collections.abc import Collection

from scoring.model import MeasureId
from smartapp.report.steps import Form

_FOLDS = {
    "claim": ("claim",),
    "total": ("met", "of", "report", "on"),
    "done": ("done", "managed", "edition", "people"),
    "level": ("level",),
    "requests": ("registered", "asked", "answered", "missed"),
}
"""The parts, and the fields of each without the measure in their names."""


def open_folds(measure: MeasureId, form: Form, pointed_to: Collection[str]) -> frozenset[str]:
    """The parts of a measure's form that a person has to see.

    Args:
        measure: the measure.
        form: the form as it stands.
        pointed_to: the fields that findings are about; those with problems, and those that two people filled
            differently, the form tells.
    """
    differing = {one.field for one in form.stale.rows} if form.stale else set()
    seen = {*pointed_to, *form.problems, *differing, *(name for name, text in form.fields.items() if text)}
    return frozenset(fold for fold, kinds in _FOLDS.items() if any(_is_of(name, kinds, measure) for name in seen))


def _is_of(field: str, kinds: tuple[str, ...], measure: MeasureId) -> bool:
    """Whether a field is one of a measure's; requests of an agency are numbered behind its name."""
    return any(field == f"{kind}-{measure}" or field.startswith(f"{kind}-{measure}-") for kind in kinds)
