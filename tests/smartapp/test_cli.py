"""The command line as a user meets it: the contract of its output, its exit codes, and its words for bad input."""

import gzip
import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from csv import DictReader
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result

from smartapp.cli import main

ROOT = Path(__file__).parents[2]
DECK = ROOT / "fixtures" / "fhir" / "onc-deck"
SOLO = ROOT / "fixtures" / "fhir" / "solo-2026"
FIRST_HALF = "2026-01-01..2026-06-29"
TALLY_KEYS = {"measure", "variant", "tin", "npi", "denominator", "met", "unknown", "undecided", "rests_on"}


def pi180(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


def extract(folder: Path, *words: str | Path) -> Result:
    return pi180("extract", "--from", folder, "--year", "2026", "--period", FIRST_HALF, "--json", *words)


def run_solo(out: Path, *words: str | Path) -> Result:
    attestations = SOLO / "attestations.toml"
    source = ("--from", SOLO, "--site", SOLO / "site.toml", "--year", "2026")
    return pi180("run", *source, "--attestations", attestations, "--out", out, *words)


def deck_attestations() -> str:
    """The answers of solo-2026 for the deck's first clinician, without a reported total."""
    text = (SOLO / "attestations.toml").read_text().replace("000180180", "991111111")
    return text[: text.index("[reported.PI_HIE_4]")]


def run_deck(attestations: Path, out: Path) -> Result:
    source = ("--from", DECK / "scenario-1" / "rt1", "--year", "2026")
    return pi180("run", *source, "--attestations", attestations, "--out", out)


@pytest.fixture(scope="session")
def solo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """One run of solo-2026, to be looked at from several sides."""
    out = tmp_path_factory.mktemp("solo")
    return run_solo(out), out


@pytest.fixture(scope="session")
def solo_again(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """Another run of it, which prints JSON."""
    out = tmp_path_factory.mktemp("again")
    return run_solo(out, "--json"), out


@pytest.fixture
def prescriptions(tmp_path: Path) -> Path:
    """The deck's prescriptions, to be damaged."""
    return Path(shutil.copytree(DECK / "scenario-1" / "rt1", tmp_path / "rt1"))


def denominators(document: Mapping[str, Any]) -> dict[tuple[str, str, str | None, str | None], int]:
    return {(t["measure"], t["variant"], t["tin"], t["npi"]): t["denominator"] for t in document["tallies"]}


def submission(**changes: Any) -> dict[str, Any]:
    oracles = json.loads((ROOT / "tests" / "cases" / "oracles.json").read_text())
    inputs = next(o["inputs"] for o in oracles if o["id"] == "d26-opt1-bonus")
    values = {
        name: value if isinstance(value, bool) else {"numerator": value[0], "denominator": value[1]}
        for name, value in {**inputs["measures"], **changes}.items()
    }
    measurements = [{"measureId": name, "value": value} for name, value in values.items()]
    pi = {
        "category": "pi",
        "submissionMethod": "registry",
        "performanceStart": inputs["start"],
        "cehrtId": inputs["cehrtId"],
    }
    pi |= {"performanceEnd": inputs["end"], "measurements": measurements}
    who = {
        "entityType": "individual",
        "taxpayerIdentificationNumber": "000180180",
        "nationalProviderIdentifier": "1234567893",
    }
    return {**who, "performanceYear": 2026, "measurementSets": [pi]}


def score(tmp_path: Path, document: Any) -> Result:
    file = tmp_path / "submission.json"
    file.write_text(json.dumps(document))
    return pi180("score", file, "--json")


def test_extract_prints_one_document_with_the_keys_of_the_contract() -> None:
    result = extract(DECK / "scenario-1" / "rt1")
    document = json.loads(result.stdout)

    assert result.exit_code == 0
    assert {"schema", "run", "tallies", "quarantine", "ledger"} <= set(document)
    assert {frozenset(tally) for tally in document["tallies"]} == {frozenset(TALLY_KEYS)}
    assert denominators(document)["PI_EP_1", "controlled-included", "991111111", "1234567893"] == 9


def test_extract_prints_a_table_for_people() -> None:
    result = pi180("extract", "--from", DECK / "scenario-1" / "rt7", "--year", "2026", "--period", FIRST_HALF)

    assert "PI_HIE_1  all      991111111  (group)     5    7            2        0" in result.stdout


def test_the_same_input_prints_the_same_bytes_twice() -> None:
    assert extract(DECK / "scenario-1" / "rt15").stdout == extract(DECK / "scenario-1" / "rt15").stdout


def test_score_prints_the_lines_that_make_the_points(tmp_path: Path) -> None:
    result = score(tmp_path, submission())
    document = json.loads(result.stdout)

    assert result.exit_code == 0
    assert (document["year"], document["points"], document["before_gate"]) == (2026, 77, 77)
    assert sum(line["earned"] for line in document["lines"]) == 77
    assert all(line["because"] and line["cites"] for line in document["lines"])


def test_a_shut_gate_scores_zero_says_why_and_exits_with_4(tmp_path: Path) -> None:
    result = score(tmp_path, submission(PI_EP_2=False))
    document = json.loads(result.stdout)
    error = next(f for f in document["findings"] if f["severity"] == "error")

    assert (result.exit_code, document["points"], document["before_gate"]) == (4, 0, 67)
    assert (error["subject"], set(error)) == (
        "PI_EP_2",
        {"code", "severity", "subject", "message", "remedy", "cites", "by"},
    )


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "submission"),
        ({**submission(), "performanceYear": 1999}, "1999"),
        ({"performanceYear": 2026, "measurementSets": [{"category": "ia"}]}, "pi"),
    ],
)
def test_what_is_no_submission_is_refused_with_2(tmp_path: Path, document: Any, words: str) -> None:
    result = score(tmp_path, document)

    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_a_submission_file_that_is_no_json_is_refused_with_2(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{")

    assert pi180("score", tmp_path / "s.json").exit_code == 2
    assert pi180("score", tmp_path / "missing.json").exit_code == 2


def test_run_writes_report_cases_submission_and_the_run_itself(solo: tuple[Result, Path]) -> None:
    result, out = solo
    run = next((out / "runs").iterdir())

    assert result.exit_code == 0
    assert {p.name for p in out.iterdir()} == {"report.html", "cases.csv", "score.json", "submission.json", "runs"}
    assert json.loads((run / "run.json").read_text())["run"] == run.name


def test_run_prints_the_score_that_it_writes(solo_again: tuple[Result, Path]) -> None:
    result, out = solo_again
    printed = json.loads(result.stdout)
    written = json.loads((out / "score.json").read_text())

    assert {name: written[name] for name in printed} == printed


def test_the_submission_that_a_run_writes_scores_the_same_points(solo: tuple[Result, Path]) -> None:
    _, out = solo
    again = pi180("score", out / "submission.json", "--json")

    assert json.loads(again.stdout)["points"] == json.loads((out / "score.json").read_text())["points"]


def test_two_runs_of_the_same_input_leave_the_same_bytes(
    solo: tuple[Result, Path], solo_again: tuple[Result, Path]
) -> None:
    outs = (solo[1], solo_again[1])
    one, two = ({p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()} for out in outs)

    assert one == two


def test_the_rows_of_cases_csv_add_up_to_the_tallies(solo: tuple[Result, Path]) -> None:
    _, out = solo
    run = json.loads(next((out / "runs").rglob("tallies.json")).read_text())
    with (out / "cases.csv").open(newline="") as handle:
        rows = [row for row in DictReader(handle) if row["npi"] and row["counts"] == "counts"]

    for tally in run["tallies"]:
        if tally["npi"] and tally["measure"] != "PI_PEA_1":
            mine = [row for row in rows if (row["measure"], row["variant"]) == (tally["measure"], tally["variant"])]
            assert len(mine) == tally["denominator"]
            assert sum(row["met"] == "met" for row in mine) == tally["met"]
        elif tally["npi"]:
            assert len({row["patient"] for row in rows if row["measure"] == "PI_PEA_1"}) == tally["denominator"]


def test_a_measure_that_the_server_cannot_show_says_so(solo: tuple[Result, Path]) -> None:
    result, _ = solo

    assert "PI_HIE_4 cannot be read from this server: it shows no medications-reconciled" in result.stdout
    assert "from the EHR's report" in result.stdout


def test_a_run_whose_gate_is_shut_exits_with_4(tmp_path: Path) -> None:
    attestations = tmp_path / "a.toml"
    attestations.write_text((SOLO / "attestations.toml").read_text().replace("PI_PPHI_1 = true", "PI_PPHI_1 = false"))
    source = ("--from", SOLO, "--site", SOLO / "site.toml", "--year", "2026")
    result = pi180("run", *source, "--attestations", attestations, "--out", tmp_path / "out")

    assert result.exit_code == 4
    assert "Total 0 of 100: the gate is shut. Without that: 90" in result.stdout


def test_a_made_attestation_file_can_be_read_and_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"

    assert pi180("attest", "--new", file, "--year", "2026").exit_code == 0
    source = ("--from", DECK / "scenario-1" / "rt1", "--year", "2026", "--period", FIRST_HALF)
    unnamed = pi180("run", *source, "--attestations", file, "--out", tmp_path / "out")
    assert unnamed.exit_code == 2
    assert "Add [reporter] to the attestation file" in unnamed.stderr
    assert pi180("attest", "--new", file, "--year", "2026").exit_code == 2


def test_a_missing_folder_is_refused_with_2(tmp_path: Path) -> None:
    result = extract(tmp_path / "nowhere")

    assert (result.exit_code, result.stdout) == (2, "")
    assert (
        "nowhere: expected a folder with FHIR NDJSON, but it does not exist. Name the folder with --from."
        in result.stderr
    )


def test_an_empty_folder_still_gives_its_empty_result_and_8(tmp_path: Path) -> None:
    result = extract(tmp_path)

    assert result.exit_code == 8
    assert json.loads(result.stdout)["tallies"] == []
    assert "no FHIR resource that pi180 reads was found" in result.stderr


def test_a_truncated_gzip_counts_what_came_before_the_cut_and_exits_with_8(prescriptions: Path) -> None:
    plain = prescriptions / "MedicationRequest.ndjson"
    packed = gzip.compress(plain.read_bytes(), mtime=0)
    plain.unlink()
    (prescriptions / "orders.gz").write_bytes(packed[: len(packed) * 3 // 4])
    result = extract(prescriptions)
    counted = denominators(json.loads(result.stdout))["PI_EP_1", "controlled-included", "991111111", None]

    assert result.exit_code == 8
    assert 0 < counted < 21
    assert "orders.gz: truncated" in result.stderr


def test_a_bad_line_is_set_aside_with_its_place_and_its_neighbours_count(prescriptions: Path) -> None:
    file = prescriptions / "MedicationRequest.ndjson"
    lines = file.read_bytes().splitlines()
    lines.insert(3, b'{"resourceType":"MedicationRequest","id":"bad","status":17,"subject":{"display":"Sam Secret"}}')
    file.write_bytes(b"\n".join(lines))
    result = extract(prescriptions)
    document = json.loads(result.stdout)

    assert result.exit_code == 8
    assert denominators(document)["PI_EP_1", "controlled-included", "991111111", None] == 21
    assert "MedicationRequest.ndjson, line 4, byte" in result.stderr
    assert "$.status: expected string, got number" in result.stderr
    assert document["quarantine"]["count"] == 1
    assert "Secret" not in result.output


def test_of_many_bad_lines_the_first_are_told_and_all_are_kept(prescriptions: Path) -> None:
    file = prescriptions / "MedicationRequest.ndjson"
    file.write_bytes(file.read_bytes() + b"rubbish\n" * 25)
    result = extract(prescriptions)

    assert result.stderr.count("set aside MedicationRequest.ndjson, line") == 20
    assert "5 more lines set aside" in result.stderr
    assert json.loads(result.stdout)["quarantine"]["count"] == 25


def test_a_duplicate_resource_counts_once_and_is_shown(prescriptions: Path) -> None:
    file = prescriptions / "MedicationRequest.ndjson"
    file.write_bytes(file.read_bytes() + file.read_bytes().splitlines()[0])
    result = extract(prescriptions)
    document = json.loads(result.stdout)
    row = next(row for row in document["ledger"] if row["type"] == "MedicationRequest")

    assert result.exit_code == 0
    assert denominators(document)["PI_EP_1", "controlled-included", "991111111", None] == 21
    assert (row["received"], row["current"], row["duplicate"]) == (46, 45, 1)


def test_a_resource_of_another_year_is_read_and_makes_no_case(prescriptions: Path) -> None:
    file = prescriptions / "MedicationRequest.ndjson"
    file.write_text(file.read_text().replace("2026-01-05", "2025-01-05"))
    document = json.loads(extract(prescriptions).stdout)
    row = next(row for row in document["ledger"] if row["type"] == "MedicationRequest")

    assert denominators(document)["PI_EP_1", "controlled-included", "991111111", None] < 21
    assert (row["received"], row["events"]) == (45, 45)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('colour = "blue"', "unknown key 'colour'"),
        ('profile = "epoc"', "profile 'epoc': expected one of generic"),
        ('zone = "Mars/Olympus"', "expected an IANA zone"),
        ('closed_world = ["prescription-posted"]', "expected one of prescription-written"),
    ],
)
def test_a_site_file_that_says_something_unknown_is_refused_with_2(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "site.toml").write_text(line)
    result = extract(DECK / "scenario-1" / "rt1", "--site", tmp_path / "site.toml")

    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_an_unknown_key_in_a_profile_is_refused_with_2(tmp_path: Path) -> None:
    generic = (ROOT / "extractors" / "profiles" / "generic.toml").read_text()
    (tmp_path / "ours.toml").write_text(generic.replace('patient = "subject"', 'pateint = "subject"', 1))
    result = extract(DECK / "scenario-1" / "rt1", "--profile", tmp_path / "ours.toml")

    assert result.exit_code == 2
    assert "ours.toml, select 1: unknown key 'pateint'. Expected one of:" in result.stderr


def test_a_dangling_id_in_a_rule_file_is_refused_with_2(tmp_path: Path) -> None:
    rules = (ROOT / "scoring" / "rules" / "py2026.toml").read_text()
    (tmp_path / "py2026.toml").write_text(rules.replace('"PI_LVPP_1"', '"PI_LVPP_9"', 1))
    result = extract(DECK / "scenario-1" / "rt1", "--rules", tmp_path)

    assert result.exit_code == 2
    assert "py2026.toml" in result.stderr
    assert "PI_LVPP_9" in result.stderr


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("PI_PPHI_7 = true", "'PI_PPHI_7' is no yes/no measure of 2026. Did you mean 'PI_PPHI_"),
        ('PI_PPHI_1 = "yes"', "PI_PPHI_1: expected true or false, got 'yes'"),
        ("PI_PPHI_1 = ", "not TOML"),
    ],
)
def test_a_typo_in_an_attestation_file_is_refused_with_2(tmp_path: Path, wrong: str, words: str) -> None:
    text = (SOLO / "attestations.toml").read_text().replace("PI_PPHI_1 = true", wrong)
    (tmp_path / "a.toml").write_text(text)
    source = ("--from", SOLO, "--year", "2026", "--out", tmp_path / "out")
    result = pi180("run", *source, "--attestations", tmp_path / "a.toml")

    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("period", ["2026-01-01..2027-01-01", "2026-06-29..2026-01-01", "2026-01-01", "soon..later"])
def test_a_period_that_is_none_is_refused_with_2(period: str) -> None:
    result = pi180("extract", "--from", SOLO, "--year", "2026", "--period", period)

    assert (result.exit_code, result.stdout) == (2, "")


def test_input_that_is_not_whole_blocks_the_submission(solo: tuple[Result, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SOLO, tmp_path / "solo"))
    (folder / "Patient.ndjson").write_bytes(
        (folder / "Patient.ndjson").read_bytes() + b'{"resourceType":"Patient","id":'
    )
    out = Path(shutil.copytree(solo[1], tmp_path / "out"))
    source = ("--from", folder, "--site", SOLO / "site.toml", "--year", "2026")
    result = pi180("run", *source, "--attestations", SOLO / "attestations.toml", "--out", out)

    assert result.exit_code == 8
    assert "BLOCKED, no score: the input is not whole" in result.stdout
    assert "Total" not in result.stdout
    assert (out / "report.html").exists()
    assert not (out / "submission.json").exists()


def test_no_name_or_birth_date_of_a_patient_is_printed_or_written(solo: tuple[Result, Path]) -> None:
    result, out = solo
    printed = result.output + (out / "report.html").read_text() + (out / "cases.csv").read_text()
    patients = [json.loads(line) for line in (SOLO / "Patient.ndjson").read_text().splitlines()]

    assert [p["name"][0]["family"] for p in patients if p["name"][0]["family"] in printed] == []
    assert [p["birthDate"] for p in patients if p["birthDate"] in printed] == []


def test_the_installed_command_runs_the_demo_and_leaves(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("pi180")
    done = subprocess.run(
        [command, "demo", "--out", tmp_path],
        env={"DEMO_SERVE": "0", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Total 90 of 100" in done.stdout
    assert "Open http" not in done.stderr
    assert done.stderr.splitlines()[-2:] == [
        f"report {tmp_path / 'report.html'}",
        f"run {next((tmp_path / 'runs').iterdir())}",
    ]
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_a_reporter_that_the_data_do_not_know_is_refused_with_2(tmp_path: Path) -> None:
    text = (SOLO / "attestations.toml").read_text().replace('npi = "1234567893"', 'npi = "1234567839"')
    (tmp_path / "a.toml").write_text(text)
    result = run_deck(tmp_path / "a.toml", tmp_path / "out")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "who is to report is not in the data. In the data: TIN 991111111 (group);" in result.stderr


def test_a_measure_that_is_not_determinable_is_left_out_of_the_submission(tmp_path: Path) -> None:
    """The deck's prescriptions show nothing of referrals, summaries and visits."""
    (tmp_path / "a.toml").write_text(deck_attestations())
    result = run_deck(tmp_path / "a.toml", tmp_path / "out")
    written = json.loads((tmp_path / "out" / "submission.json").read_text())["measurementSets"][0]["measurements"]

    assert "Total not determinable" in result.stdout
    assert {"PI_HIE_1", "PI_HIE_4", "PI_PEA_1"} & {entry["measureId"] for entry in written} == set()
    assert "submission.json leaves out PI_HIE_1, PI_HIE_4, PI_PEA_1: not determinable" in result.stderr


def test_an_exclusion_that_the_counts_refute_shuts_the_gate(tmp_path: Path) -> None:
    text = (SOLO / "attestations.toml").read_text()
    (tmp_path / "a.toml").write_text(text.replace("[answers]", "[answers]\nPI_LVOTC_1 = true"))
    source = ("--from", SOLO, "--site", SOLO / "site.toml", "--year", "2026", "--out", tmp_path / "out")
    result = pi180("run", *source, "--attestations", tmp_path / "a.toml")

    assert result.exit_code == 4
    assert "F-218: PI_LVOTC_1 is claimed and needs fewer than 100" in result.stdout


def test_a_reported_total_beside_its_exclusion_is_refused_with_2(tmp_path: Path) -> None:
    text = (SOLO / "attestations.toml").read_text()
    (tmp_path / "a.toml").write_text(text.replace("[answers]", "[answers]\nPI_LVITC_2 = true"))
    source = ("--from", SOLO, "--site", SOLO / "site.toml", "--year", "2026", "--out", tmp_path / "out")
    result = pi180("run", *source, "--attestations", tmp_path / "a.toml")

    assert result.exit_code == 2
    assert "[reported.PI_HIE_4] stands beside an answer that takes PI_HIE_4 out" in result.stderr


def test_a_second_reporter_leaves_the_first_ones_evidence(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(deck_attestations())
    (tmp_path / "all.toml").write_text(deck_attestations().replace('npi = "1234567893"\n', ""))
    for name in ("one", "all"):
        run_deck(tmp_path / f"{name}.toml", tmp_path / "out")
    kept = {p.parent.name for p in (tmp_path / "out" / "runs").rglob("score.json")}

    assert kept == {"TIN-991111111-NPI-1234567893", "TIN-991111111-group"}


def test_what_a_run_writes_is_the_owners_alone(solo: tuple[Result, Path]) -> None:
    _, out = solo
    folders = {oct(p.stat().st_mode & 0o777) for p in out.rglob("*") if p.is_dir()}
    texts = {oct(p.stat().st_mode & 0o777) for p in out.rglob("*") if p.is_file() and p.suffix != ".parquet"}

    assert (folders - {"0o755"}, texts) == ({"0o700"}, {"0o600"})


def test_writing_into_the_folder_that_is_read_is_refused_with_2(prescriptions: Path) -> None:
    result = extract(prescriptions, "--out", prescriptions / "out")

    assert (result.exit_code, (prescriptions / "out").exists()) == (2, False)


def test_a_place_that_cannot_be_written_is_said_and_not_a_fault_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert run_solo(tmp_path / "file").exit_code == 2
    assert pi180("attest", "--new", tmp_path / "missing" / "a.toml", "--year", "2026").exit_code == 2


def test_the_demo_serves_the_app_and_its_ehr_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("pi180"), "demo", "--out", tmp_path, "--port", "0", "--ehr-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stderr is not None
        address = next(line for line in demo.stderr if line.startswith("Open ")).split()[1]
        with urlopen(address, timeout=30) as answer:
            chart = answer.read().decode()
        # The chart leads a browser to the app's launch address: two servers, two ports.
        form = b"client=pi180-demo&clinician=internist&patient=sample-001&where=tab"
        with urlopen(f"{address}launch", data=form, timeout=30) as answer:
            page, reached = answer.read().decode(), answer.url
        demo.send_signal(signal.SIGINT)
        said = demo.stderr.read()

    assert "Demo EHR" in chart
    assert urlsplit(reached).port not in (None, 8180, urlsplit(address).port)
    assert "One more step" in page  # this client keeps no cookie
    assert (demo.returncode, said.splitlines()[-1]) == (0, "Stopped.")
    assert "Traceback" not in said


@pytest.mark.parametrize("option", ["--port", "--ehr-port"])
def test_a_port_that_is_taken_is_said_with_what_to_do(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = {"--port": "0", "--ehr-port": "0", option: str(taken.getsockname()[1])}
        result = pi180("demo", *(word for pair in given.items() for word in pair))

    assert result.exit_code == 2
    assert f"127.0.0.1, port {given[option]}: " in result.stderr
    assert "Name another; 0 takes any free port." in result.stderr


def test_a_year_that_is_only_a_file_of_rules_is_scored(tmp_path: Path) -> None:
    rules = (ROOT / "scoring" / "rules" / "py2026.toml").read_text()
    (tmp_path / "py2028.toml").write_text(rules.replace("2026", "2028"))
    document = json.loads(json.dumps(submission()).replace("2026-", "2028-"))
    file = tmp_path / "s.json"
    file.write_text(json.dumps({**document, "performanceYear": 2028}))
    result = pi180("score", file, "--rules", tmp_path, "--json")

    assert (result.exit_code, json.loads(result.stdout)["points"]) == (0, 77)
