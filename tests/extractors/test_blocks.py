"""Bytes cut at line ends: whatever the cuts, the same lines at the same places."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from extractors.decode import MAXIMUM_LINE, is_object
from extractors.events import Line, extract
from extractors.sources.blocks import Stretch, digest_of, grouped, lines_of
from extractors.sources.folder import FileState, Folder
from tests.extractors.practice import GENERIC, OPEN, patient_line

ONE, TWO = patient_line("a"), patient_line("b")
TEXTS = (ONE, TWO, b"", b"  ", b"\t", b"garbage", ONE[:20], b"\x0b", b"\xff", b"{", '{"a":"\u2028"}'.encode())
ENDED = st.builds(lambda text, end: text + end, st.sampled_from(TEXTS), st.sampled_from([b"\n", b"\r\n"]))
CONTENT = st.builds(lambda lines, last: b"".join(lines) + last, st.lists(ENDED, max_size=12), st.sampled_from(TEXTS))


def oracle(data: bytes, name: str) -> Iterator[Line]:
    """Lines as one reads them who has all of a file in hand."""
    offset = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield Line(name, number, offset, line.removesuffix(b"\r"))
        offset += len(line) + 1


@settings(max_examples=150)
@given(st.lists(CONTENT, min_size=1, max_size=3), st.integers(1, 300), st.integers(1, 2000), st.booleans())
@example([b"\n" * 5 + ONE + b"\n", ONE], 1, 1, True)
def test_wherever_files_are_cut_their_lines_and_places_are_the_same(
    files: list[bytes], piece: int, size: int, packed: bool
) -> None:
    files = [ONE + b"\n" + data for data in files]
    with TemporaryDirectory() as place:
        for number, data in enumerate(files):
            (Path(place) / f"{number}").write_bytes(gzip.compress(data, 1) if packed else data)
        folder = Folder(Path(place), piece=piece)
        blocks = list(grouped(folder.stretches(), size))

    expected = [line for number, data in enumerate(files) for line in oracle(data, f"{number}")]
    assert [line for block in blocks for line in lines_of(block)] == expected
    assert [sum(line.file == record.file for line in expected) for record in folder.records] == [
        record.lines for record in folder.records
    ]
    for record, data in zip(folder.records, files, strict=True):
        last = data.rpartition(b"\n")[2]
        cut = bool(last.strip()) and not is_object(last)
        assert record.state is (FileState.TRUNCATED if cut else FileState.READ)


@settings(max_examples=60)
@given(CONTENT, st.integers(1, 200))
def test_what_a_file_is_does_not_depend_on_how_it_is_read(data: bytes, piece: int) -> None:
    with TemporaryDirectory() as place:
        (Path(place) / "x.ndjson").write_bytes(data)
        whole, cut = Folder(Path(place)), Folder(Path(place), piece=piece)
        assert list(cut.lines()) == list(whole.lines())
    assert cut.records == whole.records


@settings(max_examples=60)
@given(st.lists(st.integers(1, 50), max_size=30), st.integers(1, 120))
def test_a_block_has_stretches_up_to_its_size_and_loses_none(lengths: list[int], size: int) -> None:
    stretches = [Stretch("f", number, 0, b"x" * length) for number, length in enumerate(lengths)]
    blocks = list(grouped(stretches, size))

    assert [stretch for block in blocks for stretch in block] == stretches
    held = [sum(len(stretch.data) for stretch in block) for block in blocks]
    assert all(length <= size or len(block) == 1 for length, block in zip(held, blocks, strict=True))
    assert all(held[at] + len(blocks[at + 1][0].data) > size for at in range(len(blocks) - 1))


@pytest.mark.parametrize("over", [-1, 0, 1, 3_000_000])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_after_a_line_over_the_limit_places_go_on_as_they_are(tmp_path: Path, over: int, packed: bool) -> None:
    long = b'{"a":"' + b"x" * (MAXIMUM_LINE - 8 + over) + b'"}'
    data = ONE + b"\n" + long + b"\r\n" + TWO + b"\n"
    (tmp_path / "x").write_bytes(gzip.compress(data, 1) if packed else data)
    found = [(line.number, line.offset, len(line.data)) for line in Folder(tmp_path).lines()]

    second = min(len(long), MAXIMUM_LINE + 1)
    assert found == [(1, 0, len(ONE)), (2, len(ONE) + 1, second), (3, data.index(TWO), len(TWO))]


def test_an_extract_by_blocks_is_the_extract_of_all_lines(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\n".join([ONE, b"garbage", TWO] * 9))
    whole = extract(Folder(tmp_path).lines(), GENERIC, OPEN.zone_info)
    blocks = grouped(Folder(tmp_path, piece=100).stretches(), 150)
    parts = [extract(lines_of(block), GENERIC, OPEN.zone_info) for block in blocks]

    assert len(parts) > 5
    assert [row for part in parts for row in part.quarantine] == whole.quarantine
    for name, rows in whole.tables.items():
        assert [row for part in parts for row in part.tables[name]] == list(rows)


@pytest.mark.parametrize(
    "other",
    [
        (Stretch("f", 1, 0, b"xy\n"),),
        (Stretch("g", 1, 0, b"x\n"),),
        (Stretch("f", 2, 0, b"x\n"),),
        (Stretch("f", 1, 1, b"x\n"),),
        (Stretch("f", 1, 0, b"x\n", is_one=True),),
        (Stretch("f", 1, 0, b"x"), Stretch("f", 1, 0, b"\n")),
        (),
    ],
    ids=["data", "file", "number", "offset", "document", "cut otherwise", "nothing"],
)
def test_the_digest_of_a_block_tells_what_it_says_and_where(other: tuple[Stretch, ...]) -> None:
    one = (Stretch("f", 1, 0, b"x\n"),)
    assert digest_of(one) == digest_of((Stretch("f", 1, 0, b"x\n"),))
    assert digest_of(one) != digest_of(other)
