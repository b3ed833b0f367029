"""The practice's numbers anew: read whole or not at all, with the newest answers, and nobody's numbers lost."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copytree

import pytest

from extractors.site import load_site
from scoring.model import Period, Reporter
from scoring.rulebook import load
from smartapp.attesting.attestations import Attestations, from_document
from smartapp.errors import UsageError
from smartapp.exports.cases_csv import cases_csv
from smartapp.kept.archive import ArchiveError, open_score
from smartapp.long_work import Paused
from smartapp.opened.evidence import case_rows
from smartapp.reading.practice import NotWhole, Practice, answers_kept, refresh

YEAR = 2026
RULES = load(YEAR)


@pytest.fixture
def asked(practice: Path, tmp_path: Path) -> Practice:
    return Practice(
        source=practice,
        site=load_site(practice / "site.toml"),
        year=YEAR,
        runs=tmp_path / "runs",
        saved=lambda _: None,
        tell=lambda *_: None,
    )


@pytest.fixture
def earlier(asked: Practice, results: Path) -> Path:
    """The folder of a score that IT's own run left."""
    copytree(results / "runs", asked.runs)
    (place,) = {file.parent for file in asked.runs.glob("*/*/TIN-*/attestations.json")}
    return place


def rewritten(place: Path, change: Callable[[dict[str, object]], None]) -> None:
    document = json.loads((place / "attestations.json").read_text())
    change(document)
    (place / "attestations.json").write_text(json.dumps(document))


def told_of(runs: Path) -> dict[str, Attestations]:
    """The answers beside every score, by the names of their folders."""
    files = runs.glob("*/*/TIN-*/attestations.json")
    return {file.parent.name: from_document(json.loads(file.read_text()), file.name, RULES) for file in files}


def test_the_answers_of_the_run_before_are_carried_over(asked: Practice, earlier: Path) -> None:
    before = told_of(asked.runs)[earlier.name]
    made = refresh(asked)

    assert (made.scored, made.unknown) == (1, 0)
    assert replace(told_of(asked.runs)[earlier.name], reporter=before.reporter) == before


def test_answers_that_were_saved_in_the_app_go_before_those_of_a_run(asked: Practice, earlier: Path) -> None:
    saved = replace(told_of(asked.runs)[earlier.name], cehrt_id="0015EABCDEFGHIJ")
    refresh(replace(asked, saved=lambda reporter: saved if reporter.npi else None))

    assert told_of(asked.runs)[earlier.name].cehrt_id == "0015EABCDEFGHIJ"


def test_saved_answers_for_days_of_another_year_hide_no_run(asked: Practice, earlier: Path) -> None:
    before = {file.name for file in asked.runs.iterdir()}
    saved = replace(told_of(asked.runs)[earlier.name], period=Period(date(2025, 7, 1), date(2026, 6, 30)))
    with pytest.raises(UsageError, match="never leaves its year"):
        refresh(replace(asked, saved=lambda reporter: saved if reporter.npi else None))

    assert {file.name for file in asked.runs.iterdir()} == before


def test_a_reporter_who_cannot_be_scored_leaves_nothing_published_of_those_before(
    asked: Practice, earlier: Path
) -> None:
    def written() -> dict[Path, int]:
        return {file: file.stat().st_mtime_ns for file in asked.runs.rglob("*")}

    before, good = written(), told_of(asked.runs)[earlier.name]
    bad = replace(good, period=Period(date(2025, 7, 1), date(2026, 6, 30)))
    with pytest.raises(UsageError, match="never leaves its year"):
        refresh(replace(asked, saved=lambda reporter: good if reporter.npi else bad))
    assert written() == before


def test_reporters_of_different_periods_are_each_published_with_the_cases_of_their_days(
    asked: Practice, earlier: Path
) -> None:
    own = told_of(asked.runs)[earlier.name]
    group = replace(own, period=Period(date(2026, 1, 1), date(2026, 12, 31)))
    made = refresh(replace(asked, saved=lambda reporter: own if reporter.npi else group))

    places = [file.parent for file in made.run.glob("*/TIN-*/score.json")]
    assert len({place.parent for place in places}) == 2
    for place in places:
        with open_score(place) as scored:
            assert cases_csv(case_rows(scored.reading)) == (place / "cases.csv").read_bytes().decode()


def test_the_newest_of_several_answers_of_a_reporter_counts(asked: Practice, earlier: Path) -> None:
    older = earlier.parent.with_name("2026-01-01--2026-12-31") / earlier.name
    copytree(earlier, older)
    rewritten(older, lambda document: document.update(cehrt={"id": "0015EOLDEROLDER"}))
    os.utime(older / "attestations.json", (1, 1))

    (found,) = answers_kept(asked.runs, RULES)
    assert found.cehrt_id != "0015EOLDEROLDER"
    os.utime(older / "attestations.json")
    (found,) = answers_kept(asked.runs, RULES)
    assert found.cehrt_id == "0015EOLDEROLDER"


def test_where_nobody_answered_anything_each_clinician_is_scored_with_nothing_attested(asked: Practice) -> None:
    made = refresh(asked)
    told = told_of(asked.runs)

    assert made.scored == len(told) > 0
    assert all(not one.answers and one.reporter is not None and one.reporter.npi for one in told.values())


def test_whom_the_export_does_not_know_any_more_keeps_the_numbers_of_before(asked: Practice, earlier: Path) -> None:
    gone = earlier.with_name("TIN-999999999-NPI-1111111111")
    copytree(earlier, gone)
    rewritten(gone, lambda document: document.update(reporter={"tin": "999999999", "npi": "1111111111"}))
    made = refresh(asked)

    assert (made.scored, made.unknown) == (1, 1)
    assert (gone / "score.json").exists()


def test_answers_that_cannot_be_opened_stop_the_run_instead_of_counting_as_not_given(
    asked: Practice, earlier: Path
) -> None:
    rewritten(earlier, lambda document: document.update(answers={"PI_NO_SUCH": True}))

    with pytest.raises(ArchiveError, match=r"attestations\.json"):
        refresh(asked)


def test_an_export_that_knows_no_reporter_publishes_nothing(asked: Practice, earlier: Path) -> None:
    rewritten(earlier, lambda document: document.update(reporter={"tin": "999999999", "npi": "1111111111"}))

    with pytest.raises(NotWhole, match="knows none of the reporters"):
        refresh(asked)


def test_progress_is_told_in_whole_percents_from_nothing_to_all(asked: Practice) -> None:
    told: list[tuple[int, int]] = []
    refresh(replace(asked, tell=lambda done, total: told.append((done, total))))

    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) <= 101 + len(told_of(asked.runs))


def test_a_run_that_is_stopped_half_way_publishes_nothing(asked: Practice) -> None:
    def stop(done: int, total: int) -> None:
        if 2 * done >= total:
            raise Paused

    with pytest.raises(Paused):
        refresh(replace(asked, tell=stop))
    assert not asked.runs.exists()


def test_a_reporter_is_found_by_what_the_data_call_them(asked: Practice) -> None:
    seen: set[Reporter] = set()
    refresh(replace(asked, saved=lambda one: seen.add(one)))  # type: ignore[func-returns-value]

    assert any(one.npi is None and one.tin for one in seen)
    assert any(one.npi and one.tin for one in seen)
