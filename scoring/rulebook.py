"""Read a performance year from `rules/py<year>.toml`, strictly.

A year is a file and nothing else: years are found by listing the folder. The reader accepts a closed set of
tables; anything it does not understand is a `RuleError`, so that no rule is ever silently ignored.
"""

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from scoring.conditions import read_conditions
from scoring.consistency import check
from scoring.errors import RuleError
from scoring.model import Cite, MeasureId, Metric
from scoring.rounding import Tie
from scoring.rulings import Sources, read_ruling, read_sources
from scoring.table import Table, top_table
from scoring.year import (
    Bonus,
    Cehrt,
    Choice,
    Combination,
    Counts,
    ExclusionHint,
    ExclusionThreshold,
    Gate,
    Joint,
    Limit,
    Measure,
    PeriodRule,
    Reading,
    Reallocation,
    Rounding,
    RuleBook,
    Status,
    Suppression,
)
from scoring.year import Path as ChoicePath

__all__ = ["RuleBook", "load", "parse", "years"]

RULES = Path(__file__).parent / "rules"
_FILE = re.compile(r"py(\d{4})\.toml")


def years(folder: Path | None = None) -> tuple[int, ...]:
    """The performance years that `folder` has a file for, ascending; None is the package's own rules."""
    named = (_FILE.fullmatch(path.name) for path in (folder or RULES).iterdir())
    return tuple(sorted(int(match.group(1)) for match in named if match))


def load(year: int, folder: Path | None = None) -> RuleBook:
    """Read and check the rules of one performance year.

    Args:
        year: the performance year, such as 2026.
        folder: where `py<year>.toml` lies; None is the package's own rules.

    Raises:
        RuleError: there is no such file, or something in it is not acceptable.
    """
    path = (folder or RULES) / f"py{year}.toml"
    if not path.is_file():
        known = ", ".join(map(str, years(folder)))
        raise RuleError(f"There are no rules of {year} ({path.name}). Years with rules: {known}.")
    return parse(path.read_bytes(), path.name, year)


@lru_cache(maxsize=16)
def parse(content: bytes, file: str, year: int) -> RuleBook:
    """Read and check the rules of one year from the bytes of a file, wherever they were kept; the same bytes once.

    Args:
        content: the whole file.
        file: its name, for messages.
        year: the year that it has to be of.

    Raises:
        RuleError: something in it is not acceptable.
    """
    return _rulebook(top_table(content, file), year, content)


def _rulebook(top: Table, year: int, content: bytes) -> RuleBook:
    if top.whole("year") != year:
        top.refuse("year", str(year), str(top.whole("year")), "Name the file after its year.")
    sources = read_sources(top)
    measures = [_measure(table, sources) for table in top.tables("measure")]
    rules = RuleBook(
        year=year,
        digest=sha256(content).hexdigest(),
        text=content.decode(),
        measures={measure.id: measure for measure in measures},
        choices=tuple(_choice(table, sources) for table in top.tables("choice")),
        joints=tuple(_joint(table, sources) for table in top.tables("joint")),
        reallocations=tuple(_reallocation(table, sources) for table in top.tables("reallocation")),
        combinations=tuple(_combination(table, sources) for table in top.tables("combination")),
        suppressions=tuple(_suppression(table, sources) for table in top.tables("suppression")),
        thresholds=tuple(_threshold(table, sources) for table in top.tables("exclusion_threshold")),
        hints=tuple(_hint(table, sources) for table in top.tables("exclusion_hint")),
        gate=_gate(top.table("gate"), sources),
        period=_period(top.table("period"), sources),
        bonus=_bonus(top.table("bonus"), sources),
        rounding=_rounding(top.table("rounding"), sources),
        total=_limit(top.table("total"), sources),
        cap=_limit(top.table("cap"), sources),
        doubts=tuple(sources.doubts.values()),
        conditions=read_conditions(top, sources),
        readings=tuple(_reading(table, sources) for table in top.tables("reading")),
    )
    top.done()
    check(rules, [measure.id for measure in measures], top)
    return rules


def _ids(names: tuple[str, ...]) -> tuple[MeasureId, ...]:
    return tuple(MeasureId(name) for name in names)


def _measure(table: Table, sources: Sources) -> Measure:
    name = table.text("id")
    specification: tuple[Cite, ...] = ()
    if table.has("specification"):
        specification = (Cite(f"CMS measure specification of {name}", table.text("specification")),)
    return Measure(
        id=MeasureId(name),
        title=table.text("title"),
        summary=table.text("summary") if table.has("summary") else None,
        objective=table.text("objective"),
        metric=table.word("metric", Metric),
        status=table.word("status", Status),
        points=table.whole("points") if table.has("points") else None,
        exclusions=_ids(table.texts("exclusions")),
        substitutes=_ids(table.texts("substitutes")),
        requires_level=table.flag("requires_level"),
        within_year=table.flag("within_year"),
        edition=table.text("edition") if table.has("edition") else None,
        engages=MeasureId(table.text("engages")) if table.has("engages") else None,
        level=table.whole("level") if table.has("level") else None,
        ruling=read_ruling(table, sources, *specification),
    )


def _choice(table: Table, sources: Sources) -> Choice:
    return Choice(
        objective=table.text("objective"),
        title=table.text("title"),
        points=table.whole("points"),
        paths=tuple(_path(path, sources) for path in table.tables("path")),
        share=read_ruling(table.table("share"), sources),
        ruling=read_ruling(table, sources),
    )


def _path(table: Table, sources: Sources) -> ChoicePath:
    measures, refuses = table.some_texts("measures"), table.texts("refuses")
    return ChoicePath(_ids(measures), _ids(refuses), read_ruling(table, sources))


def _joint(table: Table, sources: Sources) -> Joint:
    return Joint(
        objective=table.text("objective"),
        title=table.text("title"),
        points=table.whole("points"),
        measures=_ids(table.some_texts("measures")),
        ruling=read_ruling(table, sources),
    )


def _reallocation(table: Table, sources: Sources) -> Reallocation:
    excluded, moved = table.some_texts("excluded"), table.some_texts("from")
    return Reallocation(_ids(excluded), moved, table.text("to"), read_ruling(table, sources))


def _combination(table: Table, sources: Sources) -> Combination:
    excluded, unless = _ids(table.some_texts("excluded")), _ids(table.texts("unless"))
    return Combination(excluded, unless, table.some_texts("lines"), read_ruling(table, sources))


def _reading(table: Table, sources: Sources) -> Reading:
    named = table.known("doubt", table.text("doubt"), sources.doubts, "the id of a [[doubt]]")
    reading = Reading(
        doubt=sources.doubts[named].text,
        tie=table.word("rounding", Tie) if table.has("rounding") else None,
        shares_first=table.flag("shares_first"),
        reallocation=_reallocation(table.table("reallocation"), sources) if table.has("reallocation") else None,
    )
    if (reading.tie, reading.shares_first, reading.reallocation) == (None, False, None):
        table.refuse("", "rounding, shares_first or reallocation", "none of them", "Say what is read otherwise.")
    table.done()
    return reading


def _suppression(table: Table, sources: Sources) -> Suppression:
    measure, level = MeasureId(table.text("measure")), read_ruling(table.table("level"), sources)
    return Suppression(measure, read_ruling(table, sources), level)


def _threshold(table: Table, sources: Sources) -> ExclusionThreshold:
    return ExclusionThreshold(
        exclusion=MeasureId(table.text("exclusion")),
        of=MeasureId(table.text("of")),
        counts=table.word("counts", Counts),
        what=table.text("what"),
        fewer_than=table.whole("fewer_than"),
        refutes_only=table.flag("refutes_only"),
        ruling=read_ruling(table, sources),
    )


def _hint(table: Table, sources: Sources) -> ExclusionHint:
    return ExclusionHint(
        exclusions=_ids(table.some_texts("exclusions")),
        text=table.text("text"),
        what=table.text("what") if table.has("what") else None,
        ruling=read_ruling(table, sources),
    )


def _gate(table: Table, sources: Sources) -> Gate:
    attestations, cehrt = _ids(table.some_texts("attestations")), _cehrt(table.table("cehrt"), sources)
    return Gate(attestations, read_ruling(table, sources), cehrt)


def _cehrt(table: Table, sources: Sources) -> Cehrt:
    shape, prefixes = table.text("shape"), table.some_texts("prefixes")
    for key, pattern in [("shape", shape), *(("prefixes", prefix) for prefix in prefixes)]:
        try:
            re.compile(pattern)
        except re.error as wrong:
            table.refuse(key, "a regular expression", f'"{pattern}" ({wrong})', "Correct the pattern.")
    return Cehrt(shape, prefixes, read_ruling(table, sources))


def _period(table: Table, sources: Sources) -> PeriodRule:
    boundary = read_ruling(table.table("boundary"), sources)
    return PeriodRule(table.whole("minimum_days"), table.day("last_start"), read_ruling(table, sources), boundary)


def _bonus(table: Table, sources: Sources) -> Bonus:
    level = read_ruling(table.table("level"), sources)
    points, title, objective = table.whole("points"), table.text("title"), table.text("objective")
    return Bonus(points, title, objective, read_ruling(table, sources), level)


def _rounding(table: Table, sources: Sources) -> Rounding:
    rule, tie = table.word("rule", Tie), read_ruling(table.table("tie"), sources)
    return Rounding(rule, table.whole("floor"), read_ruling(table, sources), tie)


def _limit(table: Table, sources: Sources) -> Limit:
    return Limit(table.whole("points"), read_ruling(table, sources))
