"""Extraction spread over Spark: files to places of lines, places to rows, rows to tables in the stage."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyspark.sql import DataFrame

from extractors.decode import Json
from extractors.engine.spark.tables import SparkEngine, faults
from extractors.engine.spark.work import (
    ASIDE,
    FIRST,
    NOT_READ,
    OUT,
    PLACED,
    TRIED,
    WIDE,
    Extracting,
    Place,
    Placing,
    Terms,
    record_of,
)
from extractors.events import Takes
from extractors.profile import Profile, kept_files
from extractors.rows import Row
from extractors.sources.folder import Folder
from extractors.staging.versions import code_digest
from extractors.told import Hit, Tried
from extractors.validation import LOOKED_AT

PART = 16 * 1024 * 1024
"""Bytes of a task, about. A packed file is a task of its own, however large."""
_TASKS_OF_A_CORE = 8
_DDL = {pa.string(): "STRING", pa.int64(): "BIGINT", pa.int32(): "INT", pa.bool_(): "BOOLEAN"}

Work = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(slots=True)
class SparkFacts:
    """What lines became (see `extractors.events.Facts`), the rows lying in Spark's stage."""

    frames: Mapping[str, DataFrame]
    counts: Mapping[str, int]
    quarantine: list[Row]
    not_read: Counter[tuple[str, str]]
    first: dict[str, list[Json]]
    tried: Tried

    def load_into(self, engine: Takes) -> None:
        """Give every table to an engine, under the names by which SQL reads them; to another than Spark, whole."""
        for name, frame in self.frames.items():
            if isinstance(engine, SparkEngine):
                engine.take(name, frame)
            else:
                engine.load(name, frame.toArrow())


def extract_on_spark(
    folder: Folder, profile: Profile, zone: ZoneInfo, engine: SparkEngine, size: int = PART
) -> SparkFacts:
    """What `extract` makes of the lines of a folder that every executor sees under the same path.

    The result depends on nothing but the files, whatever executor reads what of them, how much at once (about `size`
    bytes), and however often.

    Raises:
        EngineError: Spark gave up, for instance because an executor does not see the folder.
    """
    terms = Terms(tuple(kept_files(profile).items()), zone.key, code_digest())
    with faults("extraction"):
        parts = _parts(_places(folder, engine, size), size)
        work = Extracting(str(folder.root.resolve()), parts, terms)
        whole = engine.laid("extracted", _spread(engine, work, WIDE, len(parts)), by="table")
        return _facts(whole)


def _places(folder: Folder, engine: SparkEngine, size: int) -> list[Place]:
    """Where the lines of all files stand, in order; the folder's records are complete afterwards."""
    paths = [(number, path.relative_to(folder.root).as_posix()) for number, path in enumerate(folder.paths)]
    tasks = min(len(paths), _TASKS_OF_A_CORE * engine.session.sparkContext.defaultParallelism)
    spread = tuple(tuple(paths[task::tasks]) for task in range(tasks))
    rows = _spread(engine, Placing(str(folder.root.resolve()), spread, size), PLACED, tasks).toArrow().to_pylist()
    found = [json.loads(row["found"]) for row in sorted(rows, key=lambda row: row["file"])]
    folder.records += [record_of(one["record"]) for one in found]
    return [Place(**place) for one in found for place in one["places"]]


def _parts(places: Sequence[Place], size: int) -> tuple[tuple[Place, ...], ...]:
    """Places for each task, in order."""
    parts: list[list[Place]] = []
    room = 0
    for place in places:
        length = size if place.length is None else place.length
        if length > room:
            parts.append([])
            room = size
        parts[-1].append(place)
        room -= length
    return tuple(map(tuple, parts))


def _spread(engine: SparkEngine, work: Work, schema: pa.Schema, tasks: int) -> DataFrame:
    """What so many tasks make, each told its number alone; what they need besides travels with the code."""
    ddl = ", ".join(f"`{field.name}` {_DDL[field.type]}" for field in schema)
    return engine.session.range(0, tasks, 1, max(tasks, 1)).mapInArrow(work, ddl)


def _facts(whole: DataFrame) -> SparkFacts:
    rows = {name: whole.where(f"`table` = '{name}'").select(*schema.names) for name, schema in OUT.items()}
    counted = {row["table"]: row["count"] for row in whole.groupBy("table").count().toArrow().to_pylist()}
    names = [name for name in OUT if name not in (ASIDE, NOT_READ, FIRST, TRIED)]
    return SparkFacts(
        frames={name: rows[name] for name in names},
        counts={name: counted.get(name, 0) for name in names},
        quarantine=_records(rows[ASIDE].orderBy("file", "line", "entry")),
        not_read=Counter({(row["file"], row["type"]): row["times"] for row in _summed(rows[NOT_READ])}),
        first=_first(rows[FIRST]),
        tried=Tried(
            Counter({(row["rule"], Hit(row["kind"]), row["reason"]): row["times"] for row in _summed(rows[TRIED])})
        ),
    )


def _records(frame: DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = frame.toArrow().to_pylist()
    return found


def _summed(frame: DataFrame) -> list[dict[str, Any]]:
    names = [name for name in frame.columns if name != "times"]
    return _records(frame.groupBy(*names).sum("times").withColumnRenamed("sum(times)", "times").orderBy(*names))


def _first(frame: DataFrame) -> dict[str, list[Json]]:
    """The first documents of each type, in the order of the lines."""
    ranked = frame.selectExpr("*", "row_number() OVER (PARTITION BY type ORDER BY part, line) AS place")
    found: dict[str, list[Json]] = {}
    for row in _records(ranked.where(f"place <= {LOOKED_AT}").orderBy("type", "place")):
        found.setdefault(row["type"], []).append(json.loads(row["document"]))
    return found
