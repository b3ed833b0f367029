"""What executors do is plain functions: cut anywhere, and done in any order, they give the rows of one pass."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.engine.spark.work import (
    ASIDE,
    OUT,
    WIDE,
    Extracting,
    Place,
    Placing,
    Terms,
    record_of,
)
from extractors.errors import EngineError
from extractors.events import extract
from extractors.profile import kept_files, load_profile
from extractors.site import Site
from extractors.sources.folder import FileRecord, Folder
from extractors.staging.versions import code_digest

FIXTURES = Path(__file__).parents[2] / "fixtures" / "fhir"
PROFILE, ZONE = load_profile("generic"), Site().zone_info
TERMS = Terms(tuple(kept_files(PROFILE).items()), ZONE.key, code_digest())


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of every kind: packed, cut, empty, hidden, of one document, with bad lines between good ones."""
    place = tmp_path_factory.mktemp("odd")
    visits = (FIXTURES / "thin-server" / "Encounter.ndjson").read_bytes().splitlines()[:40]
    bad = [b'{"resourceType":"Encounter","id":', b"[]", b"\xff\xfe{}", b'{"resourceType":"Patient","id":1}', b"", b"  "]
    mixed = [line for number, visit in enumerate(visits) for line in (visit, bad[number % len(bad)])]
    (place / "Encounter.ndjson").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(mixed))
    (place / "packed.ndjson.gz").write_bytes(gzip.compress(b"\n".join(visits[:9]), mtime=0))
    (place / "cut.ndjson.gz").write_bytes(gzip.compress(b"\n".join(visits), mtime=0)[:-80])
    (place / "empty.ndjson").write_bytes(b"")
    (place / "notes.txt").write_text("not FHIR at all\n" * 20)
    (place / ".hidden.ndjson").write_bytes(visits[0])
    (place / "one.json").write_text(json.dumps(json.loads(visits[0]), indent=2))
    (place / "last.ndjson").write_bytes(visits[0] + b"\n" + visits[1][:-5])
    return place


def numbers(count: int) -> list[pa.RecordBatch]:
    return [pa.record_batch([pa.array(range(count), pa.int64())], names=["id"])]


def rows_of(batches: Iterable[pa.RecordBatch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.to_pylist()]


def placed(folder: Path, size: int) -> tuple[list[FileRecord], list[Place]]:
    paths = tuple((number, str(path.relative_to(folder))) for number, path in enumerate(Folder(folder).paths))
    found = [json.loads(row["found"]) for row in rows_of(Placing(str(folder), (paths,), size)(numbers(1)))]
    return [record_of(one["record"]) for one in found], [Place(**place) for one in found for place in one["places"]]


def by_table(rows: list[dict[str, Any]], name: str) -> list[str]:
    return sorted(json.dumps([row[column] for column in OUT[name].names]) for row in rows if row["table"] == name)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(500, 60_000))
def test_rows_and_places_do_not_depend_on_where_files_are_cut(odd: Path, size: int) -> None:
    source = Folder(odd)
    here = extract(source.lines(), PROFILE, ZONE)
    records, places = placed(odd, size)
    rows = rows_of(Extracting(str(odd), tuple((place,) for place in places), TERMS)(numbers(len(places))))
    assert records == source.records
    for name, table in here.tables.items():
        assert by_table(rows, name) == sorted(json.dumps(list(row.values())) for row in table)
    assert by_table(rows, ASIDE) == sorted(
        json.dumps([row[name] for name in OUT[ASIDE].names]) for row in here.quarantine
    )


def test_a_packed_file_is_one_place_however_small_the_pieces(odd: Path) -> None:
    places = placed(odd, 500)[1]
    assert [place for place in places if place.file == "packed.ndjson.gz"] == [Place("packed.ndjson.gz", 1, 0, None)]
    assert sum(place.file == "Encounter.ndjson" for place in places) > 1


def test_a_task_done_again_gives_the_same(odd: Path) -> None:
    work = Extracting(str(odd), tuple((place,) for place in placed(odd, 5_000)[1]), TERMS)
    assert rows_of(work(numbers(3))) == rows_of(work(numbers(3)))


def test_another_version_of_the_code_is_refused(odd: Path) -> None:
    other = Terms(TERMS.profile, TERMS.zone, "0" * 64)
    with pytest.raises(EngineError, match="another version of pi180"):
        list(Extracting(str(odd), ((Place("last.ndjson", 1, 0, 10),),), other)(numbers(1)))


def test_a_file_that_became_shorter_is_refused(odd: Path) -> None:
    work = Extracting(str(odd), ((Place("last.ndjson", 1, 0, 10_000_000),),), TERMS)
    with pytest.raises(EngineError, match=r"last\.ndjson: is shorter than it was"):
        list(work(numbers(1)))


def test_every_column_has_one_type_in_all_tables() -> None:
    for schema in OUT.values():
        assert all(WIDE.field(field.name).type == field.type for field in schema)
