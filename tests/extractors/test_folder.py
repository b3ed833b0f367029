"""A folder of exported FHIR under any names, plain or gzip, whole or damaged (R64, R65)."""

import gzip
import hashlib
import json
import os
import tracemalloc
from pathlib import Path

import pytest

from extractors.decode import MAXIMUM_LINE
from extractors.errors import SourceError
from extractors.events import extract
from extractors.sources.folder import FileState, Folder
from tests.extractors.practice import GENERIC, OPEN, bundle, extracted, patient_line

ONE, TWO, THREE = (patient_line(name) for name in "abc")


def read(root: Path, data: bytes, name: str = "Patient.ndjson") -> tuple[list[bytes], FileState]:
    (root / name).write_bytes(data)
    folder = Folder(root)
    found = [line.data for line in folder.lines()]
    return found, folder.records[0].state


@pytest.mark.requirement("R64")
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(ONE + b"\n" + TWO + b"\n", [ONE, TWO], id="plain"),
        pytest.param(ONE + b"\n" + TWO, [ONE, TWO], id="no final newline"),
        pytest.param(ONE + b"\r\n" + TWO + b"\r\n", [ONE, TWO], id="CRLF"),
        pytest.param(b"\n\n" + ONE + b"\n  \n\n" + TWO + b"\n", [ONE, TWO], id="blank lines"),
        pytest.param(b"\xef\xbb\xbf" + ONE + b"\n" + TWO, [b"\xef\xbb\xbf" + ONE, TWO], id="byte order mark"),
        pytest.param(gzip.compress(ONE + b"\n" + TWO + b"\n"), [ONE, TWO], id="gzip"),
        pytest.param(gzip.compress(ONE + b"\n") + gzip.compress(TWO + b"\n"), [ONE, TWO], id="gzip of two members"),
        pytest.param(
            gzip.compress(ONE + b"\n" + TWO[:9]) + gzip.compress(TWO[9:]), [ONE, TWO], id="a line over members"
        ),
        pytest.param(gzip.compress(ONE) + b"\0" * 512, [ONE], id="gzip padded with zeros"),
        pytest.param(b"garbage\n" + ONE + b"\n", [b"garbage", ONE], id="a bad first line keeps its neighbour"),
        pytest.param(b"garbage\n" + ONE + b"\n" + TWO, [b"garbage", ONE, TWO], id="a bad first line keeps both"),
        pytest.param(ONE + b"\ngarbage\n" + TWO, [ONE, b"garbage", TWO], id="a bad line within"),
        pytest.param(ONE[:9] + b"\n" + TWO, [ONE[:9], TWO], id="a first line cut off"),
    ],
)
def test_every_line_that_is_not_blank_is_given(tmp_path: Path, data: bytes, expected: list[bytes]) -> None:
    assert read(tmp_path, data) == (expected, FileState.READ)


@pytest.mark.requirement("R64")
def test_a_line_separator_within_text_ends_no_line(tmp_path: Path) -> None:
    line = '{"resourceType":"Patient","id":"a\u2028b"}'.encode()
    assert read(tmp_path, line + b"\n")[0] == [line]


@pytest.mark.parametrize("name", ["Patient.ndjson", "x", "export.json", "1.bin", "Observation.ndjson.gz"])
def test_the_name_of_a_file_says_nothing(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, ONE + b"\n", name) == ([ONE], FileState.READ)


@pytest.mark.parametrize("document", [json.loads(ONE), bundle("collection", {"resource": json.loads(ONE)})])
def test_a_pretty_printed_document_is_one_line(tmp_path: Path, document: object) -> None:
    found, _ = read(tmp_path, json.dumps(document, indent=2).encode())
    assert [json.loads(data) for data in found] == [document]


@pytest.mark.parametrize(
    "data",
    [b"a,b\n1,2\n", b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"<html></html>", b"plain text"],
    ids=["csv", "pdf", "png", "zip", "html", "text"],
)
def test_a_file_without_fhir_is_marked_and_gives_no_lines(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data, "read-me") == ([], FileState.NOT_FHIR)


@pytest.mark.requirement("R64")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[" + ONE + b"," + TWO + b"]", "$: expected object, got array"),
        (b"[\n" + ONE + b",\n" + TWO + b"\n]\n", "not JSON at column"),
        (ONE.decode().encode("utf-16"), "not UTF-8 at byte 0 of the line"),
        (b"rubbish\nmore\n", "not JSON at column 1"),
        (b"[]", "$: expected object, got array"),
        (b'{"a":\n' * 3, "not JSON at column"),
    ],
    ids=["array", "array over lines", "UTF-16", "every line corrupt", "empty array", "every object cut"],
)
def test_fhir_in_a_form_that_cannot_be_read_is_set_aside_and_never_silent(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    (tmp_path / "Patient.ndjson").write_bytes(data)
    found = extract(Folder(tmp_path).lines(), GENERIC, OPEN.zone_info)

    assert [row["file"] for row in found.quarantine] != []
    assert reason in found.quarantine[0]["reason"]


@pytest.mark.requirement("R64")
def test_a_plain_file_whose_last_line_was_cut_is_truncated(tmp_path: Path) -> None:
    assert read(tmp_path, ONE[:9]) == ([ONE[:9]], FileState.TRUNCATED)
    assert read(tmp_path, ONE + b"\n" + TWO[:20]) == ([ONE, TWO[:20]], FileState.TRUNCATED)
    assert read(tmp_path, ONE + b"\n" + TWO[:20] + b"\n") == ([ONE, TWO[:20]], FileState.READ)


def test_a_document_that_was_cut_is_truncated(tmp_path: Path) -> None:
    whole = json.dumps(json.loads(ONE), indent=2).encode()
    assert read(tmp_path, whole[:-5]) == ([whole[:-5]], FileState.TRUNCATED)
    assert read(tmp_path, whole[:-5] + b"\n") == ([whole[:-5] + b"\n"], FileState.READ)


@pytest.mark.parametrize("data", [b"[a link](https://x.example)\n", b"[1] a note\n", b"[ ] to do\n"])
def test_markdown_that_begins_with_a_bracket_is_no_fhir(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data, "read-me.md") == ([], FileState.NOT_FHIR)


def test_a_folder_that_cannot_be_listed_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "a").write_bytes(ONE)
    listed = os.scandir

    def refuse(place: str) -> object:
        if str(place).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(place))
        return listed(place)

    monkeypatch.setattr(os, "scandir", refuse)
    folder = Folder(tmp_path)
    assert len(list(folder.lines())) == 1
    assert {r.file: r.state for r in folder.records} == {"a": FileState.READ, "closed": FileState.UNREADABLE}


@pytest.mark.parametrize("unit", [b"x\n", b"{\n"])
def test_a_bomb_that_is_named_as_fhir_is_set_aside_by_its_first_lines(tmp_path: Path, unit: bytes) -> None:
    (tmp_path / "x.ndjson.gz").write_bytes(gzip.compress(unit * 2_000_000))
    folder = Folder(tmp_path)
    found = extract(folder.lines(), GENERIC, OPEN.zone_info)
    assert (len(found.quarantine), folder.records[0].state) == (1000, FileState.DAMAGED)


def test_a_link_is_followed_within_the_folder_and_never_out_of_it(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for place in (inside, outside):
        place.mkdir()
        (place / "a").write_bytes(ONE)
    (inside / "b").symlink_to(inside / "a")
    (inside / "c").symlink_to(outside / "a")
    (inside / "d").symlink_to(outside)
    (inside / "e").symlink_to(tmp_path / "nowhere")
    folder = Folder(inside)

    assert [line.file for line in folder.lines()] == ["a", "b"]
    assert {r.file: r.state for r in folder.records if r.state is not FileState.READ} == dict.fromkeys(
        "cde", FileState.UNREADABLE
    )


def test_a_file_that_fails_while_it_is_read_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(ONE)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    folder = Folder(tmp_path)

    assert (list(folder.lines()), folder.records[0].state) == ([], FileState.UNREADABLE)


@pytest.mark.requirement("R65")
def test_a_bomb_of_short_lines_is_not_held_in_memory(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"x\n" * 20_000_000))
    tracemalloc.start()
    found = list(Folder(tmp_path).lines())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert found == []
    assert peak < 5 * MAXIMUM_LINE


@pytest.mark.parametrize("data", [b"", b"\n \n", gzip.compress(b"")], ids=["nothing", "blanks", "gzip of nothing"])
def test_an_empty_file_is_marked(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data) == ([], FileState.EMPTY)


MANY = [patient_line(f"{n:05}") for n in range(20_000)]


@pytest.mark.requirement("R65")
def test_a_gzip_that_ends_early_gives_what_came_before_and_says_so(tmp_path: Path) -> None:
    packed = gzip.compress(b"\n".join(MANY))
    found, state = read(tmp_path, packed[: len(packed) // 2])
    assert state is FileState.TRUNCATED
    assert 1000 < len(found) < len(MANY)
    assert found[:-1] == MANY[: len(found) - 1]


def test_a_gzip_that_ends_before_its_first_line_says_so(tmp_path: Path) -> None:
    assert read(tmp_path, gzip.compress(ONE)[:8]) == ([], FileState.TRUNCATED)


@pytest.mark.requirement("R65")
def test_damage_in_a_gzip_is_told_and_the_hash_still_covers_the_file(tmp_path: Path) -> None:
    packed = gzip.compress(ONE + b"\n") + b"not gzip at all" * 10
    (tmp_path / "x").write_bytes(packed)
    folder = Folder(tmp_path)
    found = [line.data for line in folder.lines()]
    record = folder.records[0]
    assert (found, record.state, record.sha256) == ([ONE], FileState.DAMAGED, hashlib.sha256(packed).hexdigest())


@pytest.mark.requirement("R65")
def test_a_wrong_checksum_is_damage(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(ONE + b"\n"))
    packed[-6] ^= 1
    assert read(tmp_path, bytes(packed))[1] is FileState.DAMAGED


@pytest.mark.requirement("R64")
def test_a_first_line_over_the_limit_is_set_aside_alone(tmp_path: Path) -> None:
    long = b'{"a":"' + b"x" * (MAXIMUM_LINE + 3_000_000) + b'"}'
    (tmp_path / "a.ndjson").write_bytes(long + b"\n" + ONE + b"\n" + ONE + b"\n")
    folder = Folder(tmp_path)
    assert [(line.number, line.offset) for line in folder.lines()] == [
        (1, 0),
        (2, len(long) + 1),
        (3, len(long) + len(ONE) + 2),
    ]
    assert (folder.records[0].lines, folder.records[0].state) == (3, FileState.READ)


@pytest.mark.requirement("R64")
def test_a_line_over_the_limit_is_cut_short_and_its_neighbours_stand_where_they_are(tmp_path: Path) -> None:
    long = b'{"a":"' + b"x" * (2 * MAXIMUM_LINE) + b'"}'
    (tmp_path / "x").write_bytes(ONE + b"\n" + long + b"\n" + TWO + b"\n")
    lines = list(Folder(tmp_path).lines())
    assert [(line.number, line.offset) for line in lines] == [(1, 0), (2, len(ONE) + 1), (3, len(ONE) + len(long) + 2)]
    assert MAXIMUM_LINE < len(lines[1].data) < len(long)
    assert lines[2].data == TWO


@pytest.mark.requirement("R64")
def test_lines_are_numbered_from_one_with_their_offset_blank_ones_counted(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(ONE + b"\r\n\n" + TWO + b"\n")
    found = [(line.file, line.number, line.offset) for line in Folder(tmp_path).lines()]
    assert found == [("x", 1, 0), ("x", 3, len(ONE) + 3)]


def test_files_are_read_in_the_order_of_their_names_hidden_ones_left_out(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name, data in (("b", TWO), ("a", ONE), ("sub/c", THREE), (".x", ONE), (".hidden/y", ONE)):
        (tmp_path / name).write_bytes(data)
    folder = Folder(tmp_path)

    assert [line.file for line in folder.lines()] == ["a", "b", "sub/c"]
    assert {r.file for r in folder.records if r.state is FileState.HIDDEN} == {".x", ".hidden/y"}


def test_progress_is_told_in_bytes_on_disk(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(b"\n".join(MANY)))
    (tmp_path / "b").write_bytes(ONE)
    told: list[int] = []
    folder = Folder(tmp_path, told.append)
    assert len(list(folder.lines())) == len(MANY) + 1
    assert sum(told) == sum(record.size for record in folder.records)


def test_the_record_of_a_file_counts_its_lines(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(ONE + b"\n\n" + TWO)
    folder = Folder(tmp_path)
    assert len(list(folder.lines())) == folder.records[0].lines == 2


@pytest.mark.parametrize(("made", "what"), [(True, "is a file"), (False, "does not exist")])
def test_what_is_no_folder_is_refused_with_the_remedy(tmp_path: Path, made: bool, what: str) -> None:
    place = tmp_path / "x"
    if made:
        place.write_bytes(ONE)
    with pytest.raises(SourceError, match=rf"expected a folder with FHIR NDJSON, but it {what}.*--from"):
        Folder(place)


@pytest.mark.requirement("R64")
def test_a_line_with_a_byte_order_mark_is_read() -> None:
    assert [row["key"] for row in extracted([b"\xef\xbb\xbf" + ONE]).resources] == ["Patient/a"]
