"""Runs that stay open: the same numbers as a fresh reading, for every period, every thread and after every change."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_archive import published

from extractors.cases import tally
from extractors.engine import Engine
from extractors.errors import StagingError
from scoring.model import Period, Reporter
from smartapp import paths
from smartapp.beside.what_if import AS_COUNTED, Bench
from smartapp.errors import UsageError
from smartapp.kept import engines
from smartapp.kept.archive import ArchiveError, open_run
from smartapp.kept.open_runs import OpenRuns, Remembered
from smartapp.opened.evidence import case_rows
from smartapp.usecases import Reading
from tests.extractors.faulty import no_file_above

HALF = Period(date(2026, 1, 1), date(2026, 6, 29))
QUARTER = Period(date(2026, 1, 1), date(2026, 3, 31))
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
PERIODS = (HALF, QUARTER, YEAR)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    deck = paths.fixture("onc-deck") / "scenario-1" / "rt15"
    return published(deck, tmp_path_factory.mktemp("open")).parent.parent


@pytest.fixture
def run(kept: Path, tmp_path: Path) -> Path:
    """A run that a test may change."""
    return Path(shutil.copytree(kept, tmp_path / kept.name))


@pytest.fixture
def pool() -> Iterator[OpenRuns]:
    found = OpenRuns()
    yield found
    found.close()


@contextmanager
def fresh(run: Path, period: Period) -> Iterator[Reading]:
    with open_run(run, period) as reading:
        yield reading


def said(reading: Reading) -> tuple[object, ...]:
    """Everything of a reading that a page shows of its period."""
    return reading.period, reading.tallies, case_rows(reading)


def test_every_period_of_an_open_run_gives_what_a_fresh_reading_gives(kept: Path, pool: OpenRuns) -> None:
    for period in (*PERIODS, *reversed(PERIODS)):
        with pool.reading(kept, period) as open_one, fresh(kept, period) as read_anew:
            assert said(open_one) == said(read_anew)


def test_a_page_that_counts_other_days_in_between_leaves_nothing_behind(kept: Path, pool: OpenRuns) -> None:
    """A plan counts the part of a period that is over, in the engine that the next page uses."""
    with pool.reading(kept, HALF) as reading:
        before = said(reading)
        tally(reading.engine, QUARTER, reading.site.numerator_window)
    with pool.reading(kept, HALF) as again:
        assert said(again) == before


def test_a_run_is_read_once_however_often_and_for_whatever_period_it_is_looked_at(kept: Path, pool: OpenRuns) -> None:
    engines = set()
    for period in (*PERIODS, *PERIODS):
        with pool.reading(kept, period) as reading:
            engines.add(id(reading.engine))
    assert len(engines) == 1


def test_a_period_that_leaves_the_year_is_refused_and_the_run_stays_usable(kept: Path, pool: OpenRuns) -> None:
    outside = Period(date(2025, 12, 31), date(2026, 3, 31))
    for _ in range(2):
        with pytest.raises(UsageError, match="never leaves its year"), pool.reading(kept, outside):
            pass
        with pool.reading(kept, HALF) as reading:
            assert reading.period == HALF


def test_a_table_that_was_changed_is_noticed_and_refused_and_mended_opens_again(run: Path, pool: OpenRuns) -> None:
    with pool.reading(run, HALF) as reading:
        before = said(reading)
    cases, whole = run / "cases.parquet", (run / "cases.parquet").read_bytes()
    pq.write_table(pq.read_table(cases).slice(1), cases)
    for _ in range(2):
        with pytest.raises(ArchiveError, match="do not come out as they were counted"), pool.reading(run, HALF):
            pass
    cases.write_bytes(whole)
    with pool.reading(run, HALF) as reading:
        assert said(reading) == before


def test_tallies_that_were_changed_after_the_run_was_opened_are_noticed(run: Path, pool: OpenRuns) -> None:
    with pool.reading(run, HALF):
        pass
    file = run / "2026-01-01--2026-06-29" / "tallies.json"
    file.write_text(file.read_text().replace('"met": ', '"met": 1', 1))
    with pytest.raises(ArchiveError, match="do not come out as they were counted"), pool.reading(run, HALF):
        pass


def test_a_run_that_is_gone_is_refused_and_one_in_its_place_is_read(run: Path, pool: OpenRuns) -> None:
    with pool.reading(run, HALF) as reading:
        first = id(reading.places)
    away = run.rename(run.with_name("away"))
    with pytest.raises(ArchiveError, match="is missing"), pool.reading(run, HALF):
        pass
    shutil.copytree(away, run)
    with pool.reading(run, HALF) as reading, fresh(run, HALF) as read_anew:
        assert id(reading.places) != first
        assert said(reading) == said(read_anew)


def test_the_same_run_within_itself_for_other_days_disturbs_nobody(kept: Path, pool: OpenRuns) -> None:
    with pool.reading(kept, HALF) as outer:
        before = said(outer)
        with pool.reading(kept, QUARTER) as inner, fresh(kept, QUARTER) as read_anew:
            assert inner.engine is not outer.engine
            assert said(inner) == said(read_anew)
        assert said(outer) == before


def test_two_who_look_at_two_runs_in_opposite_order_never_wait_for_each_other(kept: Path, run: Path) -> None:
    pool = OpenRuns()

    def look(first: Path, second: Path) -> bool:
        for _ in range(3):
            with pool.reading(first, HALF) as one, pool.reading(second, QUARTER) as other:
                assert (one.period, other.period) == (HALF, QUARTER)
        return True

    with ThreadPoolExecutor(2) as workers:
        both = [workers.submit(look, kept, run), workers.submit(look, run, kept)]
        assert all(one.result(timeout=60) for one in both)
    pool.close()


def test_eight_threads_at_different_periods_each_see_their_own_numbers(kept: Path, pool: OpenRuns) -> None:
    expected = {}
    for period in PERIODS:
        with fresh(kept, period) as reading:
            expected[period] = said(reading)

    def look(number: int) -> bool:
        period = PERIODS[number % len(PERIODS)]
        with pool.reading(kept, period) as reading:
            return said(reading) == expected[period]

    with ThreadPoolExecutor(8) as workers:
        assert all(workers.map(look, range(24)))


def test_only_so_many_runs_stay_open_and_the_one_used_longest_ago_goes_first(kept: Path, tmp_path: Path) -> None:
    pool = OpenRuns(most=2)
    runs = [Path(shutil.copytree(kept, tmp_path / str(n) / kept.name)) for n in range(3)]
    seen = {}
    for n in (0, 1, 0, 2):
        with pool.reading(runs[n], HALF) as reading:
            seen[n] = id(reading.places)
    held = []
    for n in (0, 2):
        with pool.reading(runs[n], HALF) as reading:
            held.append(id(reading.places) == seen[n])
    assert held == [True, True]
    assert list(pool._open) == [runs[0], runs[2]]
    pool.close()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    return place


def test_rows_of_a_small_run_never_lie_on_the_disk_while_it_is_open(
    kept: Path, pool: OpenRuns, temporary: Path
) -> None:
    with pool.reading(kept, HALF) as one, pool.reading(kept, QUARTER) as other, fresh(kept, YEAR) as third:
        for reading in (one, other, third):
            case_rows(reading)
        with Bench(one, one.rules.measures, Reporter(None, None)) as bench:
            bench.count(AS_COUNTED, "controlled-included")
            assert list(temporary.iterdir()) == []


def fill(engine: Engine) -> None:
    """Load more and more, as pages do that count one period after another."""
    for number in range(200):
        table = pa.table({"said": [sha256(f"{number} {row}".encode()).hexdigest() for row in range(8000)]})
        engine.load(f"more_{number}", table)


@pytest.mark.parametrize("room", [4_000_000, 17_200_000], ids=["a commit fails", "a checkpoint fails, which is fatal"])
def test_a_run_whose_database_found_no_room_is_opened_anew_by_the_next_who_asks(
    room: int, kept: Path, pool: OpenRuns, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_FEW_BYTES", 0)
    with pool.reading(kept, HALF) as reading:
        before, first = said(reading), reading.engine
        assert len(list(temporary.iterdir())) == 1
    with no_file_above(room), pytest.raises(StagingError, match="no room"), pool.reading(kept, HALF) as reading:
        fill(reading.engine)
    assert list(temporary.iterdir()) == []
    with pool.reading(kept, HALF) as reading:
        assert (said(reading), reading.engine is first) == (before, False)


def test_what_was_worked_out_is_worked_out_once_for_a_key_and_the_oldest_is_forgotten() -> None:
    remembered, made = Remembered(most=2), []

    def make(name: str) -> str:
        return remembered.once(name, lambda: made.append(name) or name)  # type: ignore[func-returns-value]

    assert [make(name) for name in ("a", "b", "a", "c", "a", "b")] == ["a", "b", "a", "c", "a", "b"]
    assert made == ["a", "b", "c", "b"]


def test_what_fails_to_be_worked_out_is_tried_again() -> None:
    remembered = Remembered()
    with pytest.raises(OSError, match="full"):
        remembered.once("a", lambda: (_ for _ in ()).throw(OSError("full")))
    assert remembered.once("a", lambda: 1) == 1


def test_times_of_files_are_not_looked_at_below_the_folder_of_a_run(run: Path, pool: OpenRuns) -> None:
    """A score that is written beside does not make a run be read anew."""
    with pool.reading(run, HALF) as reading:
        first = id(reading.places)
    [file] = run.glob("*/TIN-*/score.json")
    os.utime(file, (1, 1))
    with pool.reading(run, HALF) as reading:
        assert id(reading.places) == first
