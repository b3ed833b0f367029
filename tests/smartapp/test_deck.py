"""The ONC deck for a sandbox: written, loaded, exported, counted and compared; a cell that differs is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from extractors.validation import departures
from smartapp.cli import main

Json = dict[str, Any]
DECKS = [("scenario-1", "asserted"), ("scenario-1", "standards"), ("scenario-1-2", "asserted")]


def pi180(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def options(scenario: str, rendering: str) -> list[str]:
    return ["--scenario", scenario, "--rendering", rendering]


def bundles(deck: Path) -> list[Json]:
    return [json.loads(file.read_text()) for file in sorted((deck / "transactions").iterdir())]


def export_of(deck: Path, sandbox: Path) -> Path:
    """What a server that took every transaction would export: one NDJSON file a type."""
    sandbox.mkdir()
    for bundle in bundles(deck):
        for entry in bundle["entry"]:
            resource = {**entry["resource"], "meta": {"versionId": "1"}}
            with (sandbox / f"{resource['resourceType']}.ndjson").open("a") as file:
                file.write(json.dumps(resource) + "\n")
    return sandbox


def run_over(folder: Path, out: Path, *more: str) -> Path:
    counted = pi180("extract", "--from", folder, "--year", 2026, "--out", out, *more)
    assert counted.exit_code == 0, counted.stderr
    return out


def named_in(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(named_in, value))
    if isinstance(value, dict):
        return set().union(*({one} if name == "reference" else named_in(one) for name, one in value.items()))
    return set()


@pytest.fixture
def deck(tmp_path: Path) -> Path:
    assert pi180("deck", "--out", tmp_path / "deck").exit_code == 0
    return tmp_path / "deck"


@pytest.mark.parametrize(("scenario", "rendering"), DECKS)
@pytest.mark.case(104)
def test_a_sandbox_that_holds_the_deck_counts_every_cell(scenario: str, rendering: str, tmp_path: Path) -> None:
    assert pi180("deck", "--out", tmp_path / "deck", *options(scenario, rendering)).exit_code == 0
    run = run_over(export_of(tmp_path / "deck", tmp_path / "sandbox"), tmp_path / "out")
    compared = pi180("deck", "--compare", run, "--json", *options(scenario, rendering))

    told = json.loads(compared.stdout)
    assert (compared.exit_code, told["same"]) == (0, True)
    assert len(told["cells"]) == {"scenario-1": 30, "scenario-1-2": 6}[scenario]


def test_the_transactions_themselves_can_be_read_as_an_export(deck: Path, tmp_path: Path) -> None:
    run = run_over(deck / "transactions", tmp_path / "out")
    compared = pi180("deck", "--compare", run)
    assert compared.exit_code == 0
    assert compared.stdout.endswith("30 of 30 cells are the same.\n")


def test_a_cell_that_the_sandbox_breaks_is_named_with_both_numbers(deck: Path, tmp_path: Path) -> None:
    sandbox = export_of(deck, tmp_path / "sandbox")
    orders = (sandbox / "MedicationRequest.ndjson").read_text().splitlines(keepends=True)
    lost = next(line for line in orders if "rt1-tin-b-provider-2" in line and "314076" in line)
    (sandbox / "MedicationRequest.ndjson").write_text("".join(line for line in orders if line != lost))
    compared = pi180("deck", "--compare", run_over(sandbox, tmp_path / "out"), "--json")

    differ = [cell for cell in json.loads(compared.stdout)["cells"] if not cell["same"]]
    assert compared.exit_code == 7
    assert {cell["expected"]["label"] for cell in differ} == {"TIN B", "TIN B/Provider 2"}
    assert {cell["expected"]["measure"] for cell in differ} == {"PI_EP_1"}
    assert all(cell["got"]["denominator"] == cell["expected"]["denominator"] - 1 for cell in differ)


def test_a_test_that_was_not_loaded_is_told_as_not_there(deck: Path, tmp_path: Path) -> None:
    for file in (deck / "transactions").glob("*-rt7-*"):
        file.unlink()
    compared = pi180("deck", "--compare", run_over(deck / "transactions", tmp_path / "out"))

    lines = [line for line in compared.stdout.splitlines() if "DIFFERS" in line]
    assert compared.exit_code == 7
    assert [line.split()[0] for line in lines] == ["rt7"] * 6
    assert all("not there" in line for line in lines)


def test_a_sandbox_that_drops_the_tins_is_told_them_by_a_site_file(deck: Path, tmp_path: Path) -> None:
    sandbox = export_of(deck, tmp_path / "sandbox")
    organizations = [json.loads(line) for line in (sandbox / "Organization.ndjson").read_text().splitlines()]
    tins = {f"Organization/{o['id']}": o.pop("identifier")[0]["value"] for o in organizations if "identifier" in o}
    (sandbox / "Organization.ndjson").write_text("".join(json.dumps(one) + "\n" for one in organizations))
    site = tmp_path / "site.toml"
    site.write_text("[tin_map]\n" + "".join(f'"{key}" = "{tin}"\n' for key, tin in tins.items()))

    assert pi180("deck", "--compare", run_over(sandbox, tmp_path / "without")).exit_code == 7
    assert pi180("deck", "--compare", run_over(sandbox, tmp_path / "with", "--site", str(site))).exit_code == 0


def test_the_decks_own_days_are_compared_whichever_the_run_counted(deck: Path, tmp_path: Path) -> None:
    run = run_over(deck / "transactions", tmp_path / "out", "--period", "2026-07-01..2026-12-31")
    assert pi180("deck", "--compare", run).exit_code == 0


def test_writing_the_deck_again_gives_the_same_bytes(deck: Path, tmp_path: Path) -> None:
    assert pi180("deck", "--out", tmp_path / "again").exit_code == 0
    written, again = ({p.name: p.read_bytes() for p in place.rglob("*.*")} for place in (deck, tmp_path / "again"))
    assert written == again


@pytest.mark.parametrize(("scenario", "rendering"), DECKS)
def test_nothing_refers_to_what_was_not_sent_before_or_in_the_same_transaction(
    scenario: str, rendering: str, tmp_path: Path
) -> None:
    assert pi180("deck", "--out", tmp_path / "deck", *options(scenario, rendering)).exit_code == 0
    there: set[str] = set()
    for bundle in bundles(tmp_path / "deck"):
        for entry in bundle["entry"]:
            assert named_in(entry["resource"]) <= there
            assert entry["request"]["url"] not in there
            there.add(entry["request"]["url"])


def test_every_transaction_puts_each_resource_under_its_own_id(deck: Path) -> None:
    for bundle in bundles(deck):
        assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
        for entry in bundle["entry"]:
            kind, identity = entry["resource"]["resourceType"], entry["resource"]["id"]
            assert entry["request"] == {"method": "PUT", "url": f"{kind}/{identity}"}


def test_a_transaction_is_about_one_patient_after_the_first_about_nobody(deck: Path) -> None:
    counts = [sum(e["resource"]["resourceType"] == "Patient" for e in bundle["entry"]) for bundle in bundles(deck)]
    assert counts == [0, *[1] * 20]


def test_what_is_written_is_valid_fhir(deck: Path) -> None:
    resources = [entry["resource"] for bundle in bundles(deck) for entry in bundle["entry"]]
    assert departures([*bundles(deck), *resources]) == {}


def test_the_readme_says_how_to_load_count_and_compare(deck: Path) -> None:
    text = (deck / "README.md").read_text()
    assert "transactions/*.json" in text
    assert "--period 2026-01-01..2026-06-29 --zone America/New_York" in text
    assert "pi180 deck --compare RUNS --scenario scenario-1 --rendering asserted" in text
    assert "Apache License" in (deck / "NOTICE.md").read_text()


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    refused = pi180("deck", "--out", tmp_path)
    assert (refused.exit_code, [p.name for p in tmp_path.iterdir()]) == (2, ["other.json"])
    assert "new or empty folder" in refused.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "one of --out DIR"),
        (["--out", "a", "--compare", "b"], "one of --out DIR"),
        (
            ["--out", "a", "--scenario", "scenario-1-2", "--rendering", "standards"],
            "expected one of scenario-1 asserted",
        ),
        (["--compare", "/nowhere"], "expected a run"),
    ],
)
def test_what_cannot_be_done_is_said_plainly(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = pi180("deck", *words)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert told in refused.stderr


def test_the_written_deck_names_its_cells_and_files_as_json(tmp_path: Path) -> None:
    told = json.loads(pi180("deck", "--out", tmp_path / "deck", "--json").stdout)
    assert {name for name in told["files"] if not (tmp_path / "deck" / name).is_file()} == set()
    assert told["cells"] == json.loads((tmp_path / "deck" / "expected.json").read_text())["cells"]
