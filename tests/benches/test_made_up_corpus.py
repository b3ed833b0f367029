"""The made-up export: the same bytes each time, in the variants that benchmarks ask for, and its truth is true."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import by_hand
from benchmarks.candidates import PREPARED, WHOLE
from benchmarks.corpus import _DAMAGES, DAMAGED_OF, Files, make
from extractors.decode import Unreadable, read_object


def lines_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "lines").iterdir()}


def resources_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for text in lines_of(folder).values() for line in text.splitlines()]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    make(folder, 1)
    return folder


def truth_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "truth.json").read_text())


def test_the_same_arguments_write_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    make(tmp_path, 1)

    assert lines_of(tmp_path) == lines_of(corpus)
    assert (tmp_path / "truth.json").read_bytes() == (corpus / "truth.json").read_bytes()


def test_a_packed_export_holds_the_same_lines_and_packs_to_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    for folder in ("first", "second"):
        make(tmp_path / folder, 1, packed=True)
    packed = lines_of(tmp_path / "first")

    assert {name.removesuffix(".gz"): gzip.decompress(text) for name, text in packed.items()} == lines_of(corpus)
    assert packed == lines_of(tmp_path / "second")


def test_the_truth_counts_every_line_and_every_byte(corpus: Path) -> None:
    truth, written = truth_of(corpus), lines_of(corpus)

    assert truth["bytes"] == sum(map(len, written.values()))
    assert truth["lines"] == {name.removesuffix(".ndjson"): text.count(b"\n") for name, text in written.items()}


def test_as_many_clinicians_as_are_asked_for_divide_the_patients_of_that_size(tmp_path: Path) -> None:
    truth = make(tmp_path, 1, clinicians=7)

    assert truth["lines"]["Practitioner"] == 7
    assert truth["lines"]["Patient"] == 7 * (40 // 7)
    assert len(truth["counts"]) == 7


def test_more_clinicians_than_patients_have_one_patient_each(tmp_path: Path) -> None:
    assert make(tmp_path, 1, clinicians=50)["lines"]["Patient"] == 50


def test_an_export_can_hold_nothing_that_a_measure_reads(tmp_path: Path) -> None:
    make(tmp_path, 1, quiet=100)
    kinds = {found["resourceType"] for found in resources_of(tmp_path)}

    assert kinds == {"Organization", "Practitioner", "Patient", "AuditEvent", "CareTeam", "Goal"}


@pytest.mark.parametrize("damage", _DAMAGES)
def test_no_damaged_line_can_be_read(damage: Any, corpus: Path) -> None:
    for text in lines_of(corpus).values():
        with pytest.raises(Unreadable):
            read_object(damage(text.splitlines()[0]))


def test_one_line_in_so_many_is_damaged_listed_and_left_out_of_the_truth(tmp_path: Path) -> None:
    (tmp_path / "lines").mkdir()
    files = Files(tmp_path / "lines", damaged=True, packed=False)
    for number in range(DAMAGED_OF):
        files.write({"resourceType": "Goal", "id": str(number)})
    files.close()
    text = (tmp_path / "lines" / "Goal.ndjson").read_bytes().splitlines()

    assert files.truth.damaged == [("Goal.ndjson", DAMAGED_OF // 2)]
    assert text[DAMAGED_OF // 2 - 2].endswith(b"}")
    with pytest.raises(Unreadable):
        read_object(text[DAMAGED_OF // 2 - 1])


@pytest.mark.parametrize("name", [WHOLE, "json loop", "DuckDB query"])
def test_each_program_that_counts_finds_for_each_clinician_what_was_written(name: str, corpus: Path) -> None:
    counted = PREPARED[name]()(sorted((corpus / "lines").iterdir()))

    assert counted["counts"] == truth_of(corpus)["counts"]
    assert all(sum(of_one) for of_one in counted["counts"].values())


def test_the_loop_leaves_out_what_another_year_holds(corpus: Path) -> None:
    moved = {"authoredOn": "2025-12-31T23:59:59-05:00"}
    found = [one | moved if "authoredOn" in one else one for one in resources_of(corpus)]

    counts = by_hand.counted(found)["counts"]
    assert {tuple(of_one[:3]) for of_one in counts.values()} == {(0, 0, 0)}
    assert [of_one[3] for of_one in counts.values()] == [c[3] for c in truth_of(corpus)["counts"].values()]
