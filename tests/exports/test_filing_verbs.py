"""The verbs `export` and `check` as a user meets them, and the worksheet that they make."""

import csv
import html
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from filed import MADE, document, pi180, reported

from scoring.model import MeasureId, Origin, Proportion
from scoring.rulebook import load
from smartapp.exports.worksheet import worksheet_csv, worksheet_of
from smartapp.report.worksheet import worksheet_page
from tests.scoring.reported import answering, complete, excluding


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    place = tmp_path / "submission.json"
    place.write_text(json.dumps(document(reported(2025, "MIPS_GROUP"))))
    return place


def wrong(tmp_path: Path) -> Path:
    place = tmp_path / "wrong.json"
    place.write_text(json.dumps(document(answering(complete(2025), PI_PPHI_1=False))))
    return place


NAMES = {"qpp-json": "a.json", "qrda3": "a.xml", "measure-report": "m.json", "worksheet": "w.html"}


@pytest.mark.parametrize("form", NAMES)
def test_each_file_is_made_and_nothing_else(form: str, submission: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / NAMES[form]
    out.parent.mkdir()

    result = pi180("export", form, submission, "-o", out)

    assert (result.exit_code, result.stdout) == (0, "")
    assert [path.name for path in out.parent.iterdir()] == [NAMES[form]]
    assert "Nothing was sent to CMS" in result.stderr


@pytest.mark.parametrize("form", ["qpp-json", "qrda3"])
def test_what_is_made_is_not_refused_when_it_is_checked(form: str, submission: Path, tmp_path: Path) -> None:
    out = tmp_path / NAMES[form]
    pi180("export", form, submission, "-o", out)

    result = pi180("check", out)

    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert "performance year 2025: 0 errors, 0 warnings, 0 notes." in result.stdout


@pytest.mark.parametrize("form", NAMES)
def test_nothing_is_made_while_an_error_stands(form: str, tmp_path: Path) -> None:
    out = tmp_path / NAMES[form]

    result = pi180("export", form, wrong(tmp_path), "-o", out)

    assert result.exit_code == 4
    assert "error F-102" in result.stderr
    assert not out.exists()


@pytest.mark.parametrize("form", NAMES)
def test_a_file_that_is_there_is_left_as_it_is(form: str, submission: Path, tmp_path: Path) -> None:
    out = tmp_path / NAMES[form]
    out.write_text("mine")

    assert pi180("export", form, submission, "-o", out).exit_code == 2
    assert out.read_text() == "mine"


def test_the_program_is_that_of_the_submission_or_the_one_that_is_named(submission: Path, tmp_path: Path) -> None:
    pi180("export", "qrda3", submission, "-o", tmp_path / "own.xml")
    pi180("export", "qrda3", submission, "-o", tmp_path / "plus.xml", "--program", "APP_PLUS_GROUP")
    pi180("export", "qpp-json", submission, "-o", tmp_path / "plus.json", "--program", "APP_PLUS_GROUP")

    assert 'extension="MIPS_GROUP"' in (tmp_path / "own.xml").read_text()
    assert 'extension="APP_PLUS_GROUP"' in (tmp_path / "plus.xml").read_text()
    assert '"programName": "appPlus"' in (tmp_path / "plus.json").read_text()


@pytest.mark.parametrize("program", ["MIPS_INDIV", "MIPS", "PCF", "ASM_GROUP", ""])
def test_a_program_of_another_reporter_or_year_is_wrong_usage(program: str, submission: Path, tmp_path: Path) -> None:
    result = pi180("export", "qrda3", submission, "-o", tmp_path / "a.xml", "--program", program)

    assert result.exit_code == 2
    assert "--program" in result.stderr
    assert not (tmp_path / "a.xml").exists()


def test_what_a_vendor_made_becomes_qpp_json_unless_it_is_refused(submission: Path, tmp_path: Path) -> None:
    pi180("export", "qpp-json", submission, "-o", tmp_path / "own.json")
    pi180("export", "qrda3", submission, "-o", tmp_path / "theirs.xml")
    damaged = (
        (tmp_path / "theirs.xml")
        .read_text()
        .replace("<custodian>", "<informant>")
        .replace("</custodian>", "</informant>")
    )
    (tmp_path / "damaged.xml").write_text(damaged)

    assert pi180("export", "qpp-json", tmp_path / "theirs.xml", "-o", tmp_path / "back.json").exit_code == 0
    assert (tmp_path / "back.json").read_text() == (tmp_path / "own.json").read_text()
    assert pi180("export", "qpp-json", tmp_path / "damaged.xml", "-o", tmp_path / "no.json").exit_code == 4
    assert not (tmp_path / "no.json").exists()


def test_what_is_not_carried_over_is_named(tmp_path: Path) -> None:
    stated = document(complete(2025))
    stated["measurementSets"].append({"category": "ia", "measurements": []})
    place = tmp_path / "two.json"
    place.write_text(json.dumps(stated))

    result = pi180("export", "qpp-json", place, "-o", tmp_path / "a.json")

    assert result.exit_code == 0
    assert "Not carried over: $.measurementSets[1]" in result.stderr


@pytest.mark.parametrize("verb", [("export", "qpp-json", "-o", "made.json"), ("score",)])
def test_of_several_sets_one_is_to_be_chosen(verb: tuple[str, ...], tmp_path: Path) -> None:
    stated = document(complete(2025))
    (one,) = stated["measurementSets"]
    stated["measurementSets"].append({**one, "programName": "G0053"})
    place = tmp_path / "two.json"
    place.write_text(json.dumps(stated))

    result = pi180(verb[0], *(tmp_path / word if word == "made.json" else word for word in verb[1:]), place)

    assert (result.exit_code, (tmp_path / "made.json").exists()) == (2, False)
    told = " ".join(result.stderr.split())
    assert "$.measurementSets[0] (program mips) and $.measurementSets[1] (program G0053)" in told
    assert "one program at a time: copy the file and leave in the copy only the set" in told
    assert pi180("check", place).exit_code == 0


@pytest.mark.parametrize("text", ["{", "null", "<a", "[]", '{"performanceYear": 2017}'])
def test_what_is_no_submission_is_wrong_usage(text: str, tmp_path: Path) -> None:
    place = tmp_path / "s.json"
    place.write_text(text)

    assert pi180("export", "qpp-json", place, "-o", tmp_path / "a.json").exit_code == 2
    assert not (tmp_path / "a.json").exists()


def test_an_mvp_stays_one_under_the_plain_codes(tmp_path: Path) -> None:
    place = tmp_path / "mvp.json"
    place.write_text(json.dumps(document(replace(reported(2025, "MIPS_GROUP"), program="G0053"))))

    pi180("export", "qpp-json", place, "-o", tmp_path / "a.json", "--program", "MIPS_GROUP")

    assert '"programName": "G0053"' in (tmp_path / "a.json").read_text()


def test_a_program_and_an_entity_without_a_code_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "virtual.json"
    place.write_text(json.dumps(document(replace(reported(2025, "MIPS_VIRTUALGROUP"), program="app1"))))

    result = pi180("export", "qrda3", place, "-o", tmp_path / "a.xml")

    assert (result.exit_code, "F-503" in result.stderr) == (4, True)


def test_what_is_not_known_of_the_converter_of_cms_is_a_warning(tmp_path: Path) -> None:
    place = tmp_path / "s.json"
    place.write_text(json.dumps(document(reported(2026, "MIPS_GROUP"))))

    result = pi180("export", "qrda3", place, "-o", tmp_path / "a.xml")

    assert (result.exit_code, "warning F-506" in result.stderr) == (0, True)


def test_a_year_without_a_version_is_refused_as_qrda_and_made_as_json(tmp_path: Path) -> None:
    place = tmp_path / "s.json"
    place.write_text(json.dumps(document(complete(2027))))

    assert pi180("export", "qrda3", place, "-o", tmp_path / "a.xml").exit_code == 4
    assert pi180("export", "qpp-json", place, "-o", tmp_path / "a.json").exit_code == 0


def test_a_check_prints_json_in_the_words_of_score(tmp_path: Path) -> None:
    result = pi180("check", wrong(tmp_path), "--json")
    told = json.loads(result.stdout)

    assert result.exit_code == 4
    assert {k: told[k] for k in ("schema", "format", "year", "refused", "not_read")} == {
        "schema": "pi180/check/1",
        "format": "QPP JSON",
        "year": 2025,
        "refused": True,
        "not_read": [],
    }
    (finding,) = told["findings"]
    assert told["read"] is None
    assert set(finding) == {"by", "cites", "code", "message", "place", "remedy", "severity", "subject"}
    assert (finding["code"], finding["place"]) == ("F-102", "$.measurementSets[0].measurements[11]")


def test_a_check_gives_qrda_as_the_submission_object_that_it_reads(submission: Path, tmp_path: Path) -> None:
    pi180("export", "qrda3", submission, "-o", tmp_path / "a.xml")
    told = json.loads(pi180("check", tmp_path / "a.xml", "--json").stdout)["read"]

    assert told["measurementSets"][0].pop("source") == "qrda3"
    told["measurementSets"][0]["submissionMethod"] = "registry"
    assert told == document(reported(2025, "MIPS_GROUP"))


@pytest.mark.parametrize("verb", [("check",), ("export", "qpp-json", "-o", "x.json")])
def test_a_file_that_is_not_there_is_wrong_usage(verb: tuple[str, ...], tmp_path: Path) -> None:
    assert pi180(*verb, tmp_path / "none.json").exit_code == 2


def test_a_worksheet_of_a_file_says_that_a_file_does_not_tell_what_was_hidden() -> None:
    page = worksheet_page(worksheet_of(complete(2026), load(2026), ()), MADE)
    assert "does not say what could not be seen, nor where a count is from" in page


def test_a_worksheet_of_a_score_says_of_each_count_where_it_is_from() -> None:
    told = {MeasureId("PI_EP_1"): Proportion(9, 10, origin=Origin.REPORTED)}
    sheet = worksheet_of(replace(complete(2026), proportions=told), load(2026), ())
    page = worksheet_page(sheet, MADE)
    assert "PI_EP_1, from the EHR&#39;s report" in page
    assert "does not say what could not be seen" not in page
    assert rows_of(worksheet_csv(sheet))["PI_EP_1"]["source"] == "from the EHR's report"


def test_a_worksheet_has_a_suffix_that_says_what_it_is(submission: Path, tmp_path: Path) -> None:
    assert pi180("export", "worksheet", submission, "-o", tmp_path / "w.pdf").exit_code == 2
    assert pi180("export", "worksheet", submission, "-o", tmp_path / "w.csv").exit_code == 0


def rows_of(text: str) -> dict[str, dict[str, str]]:
    return {row["id"]: row for row in csv.DictReader(io.StringIO(text))}


def test_the_table_has_every_entry_that_is_reported_and_no_other() -> None:
    reported_ones = excluding(complete(2025), "PI_EP_1", "PI_LVPP_1")
    rows = rows_of(worksheet_csv(worksheet_of(reported_ones, load(2025), ())))

    measures = {name for name in rows if name.startswith("PI_")}
    assert measures == {*reported_ones.proportions, *reported_ones.answers}
    assert (rows["PI_PEA_1"]["numerator"], rows["PI_PEA_1"]["denominator"]) == ("900", "1000")
    assert rows["PI_LVPP_1"]["answer"] == "yes"
    assert rows["cehrtId"]["answer"] == "0015CABCDEFGHIJ"
    assert (rows["performanceStart"]["answer"], rows["performanceEnd"]["answer"]) == ("2025-01-01", "2025-12-31")


def test_an_exclusion_says_when_it_applies() -> None:
    rows = rows_of(worksheet_csv(worksheet_of(excluding(complete(2025), "PI_EP_1", "PI_LVPP_1"), load(2025), ())))
    exclusion = load(2025).measures[MeasureId("PI_LVPP_1")]

    assert exclusion.summary
    assert rows["PI_LVPP_1"]["what"].endswith(f": {exclusion.summary}")


def test_entries_come_in_the_order_of_the_list_of_cms() -> None:
    rows = rows_of(worksheet_csv(worksheet_of(complete(2025), load(2025), ())))
    names = [name for name in rows if name.startswith("PI_")]
    objectives = [load(2025).measures[name].objective for name in names]  # type: ignore[index]

    assert names == [name for name in load(2025).measures if name in names]
    assert len([o for o, before in zip(objectives[1:], objectives, strict=False) if o != before]) == 5


@pytest.mark.requirement("R109")
@pytest.mark.parametrize("hostile", ["=1+1", "+1", "-1", "@a", "\t=1", "\uff1d1"])
def test_no_cell_of_the_table_is_a_formula(hostile: str) -> None:
    sheet = worksheet_of(replace(complete(2025), program=hostile, cehrt_id=hostile), load(2025), ())
    rows = rows_of(worksheet_csv(sheet))

    assert (rows["programName"]["answer"], rows["cehrtId"]["answer"]) == (f"'{hostile}", f"'{hostile}")


def test_the_page_is_self_contained_escaped_and_says_what_pi180_is_not() -> None:
    hostile = "<script>alert(1)</script>"
    page = worksheet_page(worksheet_of(replace(complete(2025), program=hostile), load(2025), ()), MADE)

    assert hostile not in page
    assert "&lt;script&gt;" in page
    assert not any(word in page for word in ("<script", "<link", "src=", "http://", "@import"))
    assert "@media print" in page
    assert "not a CMS product, and not certified EHR technology" in page
    assert "Left empty: PI_HIE_5, PI_HIE_6" in page


def test_the_page_says_what_is_not_final_and_what_is_in_doubt() -> None:
    sheet = worksheet_of(complete(2027), load(2027), ())

    assert sheet.provisional
    assert sheet.provisional in html.unescape(worksheet_page(sheet, MADE))
