"""An executor that is killed while it works changes nothing: its tasks are done again by another."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from extractors.engine.cluster import Cluster
from tests.spark.side_by_side_on_spark import TABLES, said_by_one_process, said_by_spark

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),  # PySpark leaves sockets to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SOLO = Path(__file__).parents[2] / "fixtures" / "fhir" / "solo-2026"


def test_a_reading_that_loses_executors_says_the_same(cluster: Cluster) -> None:
    with losing_executors(after=(3, 12)) as lost:
        there = said_by_spark(SOLO, cluster, 64 * 1024)
    assert len(set(lost)) == 2
    here = said_by_one_process(SOLO)
    for table in TABLES:
        assert there.rows[table] == here.rows[table], table
    assert there.noted["fingerprint"] == here.noted["fingerprint"]
    assert there.noted["quarantine"] == here.noted["quarantine"]


@contextmanager
def losing_executors(after: tuple[int, ...]) -> Iterator[list[int]]:
    """Kill an executor while it works, each time that so many looks have found Spark at work; give whom it hit."""
    lost: list[int] = []
    over = threading.Event()

    def watch() -> None:
        looks = 0
        while not over.wait(0.3) and len(lost) < len(after):
            looks += is_at_work()
            if looks >= after[len(lost)] and (alive := sorted(set(executors()) - set(lost))):
                os.kill(alive[0], signal.SIGKILL)
                lost.append(alive[0])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lost
    finally:
        over.set()
        watcher.join()


def is_at_work() -> bool:
    """Whether a task runs in any executor now."""
    tracker = context().statusTracker()
    stages = (tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds())
    return any(stage is not None and stage.numActiveTasks > 0 for stage in stages)


def context() -> Any:
    from pyspark import SparkContext

    return SparkContext._active_spark_context


def executors() -> list[int]:
    """The processes of this Spark's executors, which its driver's JVM started."""
    driver = context()._gateway.proc.pid
    return [pid for pid in children_of(driver) if b"CoarseGrainedExecutorBackend" in words_of(pid)]


def children_of(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            yield int(stat.parent.name)


def words_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
