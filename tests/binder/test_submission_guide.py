import json
from datetime import date

import pytest
from click.testing import CliRunner

from scoring.conditions import Form, Submitter, Way
from scoring.rulebook import load, years
from smartapp.attesting.submission_guide import guide_document, submission_guide
from smartapp.cli import main


@pytest.mark.parametrize("year", years())
def test_every_year_says_for_each_submitter_by_which_ways_with_which_files_and_by_whose_word(year: int) -> None:
    guide = submission_guide(load(year))
    assert [one.route.submitter for one in guide.routes] == list(Submitter)
    for one in guide.routes:
        assert one.ways
        for ruling in (one.route.ruling, *(way.ruling for way in one.ways)):
            assert ruling.cites
    assert guide.opens.day.year == guide.closes.day.year == year + 1


@pytest.mark.parametrize(
    ("submitter", "ways"),
    [
        (Submitter.CLINICIAN, [Way.ATTEST, Way.UPLOAD, Way.API]),
        (Submitter.REPRESENTATIVE, [Way.ATTEST, Way.UPLOAD, Way.API]),
        (Submitter.INTERMEDIARY, [Way.UPLOAD, Way.API]),
    ],
)
def test_a_third_party_does_not_attest_and_whoever_signs_in_does(submitter: Submitter, ways: list[Way]) -> None:
    [one] = submission_guide(load(2026), submitter).routes
    assert [way.id for way in one.ways] == ways


def test_each_way_takes_the_files_that_it_takes() -> None:
    [clinician, *_] = submission_guide(load(2026)).routes
    assert {way.id: way.files for way in clinician.ways} == {
        Way.ATTEST: (Form.WORKSHEET,),
        Way.UPLOAD: (Form.QPP_JSON, Form.QRDA3),
        Way.API: (Form.QPP_JSON,),
    }


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (date(2027, 1, 1), "not open yet: it opens on 2027-01-02 (in 1 day)"),
        (date(2027, 1, 2), "open until 2027-03-31 (in 88 days)"),
        (date(2027, 3, 31), "open until 2027-03-31 (today)"),
        (date(2027, 4, 1), "closed on 2027-03-31: CMS takes nothing of 2026 any more"),
    ],
)
def test_the_guide_says_where_a_day_lies_to_the_window(day: date, says: str) -> None:
    assert says in submission_guide(load(2026), as_of=day).standing


def test_without_a_day_nothing_is_counted() -> None:
    assert submission_guide(load(2026)).standing == ""


def test_doubts_are_told_where_they_matter() -> None:
    document = json.dumps(guide_document(submission_guide(load(2026))))
    assert "refuses that of 2026, 2025-05-01" in document
    assert "No way by which CMS takes FHIR was found" in document


def test_the_verb_prints_the_guide_as_text_and_as_json_and_says_what_pi180_is_not() -> None:
    words = ["submission-guide", "--year", "2026", "--submitter", "intermediary", "--as-of", "2026-11-22"]
    text = CliRunner().invoke(main, words).output
    assert "As a third-party intermediary" in text
    assert "As a MIPS eligible clinician" not in text
    assert "pi180 export qpp-json" in text
    assert "not a CMS product" in text
    document = json.loads(CliRunner().invoke(main, [*words, "--json"]).output)
    assert (document["sent_by_pi180"], document["opens"]["day"]) == (False, "2027-01-02")
    assert CliRunner().invoke(main, ["submission-guide", "--year", "1999"]).exit_code == 2


def test_without_a_year_it_is_the_one_whose_window_closes_next() -> None:
    words = ["submission-guide", "--json", "--as-of"]
    asked = {day: CliRunner().invoke(main, [*words, day]).output for day in ("2026-03-31", "2026-04-01")}
    assert {day: json.loads(text)["year"] for day, text in asked.items()} == {"2026-03-31": 2025, "2026-04-01": 2026}
