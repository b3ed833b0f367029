"""Which keys mean the same: identifiers, merged patients, copies of orders and documents."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.drugs.table import tables
from extractors.identity import canonical_keys as canonical_keys_by
from tests.extractors.practice import C


def canonical_keys(directory: Iterable[dict[str, str]]) -> dict[str, str]:
    return canonical_keys_by(directory, tables())


def rows(*triples: tuple[str, str, str]) -> list[dict[str, str]]:
    return [{"key": key, "attribute": attribute, "value": value} for key, attribute, value in triples]


def test_an_identifier_stands_for_the_resource_that_carries_it() -> None:
    found = canonical_keys(rows(("Patient/p", "alias", "Patient?identifier=urn:mrn|7")))
    assert found == {"Patient?identifier=urn:mrn|7": "Patient/p"}


def test_an_identifier_of_two_places_stands_for_the_first_in_order() -> None:
    both = rows(("Organization/q", "alias", "?identifier=|7"), ("Location/p", "alias", "?identifier=|7"))
    assert canonical_keys(both) == {"?identifier=|7": "Location/p"}


@pytest.mark.parametrize("kind", ["Patient", "Practitioner"])
def test_an_identifier_of_two_people_stands_for_none_of_them(kind: str) -> None:
    forms = ("?identifier=|7", f"{kind}?identifier=|7")
    both = rows(*((f"{kind}/{name}", "alias", form) for name in "pq" for form in forms))
    assert canonical_keys(both) == {}


def test_an_identifier_of_two_records_of_one_person_stands_for_her() -> None:
    merged = rows(
        *((f"Patient/{name}", "alias", "Patient?identifier=|7") for name in "pq"),
        ("Patient/p", "replaced-by", "Patient/q"),
    )
    assert canonical_keys(merged) == {"Patient/p": "Patient/q", "Patient?identifier=|7": "Patient/q"}
    one_npi = rows(
        *(
            (f"Practitioner/{name}", fact, value)
            for name in "pq"
            for fact, value in (("npi", C), ("alias", "Practitioner?identifier=|7"))
        )
    )
    assert canonical_keys(one_npi) == {"Practitioner?identifier=|7": "Practitioner/p"}


@pytest.mark.parametrize(
    ("other", "merged"),
    [
        pytest.param((), True, id="neither is stated"),
        pytest.param(("code|b", None), True, id="another thing, of whom is not stated"),
        pytest.param(("code|b", "Organization/x"), True, id="another thing of the same"),
        pytest.param(("code|a", "Organization/y"), True, id="the same of another"),
        pytest.param(("code|b", "Organization/y"), False, id="another thing of another"),
    ],
)
def test_referrals_of_one_number_are_one_unless_they_ask_another_for_another_thing(
    other: tuple[str | None, ...], merged: bool
) -> None:
    named = [
        (f"ServiceRequest/{key}", *fact)
        for key in "ab"
        for fact in (("subject", "Patient/p"), ("named", "ref|1"), ("authored", "2026-03-02/2026-03-02"))
    ]
    asked = [("ServiceRequest/a", "asks-for", "code|a"), ("ServiceRequest/a", "asks", "Organization/x")]
    asked += [
        ("ServiceRequest/b", fact, value) for fact, value in zip(("asks-for", "asks"), other, strict=False) if value
    ]
    assert ("ServiceRequest/b" in canonical_keys(rows(*named, *asked))) is merged


def test_a_chain_of_merges_ends_at_the_surviving_patient() -> None:
    chain = rows(("Patient/a", "replaced-by", "Patient/b"), ("Patient/b", "replaced-by", "Patient/c"))
    assert canonical_keys(chain) == {"Patient/a": "Patient/c", "Patient/b": "Patient/c"}


@pytest.mark.parametrize("start", ["a", "z"])
def test_a_circle_of_merges_is_one_patient(start: str) -> None:
    circle = rows((f"Patient/{start}", "replaced-by", "Patient/m"), ("Patient/m", "replaced-by", f"Patient/{start}"))
    smallest = min(f"Patient/{start}", "Patient/m")
    assert set(canonical_keys(circle).values()) == {smallest}


def test_what_stands_for_itself_is_left_out() -> None:
    assert canonical_keys(rows(("Practitioner/c", "npi", C))) == {}


COPIES = (
    ("MedicationRequest/b", "subject", "Patient/p"),
    ("MedicationRequest/b", "named", "erx|1"),
    ("MedicationRequest/b", "named", "ehr|9"),
    ("MedicationRequest/a", "subject", "Patient/p"),
    ("MedicationRequest/a", "named", "ehr|9"),
    ("MedicationRequest/c", "subject", "Patient/p"),
    ("MedicationRequest/c", "named", "erx|1"),
)


def test_copies_are_one_by_any_identifier_they_share() -> None:
    found = canonical_keys(rows(*COPIES))
    assert found == {"MedicationRequest/b": "MedicationRequest/a", "MedicationRequest/c": "MedicationRequest/a"}


def test_copies_of_a_merged_patient_are_one() -> None:
    merged = (("Patient/old", "replaced-by", "Patient/p"), ("MedicationRequest/d", "subject", "Patient/old"))
    found = canonical_keys(rows(*COPIES, *merged, ("MedicationRequest/d", "named", "erx|1")))
    assert found["MedicationRequest/d"] == "MedicationRequest/a"


def test_an_order_without_a_patient_is_no_copy() -> None:
    found = canonical_keys(rows(("MedicationRequest/x", "named", "erx|1"), *COPIES))
    assert "MedicationRequest/x" not in found


@given(st.permutations(COPIES))
def test_the_order_of_rows_never_matters(shuffled: list[tuple[str, str, str]]) -> None:
    assert canonical_keys(rows(*shuffled)) == canonical_keys(rows(*COPIES))


NODES = st.sampled_from([f"Patient/{letter}" for letter in "abcdef"])


@given(st.lists(st.tuples(NODES, st.just("replaced-by"), NODES)))
def test_nothing_stands_for_what_itself_stands_for_another(merges: list[tuple[str, str, str]]) -> None:
    found = canonical_keys(rows(*merges))
    assert not set(found.values()) & set(found)
