"""Cases that belong to nobody, in short: how many there are, for which reason, and the first few of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from extractors.engine import Engine

ORDER = "why,measure,focus,tin,npi"
"""In which the cases of `nobodys` are listed."""


@dataclass(frozen=True, slots=True)
class Nobodys:
    """How many cases of each measure one reason leaves to nobody, and the records of the first few."""

    by_measure: dict[str, int]
    first: tuple[str, ...]


def counted(engine: Engine, measures: Sequence[str], most: int) -> dict[str, Nobodys]:
    """The cases of some measures that the period leaves to nobody, by reason, with `most` records of each named.

    However many there are, few are held. The engine has counted a period, and `nobodys.sql` is run.
    """
    asked = f"of {', '.join(measures)} that are nobody's: how many, and {most} of each reason"
    found: dict[str, Any] = engine.computed(asked, ["nobodys"], lambda: _count(engine, measures, most))
    return {why: Nobodys(by_measure, tuple(first)) for why, (by_measure, first) in found.items()}


def _count(engine: Engine, measures: Sequence[str], most: int) -> dict[str, Any]:
    found: dict[str, tuple[dict[str, int], list[str]]] = {}
    among = pc.field("measure").isin(pa.array(measures, pa.string()))
    for some in engine.batches("nobodys", ORDER):
        batch = pa.Table.from_batches([some]).filter(among)
        for row in batch.group_by(["why", "measure"]).aggregate([([], "count_all")]).to_pylist():
            counts, _ = found.setdefault(row["why"], ({}, []))
            counts[row["measure"]] = counts.get(row["measure"], 0) + row["count_all"]
        for why, (_, first) in found.items():
            named = batch.filter(pc.field("why") == why)["focus"].slice(0, most - len(first))
            first += map(str, named.to_pylist())
    return {why: list(counted) for why, counted in found.items()}
