import csv
import io
import json
import re
import shutil
import socket
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bound import AT, LETTER, RECEIPT, REPORT, SIGNER, Practice, answers_of, period_of, publish_again
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.errors import StagingError
from smartapp.attesting.signature import Unsigned, state_document
from smartapp.attesting.signing import sign
from smartapp.binder.attached import read_attached
from smartapp.binder.bundling import Bundling, bundle
from smartapp.binder.container import MOST_BYTES, NoBinder, opened
from smartapp.binder.manifest import MANIFEST, sealed, verified
from smartapp.binder.verifying import verify
from smartapp.cli import main
from smartapp.errors import UsageError
from smartapp.kept.archive import ArchiveError
from smartapp.kept.finding_run import find_score
from smartapp.signing_key import SigningKey, read_signing_key
from smartapp.written import as_json

PARTS = {
    "00-cover", "01-identity-and-eligibility", "02-period-and-why", "03-score-and-trace", "04-measures",
    "05-attestations", "06-documents", "07-method-and-rulebook", "08-differences-to-ehr-report",
    "09-manifest-and-signature", "index.html",
}  # fmt: skip


def pi180(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def files_in(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def without_signature(files: Mapping[str, bytes], told: Mapping[str, Any], key: SigningKey) -> bytes:
    """A binder that says as one does to which nobody put a name."""
    state = state_document(Unsigned())
    signed, unsigned = (
        "05-attestations/signature.json",
        {"05-attestations/signature-state.json": as_json(state).encode()},
    )
    kept = {name: data for name, data in files.items() if name != signed}
    return sealed({**kept, **unsigned}, {**told, "attestation": state}, key)


def is_whole(data: bytes) -> bool:
    try:
        return verified(data).whole
    except NoBinder:
        return False


@pytest.mark.requirement("R101", "R103")
def test_j25_audit_day_two_years_later(binder: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run, its folder and the environment are gone; there are pi180 and the file, and no network."""
    (tmp_path / "copy.zip").write_bytes(binder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("verify spoke to the network"))
    done = pi180("verify", "copy.zip", "--replay")
    assert done.exit_code == 0, done.output
    assert "copy.zip: whole." in done.output
    assert "Replayed: cases counted and scored again by the rules within; every number is the same." in done.output
    assert "90 points. Signed by Ada Example, practice manager, on November 22, 2026, 15:04 UTC" in done.output
    assert "Keep until 2036-12-31." in done.output
    given = re.findall("Not replayed: ([^/]+)/", done.output)
    assert given == [
        "03-score-and-trace",
        "06-documents",
        "06-documents",
        "08-differences-to-ehr-report",
        "05-attestations",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.zip"]


@pytest.mark.requirement("R101")
@settings(max_examples=25)
@given(st.data())
def test_a_byte_that_changed_is_found_and_its_file_named(binder: bytes, data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(binder)) as archive:
        info = data.draw(st.sampled_from([one for one in archive.infolist() if one.file_size]))
    start = info.header_offset + 30 + len(info.filename)
    at = data.draw(st.integers(start, start + info.file_size - 1))
    changed = binder[:at] + bytes([binder[at] ^ data.draw(st.integers(1, 255))]) + binder[at + 1 :]
    assert info.filename in {fault.name for fault in verified(changed).faults}


@pytest.mark.requirement("R101")
@settings(max_examples=25)
@given(st.data())
def test_a_byte_that_changed_anywhere_at_all_is_found(binder: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(len(binder) - 9000, len(binder) - 1) | st.integers(0, len(binder) - 1))
    changed = binder[:at] + bytes([binder[at] ^ 0x10]) + binder[at + 1 :]
    assert not is_whole(changed)


def test_a_changed_binder_ends_with_exit_code_7_and_is_not_replayed(binder: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(binder.replace(b'"points": 90', b'"points": 99'))
    done = pi180("verify", tmp_path / "x.zip", "--replay")
    assert done.exit_code == 7
    assert "x.zip: NOT as it was signed." in done.output
    assert "03-score-and-trace/score.json: was changed" in done.output
    assert "Not replayed, because it is not whole." in done.output


def test_a_binder_is_verified_against_the_key_that_the_practice_gave_out(
    binder: bytes, practice: Practice, tmp_path: Path
) -> None:
    (tmp_path / "x.zip").write_bytes(binder)
    pi180("signing-key", "new", tmp_path / "other")
    fingerprint = practice.key.public.fingerprint
    public = practice.key_file.with_name("key.pub")
    assert "Whose key that is, the file cannot prove" in pi180("verify", tmp_path / "x.zip").output
    for named in (public, fingerprint, fingerprint.upper()):
        done = pi180("verify", tmp_path / "x.zip", "--key", named, "--json")
        assert (done.exit_code, json.loads(done.output)["key_compared"]) == (0, True)
    wrong = pi180("verify", tmp_path / "x.zip", "--key", tmp_path / "other.pub")
    assert wrong.exit_code == 7
    assert "is by another key: expected" in wrong.output


def test_whoever_signs_anew_what_they_changed_is_found_by_replaying_and_by_the_key(
    binder: bytes, practice: Practice, tmp_path: Path
) -> None:
    files, _ = opened(binder)
    told = json.loads(files[MANIFEST])
    mended = {n: data.replace(b'"points": 90', b'"points": 99') for n, data in files.items() if not n.startswith("09")}
    (tmp_path / "x.zip").write_bytes(sealed(mended, told, practice.key))
    found = verify(tmp_path / "x.zip", again=True)
    assert [fault.name for fault in found.faults] == ["05-attestations/signature-state.json"]
    (tmp_path / "x.zip").write_bytes(without_signature(mended, told, practice.key))
    found = verify(tmp_path / "x.zip", again=True)
    assert "03-score-and-trace/score.json" in {fault.name for fault in found.faults}


@pytest.mark.parametrize("lost", ["03-score-and-trace/inputs/cases.parquet", "07-method-and-rulebook/rules.toml"])
def test_a_binder_that_lacks_what_replaying_needs_says_so(
    lost: str, binder: bytes, practice: Practice, tmp_path: Path
) -> None:
    files, _ = opened(binder)
    kept = {name: data for name, data in files.items() if name != lost and not name.startswith("09")}
    (tmp_path / "x.zip").write_bytes(sealed(kept, json.loads(files[MANIFEST]), practice.key))
    [fault] = verify(tmp_path / "x.zip", again=True).faults
    assert "does not come out by pi180" in fault.what
    assert lost.rpartition("/")[2] in fault.what


@pytest.mark.parametrize("told", [{}, {"run": "../..", "period": "2026-01-01--2026-07-05", "reporter": "x"}])
def test_a_binder_that_names_no_run_is_not_unpacked(told: dict[str, str], practice: Practice, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(sealed({"index.html": b""}, told, practice.key))
    assert "does not say which run" in str(verify(tmp_path / "x.zip", again=True).faults)


def test_what_is_no_binder_is_told_with_exit_code_7_and_what_is_not_there_with_2(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("no zip")
    assert pi180("verify", tmp_path / "x.zip").exit_code == 7
    assert pi180("verify", tmp_path / "none.zip").exit_code == 2
    with (tmp_path / "large.zip").open("wb") as large:
        large.truncate(MOST_BYTES + 1)
    assert "larger than a binder can be" in pi180("verify", tmp_path / "large.zip").output


def test_the_binder_has_every_part(binder: bytes) -> None:
    assert {name.partition("/")[0] for name in files_in(binder)} == PARTS


def test_the_page_leads_only_to_what_is_there_and_needs_no_network(binder: bytes) -> None:
    files = files_in(binder)
    page = files["index.html"].decode().partition("</style>")[2]
    anchors = set(re.findall(r'\bid="([^"]+)"', page))
    links = set(re.findall(r'href="([^"]+)"', page))
    assert {link for link in links if link.startswith("#") and link[1:] not in anchors} == set()
    assert {link for link in links if not link.startswith(("#", "https://")) and link not in files} == set()
    assert re.findall(r"<(?:script|iframe|object|link|img)\b", page) == []
    assert re.findall(r'(?:src|url\()="?http', page) == []


def test_an_auditor_follows_patient_access_to_one_row_and_its_reason(binder: bytes) -> None:
    page = files_in(binder)["index.html"].decode()
    assert re.search(r'<a href="#measure-PI_PEA_1[^"]*">', page)
    row = re.search(r"<code>Patient/sample-\d+</code></th>.*?</tr>", page, re.DOTALL)
    assert row
    assert re.search(r"portal and API access in force at the deadline \d{4}-\d\d-\d\d", row[0])
    assert re.search(r"ndjson:\d+", row[0])


def test_the_rows_of_a_measure_are_as_many_as_its_numbers_say(binder: bytes) -> None:
    files = files_in(binder)
    told = json.loads(files["04-measures/PI_HIE_1/summary.json"])
    rows = list(csv.DictReader(io.StringIO(files["04-measures/PI_HIE_1/rows.csv"].decode())))
    [tally] = told["recomputed"]
    assert (tally["met"], tally["denominator"]) == (22, 31)
    assert sum(row["counts"] == "counts" for row in rows) == tally["denominator"]
    assert sum(row["counts"] == "counts" and row["met"] == "met" for row in rows) == tally["met"]


def test_the_cover_says_whose_it_is_until_when_it_is_kept_why_and_what_pi180_is_not(binder: bytes) -> None:
    files = files_in(binder)
    cover, page = json.loads(files["00-cover/cover.json"]), files["index.html"].decode()
    assert (cover["identity"]["npi"], cover["keep_until"], cover["points"]) == ("1234567893", "2036-12-31", 90)
    for text in (cover["why_until"], page):
        assert "42 CFR 414.1390" in text
    for text in (cover["notice"], page):
        assert "not a CMS product, and not certified EHR technology" in text
        assert "sends nothing to CMS" in text or "sends nothing to\nCMS" in text
    assert "December 31, 2036" in page
    assert cover["software"]["pi180"]
    assert {"duckdb", "cryptography", "Python"} <= set(cover["software"])


def test_the_manifest_names_what_was_read_and_what_stays_with_the_practice_by_digest(binder: bytes) -> None:
    told = json.loads(files_in(binder)[MANIFEST])
    read = {one["file"]: one["sha256"] for one in told["inputs"]}
    assert re.fullmatch("[0-9a-f]{64}", read["Patient.ndjson"])
    assert {one["file"] for one in told["outside"]} >= {"event.parquet", "resource.parquet"}
    assert not any("event.parquet" in name for name in files_in(binder))


@pytest.mark.requirement("R114")
def test_attached_files_get_names_of_ours_that_tell_no_patient(binder: bytes) -> None:
    files = files_in(binder)
    documents = [name for name in files if name.startswith("06-documents/")]
    assert [re.sub("[0-9a-f]{8}", "DIGEST", name) for name in documents] == [
        "06-documents/other-DIGEST.pdf", "06-documents/product-listing-DIGEST.pdf",
    ]  # fmt: skip
    assert files[documents[1]] == LETTER
    [handed] = [name for name in files if "/submitted/" in name]
    assert (files[handed], handed.endswith(".json")) == (RECEIPT, True)
    assert [name for name, data in files.items() if b"Doe John" in data] == []


def test_the_ehr_s_report_is_in_the_binder_with_its_difference(binder: bytes) -> None:
    files = files_in(binder)
    assert files["08-differences-to-ehr-report/ehr-report.csv"] == REPORT
    [one] = json.loads(files["08-differences-to-ehr-report/comparison.json"])["comparisons"]
    assert (one["measure"], one["difference"]["numerator"]) == ("PI_EP_1", -1)
    assert "number of record" in files["index.html"].decode()


@pytest.mark.parametrize(
    ("slot", "name", "data", "says"),
    [
        ("nothing", "a.pdf", LETTER, "expected one of"),
        ("other", "a.html", b"<script>alert(1)</script>", "Rename it"),
        ("other", "a.pdf", b"MZ\x00\x01", "no whole PDF"),
        ("other", "missing.pdf", None, "cannot be read"),
    ],
)
def test_a_document_that_no_auditor_can_open_or_that_has_no_place_is_refused(
    slot: str, name: str, data: bytes | None, says: str, tmp_path: Path
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=says):
        read_attached(slot, tmp_path / name, 2026)


def test_the_verb_makes_a_binder_that_its_sister_verifies_and_never_overwrites_one(
    practice: Practice, tmp_path: Path
) -> None:
    (tmp_path / "a.pdf").write_bytes(LETTER)
    out = tmp_path / "binder.zip"
    words = ("bundle", "--run", practice.out, "-o", out, "--key", practice.key_file)
    done = pi180(*words, "--document", f"product-listing={tmp_path / 'a.pdf'}", "--submitted", tmp_path / "a.pdf")
    assert done.exit_code == 0, done.output
    assert pi180("verify", out).exit_code == 0
    attached, handed = read_attached("product-listing", tmp_path / "a.pdf", 2026), (("b.pdf", LETTER),)
    assert out.read_bytes() == bundle(Bundling(practice.place, practice.key, (attached,), handed)), "the same again"
    assert out.stat().st_mode & 0o077 == 0
    again = pi180(*words)
    assert (again.exit_code, "never overwritten" in again.output) == (2, True)


@pytest.mark.requirement("R102")
@pytest.mark.parametrize("years", ["5", "0"])
def test_a_binder_is_kept_for_six_years_at_least(years: str, practice: Practice, tmp_path: Path) -> None:
    words = ("bundle", "--run", practice.out, "-o", tmp_path / "x.zip", "--key", practice.key_file, "--years", years)
    assert pi180(*words).exit_code == 2
    assert not (tmp_path / "x.zip").exists()


def test_a_run_with_several_scores_has_to_be_told_which(own: Practice) -> None:
    shutil.copytree(own.place, own.place.with_name("TIN-000180180-group"))
    with pytest.raises(ArchiveError, match="holds 2: 2026-01-01--2026-07-05/TIN-000180180-NPI-1234567893"):
        find_score(own.out)
    assert find_score(own.place) == own.place


@pytest.mark.parametrize("name", ["score.json", "cases.csv", "submission.json"])
def test_a_score_that_its_run_does_not_bear_out_is_neither_bound_nor_signed(name: str, own: Practice) -> None:
    file = own.place / name
    file.write_bytes(file.read_bytes().replace(b"9", b"8", 1))
    for deed in (lambda: bundle(Bundling(own.place, own.key)), lambda: sign(own.place, SIGNER, own.key, AT)):
        with pytest.raises(ArchiveError, match=f"{name} does not come out as it was written"):
            deed()


def test_a_binder_of_a_score_that_changed_after_signing_says_so_on_page_and_in_json(own: Practice) -> None:
    sign(own.place, SIGNER, own.key, AT)
    answers = answers_of(own.place)
    (own.place / "attestations.json").write_text(json.dumps({**answers, "people": {"PI_PPHI_1": "Somebody Else"}}))
    files = files_in(bundle(Bundling(own.place, own.key)))
    state = json.loads(files["05-attestations/signature-state.json"])
    assert (state["state"], state["why"]) == ("void", ["the answers changed"])
    assert state["text"] in files["index.html"].decode()
    assert json.loads(files["00-cover/cover.json"])["attestation"] == state


def test_of_a_group_nothing_is_concluded_from_what_nobody_said_of_its_clinicians(own: Practice, tmp_path: Path) -> None:
    answers = answers_of(own.place)
    publish_again(own, period_of(own), {**answers, "reporter": {"tin": "000180180"}})
    place = own.place.with_name("TIN-000180180-group")
    (tmp_path / "x.zip").write_bytes(bundle(Bundling(place, own.key)))
    assert verify(tmp_path / "x.zip", again=True).faults == ()
    told = json.loads(files_in((tmp_path / "x.zip").read_bytes())["01-identity-and-eligibility/eligibility.json"])
    assert told["answer"] == "Not known yet: what decides it is not said"
    assert told["because"] == "What is not said decides whether the group is reweighted."


def test_without_a_key_the_users_own_is_made_once_and_its_fingerprint_is_told(
    practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    first = pi180("bundle", "--run", practice.out, "-o", tmp_path / "first.zip")
    again = pi180("bundle", "--run", practice.out, "-o", tmp_path / "again.zip")
    key = tmp_path / ".config" / "pi180" / "signing.key"
    assert (first.exit_code, again.exit_code, key.stat().st_mode & 0o077) == (0, 0, 0)
    assert "a key of yours was made" in first.stderr
    assert "a key of yours was made" not in again.stderr
    fingerprint = read_signing_key(key).public.fingerprint
    assert pi180("verify", tmp_path / "again.zip", "--key", fingerprint).exit_code == 0
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()


def test_a_binder_is_laid_out_for_its_owner_alone_below_the_folder_that_was_named(
    binder: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, file = tmp_path / "named", tmp_path / "binder.zip"
    file.write_bytes(binder)
    monkeypatch.setenv("TMPDIR", str(named))
    with pytest.raises(StagingError, match=f"TMPDIR: {named}: expected a folder"):
        verify(file, again=True)

    named.mkdir()
    assert verify(file, again=True).faults == ()
    assert list(named.iterdir()) == []
