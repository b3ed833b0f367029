"""What each counted measure counts, in our words, and what would make a case count (`measure_words.toml`)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class MeasureWords:
    """One measure in words: its unit, both numbers, what is asked next, and what would mend each kind of case."""

    unit: str
    denominator: str
    met: str
    rules: tuple[str, ...]
    not_met: str
    unknown: str
    undecided: str

    def would_count(self, standing: str) -> str:
        """What would make a case of that standing count; empty for one that does."""
        return {"not_met": self.not_met, "unknown": self.unknown, "undecided": self.undecided}.get(standing, "")


def words_of(measure: str) -> MeasureWords:
    """The words of a measure that is counted from cases.

    Raises:
        KeyError: it is not.
    """
    return _all()[measure]


@cache
def _all() -> Mapping[str, MeasureWords]:
    document = tomllib.loads((files("smartapp.opened") / "measure_words.toml").read_text(encoding="utf-8"))
    return {name: MeasureWords(**{**told, "rules": tuple(told["rules"])}) for name, told in document.items()}
