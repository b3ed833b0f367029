"""Files that are made of a score, which knows more than the submission that it writes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from smartapp.exports.making import Asked, Format, make, make_of
from smartapp.kept.archive import open_score

MADE = datetime(2026, 11, 22, tzinfo=UTC)
SHEET = Asked(Format.WORKSHEET, ".html", None, MADE)


@pytest.fixture
def place(solo_out: Path) -> Path:
    [found] = solo_out.glob("runs/*/*/TIN-*/score.json")
    return found.parent


def test_a_worksheet_of_a_score_warns_of_what_is_not_visible(place: Path) -> None:
    with open_score(place) as scored:
        text = make_of(scored, SHEET).text
    assert text
    assert "2 of 243 are not visible and count as not met" in text
    assert "PI_HIE_4, from the EHR&#39;s report" in text


@pytest.mark.parametrize("form", [Format.QPP_JSON, Format.MEASURE_REPORT, Format.QRDA3])
def test_a_file_for_others_says_the_same_of_a_score_and_of_its_submission(place: Path, form: Format) -> None:
    asked = Asked(form, ".json", None, MADE)
    with open_score(place) as scored:
        assert make_of(scored, asked).text == make(place / "submission.json", asked).text
