"""The copy of a binder that is shown outside: no canary of a patient in it, everything linked, the same numbers."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bound import AT, Practice
from click.testing import CliRunner

from scoring.model import MeasureId, Period, Proportion
from scoring.rulebook import RuleBook, load
from smartapp import paths
from smartapp.attesting.attestations import Attestations, Reported, read_attestations
from smartapp.attesting.signature import Signer
from smartapp.attesting.signing import sign
from smartapp.binder.bundling import Bundling, bundle
from smartapp.binder.container import opened
from smartapp.binder.pseudonyms import PseudonymKey, _Change, new_pseudonym_key, read_pseudonym_key
from smartapp.binder.verifying import verify
from smartapp.cli import main
from smartapp.errors import UsageError
from smartapp.kept.finding_run import find_score
from smartapp.kept.publish import publish
from smartapp.scored import score_reading
from smartapp.signing_key import SigningKey
from smartapp.usecases import Source, read
from tests.smartapp.canaries import Canaries, as_lines, damaged
from tests.smartapp.canaries import practice as practice_of_canaries

KEY, OTHER = PseudonymKey(bytes(range(32))), PseudonymKey(bytes(32))
CANARY = re.compile("Zq[0-9]{5}qz")
BORN = "1931-01-17"


def change() -> _Change:
    return _Change(KEY, frozenset())


def texts_of(data: bytes) -> dict[str, str]:
    files, faults = opened(data)
    assert faults == ()
    return {name: _text(name, content) for name, content in files.items()}


def _text(name: str, content: bytes) -> str:
    return str(pq.read_table(io.BytesIO(content)).to_pylist()) if name.endswith(".parquet") else content.decode()


def published(root: Path, lines: bytes, canaries: Canaries) -> Path:
    """The score of a folder in which every text is a canary."""
    rules, answers = load(2026), (paths.fixture("solo-2026") / "attestations.toml").read_text()
    (root / "fhir").mkdir()
    (root / "fhir" / f"Doe-{canaries.new('file name')}.ndjson").write_bytes(lines)
    (root / "site.toml").write_text(site_of_canaries(canaries))
    with read(Source(root / "fhir", root / "site.toml"), rules, Period(date(2026, 1, 1), date(2026, 7, 5))) as reading:
        whose = next(tally for tally in reading.tallies if tally.npi and tally.tin)
        named = answers.replace("000180180", str(whose.tin)).replace("1234567893", str(whose.npi))
        (root / "answers.toml").write_text(named)
        publish(score_reading(reading, answered(root / "answers.toml", rules, canaries)), root / "out")
    return find_score(root / "out")


def site_of_canaries(canaries: Canaries) -> str:
    """Settings in which every text that the practice chooses is a canary."""
    return f"""
shared_ehr = ["Organization/{canaries.new("site.shared_ehr")}"]

[tin_map]
"Organization/org-a" = "000180180"
"Location/{canaries.new("site.tin_map")}" = "000180180"

[[standing]]
kind = "access-vdt"
from = 2020-01-01
why = "{canaries.new("site.standing.why")}"
"""


def answered(file: Path, rules: RuleBook, canaries: Canaries) -> Attestations:
    """The answers with a canary in every text that is free."""
    found = read_attestations(file, rules)
    total = Reported(Proportion(3, 4), canaries.new("reported.report"), date(2026, 7, 6))
    reported = {measure: replace(one, report=total.report) for measure, one in found.reported.items()}
    return replace(
        found,
        reported=reported or {MeasureId("PI_PEA_1"): total},
        products=(canaries.new("cehrt.products"),),
        people={MeasureId("PI_PPHI_1"): canaries.new("people")},
    )


@pytest.fixture(scope="module")
def of_canaries(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    canaries = Canaries()
    place = published(tmp_path_factory.mktemp("canaries"), as_lines(practice_of_canaries(canaries)), canaries)
    signer = Signer(*(canaries.new(f"signer.{what}") for what in ("name", "role", "reason")))
    sign(place, signer, practice.key, AT)
    return place


@pytest.fixture(scope="module")
def of_damage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with lines that are set aside, so that there is no score."""
    canaries = Canaries()
    lines = as_lines(practice_of_canaries(canaries)) + b"\n".join(damaged(canaries))
    return published(tmp_path_factory.mktemp("damage"), lines, canaries)


@pytest.mark.requirement("R114", "R115")
@pytest.mark.parametrize("of", ["of_canaries", "of_damage"])
def test_a_copy_under_pseudonyms_holds_no_canary_and_no_birth_date(
    of: str, practice: Practice, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Neither of a patient nor of the practice's own words: places, reasons, reports, products, people, signer."""
    made = bundle(Bundling(request.getfixturevalue(of), practice.key, pseudonyms=KEY))
    (tmp_path / "safe.zip").write_bytes(made)
    assert verify(tmp_path / "safe.zip", again=True).faults == ()
    texts = texts_of(made)
    assert {name: set(CANARY.findall(text)) for name, text in texts.items() if CANARY.search(text)} == {}
    assert [name for name, text in texts.items() if BORN in text or "Doe-" in text] == []


def test_the_whole_binder_of_the_same_does_hold_ids_so_that_the_test_before_means_something(
    of_canaries: Path, practice: Practice
) -> None:
    texts = texts_of(bundle(Bundling(of_canaries, practice.key)))
    assert CANARY.search(texts["index.html"])
    assert CANARY.search(texts["03-score-and-trace/inputs/cases.parquet"])
    for name in (
        "07-method-and-rulebook/site.json",
        "05-attestations/attestations.json",
        "05-attestations/signature.json",
    ):
        assert CANARY.search(texts[name]), name
    assert CANARY.search(texts["03-score-and-trace/inputs/case_evidence.parquet"])


@pytest.fixture(scope="module")
def ours(safe: bytes) -> dict[str, str]:
    return texts_of(safe)


@pytest.fixture(scope="module")
def whole(binder: bytes) -> dict[str, str]:
    return texts_of(binder)


def test_a_copy_counts_and_scores_the_same_and_is_replayed(
    safe: bytes, ours: dict[str, str], whole: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "safe.zip").write_bytes(safe)
    found = verify(tmp_path / "safe.zip", again=True)
    assert (found.faults, found.replayed, found.told["points"]) == ((), True, 90)
    for name in ("03-score-and-trace/score.json", "03-score-and-trace/submission.json"):
        assert ours[name] == whole[name]
    for name in ours:
        if name.endswith("summary.json"):
            assert json.loads(ours[name])["recomputed"] == json.loads(whole[name])["recomputed"]


def test_rows_still_belong_together_and_to_the_records_of_the_practice(
    ours: dict[str, str], whole: dict[str, str]
) -> None:
    name = "04-measures/PI_EP_1/rows.csv"
    coded, plain = (list(csv.DictReader(io.StringIO(texts[name]))) for texts in (ours, whole))
    assert {row["focus"] for row in coded} == {KEY.of_id(row["focus"]) for row in plain}
    assert {row["patient"] for row in coded} == {KEY.of_id(row["patient"]) for row in plain}
    cases = ours["03-score-and-trace/inputs/cases.parquet"]
    assert all(row["patient"] in cases for row in coded[:40])
    assert all(row["focus"] in ours["index.html"] for row in coded[:40])


def test_nobody_is_named_and_no_attached_file_is_in_a_copy(ours: dict[str, str]) -> None:
    assert not re.search(r"Ada Example|practice manager|Doe|sample-\d|rx-\d{4}|\.ndjson", "".join(ours.values()))
    assert not any(name.startswith("06-documents/") for name in ours)
    assert "05-attestations/signature.json" not in ours
    assert "(not in this copy)" in ours["index.html"]
    assert "Copy under pseudonyms" in ours["index.html"]
    assert re.search(r"Signed by person-[0-9a-f]{20}, not shown, on", ours["index.html"])


def test_an_id_has_one_code_by_one_key_and_another_by_another() -> None:
    assert KEY.of_id("Patient/1") == KEY.of_id("Patient/1")
    assert len({KEY.of_id("Patient/1"), KEY.of_id("Patient/2"), OTHER.of_id("Patient/1")}) == 3
    assert re.fullmatch("Patient/[0-9a-f]{20}", KEY.of_id("Patient?identifier=urn:mrn|12345"))
    assert re.fullmatch("Unnamed/[0-9a-f]{20}", KEY.of_id("urn:uuid:1"))
    assert KEY.of_unit("Patient/1 2026-03-01", "Patient/1") == f"{KEY.of_id('Patient/1')} 2026-03-01"
    assert (KEY.of_reporter("000180180"), KEY.of_reporter("1234567893")) == ("000180180", "1234567893")
    assert "Doe" not in KEY.of_reporter("Doe")
    assert "00" * 4 not in repr(OTHER)


def test_a_day_stays_only_behind_a_patient_s_key_and_only_in_a_unit() -> None:
    for odd in ("Doe-Jane 1931-05-17", "Patient?identifier=urn:mrn|Doe 1931-05-17", "Patient/1 1931-05-17"):
        assert "1931" not in KEY.of_id(odd)
        assert "1931" not in KEY.of_unit(odd, "Patient/2")
        assert "1931" not in KEY.of_unit(odd, None)
    rows = pa.table({"focus": ["Encounter/1"], "identifier": ["urn:ehr|7 1931-05-17"]})
    assert "1931" not in str(change().table(rows).to_pylist())


def test_only_a_type_of_r4_stays_before_a_code() -> None:
    for odd in ("Doe/Jane", "Jane?name=Doe", "Doe-Jane"):
        assert re.fullmatch("Unnamed/[0-9a-f]{20}", KEY.of_id(odd))


def test_a_table_with_a_column_that_is_not_known_is_refused() -> None:
    with pytest.raises(UsageError, match="birth_date: this column is not known to be harmless"):
        change().table(pa.table({"focus": ["Patient/1"], "birth_date": ["1931-01-17"]}))


def test_a_list_of_the_ehr_does_not_go_with_pseudonyms(practice: Practice) -> None:
    with pytest.raises(UsageError, match="names patients"):
        bundle(Bundling(practice.place, practice.key, ehr_report=practice.out / "x.csv", pseudonyms=KEY))


def test_a_pseudonym_key_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path, practice: Practice) -> None:
    new_pseudonym_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert read_pseudonym_key(tmp_path / "key") == read_pseudonym_key(tmp_path / "key")
    with pytest.raises(UsageError, match="is there already"):
        new_pseudonym_key(tmp_path / "key")
    for name in (practice.key_file, tmp_path / "missing"):
        with pytest.raises(UsageError):
            read_pseudonym_key(name)


def test_the_verb_takes_a_key_of_its_own_kind_alone(practice: Practice, tmp_path: Path) -> None:
    words = ["bundle", "--run", str(practice.out), "-o", str(tmp_path / "x.zip"), "--key", str(practice.key_file)]
    done = CliRunner().invoke(main, [*words, "--pseudonyms", str(practice.key_file)])
    assert (done.exit_code, (tmp_path / "x.zip").exists()) == (2, False)
    assert isinstance(practice.key, SigningKey)
