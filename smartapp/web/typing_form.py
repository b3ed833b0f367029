"""The what-if form as typed values: fields by their names, nothing of which is kept or written down."""

from collections.abc import Iterator, Mapping

from scoring.model import MeasureId
from scoring.rulebook import RuleBook
from smartapp.ahead.typed import Typed
from smartapp.attesting.attestations import VARIANTS
from smartapp.errors import UsageError

_ANSWERS = {"yes": True, "no": False, "none": None}
_MOST_DIGITS = 9


def typed_in(form: Mapping[str, str], rules: RuleBook) -> Typed:
    """What a form brings of the year's measures; other fields are passed over.

    Raises:
        UsageError: nothing is typed, or a count is no two whole numbers.
    """
    answers = {m: _ANSWERS[given] for m in rules.measures if (given := form.get(f"answer-{m}")) in _ANSWERS}
    controlled = form.get("controlled")
    typed = Typed(answers, dict(_counts(form, rules)), form.get("cehrt-id", "").strip() or None,
                  controlled if controlled in VARIANTS else None)  # fmt: skip
    if not typed.as_rows():
        raise UsageError("Nothing is typed. Change an answer or type a count.")
    return typed


def _counts(form: Mapping[str, str], rules: RuleBook) -> Iterator[tuple[MeasureId, tuple[int, int]]]:
    for measure in rules.measures:
        pair = form.get(f"met-{measure}", "").strip(), form.get(f"of-{measure}", "").strip()
        if any(pair):
            if not all(one.isascii() and one.isdigit() and len(one) <= _MOST_DIGITS for one in pair):
                raise UsageError(f"{measure}: expected two whole numbers, met and denominator. Type both, or neither.")
            yield measure, (int(pair[0]), int(pair[1]))
