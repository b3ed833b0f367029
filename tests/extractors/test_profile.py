"""Profiles are read strictly, and every selector of every profile is exercised by its samples."""

from pathlib import Path
from typing import Any

import pytest

from extractors.errors import ProfileError
from extractors.fhirpath import compile_path, is_true
from extractors.profile import load_profile, profile_names
from extractors.profile_check import Proof, check
from extractors.vocabulary import EventKind
from tests.extractors.practice import GENERIC

GENERIC_TEXT = (Path(__file__).parents[2] / "extractors" / "profiles" / "generic.toml").read_text()
PROOFS = [
    pytest.param(proof, id=f"{name} {proof.rule}")
    for name in profile_names()
    for proof in check(load_profile(name)).proofs
]


@pytest.mark.parametrize("proof", PROOFS)
def test_a_selector_matches_a_sample_and_rejects_another_of_its_type(proof: Proof) -> None:
    assert proof.matched > 0
    assert proof.rejected > 0


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_of_the_product_names_only_elements_of_r4_and_asks_for_no_second_look(name: str) -> None:
    found = check(load_profile(name))
    assert (found.faults, found.warnings) == ((), ())


@pytest.mark.parametrize("name", profile_names())
def test_every_kind_is_selected_or_declared_absent(name: str) -> None:
    profile = load_profile(name)
    assert all(bool(profile.carriers(kind)) != (kind in profile.absent) for kind in EventKind)


@pytest.mark.parametrize("kind", EventKind)
def test_assertions_rank_after_every_carrier(kind: EventKind) -> None:
    grades = [selector.grade == "asserted" for selector in GENERIC.carriers(kind)]
    assert grades == sorted(grades)


def problem(tmp_path: Path, old: str, new: str) -> str:
    """What is said about the generic profile with one change."""
    assert old in GENERIC_TEXT
    place = tmp_path / "mine.toml"
    place.write_text(GENERIC_TEXT.replace(old, new, 1))
    with pytest.raises(ProfileError) as refused:
        load_profile(str(place))
    return str(refused.value)


FIRST = 'kind = "prescription-written"\nresource = "MedicationRequest"\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(FIRST, FIRST + "wher = 'x'\n", "mine.toml, select 1: unknown key 'wher'", id="unknown key"),
        pytest.param(
            'kind = "prescription-written"',
            'kind = "rx-written"',
            "mine.toml, select 1, kind: expected one of",
            id="kind",
        ),
        pytest.param(
            'kind = "prescription-written"', 'kind = "rx-written"', "got 'rx-written'", id="kind, what was got"
        ),
        pytest.param(
            "rank = 1\n",
            'rank = "1"\n',
            "mine.toml, select 1, rank: expected a whole number, got '1'.",
            id="wrong type",
        ),
        pytest.param(
            "rank = 1\n",
            "rank = true\n",
            "mine.toml, select 1, rank: expected a whole number, got True.",
            id="truth as number",
        ),
        pytest.param(
            'grade = "standard"', 'grade = "best"', "mine.toml, select 1, grade: expected one of native", id="grade"
        ),
        pytest.param(
            "where = \"intent = 'order'\"",
            'where = "intent = "',
            "mine.toml, select 1, where: FHIRPath 'intent = '",
            id="path",
        ),
        pytest.param('subject"', 'subject)"', "mine.toml, select 1, patient: FHIRPath", id="rest after a path"),
        pytest.param(
            '= "subject"', '= "subject.nonsense()"', "mine.toml, select 1, patient: FHIRPath", id="unknown function"
        ),
        pytest.param(
            'resource = "MedicationRequest"\n', "", "mine.toml, select 1: 'resource' is missing. Add it.", id="missing"
        ),
        pytest.param(
            'kind = "prescription-written"\n',
            "",
            "select 1: expected either 'kind', or 'kind_path' with 'kinds'.",
            id="no kind",
        ),
        pytest.param(
            "[[select]]",
            '[[absent]]\nkind = "pdmp-queried"\nwhy = "x"\n\n[[select]]',
            "both selected and absent",
            id="both",
        ),
        pytest.param(
            'kind = "condition-diagnosed"',
            'kind = "immunization-given"',
            "mine.toml: condition-diagnosed is neither selected nor declared absent",
            id="neither",
        ),
        pytest.param(
            'completed = "met"', 'completed = "done"', "map.completed: expected one of met, not_met, unknown", id="map"
        ),
        pytest.param(
            '{ when = "doNotPerform = true"', '{ if = "doNotPerform = true"', "except: unknown key 'if'", id="except"
        ),
        pytest.param(
            'relation = "encounter"', 'relatio = "encounter"', "reference 1: unknown key 'relatio'", id="reference"
        ),
        pytest.param(
            'version = "1"', "version = 1", "mine.toml, version: expected text in quotation marks, got 1.", id="version"
        ),
        pytest.param('version = "1"', 'version = "1"\nobserved = { on = "x" }', "mine.toml, observed", id="observed"),
        pytest.param('version = "1"', 'version = "1', "mine.toml: expected TOML, got:", id="no TOML"),
        pytest.param(
            "reference = [\n", "reference = [\n  7,\n", "reference 1: expected a table, got 7.", id="no table"
        ),
        pytest.param(
            '{ when = "doNotPerform = true", reason = "an order not to prescribe" }',
            '"x"',
            "expected a table",
            id="no exception",
        ),
    ],
)
def test_a_fault_of_a_profile_is_named_with_place_expected_and_got(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert said in problem(tmp_path, old, new)


def test_a_profile_of_ones_own_is_named_by_its_path(tmp_path: Path) -> None:
    place = tmp_path / "mine.toml"
    place.write_text(GENERIC_TEXT)
    assert load_profile(str(place)).digest == GENERIC.digest


def test_a_profile_says_where_it_was_observed(tmp_path: Path) -> None:
    place = tmp_path / "mine.toml"
    place.write_text('observed = { on = 2026-05-01, version = "R4 7.1", by = "us" }\n' + GENERIC_TEXT)
    assert (load_profile(str(place)).observed, GENERIC.observed) == ("2026-05-01, R4 7.1, us", None)


@pytest.mark.parametrize("name", ["nobody", "../generic"])
def test_an_unknown_profile_is_refused_with_those_that_exist(name: str) -> None:
    with pytest.raises(ProfileError, match="expected one of generic, medplum-dosespot, oracle-health, or a TOML file"):
        load_profile(name)


def test_a_profile_file_that_is_missing_is_refused() -> None:
    with pytest.raises(ProfileError, match="expected an evidence profile, but it cannot be read"):
        load_profile("/nowhere/mine.toml")


@pytest.mark.parametrize(
    ("found", "holds"), [([True], True), ([False], False), ([], False), ([True, True], False), ([1], True)]
)
def test_a_criterion_holds_when_it_is_a_single_true(found: list[Any], holds: bool) -> None:
    assert is_true(found) is holds


def test_a_path_is_evaluated_with_the_r4_model() -> None:
    path = compile_path("medication.ofType(CodeableConcept).coding.code")
    order = {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"coding": [{"code": "7"}]}}
    assert path(order) == ["7"]
