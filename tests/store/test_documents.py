"""Attached files: judged by what they are, sealed under random names, reached through their filing alone."""

import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartapp.own_store import scan_with
from smartapp.store import DocumentRefused, Store, StoreError, Upload, Vault, VaultError, open_store
from smartapp.store.documents import MOST_DOCUMENTS
from smartapp.store.judged import MOST_BYTES, SUFFIXES, cleaned, judged
from tests.store.stores import DANA, DAY, FILING, KEY, NOW, SECOND, TIN, bytes_below, execute

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(20) + b"\xff\xd9"
CANARY = b"analysis-canary of the whole practice"


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*between: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    picture = chunk(b"IDAT", zlib.compress(b"\x00\x00"))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(between) + picture + chunk(b"IEND")


def archive() -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        opened.writestr("run.js", "alert(1)")
    return made.getvalue()


def text_upload(data: bytes = CANARY, name: str = "sra.txt") -> Upload:
    return Upload("sra", name, data, "the yearly analysis")


@pytest.mark.requirement("R86")
@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("A.PDF", PDF, "application/pdf"),
        ("a.png", png(), "image/png"),
        ("a.jpg", JPEG, "image/jpeg"),
        ("a.jpeg", JPEG + bytes(7), "image/jpeg"),
        ("a.txt", "Prüfung\r\n\tok\f".encode(), "text/plain"),
        ("a.txt", b"\xef\xbb\xbfwith a mark", "text/plain"),
        ("a.csv", b"patient,count\n1,2\n", "text/csv"),
        ("a.txt", b"<html><script>alert(1)</script>", "text/plain"),
    ],
)
def test_a_file_of_an_allowed_type_is_known_by_its_content(name: str, data: bytes, expected: str) -> None:
    assert judged(name, data) == expected


@pytest.mark.requirement("R86")
@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.pdf", b"", "empty"),
        ("a.pdf", b"MZ\x90\x00\x03", "no whole PDF, PNG, JPEG"),
        ("a.pdf", b"\x00\n" + PDF, "no whole PDF, PNG, JPEG"),
        ("a.pdf", b" " + PDF, "two kinds"),
        ("a.pdf", PDF.replace(b"%%EOF", b""), "no whole PDF"),
        ("a.pdf", PDF + bytes(2000), "no whole PDF"),
        ("a.pdf", PDF + archive() + b"%%EOF", "two kinds"),
        ("a.png", png() + archive(), "no whole PDF"),
        ("a.png", png(chunk(b"tEXt", archive())), "two kinds"),
        ("a.png", png(chunk(b"tEXt", PDF)), "two kinds"),
        ("a.png", png()[:-12], "no whole PDF"),
        ("a.png", png()[:-1], "no whole PDF"),
        ("a.jpg", JPEG + PDF, "no whole PDF"),
        ("a.jpg", JPEG[:-2] + PDF + b"\xff\xd9", "two kinds"),
        ("a.jpg", JPEG + b"<script>", "no whole PDF"),
        ("a.txt", PDF[5:] + b"\x00", "no whole PDF"),
        ("a.txt", b"caf\xe9", "no whole PDF"),
        ("a.txt", b"x" * 900 + b"%PDF-1.4", "two kinds"),
        ("a.txt", b"<svg>\x1b</svg>", "no whole PDF"),
        ("a.html", b"<html>", "name does not end in .txt"),
        ("a.svg", b"<svg/>", "name does not end in .txt"),
        ("a.exe", PDF, "name does not end in .pdf"),
        ("a.png", PDF, "name does not end in .pdf"),
        ("a.pdf", png(), "name does not end in .png"),
        ("a.csv", PDF, "name does not end in .pdf"),
        ("pdf", PDF, "name does not end in .pdf"),
        ("a.pdf.js", PDF, "name does not end in .pdf"),
        ("a.docx", archive(), "no whole PDF"),
    ],
)
def test_any_other_file_and_one_that_is_two_at_once_is_refused(name: str, data: bytes, why: str) -> None:
    with pytest.raises(DocumentRefused, match=why):
        judged(name, data)


@pytest.mark.requirement("R86")
def test_a_file_of_ten_megabytes_is_kept_and_a_larger_one_refused() -> None:
    assert judged("a.txt", b"x" * MOST_BYTES) == "text/plain"
    with pytest.raises(DocumentRefused, match="larger than 10 MB"):
        judged("a.txt", b"x" * (MOST_BYTES + 1))


@pytest.mark.requirement("R86")
@given(st.binary(max_size=200), st.sampled_from([b"", PDF, png(), JPEG]))
def test_whatever_comes_is_judged_or_refused_and_never_another_type(data: bytes, start: bytes) -> None:
    try:
        found = judged("a.pdf", start + data)
    except DocumentRefused:
        return
    assert found == "application/pdf"
    assert (start + data).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sra.pdf", "sra.pdf"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\me\sra.pdf", "sra.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie x.pdf"),
        ("\u202efdp.exe", "fdp.exe"),
        ("", "document"),
        ("..", "document"),
        ("a" * 300 + ".pdf", "a" * 116 + ".pdf"),
        ('"quoted".pdf', "quoted.pdf"),
    ],
)
def test_a_name_keeps_nothing_that_could_mislead(name: str, expected: str) -> None:
    assert cleaned(name) == expected


@pytest.mark.requirement("R95")
def test_a_file_lies_sealed_under_a_random_name_for_its_owner_alone(store: Store, folder: Path) -> None:
    kept = store.documents.add(FILING, text_upload(), DANA, NOW)
    (place,) = (folder / "documents").iterdir()

    assert place.name == kept.id
    assert "sra" not in place.name
    assert [place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777] == [0o600, 0o700]
    held = bytes_below(folder)
    assert [word for word in (CANARY, b"sra.txt", b"yearly", b"Name-Canary", TIN.encode()) if word in held] == []


def test_a_file_comes_back_as_it_came_with_who_and_when(store: Store) -> None:
    kept = store.documents.add(FILING, text_upload(), DANA, NOW)
    (found,) = store.documents.of(FILING)

    assert found == kept == store.documents.find(FILING, kept.id)
    assert store.documents.content(FILING, kept.id) == CANARY
    assert (kept.name, kept.note, kept.media_type, kept.size) == ("sra.txt", "the yearly analysis", "text/plain", 37)
    assert (kept.by, kept.user, kept.at, kept.removed) == (DANA.name, DANA.user, NOW, None)
    assert len(kept.sha256) == 64


@pytest.mark.requirement("R86")
def test_a_download_is_named_by_us(store: Store) -> None:
    kept = store.documents.add(FILING, text_upload(name="<b>.txt"), DANA, NOW)

    assert kept.download_name == f"sra-{kept.sha256[:8]}.txt"
    assert {endings[0] for endings in SUFFIXES.values()} == {".pdf", ".png", ".jpg", ".txt", ".csv"}


@pytest.mark.requirement("R89")
@pytest.mark.parametrize(
    "other",
    [
        replace(FILING, registration="two"),
        replace(FILING, year=2025),
        replace(FILING, tin="987654321"),
        replace(FILING, tin=None),
        replace(FILING, npi=None),
    ],
)
def test_a_file_is_reached_through_its_own_filing_alone(store: Store, other: object) -> None:
    assert isinstance(other, type(FILING))
    kept = store.documents.add(FILING, text_upload(), DANA, NOW)

    assert store.documents.of(other) == ()
    assert store.documents.find(other, kept.id) is None
    assert store.documents.content(other, kept.id) is None
    assert not store.documents.remove(other, kept.id, DANA, NOW)
    assert store.documents.content(FILING, kept.id) == CANARY


def test_a_removed_file_is_destroyed_and_remembered(store: Store, folder: Path) -> None:
    kept = store.documents.add(FILING, text_upload(), DANA, NOW)
    other = store.documents.add(FILING, text_upload(b"another"), DANA, NOW + SECOND)

    assert store.documents.remove(FILING, kept.id, replace(DANA, name="Bo"), NOW + DAY)
    assert not store.documents.remove(FILING, kept.id, DANA, NOW + DAY)
    assert store.documents.of(FILING) == (other,)
    assert store.documents.content(FILING, kept.id) is None
    assert store.documents.history(FILING) == (replace(kept, removed=NOW + DAY, removed_by="Bo"), other)
    assert [place.name for place in (folder / "documents").iterdir()] == [other.id]


@pytest.mark.requirement("R95")
def test_a_changed_or_exchanged_file_does_not_open(store: Store, folder: Path) -> None:
    one = store.documents.add(FILING, text_upload(), DANA, NOW)
    other = store.documents.add(FILING, text_upload(b"another"), DANA, NOW)
    places = [folder / "documents" / kept.id for kept in (one, other)]
    first, second = (place.read_bytes() for place in places)
    places[0].write_bytes(second)
    places[1].write_bytes(second[:-1] + bytes([second[-1] ^ 1]))

    for kept in (one, other):
        with pytest.raises(VaultError, match="a kept file does not open"):
            store.documents.content(FILING, kept.id)
    places[0].write_bytes(first)
    assert store.documents.content(FILING, one.id) == CANARY
    places[0].unlink()
    with pytest.raises(StoreError, match="missing from the store's folder"):
        store.documents.content(FILING, one.id)


def test_a_filing_has_at_most_two_hundred_files(store: Store, file: Path) -> None:
    kept = store.documents.add(FILING, text_upload(), DANA, NOW)
    copied = f"registration, year, filing, at, removed, sealed FROM document WHERE id = '{kept.id}'"
    copies = (f"INSERT INTO document SELECT '{number}', {copied}" for number in range(MOST_DOCUMENTS - 2))
    execute(file, *copies)

    store.documents.add(FILING, text_upload(), DANA, NOW)
    with pytest.raises(DocumentRefused, match="200 files already"):
        store.documents.add(FILING, text_upload(), DANA, NOW)


@pytest.mark.requirement("R86")
@pytest.mark.parametrize(
    ("program", "refused"),
    [
        ("import sys; sys.exit(b'canary' in sys.stdin.buffer.read())", "the scanner objects"),
        ("raise SystemExit(2)", "could not be scanned"),
        ("import sys; sys.stdin.buffer.read()", None),
    ],
)
def test_a_scanner_decides_before_a_file_is_kept(folder: Path, program: str, refused: str | None) -> None:
    scan = scan_with([sys.executable, "-c", program])
    with closing(open_store(folder, Vault(KEY), scan)) as store:
        if refused is None:
            store.documents.add(FILING, text_upload(), DANA, NOW)
        else:
            with pytest.raises(DocumentRefused, match=refused):
                store.documents.add(FILING, text_upload(), DANA, NOW)
        assert len(store.documents.history(FILING)) == len([*(folder / "documents").iterdir()]) == (refused is None)


@pytest.mark.requirement("R86")
def test_a_scanner_that_is_not_there_refuses_and_none_at_all_does_not() -> None:
    scan = scan_with(["/nowhere/scanner"])

    assert scan is not None
    assert "could not be scanned" in str(scan(b"x"))
    assert scan_with(()) is None


@pytest.mark.parametrize("name", ["add", "remove"])
def test_a_store_that_cannot_be_written_changes_no_file(store: Store, file: Path, name: str) -> None:
    kept = store.documents.add(FILING, text_upload(), DANA, NOW)
    execute(
        file,
        *(
            f"CREATE TRIGGER no_{act} BEFORE {act} ON document BEGIN SELECT RAISE(ABORT, 'full'); END"
            for act in ("UPDATE", "INSERT")
        ),
    )
    acts: dict[str, Callable[[], object]] = {
        "add": lambda: store.documents.add(FILING, text_upload(), DANA, NOW),
        "remove": lambda: store.documents.remove(FILING, kept.id, DANA, NOW),
    }
    with pytest.raises(Exception, match="full"):
        acts[name]()

    assert store.documents.content(FILING, kept.id) == CANARY
    assert store.documents.of(FILING) == (kept,)
