import io
import json
import stat
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartapp.binder.container import CONTAINER, NoBinder, is_plain, opened, packed
from smartapp.binder.manifest import MANIFEST, SIGNATURE, sealed, verified
from smartapp.signing_key import SigningKey, new_signing_key

FILES = {"index.html": b"<p>1 of 2</p>", "04-measures/PI_EP_1/rows.csv": b"a,b\r\n1,2\r\n", "empty.txt": b""}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return new_signing_key(tmp_path_factory.mktemp("key") / "key")


def faults_of(data: bytes) -> str:
    try:
        return "; ".join(map(str, verified(data).faults))
    except NoBinder as problem:
        return f"no binder: {problem}"


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


NAMES = st.sampled_from(["a", "a.b", "0/b-c", "0/b_d", "z/y/x.csv", "Q1"])


@settings(max_examples=40)
@given(st.dictionaries(NAMES, st.binary(max_size=40), max_size=4))
def test_what_is_packed_is_opened_the_same_by_us_and_by_any_zip_program(files: dict[str, bytes]) -> None:
    data = packed(files)
    assert opened(data) == (files, ())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_the_same_files_in_another_order_make_the_same_bytes() -> None:
    assert packed(FILES) == packed(dict(reversed(FILES.items())))


def test_a_sealed_binder_is_whole(key: SigningKey) -> None:
    assert faults_of(sealed(FILES, {"run": "1"}, key)) == ""


@pytest.mark.requirement("R101")
def test_a_change_of_any_byte_of_a_binder_is_found_in_files_headers_directory_and_signature(key: SigningKey) -> None:
    whole = sealed({"a.txt": b"1 of 2", "b.txt": b"x"}, {}, key)
    for bit in (0x01, 0x20, 0x80):
        kept = [at for at in range(len(whole)) if not faults_of(_flipped(whole, at, bit))]
        assert kept == []


@given(st.integers(min_value=0, max_value=400), st.binary(min_size=1, max_size=3))
def test_bytes_put_in_or_cut_out_anywhere_are_found(at: int, put: bytes) -> None:
    whole = packed(FILES)
    for changed in (whole[:at] + put + whole[at:], whole[:at] + whole[at + 1 :], whole[: len(whole) - at - 1]):
        try:
            files, faults = opened(changed)
        except NoBinder:
            continue
        assert faults or changed == whole or files == {}


def _flipped(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


def test_a_change_of_a_file_names_the_file(key: SigningKey) -> None:
    whole = sealed(FILES, {}, key)
    assert faults_of(whole.replace(b"1 of 2", b"2 of 2")).startswith("index.html: was changed")


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE, "index.html"])
def test_a_file_that_is_missing_is_named(name: str, key: SigningKey) -> None:
    files, _ = opened(sealed(FILES, {}, key))
    assert f"{name}: is missing" in faults_of(packed({n: data for n, data in files.items() if n != name}))


def test_a_file_that_was_added_is_named(key: SigningKey) -> None:
    files, _ = opened(sealed(FILES, {}, key))
    assert "05-more.txt: is not in the manifest" in faults_of(packed({**files, "05-more.txt": b""}))


def test_a_file_changed_with_a_manifest_to_fit_is_found_by_the_signature(key: SigningKey) -> None:
    other, _ = opened(sealed({**FILES, "index.html": b"2 of 2"}, {}, key))
    files, _ = opened(sealed(FILES, {}, key))
    assert f"{SIGNATURE}: is not the signature" in faults_of(packed({**other, SIGNATURE: files[SIGNATURE]}))


def test_a_signature_of_something_else_by_the_right_key_is_refused(key: SigningKey) -> None:
    files, _ = opened(sealed(FILES, {}, key))
    text = files[SIGNATURE].decode()
    signature = key.sign(b"something else").hex()
    start = text.index('"signature": "') + len('"signature": "')
    forged = (text[:start] + signature + text[start + 128 :]).encode()
    assert f"{SIGNATURE}: does not fit {MANIFEST}" in faults_of(packed({**files, SIGNATURE: forged}))


def test_a_binder_of_another_key_is_whole_and_not_the_practice_s(key: SigningKey) -> None:
    whole = sealed(FILES, {}, key)
    assert verified(whole, key.public.fingerprint).whole
    [fault] = verified(whole, "0" * 64).faults
    assert fault.name == SIGNATURE
    assert f"got {key.public.fingerprint}" in fault.what


@pytest.mark.parametrize(
    "name", ["../up.txt", "/abs.txt", "a/../../b", "a\\b", "C:/x", "a//b", "a/", ".hidden", "naïve.txt"]
)
def test_a_name_that_leads_out_of_the_folder_is_neither_packed_nor_opened(name: str) -> None:
    assert not is_plain(name)
    with pytest.raises(ValueError, match="names"):
        packed({name: b""})
    files, faults = opened(zipped({name: b"x"}))
    assert files == {}
    assert "unpacked outside" in str(faults)


@pytest.mark.parametrize("name", ["", "a\x00b", "a\n", "x" * 201])
def test_a_name_of_nothing_with_an_end_within_or_too_long_is_not_packed(name: str) -> None:
    with pytest.raises(ValueError, match="names"):
        packed({name: b""})


def test_a_name_with_an_end_within_is_not_opened() -> None:
    files, faults = opened(packed({"a.txt": b"x"}).replace(b"a.txt", b"a\x00txt"))
    assert files == {}
    assert "unpacked outside" in str(faults)


def test_names_that_one_system_takes_for_the_same_are_refused() -> None:
    with pytest.raises(ValueError, match="two alike"):
        packed({"a.txt": b"", "A.txt": b""})
    assert "a.txt: is there twice" in faults_of(packed({"a.txt": b"1", "b.txt": b"2"}).replace(b"b.txt", b"a.txt"))


def test_a_link_is_refused() -> None:
    out, info = io.BytesIO(), zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "link: is a link, not a file" in faults_of(out.getvalue())


def test_an_encrypted_file_is_refused_unread() -> None:
    central, flags = b"PK\x01\x02", 8
    data = bytearray(packed(FILES))
    data[data.index(central) + flags] |= 1
    assert "is compressed or encrypted" in faults_of(bytes(data))


def test_a_bomb_is_never_decompressed() -> None:
    bomb = zipped({"bomb.txt": bytes(50_000_000)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    assert faults_of(bomb).startswith(f"{CONTAINER}: says that it holds more than it can")


def test_a_binder_that_was_packed_anew_is_told(key: SigningKey) -> None:
    files, _ = opened(sealed(FILES, {}, key))
    assert f"{CONTAINER}: was changed at byte" in faults_of(zipped(files))
    assert f"{MANIFEST}: is compressed or encrypted" in faults_of(zipped({MANIFEST: bytes(9)}, zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_binder_is_told(data: bytes) -> None:
    assert faults_of(data)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    assert faults_of(b"PK\x03\x04" + data + b"PK\x05\x06" + data[:18])


VALUES = st.sampled_from([None, 1, "x", [], {}, [1], {"name": 1}, [{"name": "a"}], "00" * 32, "zz"])
KEYS = st.sampled_from(["files", "schema", "public_key", "signature", "name"])


@settings(max_examples=60)
@given(st.one_of(VALUES, st.dictionaries(KEYS, VALUES)))
def test_any_document_in_place_of_manifest_or_signature_is_a_fault_and_no_failure(found: object) -> None:
    text = json.dumps(found).encode()
    assert faults_of(packed({**FILES, MANIFEST: text, SIGNATURE: text}))


def test_a_manifest_nested_too_deep_is_a_fault_and_no_failure() -> None:
    text = b"[" * 100_000
    assert f"{MANIFEST}: cannot be read" in faults_of(packed({MANIFEST: text, SIGNATURE: text}))
