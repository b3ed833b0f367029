"""What can still be done, in words, and how much work it is: `rules/efforts.toml`, read strictly.

The work is a class with minutes. No published figure was found, so every class says that it is our estimate; the
planner uses the minutes only to compare, and shows them wherever they decided something.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from scoring.rulings import Ruling, Sources, read_ruling, read_sources
from scoring.table import Table, top_table

FILE = Path(__file__).parent / "rules" / "efforts.toml"


class ActionKind(StrEnum):
    """Everything that a plan may ask for."""

    ANSWER = "answer"
    CERTIFICATION = "certification id"
    BONUS = "bonus"
    PATH = "path"
    CLAIM = "claim"
    WITHDRAW = "withdraw"
    CONTROLLED = "controlled substances"
    EVIDENCE = "evidence"
    ACCESS = "access"
    RECONCILE = "reconcile"
    SEND = "send"
    RECEIPT = "receipt"


BY_CASE = frozenset({ActionKind.EVIDENCE, ActionKind.ACCESS, ActionKind.RECONCILE, ActionKind.SEND, ActionKind.RECEIPT})
"""The kinds that are done case by case; their work counts for each case."""


@dataclass(frozen=True, slots=True)
class Effort:
    """A class of work. `minutes` is at least 1, for each case where `each`; `ruling` says whose figure it is."""

    id: str
    title: str
    minutes: int
    each: bool
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class ActionRule:
    """What to do in words, and the condition on which it may be counted, None where there is none.

    `measures` are those that it is about, empty for any. With `after_no` it can make a yes of a no that was given.
    """

    kind: ActionKind
    measures: tuple[str, ...]
    todo: str
    only_if: str | None
    after_no: bool
    effort: Effort


@dataclass(frozen=True, slots=True)
class Efforts:
    """All of it. Every kind has a rule without measures."""

    rules: tuple[ActionRule, ...]

    def rule(self, kind: ActionKind, measure: str) -> ActionRule:
        """The rule that names the measure, or else the one for any."""
        of_kind = [rule for rule in self.rules if rule.kind is kind]
        named = (rule for rule in of_kind if measure in rule.measures)
        return next(named, None) or next(rule for rule in of_kind if not rule.measures)


@lru_cache(maxsize=4)
def load_efforts(path: Path = FILE) -> Efforts:
    """Read the file.

    Raises:
        RuleError: it is no TOML, or something in it is not acceptable.
    """
    top = top_table(path.read_bytes(), path.name)
    sources = read_sources(top)
    efforts = {table.text("id"): _effort(table, sources) for table in top.tables("effort")}
    rules = tuple(_rule(table, efforts) for table in top.tables("action"))
    top.done()
    for kind in ActionKind:
        if sum(rule.kind is kind and not rule.measures for rule in rules) != 1:
            top.refuse("action", f"one for {kind} without measures", "none or several", "Correct it.")
    return Efforts(rules)


def _effort(table: Table, sources: Sources) -> Effort:
    minutes = table.whole("minutes")
    if not minutes:
        table.refuse("minutes", "1 or more: nothing is free", "0", "Correct it.")
    name, title, each = table.text("id"), table.text("title"), table.flag("each_case")
    return Effort(name, title, minutes, each, read_ruling(table, sources))


def _rule(table: Table, efforts: dict[str, Effort]) -> ActionRule:
    kind = table.word("kind", ActionKind)
    effort = efforts[table.known("effort", table.text("effort"), efforts, "the id of an [[effort]]")]
    if effort.each is not (kind in BY_CASE):
        expected = "an effort for each case" if kind in BY_CASE else "an effort for the whole"
        table.refuse("effort", expected, effort.id, "Name another.")
    only_if = table.text("only_if") if table.has("only_if") else None
    rule = ActionRule(kind, table.texts("measures"), table.text("todo"), only_if, table.flag("after_no"), effort)
    table.done()
    return rule
