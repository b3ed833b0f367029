"""Options of a reading: how much of the machine it takes, and what it keeps for the next one."""

import json
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from extractors.staging.work import DATABASE, Work, cores
from scoring.rulebook import load
from smartapp.cli import main
from smartapp.cli.folders import reading_of
from smartapp.nightly.config import judged, load_clinic
from smartapp.usecases import Source, period_within
from tests.extractors.practice import patient_line
from tests.unattended.nights import Practice, practice


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "Patient.ndjson").write_bytes(b"\n".join(patient_line(name) for name in "abc"))
    return folder


def extract(data: Path, *words: str | Path) -> Result:
    asked = ["extract", "--from", data, "--year", "2026", "--json", *words]
    return CliRunner().invoke(main, [str(word) for word in asked], catch_exceptions=False)


def test_what_is_counted_does_not_depend_on_how_it_is_read(data: Path, tmp_path: Path) -> None:
    plain = extract(data)
    assert json.loads(plain.stdout)["files"][0]["lines"] == 3
    for _ in range(2):
        again = extract(data, "--workers", "2", "--memory", "512MB", "--reuse", tmp_path / "kept")
        assert (again.exit_code, again.stdout) == (plain.exit_code, plain.stdout)
    assert len(list((tmp_path / "kept" / "parts").glob("*.json"))) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--memory", "12"), "expected 300MB or more, such as 512MB or 2GB, got '12'"),
        (("--workers", "0"), "0 is not in the range x>=1"),
    ],
)
def test_a_number_that_cannot_be_meant_is_refused(data: Path, words: tuple[str, str], told: str) -> None:
    refused = extract(data, *words)
    assert (refused.exit_code, told in " ".join(refused.stderr.split())) == (2, True)


def test_nothing_is_kept_where_the_next_run_would_read(data: Path) -> None:
    refused = extract(data, "--reuse", data / "kept")
    assert (refused.exit_code, "lies in the folder that is read" in refused.stderr) == (2, True)
    assert not (data / "kept").exists()


def test_a_file_is_no_folder_to_keep_in(data: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a letter")
    refused = extract(data, "--reuse", tmp_path / "kept")
    assert (refused.exit_code, "--reuse: " in refused.stderr, "expected a folder, got a file" in refused.stderr) == (
        2,
        True,
        True,
    )


@pytest.fixture
def hearing() -> Iterator[None]:
    """Ctrl-C is heard, also where the tests were started deaf to it, as shells start what they put aside."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hearing")
@pytest.mark.parametrize(("heard", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_reading_that_is_stopped_leaves_nothing_and_says_so_by_its_code(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard: signal.Signals, code: int
) -> None:
    rows = tmp_path / "rows"
    rows.mkdir()
    monkeypatch.setenv("TMPDIR", str(rows))
    source = Source(data, work=Work(workers=1, block=1))
    days = period_within(2026, date(2026, 1, 1), date(2026, 12, 31))
    before = signal.getsignal(signal.SIGTERM)

    def stopped_while_rows_lie_there() -> None:
        with reading_of(source, load(2026), days):
            assert list(rows.iterdir())
            signal.raise_signal(heard)

    with pytest.raises(SystemExit) as ended:
        stopped_while_rows_lie_there()

    assert (ended.value.code, list(rows.iterdir()), signal.getsignal(signal.SIGTERM)) == (code, [], before)


def test_settings_of_an_unattended_run_say_it_themselves(tmp_path: Path) -> None:
    words = ["--workers", "2", "--engine", "local", "--from", "export"]
    refused = CliRunner().invoke(main, ["run", "--config", str(tmp_path / "clinic.toml"), *words])
    assert (refused.exit_code, refused.stderr.splitlines()[-1]) == (
        2,
        "Error: --config: expected no other option but --json, got also --engine, --from, --workers.",
    )


@pytest.fixture
def clinic(tmp_path: Path) -> Practice:
    return practice(tmp_path, True)


def test_settings_say_how_much_of_the_machine_a_run_takes(clinic: Practice) -> None:
    assert load_clinic(clinic.config).source.work == Work(cores(), DATABASE, None)
    clinic.settings("workers = 1", 'memory = "512MB"', 'reuse = "kept"')
    assert load_clinic(clinic.config).source.work == Work(1, "152MB", clinic.root / "kept")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("workers = 0", "workers: expected 1 or more, got 0"),
        ('memory = "lots"', "memory: expected 300MB or more"),
        ('reuse = "export/kept"', "lies in the folder that is read"),
    ],
)
def test_settings_that_cannot_be_meant_are_told(clinic: Practice, line: str, told: str) -> None:
    clinic.settings(line)
    [said] = judged(clinic.config)[1]
    assert told in said


def test_all_settings_that_cannot_be_meant_are_told_at_once(clinic: Practice) -> None:
    clinic.settings("workers = 0", 'memory = "lots"')
    workers, memory = judged(clinic.config)[1]
    assert ("workers: expected" in workers, "memory: expected" in memory) == (True, True)


def test_a_night_that_takes_from_the_night_before_says_the_same(clinic: Practice) -> None:
    clinic.settings('reuse = "kept"')
    first = clinic.night()
    left = clinic.left()
    again = clinic.night()

    assert (again.run, clinic.left()) == (first.run, left)
    assert len(list((clinic.root / "kept" / "parts").glob("*.json"))) == 1
