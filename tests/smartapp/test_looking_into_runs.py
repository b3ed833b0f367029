"""`pi180 explain` and `pi180 diff`: from a number to its rows, and what differs between two runs."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from extractors.engine.local import LocalEngine
from scoring.model import Period
from scoring.rulebook import load
from smartapp import paths
from smartapp.cli import main
from smartapp.errors import UsageError
from smartapp.kept.archive import open_run
from smartapp.kept.differences import differences
from smartapp.kept.runs import write_run
from smartapp.opened.evidence import rows_of
from smartapp.opened.explained import explain_measure, explain_record
from smartapp.usecases import Source, period_within, read

DECK = paths.fixture("onc-deck") / "scenario-1" / "rt7"
DAYS = "2026-01-01..2026-12-31"


def kept(folder: Path, out: Path, zone: str | None = None, days: Period | None = None) -> Path:
    with read(Source(folder, zone=zone), load(2026), days or period(DAYS)) as reading:
        return write_run(out / "runs", reading)


def period(text: str) -> Period:
    from datetime import date

    start, _, end = text.partition("..")
    return period_within(2026, date.fromisoformat(start), date.fromisoformat(end))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept(DECK, tmp_path_factory.mktemp("out"))


def invoke(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_the_reasons_of_a_tally_add_up_to_its_numbers(run: Path) -> None:
    with open_run(run, period(DAYS)) as reading:
        measures = {tally.measure for tally in reading.tallies}
        assert measures
        for measure in measures:
            for one in explain_measure(reading, measure, None, None).tallies:
                counted = [r for r in one.reasons if r.counts == "counts"]
                undecided = sum(r.cases for r in one.reasons if r.counts == "undecided")
                if measure != "PI_PEA_1":  # there a unit is a patient, a case a visit
                    assert sum(r.cases for r in counted) == one.tally.denominator
                    assert sum(r.cases for r in counted if r.met == "met") == one.tally.met
                    assert undecided == one.tally.undecided


def test_one_record_opens_to_its_evidence_file_and_line(run: Path) -> None:
    with open_run(run, period(DAYS)) as reading:
        tally = next(t for t in reading.tallies if t.npi and t.met)
        from smartapp.opened.evidence import case_rows

        row = next(row for row in rows_of(case_rows(reading), tally) if row.met == "met")
        (case, *_) = explain_record(reading, row.focus, tally.tin, tally.npi).cases
    assert case.case.evidence
    assert set(case.rules) == {w.rule for w in case.case.evidence if w.rule in case.rules}
    assert all(case.rules.values())
    shown = invoke("explain", run, row.focus)
    assert shown.exit_code == 0
    file, _, line = case.case.place.partition(":")
    assert (DECK / file).read_text().splitlines()[int(line) - 1].count(row.focus.partition("/")[2])
    assert case.case.place in shown.stdout


def test_a_record_that_is_no_case_says_what_left_it_out_and_where_it_stands(tmp_path: Path) -> None:
    folder = tmp_path / "with-a-draft"
    shutil.copytree(DECK, folder)
    referrals = folder / "ServiceRequest.ndjson"
    (first, *_) = referrals.read_text().splitlines()
    draft = {**json.loads(first), "id": "a-draft", "status": "draft", "identifier": []}
    referrals.write_text(referrals.read_text() + json.dumps(draft) + "\n")
    run_with_draft = kept(folder, tmp_path)

    shown = invoke("explain", run_with_draft, "ServiceRequest/a-draft")
    document = json.loads(invoke("explain", run_with_draft, "ServiceRequest/a-draft", "--json").stdout)

    assert shown.exit_code == 0, shown.stderr
    assert "left out: not a referral: draft or entered in error" in shown.stdout
    assert document["cases"] == []
    assert [one["measure"] for one in document["left_out"]] == ["PI_HIE_1"]
    file, _, line = document["left_out"][0]["place"].partition(":")
    assert "a-draft" in (folder / file).read_text().splitlines()[int(line) - 1]


def test_a_record_that_is_evidence_names_the_cases_that_rest_on_it(run: Path) -> None:
    with open_run(run, period(DAYS)) as reading:
        rows = reading.engine.rows("case_evidence", "source")
    source, focus = next((row["source"], row["focus"]) for row in rows if row["source"] not in (None, row["focus"]))
    shown = invoke("explain", run, source)
    assert shown.exit_code == 0, shown.stderr
    assert f"It is evidence for the cases of {focus}" in " ".join(shown.stdout.split())


def test_a_measure_is_explained_with_rule_reasons_and_numbers(run: Path) -> None:
    with open_run(run, period(DAYS)) as reading:
        tally = next(t for t in reading.tallies if t.npi and t.measure != "PI_PEA_1")
    shown = invoke("explain", run, tally.measure, "--npi", tally.npi, "--tin", tally.tin)
    assert shown.exit_code == 0, shown.stderr
    assert f"{tally.met} met of {tally.denominator}" in shown.stdout
    assert "Rule: " in shown.stdout
    document = json.loads(invoke("explain", run, tally.measure, "--npi", tally.npi, "--json").stdout)
    assert document["schema"] == "pi180/explain-measure/1"


@pytest.mark.parametrize(
    ("what", "more", "says"),
    [
        ("PI_PPHI_1", (), "expected a measure that is counted from cases"),
        ("PI_EP_1", ("--npi", "0000000000"), "nothing was counted for that reporter"),
        ("MedicationRequest/no-such", (), "no case of 2026-01-01 to 2026-12-31 rests on it"),
    ],
)
def test_what_cannot_be_explained_says_why(run: Path, what: str, more: tuple[str, ...], says: str) -> None:
    shown = invoke("explain", run, what, *more)
    assert shown.exit_code == 2
    assert says in shown.stderr
    assert shown.stdout == ""


def test_of_several_counted_periods_one_must_be_named(tmp_path: Path) -> None:
    out = kept(DECK, tmp_path)
    kept(DECK, tmp_path, days=period("2026-01-01..2026-06-30"))
    shown = invoke("explain", out, "PI_HIE_4")
    assert shown.exit_code == 2
    assert "2026-01-01..2026-06-30, 2026-01-01..2026-12-31" in shown.stderr


def test_the_folder_given_with_out_stands_for_its_only_run(run: Path) -> None:
    assert invoke("diff", run.parents[1], run).exit_code == 0


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    shown = invoke("diff", tmp_path, tmp_path)
    assert shown.exit_code == 2
    assert "it holds none" in shown.stderr


def test_a_run_does_not_differ_from_itself_nor_from_one_of_the_same_data_in_other_files(
    run: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "other-files"
    folder.mkdir()
    texts = [path.read_text() for path in sorted(DECK.glob("*.ndjson"))]
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    (folder / "all.ndjson").write_text("\n".join(reversed(lines)) + "\n")
    other = kept(folder, tmp_path)

    assert differences(run, run).none
    assert differences(run, other).none
    assert other.name == run.name
    shown = invoke("diff", run, other)
    assert (shown.exit_code, shown.stdout.partition(":")[0]) == (0, "The two runs say the same")


def test_a_resource_that_is_gone_is_named_with_its_cases_and_numbers(run: Path, tmp_path: Path) -> None:
    folder, gone = without_one_met_case(run, tmp_path)
    found = differences(run, kept(folder, tmp_path))

    assert {(r.key, r.how) for r in found.resources} >= {(gone, "only in the first")}
    assert any(case.focus == gone and case.second is None for case in found.cases)
    assert found.tallies
    assert found.basis == ()
    shown = invoke("diff", run, tmp_path)
    assert shown.exit_code == 7
    assert gone in shown.stdout
    assert "not there" in shown.stdout
    assert json.loads(invoke("diff", run, tmp_path, "--json").stdout)["same"] is False


def without_one_met_case(run: Path, tmp_path: Path) -> tuple[Path, str]:
    with LocalEngine() as engine:
        engine.read("cases", run / "cases.parquet")
        gone = next(row["focus"] for row in engine.rows("cases", "focus") if row["met"] == "met" and row["npi"])
    kind, _, name = gone.partition("/")
    folder = tmp_path / "less"
    folder.mkdir()
    for path in DECK.glob("*.ndjson"):
        lines = [line for line in path.read_text().splitlines() if line.strip()]
        left = [line for line in lines if (json.loads(line)["resourceType"], json.loads(line)["id"]) != (kind, name)]
        (folder / path.name).write_text("".join(f"{line}\n" for line in left))
    return folder, gone


def test_other_settings_are_named_as_what_decides(run: Path, tmp_path: Path) -> None:
    found = differences(run, kept(DECK, tmp_path, zone="Pacific/Honolulu"))

    assert [basis.what for basis in found.basis] == ["site"]
    assert found.resources == ()


def test_a_measure_outside_the_period_is_a_usage_error(run: Path) -> None:
    with open_run(run, period(DAYS)) as reading, pytest.raises(UsageError):
        explain_measure(reading, "PI_EP_1", "999999999", None)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tallies": 1}'])
def test_a_run_whose_numbers_cannot_be_read_is_refused_plainly(run: Path, tmp_path: Path, text: str) -> None:
    other = kept(DECK, tmp_path, zone="Pacific/Honolulu")
    next(other.glob("*/tallies.json")).write_text(text)
    shown = invoke("diff", run, other)
    assert shown.exit_code == 2
    assert "tallies.json: cannot be read. Run pi180 again." in shown.stderr
