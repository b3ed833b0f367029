"""Binders that somebody made to deceive: whole by their digests, and signed again by whatever key."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bound import AT, SIGNER, Practice
from click.testing import CliRunner

from smartapp.attesting.signature import Unsigned, state_document
from smartapp.attesting.signing import sign
from smartapp.binder.bundling import Bundling, bundle
from smartapp.binder.container import opened
from smartapp.binder.manifest import MANIFEST, sealed
from smartapp.binder.verifying import Verification, verify
from smartapp.cli import main
from smartapp.signing_key import SigningKey, in_groups, new_signing_key
from smartapp.written import as_json

SIGNATURE, STATE = "05-attestations/signature.json", "05-attestations/signature-state.json"
UNSIGNED = as_json(state_document(Unsigned())).encode()


@dataclass(frozen=True)
class Forger:
    """Takes a binder apart and seals it again."""

    files: Mapping[str, bytes]
    told: Mapping[str, Any]
    key: SigningKey
    out: Path

    def sealed(self, told: Mapping[str, Any] | None = None, key: SigningKey | None = None) -> Path:
        self.out.write_bytes(sealed(self.files, {**self.told, **(told or {})}, key or self.key))
        return self.out

    def with_files(self, files: Mapping[str, bytes | None]) -> "Forger":
        kept = {name: data for name, data in {**self.files, **files}.items() if data is not None}
        return Forger(kept, self.told, self.key, self.out)


def forger(binder: bytes, key: SigningKey, out: Path) -> Forger:
    files, _ = opened(binder)
    told = json.loads(files[MANIFEST])
    return Forger({name: data for name, data in files.items() if not name.startswith("09")}, told, key, out)


@pytest.fixture
def forged(binder: bytes, practice: Practice, tmp_path: Path) -> Forger:
    return forger(binder, practice.key, tmp_path / "forged.zip")


def changed(data: bytes, change: Callable[[Any], None]) -> bytes:
    found = json.loads(data)
    change(found)
    return (json.dumps(found, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def faulty(found: Verification) -> set[str]:
    return {fault.name for fault in found.faults}


@pytest.mark.requirement("R101")
def test_whoever_signs_with_another_key_is_not_vouched_for_by_the_binder(own: Practice, tmp_path: Path) -> None:
    other = new_signing_key(tmp_path / "other")
    sign(own.place, SIGNER, other, AT)
    (tmp_path / "x.zip").write_bytes(bundle(Bundling(own.place, own.key)))
    files, _ = opened((tmp_path / "x.zip").read_bytes())
    state = json.loads(files[STATE])
    assert (state["state"], state["why"]) == ("void", ["signed by a key that is not the practice's"])
    assert state["text"] in files["index.html"].decode().replace("&#39;", "'")
    found = verify(tmp_path / "x.zip", own.key.public.fingerprint)
    assert faulty(found) == {SIGNATURE}
    assert other.public.fingerprint in str(found.faults)
    done = CliRunner().invoke(main, ["verify", str(tmp_path / "x.zip")])
    assert (done.exit_code, in_groups(other.public.fingerprint) in done.output) == (7, True)


@pytest.mark.requirement("R101")
def test_a_binder_sealed_anew_by_another_key_than_the_answers_is_a_fault_without_the_practice_s_key(
    forged: Forger, tmp_path: Path
) -> None:
    other = new_signing_key(tmp_path / "other")
    found = verify(forged.sealed({"key": other.public.fingerprint}, other))
    assert faulty(found) == {SIGNATURE}
    without = forged.with_files({SIGNATURE: None})
    assert STATE in faulty(verify(without.sealed({"key": other.public.fingerprint}, other)))


def test_the_key_under_the_answers_is_printed(forged: Forger, practice: Practice) -> None:
    found = verify(forged.sealed())
    assert (found.faults, found.signed_with) == ((), practice.key.public.fingerprint)
    assert found.as_document()["attestation_key"] == practice.key.public.fingerprint


def test_a_state_that_says_more_than_the_signature_is_a_fault(forged: Forger) -> None:
    state = json.loads(forged.files[STATE])
    for change in ({"text": "Signed by everybody."}, {"state": "unsigned"}, {"state": "odd"}, {"signature": None}):
        text = json.dumps({**state, **change}, sort_keys=True, indent=2).encode() + b"\n"
        assert STATE in faulty(verify(forged.with_files({STATE: text}).sealed())), change


MEASURE = "04-measures/PI_EP_1"
COVER, PERIOD, TALLIES = "00-cover/cover.json", "02-period-and-why/period.json", "03-score-and-trace/tallies.json"


def replayed(forged: Forger, told: Mapping[str, Any] | None = None) -> set[str]:
    return faulty(verify(forged.sealed(told), again=True))


@pytest.mark.requirement("R101")
def test_replaying_finds_every_number_that_its_own_key_signed_anew(forged: Forger) -> None:
    files = forged.files
    page = files["index.html"].replace(b">90<", b">100<").replace(b"90 points", b"100 points")
    assert page != files["index.html"]
    wrong = {
        "index.html": page,
        COVER: changed(files[COVER], lambda cover: cover.update(points=100)),
        f"{MEASURE}/summary.json": changed(files[f"{MEASURE}/summary.json"], lambda one: one.update(recomputed=[])),
        f"{MEASURE}/rows.csv": b"measure\r\n",
        PERIOD: changed(files[PERIOD], lambda period: period.update(days=365)),
        TALLIES: changed(files[TALLIES], lambda tallies: tallies["period"].update(days=365)),
        "01-identity-and-eligibility/identity.json": b"{}",
        "07-method-and-rulebook/sql/tallies.sql": b"SELECT 1",
        "07-method-and-rulebook/software.json": b"{}",
        "08-differences-to-ehr-report/comparison.json": b"{}",
    }
    without = {SIGNATURE: None, STATE: UNSIGNED}
    told = {"points": 100, "attestation": json.loads(UNSIGNED)}
    assert {*wrong, MANIFEST} <= replayed(forged.with_files({**wrong, **without}), told)


def test_replaying_finds_what_no_run_leaves_and_what_is_told_of_but_not_there(forged: Forger) -> None:
    added = "06-documents/other-00000000.pdf"
    assert replayed(forged.with_files({added: b"%PDF-1.4\n%%EOF\n"}), {"more": "words"}) == {added, MANIFEST}
    assert "03-score-and-trace/inputs" in replayed(forged.with_files({forged.told["documents"][0]["file"]: None}))
    moved = [{**forged.told["documents"][0], "file": "index.html"}]
    assert "03-score-and-trace/inputs" in replayed(forged, {"documents": moved})


def refused(place: Path) -> str:
    """What the verb says of a binder that it refuses, all of it printable."""
    done = CliRunner().invoke(main, ["verify", str(place), "--replay"])
    assert (done.exit_code, done.output.replace("\n", "").isprintable()) == (7, True), done.output
    in_json = CliRunner().invoke(main, ["verify", str(place), "--replay", "--json"])
    assert (in_json.exit_code, in_json.output.replace("\n", "").isprintable()) == (7, True)
    assert json.loads(in_json.output)["whole"] is False
    return done.output


ODD: tuple[Mapping[str, Any], ...] = (
    {"software": []},
    {"software": {"pi180": "1"}},
    {"software": {"pi180": [], "Python": "3"}},
    {"attestation": "x"},
    {"attestation": {"text": "\x1b[2J"}},
    {"points": "\x1b[2J90"},
    {"points": True},
    {"keep_until": "\x1b]0;x\x07"},
    {"keep_until": None},
    {"years": 10**9},
    {"pseudonyms": "no"},
    {"documents": {}},
    {"submitted": [1]},
    {"outside": [{"file": "\x9b2J", "size": 1, "sha256": "0" * 64}]},
    {"run": "../.."},
    {"period": ["2026-01-01--2026-07-05"]},
    {"reporter": "a/b"},
)


@pytest.mark.requirement("R101")
@pytest.mark.parametrize("odd", ODD, ids=[f"{next(iter(odd))}-{number}" for number, odd in enumerate(ODD)])
def test_a_manifest_of_another_shape_is_a_fault_and_never_steers_the_terminal(
    odd: Mapping[str, Any], forged: Forger
) -> None:
    assert "09-manifest-and-signature/manifest.json" in refused(forged.sealed(odd))


@pytest.mark.parametrize("name", ["2026-01-01--2026-07-05", "TIN", "event.parquet"])
def test_a_file_that_is_no_input_of_a_run_is_a_fault_before_anything_is_unpacked(name: str, forged: Forger) -> None:
    file = f"03-score-and-trace/inputs/{name}"
    assert f"{file}: is no input of a run" in refused(forged.with_files({file: b"x"}).sealed())


@pytest.mark.parametrize("text", [b"[]", b"[" * 100_000, b"\xff", b"{}", b'{"state": []}'])
def test_a_state_or_a_signature_of_another_shape_is_a_fault(text: bytes, forged: Forger) -> None:
    assert STATE in refused(forged.with_files({STATE: text}).sealed())
    assert SIGNATURE in refused(forged.with_files({SIGNATURE: text}).sealed())


@pytest.mark.parametrize(
    "name",
    [
        "03-score-and-trace/inputs/cases.parquet",
        "03-score-and-trace/inputs/run.json",
        "07-method-and-rulebook/rules.toml",
    ],
)
def test_an_input_that_cannot_be_read_is_a_fault(name: str, forged: Forger) -> None:
    files = {name: b"PAR1\x1b[2J\xff", SIGNATURE: None, STATE: UNSIGNED}
    said = refused(forged.with_files(files).sealed({"attestation": json.loads(UNSIGNED)}))
    assert "does NOT come out as it says." in said
    assert "does not come out by" in said


@pytest.mark.requirement("R101")
def test_answers_that_are_said_to_be_signed_need_their_signature(forged: Forger, safe: bytes) -> None:
    assert SIGNATURE in refused(forged.with_files({SIGNATURE: None}).sealed())
    assert json.loads(opened(safe)[0][STATE])["state"] == "signed"


@pytest.mark.requirement("R101")
def test_a_manifest_that_names_another_key_than_its_own_is_a_fault(forged: Forger, tmp_path: Path) -> None:
    other = new_signing_key(tmp_path / "other").public.fingerprint
    assert "names another key than the one that signed it" in refused(forged.sealed({"key": other}))
    other_state = {"attestation": json.loads(UNSIGNED)}
    assert "says otherwise than" in refused(forged.sealed(other_state))
