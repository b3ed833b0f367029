"""The settings of an unattended run: a starter that can be filled in, read strictly, with all that is wrong at once."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from scoring.model import Period
from smartapp.cli import main
from smartapp.nightly.config import FLOOR_MB, Clinic, Wanted, judged, load_clinic
from smartapp.nightly.lease import Lease
from smartapp.nightly.machine import Machine
from smartapp.nightly.problems import ConfigError
from smartapp.nightly.state import FOLDER
from smartapp.nightly.status import schema
from smartapp.reading.fetching import Choice, Renew
from tests.crawl.scripted import Scripted, scripted
from tests.extractors.practice import resource
from tests.unattended.nights import Practice, practice


def cli(*words: str | Path) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def clinic(tmp_path: Path) -> Practice:
    return practice(tmp_path, True)


def wrong(made: Practice) -> list[str]:
    return list(judged(made.config)[1])


def test_a_starter_lacks_only_the_folder_that_is_to_be_read(tmp_path: Path) -> None:
    assert cli("config", "new", tmp_path / "clinic", "--year", "2026").exit_code == 0
    checked = cli("config", "check", tmp_path / "clinic" / "clinic.toml")
    assert (checked.exit_code, checked.stdout.count("\n")) == (2, 1)
    assert "from: expected a folder of FHIR" in checked.stdout

    (tmp_path / "clinic" / "export").mkdir()
    checked = cli("config", "check", tmp_path / "clinic" / "clinic.toml")
    assert (checked.exit_code, checked.stdout) == (0, f"{tmp_path / 'clinic' / 'clinic.toml'}: can be used.\n")


def test_a_starter_is_never_written_over_settings(tmp_path: Path) -> None:
    (tmp_path / "clinic.toml").write_text("mine")
    result = cli("config", "new", tmp_path, "--year", "2026")

    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("clinic.toml", "mine")]


def test_every_key_that_a_starter_offers_is_a_key_of_the_settings(tmp_path: Path) -> None:
    cli("config", "new", tmp_path, "--year", "2026")
    offered = re.sub(r"^# (?=\[server\]|\w+ = )", "", (tmp_path / "clinic.toml").read_text(), flags=re.MULTILINE)
    said = tomllib.loads(offered.replace('period = "attested"', "", 1))
    (tmp_path / "all.toml").write_text(offered.replace('period = "attested"', "# ", 1))

    assert {"token_url", "private_ranges", "form"} <= set(said["server"])
    assert not [one for one in judged(tmp_path / "all.toml")[1] if "unknown key" in one]


def test_all_that_is_wrong_is_told_at_once_and_by_its_place(clinic: Practice) -> None:
    clinic.config.write_text(
        'year = "2026"\nout = "results"\nfrom = "nowhere"\nmeasure = 1\nprofile = "unheard-of"\nleast_free_mb = -1\n'
        '[[report]]\nattestation = "a.toml"\n[[report]]\nattestations = "a.toml"\nfolder = "../../b"\n'
        '[[report]]\nattestations = "a.toml"\nperiod = "last year"\n'
    )
    found = "\n".join(wrong(clinic))

    for said in (
        "year: expected a whole number, got '2026'",
        "unknown key 'measure'",
        "from: expected a folder of FHIR",
        "unheard-of",
        "least_free_mb: expected 0 or more",
        "report 1: unknown key 'attestation'",
        "report 1: 'attestations' is missing",
        "report 2, folder: expected a plain name",
        "report 3, period: expected 'attested'",
    ):
        assert said in found
    assert cli("run", "--config", clinic.config).exit_code == 2


def test_answers_are_held_against_the_year_and_days_against_it(clinic: Practice) -> None:
    clinic.attest("[answers]\nPI_NO_SUCH = true")
    clinic.settings(
        reports='[[report]]\nattestations = "attestations.toml"\nperiod = { start = 2025-12-01, end = 2026-06-01 }'
    )
    [said] = wrong(clinic)
    assert "PI_NO_SUCH" in said
    clinic.attest()
    [said] = wrong(clinic)
    assert "never leaves its year" in said


@pytest.mark.parametrize(
    ("period", "wanted"),
    [
        ("", Wanted.ATTESTED),
        ('period = "attested"', Wanted.ATTESTED),
        ('period = "year to date"', Wanted.SO_FAR),
        ('period = "best"', Wanted.BEST),
        ("period = { start = 2026-01-01, end = 2026-06-29 }", None),
    ],
)
def test_the_period_is_days_or_one_of_three_words(clinic: Practice, period: str, wanted: Wanted | None) -> None:
    clinic.settings(reports=f'[[report]]\nattestations = "attestations.toml"\n{period}')
    [report] = load_clinic(clinic.config).reports

    assert report.period == wanted if wanted else isinstance(report.period, Period)


def test_two_reports_need_two_folders(clinic: Practice) -> None:
    clinic.settings(reports='[[report]]\nattestations = "attestations.toml"\n' * 2)
    [said] = wrong(clinic)

    assert "report 2, folder: '.' is another report's" in said


@pytest.mark.parametrize(("out", "folder"), [("export/results", "export"), ("results", "results/export")])
def test_results_and_source_never_lie_in_each_other(clinic: Practice, out: str, folder: str) -> None:
    (clinic.root / folder).mkdir(parents=True, exist_ok=True)
    clinic.settings(source=f'from = "{folder}"')
    clinic.config.write_text(clinic.config.read_text().replace('out = "results"', f'out = "{out}"'))

    assert any("lie in each other" in one for one in wrong(clinic))


def test_a_server_is_asked_for_changes_and_gently_by_default(clinic: Practice) -> None:
    clinic.reads("https://ehr.example.org/fhir", 'group = "panel"')
    found = load_clinic(clinic.config)

    assert isinstance(found, Clinic)
    assert found.fetching is not None
    assert (found.fetching.choice, found.fetching.renew) == (Choice.BEST, Renew.CHANGES)
    assert found.source.folder == found.fetching.crawling.out == clinic.root / "records"
    assert found.floor == FLOOR_MB * 1_000_000


@pytest.mark.parametrize(
    "lines", ['group = "panel"\nlevel = "group"', 'all = true\nlevel = "patient"', 'all = true\nlevel = "system"']
)
def test_a_level_that_fits_the_cohort_is_taken(clinic: Practice, lines: str) -> None:
    clinic.reads("https://ehr.example.org/fhir", lines)
    assert isinstance(load_clinic(clinic.config), Clinic)


@pytest.mark.requirement("R122")
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (('group = "panel"', 'level = "system"'), "server, level: expected group beside group"),
        (('group = "panel"', 'level = "patient"'), "server, level: expected group beside group"),
        (("all = true", 'level = "group"'), "server, level: expected group beside group"),
        (("encounters = [2026-01-01, 2026-12-31]", 'level = "patient"'), "server, level: expected group beside group"),
        ((), "whose records? Expected one of"),
        (('group = "a"', "all = true"), "whose records? Expected one of"),
        (('group = "a/../b"',), "expected an id of letters"),
        (('group = "a"', 'client_id = "me"'), "expected key_file beside it"),
        (('group = "a"', 'key_file = "k"'), "expected client_id beside it"),
        (('group = "a"', 'client_id = "me"', 'key_file = "none.pem"'), "key_file"),
        (('group = "a"', 'token = "s3cret"'), "unknown key 'token'"),
        (('group = "a"', 'client_secret = "s3cret"'), "unknown key 'client_secret'"),
        (('group = "a"', 'token_file = "open.txt"'), "holds a secret and is open to others"),
        (('group = "a"', 'read = "fast"'), "expected one of best, bulk, crawl"),
        (('group = "a"', "lanes = 99"), "lanes: expected 1 to"),
        (('group = "a"', "manifest_mb = 0"), "manifest_mb: expected megabytes"),
        (("encounters = [2026-02-01, 2026-01-01]",), "expected two days"),
        (('patients = "missing.txt"',), "missing.txt: No such file"),
    ],
)
def test_what_is_wrong_with_a_server_is_told_before_it_is_asked(
    clinic: Practice, lines: tuple[str, ...], said: str
) -> None:
    (clinic.root / "open.txt").write_text("s3cret")
    (clinic.root / "open.txt").chmod(0o644)
    clinic.reads("https://ehr.example.org/fhir", *lines)
    found = wrong(clinic)

    assert [one for one in found if said in one]
    assert not [one for one in found if "s3cret" in one and "unknown" not in one]


@pytest.mark.requirement("R126")
def test_online_the_server_is_asked_and_otherwise_it_is_not(clinic: Practice) -> None:
    with scripted([resource("Patient", "p")]) as server:
        clinic.reads(server.base, 'group = "panel"')
        assert cli("config", "check", clinic.config).exit_code == 0
        assert server.heard == []
        checked = cli("config", "check", clinic.config, "--online")
        assert (checked.exit_code, _heard(server)) == (0, ["metadata"])
        assert checked.stdout.endswith("can be used, and the server answers.\n")
    checked = cli("config", "check", clinic.config, "--online")
    assert checked.exit_code == 2
    assert "can be used" not in checked.stdout


def _heard(server: Scripted) -> list[str]:
    return [one.text for one in server.heard]


@pytest.mark.parametrize("words", [("--year", "2026"), ("--from", "x"), ("--out", "y"), ("--as-of", "2026-01-01")])
def test_run_takes_its_settings_from_one_place(clinic: Practice, words: tuple[str, str]) -> None:
    result = cli("run", "--config", clinic.config, *words)

    assert result.exit_code == 2
    assert "expected no other option but --json" in result.stderr


@pytest.mark.parametrize("missing", ["--from", "--year", "--attestations", "--out"])
def test_run_without_settings_still_says_which_option_is_missing(missing: str) -> None:
    given = {"--from": "x", "--year": "2026", "--attestations": "a.toml", "--out": "y"}
    result = cli("run", *[word for name, value in given.items() if name != missing for word in (name, value)])

    assert result.exit_code == 2
    assert f"Missing option '{missing}'" in result.stderr


def test_settings_that_are_missing_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected the settings of a run, but it cannot be read"):
        load_clinic(tmp_path / "none.toml")


@pytest.mark.requirement("R123")
def test_settings_that_cannot_be_used_are_in_the_status_file_where_its_folder_can_be_told(clinic: Practice) -> None:
    clinic.config.write_text('year = 2026\nout = "results"\nfrom = "nowhere"\nmeasure = "Alice Adams"\n')
    result = cli("run", "--config", clinic.config)

    status = clinic.status()
    assert (result.exit_code, status["exit_code"], status["state"]) == (2, 2, "failed")
    assert status["next_action"] == "Mend the settings: pi180 config check clinic.toml"
    assert not list(Draft202012Validator(schema()).iter_errors(status))
    assert "Alice" not in (clinic.out / "status.json").read_text()
    assert "no status file" not in result.stderr
    clinic.settings()
    clinic.night(now=Machine().now)


@pytest.mark.parametrize(
    "text", ["year = [", "year = 2026\nout = 7\n", 'out = "export/results"\nfrom = "export"\n', "no file"]
)
def test_settings_that_do_not_say_where_results_go_are_told_with_the_exit_code(clinic: Practice, text: str) -> None:
    clinic.config.unlink() if text == "no file" else clinic.config.write_text(text)
    result = cli("run", "--config", clinic.config)

    assert result.exit_code == 2
    assert "exit code 2, and no status file says so" in result.stderr
    assert not list(clinic.root.rglob("status.json"))


def test_settings_that_break_while_a_run_is_at_work_leave_its_status_alone(clinic: Practice) -> None:
    clinic.night()
    before = (clinic.out / "status.json").read_bytes()
    Lease.take(clinic.out / FOLDER, Machine(host="elsewhere"))
    clinic.config.write_text(clinic.config.read_text() + "more = 1")
    result = cli("run", "--config", clinic.config)

    assert "another run is at work" in result.stderr
    assert (clinic.out / "status.json").read_bytes() == before
