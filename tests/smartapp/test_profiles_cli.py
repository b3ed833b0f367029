"""The verbs about profiles as a user meets them: what they print, what they refuse, and their exit codes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from extractors.profile import load_profile, profile_names
from scoring.model import Reporter
from smartapp.cli import main
from smartapp.kept.finding_run import find_run
from smartapp.opened.cautions import cautions
from tests.extractors.practice import A, C, Json, fulfilment, prescription, staff
from tests.smartapp.report_page import ATTESTED, report_of

STATUS = "https://dosespot.com/prescription-status"
OWN_RULE = "prescription-transmitted/MedicationRequest/1"
OWN = """
name = "mine"
version = "1"
about = "mine"
extends = "generic"

[[select]]
kind = "prescription-transmitted"
resource = "MedicationRequest"
where = "extension.where(url = 'https://example.org/sent').exists()"
answer = "extension.where(url = 'https://example.org/sent').value"
map = { sent = "met" }
occurred = "authoredOn"
rank = 1
grade = "native"
why = "x"
"""


def pi180(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


def written(folder: Path, *resources: Json) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "all.ndjson").write_text("".join(json.dumps(one) + "\n" for one in resources))
    return folder


def told(value: Json, name: str = "rx", **elements: Any) -> Json:
    return prescription(name, extension=[{"url": "https://example.org/sent", **value}], **elements)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    place = tmp_path / "mine.toml"
    place.write_text(OWN)
    return place


def probed(folder: Path, profile: str | Path, *words: str) -> dict[str, Any]:
    done = pi180("probe", "--from", folder, "--profile", profile, "--json", *words)
    assert done.exit_code == 0
    return {rule["rule"]: rule for rule in json.loads(done.stdout)["rules"]}


def test_every_profile_of_the_product_is_sound() -> None:
    done = pi180("profiles", "check")
    assert (done.exit_code, done.stdout.count("  sound\n")) == (0, len(profile_names()))


def test_a_misspelt_element_is_a_fault_with_its_place(mine: Path) -> None:
    mine.write_text(OWN.replace('"authoredOn"', '"authordOn"'))
    done = pi180("profiles", "check", mine, "--json")
    (found,) = json.loads(done.stdout)["profiles"]
    assert done.exit_code == 2
    assert found["faults"] == [
        f"{OWN_RULE}, occurred: R4 has no authordOn in MedicationRequest. It would select nothing: correct the name."
    ]


@pytest.mark.parametrize(
    ("samples", "code", "said"),
    [
        ([told({"valueCode": "sent"}), prescription("other")], 0, "sound"),
        ([prescription("other")], 7, "matches none of 3 samples"),
    ],
    ids=["matched and rejected", "never matched"],
)
def test_a_rule_is_proven_by_a_sample_that_it_matches_and_one_that_it_rejects(
    mine: Path, tmp_path: Path, samples: list[Json], code: int, said: str
) -> None:
    done = pi180("profiles", "check", mine, "--samples", written(tmp_path / "samples", *samples))
    assert done.exit_code == code
    assert said in done.stdout


def test_a_map_that_nothing_answers_and_a_rank_of_statements_before_records_are_warned_of(mine: Path) -> None:
    mine.write_text(OWN.replace("map = {", "# map = {").replace('"native"', '"asserted"'))
    done = pi180("profiles", "check", mine)
    assert done.exit_code == 7
    said = " ".join(done.stdout.split())
    assert "has 'answer' without 'map', so every match is met" in said
    assert "what is only asserted should rank after 3" in said


@pytest.mark.parametrize("line", ["{", '{"resourceType":"Nonsense"}'])
def test_a_sample_that_is_no_fhir_is_refused_by_place(mine: Path, tmp_path: Path, line: str) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "x.ndjson").write_text(line)
    done = pi180("profiles", "check", mine, "--samples", tmp_path / "samples")
    assert done.exit_code == 2
    assert "x.ndjson, line 1: expected a FHIR" in done.stderr


def test_a_profile_is_shown_kind_by_kind_with_what_it_inherits_and_what_is_absent() -> None:
    shown = " ".join(pi180("profiles", "show", "medplum-dosespot").stdout.split())
    assert "MedicationRequest, native: DoseSpot's own status" in shown
    assert "Provenance, standard (inherited from generic.toml)" in shown
    assert "documented, not observed" in shown
    document = json.loads(pi180("profiles", "show", "oracle-health", "--json").stdout)
    assert document["extends"] == ["generic.toml"]
    assert document["kinds"]["summary-sent"]["carriers"] == []
    assert document["kinds"]["summary-sent"]["absent"]["on"] == "2026-11-22"
    assert "MedicationRequest.authoredon" in document["never_send"]


@pytest.mark.parametrize("base", profile_names())
def test_a_new_profile_extends_the_one_named_is_sound_and_never_replaces_a_file(tmp_path: Path, base: str) -> None:
    place = tmp_path / "ours.toml"
    assert pi180("profiles", "new", place, "--from", base).exit_code == 0
    assert pi180("profiles", "check", place).exit_code == 0
    before = place.read_text()
    again = pi180("profiles", "new", place, "--from", base)
    assert (again.exit_code, place.read_text()) == (2, before)
    assert "exists already" in again.stderr


def test_a_rule_that_matches_nothing_stands_out_before_its_zero_is_believed(tmp_path: Path) -> None:
    folder = written(tmp_path / "data", *staff(), prescription("a"), prescription("b"))
    done = pi180("probe", "--from", folder, "--profile", "medplum-dosespot")
    assert done.exit_code == 0
    before_table = done.stdout.partition("\nRule ")[0]
    assert "NOTHING MATCHED" in before_table
    assert f"  {OWN_RULE}: 0 of 2\n" in before_table


@pytest.mark.case(47)
def test_an_unmapped_value_is_named_where_it_is_a_code_and_only_counted_where_it_is_not(
    mine: Path, tmp_path: Path
) -> None:
    secret = "Jane Roe 555-0100"
    data = [told({"valueCode": "Queued"}, "a"), told({"valueString": secret}, "b"), told({"valueCode": "sent"}, "c")]
    data += [told({"valueCode": secret}, "d")]
    folder = written(tmp_path / "data", *staff(), *data)
    rule = probed(folder, mine)[OWN_RULE]
    assert (rule["matched"], rule["of"], rule["met"], rule["unknown"]) == (4, 4, 1, 3)
    assert rule["unmapped"] == {"": 2, "Queued": 1}
    for words in ((), ("--json",)):
        done = pi180("probe", "--from", folder, "--profile", mine, *words)
        assert secret not in done.stdout + done.stderr


@pytest.mark.case(9)
def test_times_without_an_offset_and_matches_without_a_date_are_counted_by_rule(mine: Path, tmp_path: Path) -> None:
    sent = {"valueCode": "sent"}
    data = [
        told(sent, "a", on="2026-03-02T10:00:00"),
        told(sent, "b", on=None),
        told(sent, "c", on="2026-03-02T10:00:00Z"),
    ]
    rule = probed(written(tmp_path / "data", *staff(), *data), mine)[OWN_RULE]
    assert (rule["zone_assumed"], rule["undated"]) == (1, 1)


def test_what_is_excluded_is_counted_by_its_reason(mine: Path, tmp_path: Path) -> None:
    data = [prescription("a", status="draft"), prescription("b", doNotPerform=True), prescription("c")]
    rule = probed(written(tmp_path / "data", *staff(), *data), mine)["prescription-written/MedicationRequest/1"]
    assert rule["excluded"] == {
        "an order not to prescribe": 1,
        "not a written prescription: draft or entered in error": 1,
    }
    assert (rule["met"], rule["not_met"]) == (1, 2)


def test_a_folder_without_fhir_is_no_ground_for_any_zero(tmp_path: Path) -> None:
    assert pi180("probe", "--from", written(tmp_path / "data")).exit_code == 8


def kept_run(tmp_path: Path) -> Path:
    folder = written(
        tmp_path / "data", *staff(), prescription("a", extension=[{"url": STATUS, "valueCode": "eRxSent"}])
    )
    asked = ("--year", "2026", "--profile", "medplum-dosespot", "--out", tmp_path / "out")
    assert pi180("extract", "--from", folder, *asked).exit_code == 0
    return find_run(tmp_path / "out")


@pytest.mark.case(103)
def test_a_run_keeps_what_its_profile_extends_and_opens_by_that_alone(tmp_path: Path) -> None:
    run = kept_run(tmp_path)
    assert (run / "profile.1.toml").read_text() == load_profile("generic").text
    assert "extends" in (run / "profile.toml").read_text()
    done = pi180("explain", run, "MedicationRequest/a")
    assert done.exit_code == 0
    assert f"({OWN_RULE})" in done.stdout


@pytest.mark.case(103)
def test_a_run_whose_inherited_profile_was_changed_is_refused(tmp_path: Path) -> None:
    run = kept_run(tmp_path)
    with (run / "profile.1.toml").open("a") as kept:
        kept.write("# changed\n")
    done = pi180("explain", run, "PI_EP_1")
    assert done.exit_code == 2
    assert "its profile are not those that it was counted with" in done.stderr


@pytest.mark.case(9)
@pytest.mark.case(47)
def test_a_person_is_warned_of_assumed_zones_and_of_values_without_a_meaning(tmp_path: Path) -> None:
    data = [prescription("a", on="2026-03-02T10:00:00", extension=[{"url": STATUS, "valueCode": "Queued"}])]
    folder = written(tmp_path / "data", *staff(), *data)
    done = pi180("extract", "--from", folder, "--year", "2026", "--profile", "medplum-dosespot")
    said = " ".join(done.stdout.split())
    assert "warning: Times without an offset (1 MedicationRequest) were read in the zone America/New_York." in said
    assert "warning: Values that the profile does not map (1 MedicationRequest) are unknown" in said


@pytest.mark.case(9)
@pytest.mark.case(47)
def test_the_report_warns_too_and_counts_by_type(tmp_path: Path) -> None:
    failing = fulfilment("on-hold", on="2026-03-02T10:05:00-05:00", of="a")
    folder = written(tmp_path / "data", *staff(), prescription("a", on="2026-03-02T10:00:00"), failing)
    answers = replace(ATTESTED, reporter=Reporter(A, C))
    text = " ".join(report_of(folder, answers).page.text.split())
    assert "Times without an offset (1 MedicationRequest) were read in the zone America/New_York." in text
    assert "Values that the profile does not map (1 Task) are unknown" in text


def test_nobody_is_warned_where_there_is_nothing_to_doubt() -> None:
    assert cautions([{"type": "Task", "zone_assumed": 0, "unmapped": 0}, {"type": "x"}], "UTC") == ()
