"""Spark says of every fixture exactly what the embedded engine says, damaged lines and lost executors included."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from extractors.engine.cluster import Cluster
from extractors.errors import EngineError
from tests.spark.side_by_side_on_spark import TABLES, Said, said_by_one_process, said_by_spark

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),  # PySpark leaves sockets to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FIXTURES = Path(__file__).parents[2] / "fixtures" / "fhir"
FOLDERS = sorted({file.parent for file in FIXTURES.rglob("*.ndjson")})
SMALL = 64 * 1024
"""Bytes of a task: so few that every fixture is read by many."""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(FIXTURES)))
def test_a_fixture_is_row_for_row_the_same_on_spark(folder: Path, cluster: Cluster) -> None:
    check_same(said_by_spark(folder, cluster, SMALL), said_by_one_process(folder))


def test_damaged_lines_are_set_aside_by_spark_with_the_same_place_and_reason(tmp_path: Path, cluster: Cluster) -> None:
    spoil(FIXTURES / "thin-server", tmp_path)
    here = said_by_one_process(tmp_path)
    assert here.noted["quarantine"].count > 5
    check_same(said_by_spark(tmp_path, cluster, SMALL), here)


def test_what_an_executor_says_itself_is_told_without_what_spark_says_of_it(cluster: Cluster) -> None:
    from extractors.engine.spark.tables import SparkEngine, faults

    def refuse(_: object) -> Iterator[pa.RecordBatch]:
        raise EngineError("Leave the files alone.")

    with SparkEngine(cluster) as engine, pytest.raises(EngineError) as refusal, faults("extraction"):
        engine.session.range(1).mapInArrow(refuse, "id BIGINT").collect()
    assert str(refusal.value) == "extraction: Leave the files alone."


def test_an_executor_on_this_machine_has_all_the_memory_of_its_worker(cluster: Cluster) -> None:
    """Unless told, Spark gives it 1,024 MB of whatever its worker has."""
    from extractors.engine.spark.tables import SparkEngine

    with SparkEngine(cluster) as engine:
        assert engine.session.conf.get("spark.executor.memory") == "1100m"


def check_same(there: Said, here: Said) -> None:
    for table in TABLES:
        assert there.rows[table] == here.rows[table], table
    assert there.files == here.files
    for name, said in here.noted.items():
        assert there.noted[name] == said, name


def spoil(good: Path, place: Path) -> None:
    """Files of every kind: packed, cut, damaged, empty, hidden, of one document, with odd line ends and bad lines."""
    for file in good.glob("*.ndjson"):
        (place / file.name).write_bytes(file.read_bytes())
    visits = (good / "Encounter.ndjson").read_bytes().splitlines()
    bad = [b'{"resourceType":"Encounter","id":', b"[]", b"\xff\xfe{}", b'{"resourceType":"Patient","id":1}', b"", b"  "]
    odd = [line for pair in zip(visits, bad * len(visits), strict=False) for line in pair]
    (place / "Encounter.ndjson").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(odd))
    packed = gzip.compress((good / "Patient.ndjson").read_bytes(), mtime=0)
    (place / "Patient.ndjson").write_bytes(packed)
    (place / "cut.ndjson.gz").write_bytes(gzip.compress(b"\n".join(visits), mtime=0)[:-200])
    (place / "empty.ndjson").write_bytes(b"")
    (place / "notes.txt").write_text("not FHIR at all\n" * 20)
    (place / ".hidden.ndjson").write_bytes(b"\n".join(visits))
    (place / "one.json").write_text(json.dumps(json.loads(visits[0]), indent=2))
    (place / "last.ndjson").write_bytes(visits[0] + b"\n" + visits[1][:-5])
