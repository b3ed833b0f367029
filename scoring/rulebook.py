"""Read a performance year from `rules/py<year>.toml`, strictly.

A year is a file and nothing else: years are found by listing the folder. The reader accepts a closed set of
tables; anything it does not understand is a `RuleError`, so that no rule is ever silently ignored.
"""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from scoring.consistency import check
from scoring.errors import RuleError
from scoring.model import Cite, Confidence, MeasureId, Metric
from scoring.table import Table
from scoring.year import (
    Bonus,
    Cehrt,
    Choice,
    Combination,
    Counts,
    Doubt,
    ExclusionHint,
    ExclusionThreshold,
    Gate,
    Joint,
    Limit,
    Measure,
    PeriodRule,
    Reallocation,
    Rounding,
    RuleBook,
    Ruling,
    Status,
    Suppression,
)
from scoring.year import Path as ChoicePath

__all__ = ["RuleBook", "load", "parse", "years"]

RULES = Path(__file__).parent / "rules"
_FILE = re.compile(r"py(\d{4})\.toml")


class _RoundingRule(StrEnum):
    HALF_UP = "half-up"


@dataclass(frozen=True, slots=True)
class _Sources:
    """What rulings may refer to by key."""

    cites: dict[str, Cite]
    doubts: dict[str, Doubt]


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
        raise RuleError(f"{path.name}: expected a file of rules, got none. Years with rules: {known}.")
    return parse(path.read_bytes(), path.name, year)


def parse(content: bytes, file: str, year: int) -> RuleBook:
    """Read and check the rules of one year from the bytes of a file, wherever they were kept.

    Args:
        content: the whole file.
        file: its name, for messages.
        year: the year that it has to be of.

    Raises:
        RuleError: something in it is not acceptable.
    """
    return _rulebook(_parsed(content, file), year, content)


def _parsed(content: bytes, file: str) -> Table:
    try:
        return Table(tomllib.loads(content.decode("utf-8")), file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise RuleError(f"{file}: expected TOML in UTF-8, got: {wrong}. Correct the file.") from wrong


def _rulebook(top: Table, year: int, content: bytes) -> RuleBook:
    if top.whole("year") != year:
        top.refuse("year", str(year), str(top.whole("year")), "Name the file after its year.")
    sources = _sources(top)
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
    )
    top.done()
    check(rules, [measure.id for measure in measures], top)
    return rules


def _sources(top: Table) -> _Sources:
    named = top.table("source")
    cites = {key: _cite(named.table(key)) for key in named.all_keys()}
    doubts = [_doubt(table, cites) for table in top.tables("doubt")]
    return _Sources(cites, {doubt.id: doubt for doubt in doubts})


def _cite(table: Table) -> Cite:
    cite = Cite(table.text("text"), table.text("url") if table.has("url") else None)
    table.done()
    return cite


def _doubt(table: Table, cites: dict[str, Cite]) -> Doubt:
    for key in table.some_texts("cites"):
        table.known("cites", key, cites, "the key of a [source]")
    doubt = Doubt(table.text("id"), table.text("text"), table.word("confidence", Confidence))
    table.done()
    return doubt


def _ruling(table: Table, sources: _Sources, *more: Cite) -> Ruling:
    """The `cites`, `confidence` and `doubts` of a table; read last, so it closes the table."""
    cites = [
        sources.cites[table.known("cites", key, sources.cites, "the key of a [source]")]
        for key in table.some_texts("cites")
    ]
    doubts = [
        sources.doubts[table.known("doubts", key, sources.doubts, "the id of a [[doubt]]")].text
        for key in table.texts("doubts")
    ]
    ruling = Ruling((*more, *cites), table.word("confidence", Confidence), tuple(doubts))
    table.done()
    return ruling


def _ids(names: tuple[str, ...]) -> tuple[MeasureId, ...]:
    return tuple(MeasureId(name) for name in names)


def _measure(table: Table, sources: _Sources) -> Measure:
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
        engages=MeasureId(table.text("engages")) if table.has("engages") else None,
        level=table.whole("level") if table.has("level") else None,
        ruling=_ruling(table, sources, *specification),
    )


def _choice(table: Table, sources: _Sources) -> Choice:
    return Choice(
        objective=table.text("objective"),
        title=table.text("title"),
        points=table.whole("points"),
        paths=tuple(_path(path, sources) for path in table.tables("path")),
        share=_ruling(table.table("share"), sources),
        ruling=_ruling(table, sources),
    )


def _path(table: Table, sources: _Sources) -> ChoicePath:
    measures, refuses = table.some_texts("measures"), table.texts("refuses")
    return ChoicePath(_ids(measures), _ids(refuses), _ruling(table, sources))


def _joint(table: Table, sources: _Sources) -> Joint:
    return Joint(
        objective=table.text("objective"),
        title=table.text("title"),
        points=table.whole("points"),
        measures=_ids(table.some_texts("measures")),
        ruling=_ruling(table, sources),
    )


def _reallocation(table: Table, sources: _Sources) -> Reallocation:
    excluded, moved = table.some_texts("excluded"), table.some_texts("from")
    return Reallocation(_ids(excluded), moved, table.text("to"), _ruling(table, sources))


def _combination(table: Table, sources: _Sources) -> Combination:
    excluded, unless = _ids(table.some_texts("excluded")), _ids(table.texts("unless"))
    return Combination(excluded, unless, table.some_texts("lines"), _ruling(table, sources))


def _suppression(table: Table, sources: _Sources) -> Suppression:
    return Suppression(MeasureId(table.text("measure")), _ruling(table, sources))


def _threshold(table: Table, sources: _Sources) -> ExclusionThreshold:
    return ExclusionThreshold(
        exclusion=MeasureId(table.text("exclusion")),
        of=MeasureId(table.text("of")),
        counts=table.word("counts", Counts),
        what=table.text("what"),
        fewer_than=table.whole("fewer_than"),
        refutes_only=table.flag("refutes_only"),
        ruling=_ruling(table, sources),
    )


def _hint(table: Table, sources: _Sources) -> ExclusionHint:
    return ExclusionHint(
        exclusions=_ids(table.some_texts("exclusions")),
        text=table.text("text"),
        what=table.text("what") if table.has("what") else None,
        ruling=_ruling(table, sources),
    )


def _gate(table: Table, sources: _Sources) -> Gate:
    attestations, cehrt = _ids(table.some_texts("attestations")), _cehrt(table.table("cehrt"), sources)
    return Gate(attestations, _ruling(table, sources), cehrt)


def _cehrt(table: Table, sources: _Sources) -> Cehrt:
    shape, prefixes = table.text("shape"), table.some_texts("prefixes")
    for key, pattern in [("shape", shape), *(("prefixes", prefix) for prefix in prefixes)]:
        try:
            re.compile(pattern)
        except re.error as wrong:
            table.refuse(key, "a regular expression", f'"{pattern}" ({wrong})', "Correct the pattern.")
    return Cehrt(shape, prefixes, _ruling(table, sources))


def _period(table: Table, sources: _Sources) -> PeriodRule:
    boundary = _ruling(table.table("boundary"), sources)
    return PeriodRule(table.whole("minimum_days"), table.day("last_start"), _ruling(table, sources), boundary)


def _bonus(table: Table, sources: _Sources) -> Bonus:
    level = _ruling(table.table("level"), sources)
    points, title, objective = table.whole("points"), table.text("title"), table.text("objective")
    return Bonus(points, title, objective, _ruling(table, sources), level)


def _rounding(table: Table, sources: _Sources) -> Rounding:
    table.word("rule", _RoundingRule)
    tie = _ruling(table.table("tie"), sources)
    return Rounding(table.whole("floor"), _ruling(table, sources), tie)


def _limit(table: Table, sources: _Sources) -> Limit:
    return Limit(table.whole("points"), _ruling(table, sources))
