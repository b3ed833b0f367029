import gzip
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from report_page import ATTESTED, PERIOD, RULES

from extractors.cases import tally
from extractors.engine.local import LocalEngine
from extractors.errors import StagingError
from scoring.model import MeasureId, Origin, Period, Proportion, Reporter
from smartapp import paths
from smartapp.ahead.looking_ahead import periods_of
from smartapp.attesting import attestations
from smartapp.attesting.attestation_errors import AttestationError
from smartapp.attesting.attestations import Attestations, Reported
from smartapp.errors import UsageError
from smartapp.kept.archive import ArchiveError, latest, load_run, open_run, open_score
from smartapp.kept.publish import publish
from smartapp.kept.runs import score_name, write_run
from smartapp.kept.score_files import score_document_of
from smartapp.opened.evidence import case_rows
from smartapp.report.pages import render
from smartapp.scored import score_reading
from smartapp.usecases import Source, read
from smartapp.written import as_json

NPI, OTHER_NPI = "1093817465", "1234567893"
DAYS = "2026-01-01--2026-06-29"
GROUP = replace(ATTESTED, reporter=Reporter("991111111", None))


def deck(name: str) -> Path:
    return paths.fixture("onc-deck") / name


def published(folder: Path, out: Path, attested: Attestations = ATTESTED) -> Path:
    """Publish the score of a folder of FHIR; return the folder of the score within its run."""
    with read(Source(folder), RULES, PERIOD) as reading:
        publish(score_reading(reading, attested), out)
    [file] = out.glob("runs/*/*/TIN-*/score.json")
    return file.parent


def check_same(out: Path, place: Path) -> None:
    with open_score(place) as scored:
        page = render(scored, case_rows(scored.reading), periods=periods_of(scored))
        assert page == (out / "report.html").read_text()
        assert as_json(score_document_of(scored)) == (place / "score.json").read_text()


@pytest.fixture(scope="module")
def kept_deck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(deck("scenario-1/rt15"), tmp_path_factory.mktemp("deck"))


@pytest.fixture
def place(kept_deck: Path, tmp_path: Path) -> Path:
    """The folder of a score in a run that a test may change."""
    run = kept_deck.parent.parent
    shutil.copytree(run, tmp_path / "runs" / run.name)
    return tmp_path / "runs" / run.name / kept_deck.parent.name / kept_deck.name


def test_a_run_of_a_practice_read_back_makes_its_report_to_the_byte(solo_out: Path) -> None:
    [kept] = latest(solo_out / "runs", "1234567893")
    check_same(solo_out, kept.place)


@pytest.mark.parametrize("attested", [ATTESTED, GROUP], ids=["clinician", "group"])
@pytest.mark.parametrize("name", ["scenario-1/rt1", "scenario-1/rt15"])
def test_a_run_is_read_back_without_the_data_that_it_was_made_from(
    name: str, attested: Attestations, tmp_path: Path
) -> None:
    shutil.copytree(deck(name), tmp_path / "fhir")
    kept = published(tmp_path / "fhir", tmp_path / "out", attested)
    shutil.rmtree(tmp_path / "fhir")
    check_same(tmp_path / "out", kept)


def test_an_input_that_was_not_whole_is_still_not_whole_when_read_back(tmp_path: Path) -> None:
    whole = gzip.compress((deck("scenario-1/rt1") / "MedicationRequest.ndjson").read_bytes())
    (tmp_path / "orders.ndjson.gz").write_bytes(whole[: len(whole) // 2])
    kept = published(tmp_path, tmp_path / "out")
    check_same(tmp_path / "out", kept)
    with open_score(kept) as scored:
        assert scored.reading.faults[0] == "orders.ndjson.gz: truncated"


def test_any_period_of_the_year_is_counted_from_the_folder_and_no_other(tmp_path: Path) -> None:
    quarter = Period(date(2026, 1, 1), date(2026, 3, 31))
    with read(Source(deck("scenario-1/rt15")), RULES, PERIOD) as reading:
        run = write_run(tmp_path, reading)
        expected = tuple(tally(reading.engine, quarter, reading.site.numerator_window))
    with open_run(run, quarter) as again:
        assert again.tallies == expected
    with pytest.raises(UsageError, match="A performance period never leaves its year"):
        open_run(run, Period(date(2025, 12, 1), date(2026, 3, 31))).__enter__()


def test_a_run_that_finds_no_room_on_this_machine_is_not_told_as_one_that_was_changed(tmp_path: Path) -> None:
    """What was signed is written anew where it does not open any more: a lack of memory must never look like that."""
    run = published(deck("scenario-1/rt1"), tmp_path).parent.parent
    with LocalEngine("1KB") as engine, pytest.raises(StagingError, match="more than the 1KB"):
        load_run(run, PERIOD, engine)


def test_the_same_data_from_other_files_put_their_places_into_the_run(tmp_path: Path) -> None:
    shutil.copytree(deck("scenario-1/rt1"), tmp_path / "fhir")
    first = published(tmp_path / "fhir", tmp_path / "out")
    (tmp_path / "fhir" / "MedicationRequest.ndjson").rename(tmp_path / "fhir" / "orders.ndjson")
    assert published(tmp_path / "fhir", tmp_path / "out") == first
    check_same(tmp_path / "out", first)
    with open_score(first) as scored:
        assert {file for file, *_ in scored.reading.places.values()} >= {"orders.ndjson"}


def refuse(place: Path, *words: str) -> None:
    with pytest.raises(ArchiveError) as refused, open_score(place):
        pass
    assert all(word in str(refused.value) for word in (*words, "Run pi180 again"))


def test_a_run_that_is_whole_opens(place: Path) -> None:
    with open_score(place) as scored:
        assert scored.submission.reporter == Reporter("991111111", NPI)


@pytest.mark.parametrize("what", ["rules", "profile"])
def test_a_run_whose_rules_or_profile_were_changed_is_refused(place: Path, what: str) -> None:
    with (place.parent.parent / f"{what}.toml").open("a") as file:
        file.write("\n# a note\n")
    refuse(place, "the run was changed", f"its {what} are not those")


def test_a_run_whose_site_settings_were_changed_is_refused(place: Path) -> None:
    file = place.parent.parent / "site.json"
    file.write_text(file.read_text().replace("America/New_York", "America/Chicago"))
    refuse(place, "the run was changed", "its site are not those")


def test_a_run_whose_cases_were_changed_is_refused(place: Path) -> None:
    cases = place.parent.parent / "cases.parquet"
    pq.write_table(pq.read_table(cases).slice(1), cases)
    refuse(place, "the run was changed", "do not come out as they were counted")


def test_a_run_under_another_name_is_refused(place: Path) -> None:
    run = place.parent.parent
    other = run.with_name("0" * 64)
    run.rename(other)
    refuse(other / place.parent.name / place.name, "the run was changed", "of another run")


@pytest.mark.parametrize("table", ["current_place", "received_context", "seen_reporter"])
def test_a_run_of_a_version_that_kept_less_says_to_run_again_which_completes_it(table: str, place: Path) -> None:
    (place.parent.parent / f"{table}.parquet").unlink()
    refuse(place, f"{table}.parquet: is missing")
    published(deck("scenario-1/rt15"), place.parents[3])
    with open_score(place) as scored:
        assert not scored.reading.faults


def test_a_run_document_of_an_earlier_version_says_what_it_lacks(place: Path) -> None:
    file = place.parent.parent / "run.json"
    told = json.loads(file.read_text())
    del told["drug_table"]
    file.write_text(json.dumps(told))
    refuse(place, "run.json", "got no 'drug_table'")


@pytest.mark.parametrize("name", ["run.json", "site.json", "rules.toml", "profile.toml", "cases.parquet"])
@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b'{"run": 1}'])
def test_a_damaged_file_is_named(place: Path, name: str, content: bytes) -> None:
    (place.parent.parent / name).write_bytes(content)
    refuse(place, name)


def test_a_table_without_its_columns_is_refused(place: Path) -> None:
    cases = place.parent.parent / "cases.parquet"
    pq.write_table(pq.read_table(cases).drop_columns(["met_on"]), cases)
    refuse(place, "its tables")


@pytest.mark.parametrize("content", ["", "[]", '{"year": 2024}', '{"year": 2026, "answers": {"PI_NONE": true}}'])
def test_answers_that_are_not_of_the_year_are_refused(place: Path, content: str) -> None:
    (place / "attestations.json").write_text(content)
    refuse(place, "attestations.json")


def test_answers_of_another_reporter_are_refused(place: Path) -> None:
    file = place / "attestations.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "reporter": {"tin": "991111111"}}))
    refuse(place, "answers are of another reporter")


def test_a_folder_that_is_named_by_no_period_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="named by its days"):
        open_score(tmp_path / "somewhere" / "TIN-1-NPI-2").__enter__()


REPORTED = {MeasureId("PI_HIE_4"): Reported(Proportion(2, 3, origin=Origin.REPORTED), 'a "report"', date(2026, 7, 1))}


@pytest.mark.parametrize(
    "attested",
    [
        ATTESTED,
        GROUP,
        Attestations(2026, None, None, None, {}, {}, "controlled-included"),
        replace(ATTESTED, period=PERIOD, reported=REPORTED, variant="controlled-excluded"),
        replace(ATTESTED, reporter=Reporter(None, NPI), answers={MeasureId("PI_LVPP_1"): False}),
    ],
)
def test_answers_written_are_the_answers_read(attested: Attestations) -> None:
    document = json.loads(as_json(attestations.as_document(attested)))
    assert attestations.from_document(document, "a.json", RULES) == attested


@pytest.mark.parametrize(
    "more",
    [
        {"period": {"start": "2026-13-01", "end": "2026-12-31"}},
        {"period": {"start": 20260101, "end": "2026-12-31"}},
        {"period": None},
        {"reported": {"PI_HIE_4": {"numerator": 2, "denominator": 3, "report": "r", "date": "2026-07-01T00:00"}}},
        {"reported": []},
        {"reporter": {"tin": "12345678", "npi": None}},
        {"more": 1},
    ],
)
def test_kept_answers_are_read_as_strictly_as_an_attestation_file(more: Mapping[str, object]) -> None:
    with pytest.raises(AttestationError, match=r"^a\.json"):
        attestations.from_document({"year": 2026, **more}, "a.json", RULES)


def test_the_order_in_which_answers_are_written_changes_nothing(tmp_path: Path) -> None:
    doubtful = ("PI_HIE_6", "PI_LVPP_1", "PI_LVOTC_1", "PI_PHCDRR_1_PRE", "PI_PHCDRR_3_PRE", "PI_PHCDRR_1_EX_1")
    answers = {**ATTESTED.answers, **{MeasureId(name): True for name in doubtful}}
    files = ("score.json", "submission.json", "report.html")
    found = []
    for name, order in (("one", answers), ("two", dict(reversed(answers.items())))):
        published(deck("scenario-1/rt1"), tmp_path / name, replace(ATTESTED, answers=order))
        found.append([(tmp_path / name / file).read_bytes() for file in files])
    assert found[0] == found[1]


Kept = Callable[..., Path]


@pytest.fixture
def keep(tmp_path: Path) -> Kept:
    """Makes the folder of a score with the files that are looked for, written at a given hour."""

    def make(name: str, *, run: str = "a" * 64, days: str = DAYS, hour: int = 0) -> Path:
        place = tmp_path / "runs" / run / days / name
        place.mkdir(parents=True)
        (place.parent.parent / "run.json").write_text("{}")
        for file in ("attestations.json", "score.json"):
            (place / file).write_text("{}")
        time = datetime(2026, 7, 1, hour, tzinfo=UTC).timestamp()
        os.utime(place / "score.json", (time, time))
        return place

    return make


def test_the_newest_score_of_each_tin_is_found_the_newest_first(keep: Kept, tmp_path: Path) -> None:
    keep(f"TIN-111111111-NPI-{NPI}", hour=1)
    newer = keep(f"TIN-111111111-NPI-{NPI}", run="b" * 64, hour=2)
    unknown = keep(f"TIN-unknown-NPI-{NPI}", days="2026-02-01--2026-07-31", hour=3)
    found = latest(tmp_path / "runs", NPI)
    assert [(kept.place, kept.tin) for kept in found] == [(unknown, None), (newer, "111111111")]
    assert found[0].period == Period(date(2026, 2, 1), date(2026, 7, 31))
    assert (found[1].fingerprint, found[1].npi, found[1].year) == ("b" * 64, NPI, 2026)
    assert found[1].written == datetime(2026, 7, 1, 2, tzinfo=UTC)


def test_nobody_elses_score_is_found(keep: Kept, tmp_path: Path) -> None:
    keep(f"TIN-111111111-NPI-{OTHER_NPI}")
    keep("TIN-111111111-group")
    assert latest(tmp_path / "runs", NPI) == ()


def test_what_is_no_whole_score_is_passed_over(keep: Kept, tmp_path: Path) -> None:
    name = f"TIN-111111111-NPI-{NPI}"
    keep(f".{name}.77", hour=4)
    keep(name, run=f".{'a' * 64}.77", hour=4)
    keep(name, days="2026-02-30--2026-07-31", hour=4)
    keep(name, days="whole-year", hour=4)
    keep(f"{name} (copy)", hour=4)
    (keep(name, run="c" * 64, hour=4) / "attestations.json").unlink()
    (keep(name, run="d" * 64, hour=4).parent.parent / "run.json").unlink()
    folder = keep(name, run="e" * 64, hour=4) / "score.json"
    folder.unlink()
    folder.mkdir()
    (tmp_path / "runs" / "note.txt").write_text("stray")
    (tmp_path / "runs" / ("f" * 64)).write_text("stray")
    assert latest(tmp_path / "runs", NPI) == ()
    whole = keep(name, hour=1)
    assert [kept.place for kept in latest(tmp_path / "runs", NPI)] == [whole]


@pytest.mark.parametrize(
    "npi", ["", "*", "..", "109381746", NPI + "0", f"{NPI}\n", "١٠٩٣٨١٧٤٦٥", f"../{NPI}", "[0-9]*"]
)
def test_what_is_no_npi_has_no_score(keep: Kept, tmp_path: Path, npi: str) -> None:
    keep(f"TIN-111111111-NPI-{NPI}")
    assert latest(tmp_path / "runs", npi) == ()


def test_a_practice_without_runs_has_no_score(tmp_path: Path) -> None:
    assert latest(tmp_path / "runs", NPI) == ()


@pytest.mark.parametrize(("tin", "npi"), [("../../../x", NPI), ("991111111", "../../x"), ("..", ".."), ("a/b", None)])
def test_what_the_data_call_a_tin_or_npi_never_leads_out_of_the_run(tin: str, npi: str | None) -> None:
    name = score_name(Reporter(tin, npi))
    assert Path(name).name == name
    assert score_name(Reporter("991111111", NPI)) == f"TIN-991111111-NPI-{NPI}"
