"""One resource counts once: duplicates, versions, deletions, and never by the order of reading (fhir-mapping 3.2)."""

import itertools

import pytest

from tests.extractors.practice import (
    MET,
    NONE,
    Json,
    both_channels,
    count,
    counted,
    organization,
    practitioner,
    prescription,
    ref,
    resource,
    role,
    staff,
    transmission,
    visit,
)


def version(number: str, updated: str | None, status: str) -> Json:
    meta = {"versionId": number, **({"lastUpdated": updated} if updated else {})}
    return prescription(status=status, meta=meta)


@pytest.mark.requirement("R52")
@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        pytest.param(
            [("1", None, "active"), ("1", None, "active")], MET, marks=pytest.mark.case(12), id="15.12 the same twice"
        ),
        pytest.param(
            [("1", "2026-03-02T10:00:00Z", "active"), ("2", "2026-03-03T10:00:00Z", "entered-in-error")],
            NONE,
            marks=pytest.mark.case(13),
            id="15.13 the later says entered in error",
        ),
        pytest.param([("9", None, "entered-in-error"), ("10", None, "active")], MET, id="version 10 comes after 9"),
        pytest.param(
            [("1", "2026-03-02T23:00:00-05:00", "entered-in-error"), ("1", "2026-03-03T03:30:00Z", "active")],
            NONE,
            id="instants with other offsets are compared as instants",
        ),
        pytest.param(
            [("9", "2026-03-02T10:00:00Z", "entered-in-error"), ("1", "2026-03-03T10:00:00Z", "active")],
            MET,
            id="the time of the update goes before its number",
        ),
    ],
)
def test_the_latest_version_counts_in_any_order_of_reading(
    versions: list[tuple[str, str, str]], expected: object
) -> None:
    made = [version(*one) for one in versions]
    for order in itertools.permutations(made):
        assert count("PI_EP_1", [*order, transmission()]) == expected


@pytest.mark.requirement("R52")
def test_contradicting_copies_without_versions_give_the_same_in_any_order() -> None:
    copies = [prescription(status="active"), prescription(status="entered-in-error"), transmission()]
    found = [counted([*staff(), *order]) for order in itertools.permutations(copies)]
    assert found == [found[0]] * len(found)


def test_a_merge_that_a_later_version_takes_back_is_none() -> None:
    merged = resource(
        "Patient", "old", link=[{"type": "replaced-by", "other": ref("Patient/p")}], meta={"versionId": "1"}
    )
    apart = resource("Patient", "old", meta={"versionId": "2"})
    visits = [visit(), visit("other", subject=ref("Patient/old")), *both_channels()]
    assert count("PI_PEA_1", [merged, apart, *visits]).denominator == 2


def test_a_tin_that_a_later_version_takes_back_is_none() -> None:
    old, new = organization("x", "111111111", meta={"versionId": "1"}), organization("x", meta={"versionId": "2"})
    order = prescription(requester=ref("PractitionerRole/c-at-x"))
    found = counted([*staff(), old, new, role("c", "x"), order])
    assert "111111111" not in {key[2] for key in found}


@pytest.mark.parametrize("turned", [False, True])
def test_a_practitioner_with_two_npis_is_nobody_in_any_order(turned: bool) -> None:
    two = practitioner("x", "1111111111")
    two["identifier"] += practitioner("x", "2222222222")["identifier"]
    two["identifier"] = two["identifier"][::-1] if turned else two["identifier"]
    found = counted([*staff(), two, role("x", "a"), prescription(requester=ref("PractitionerRole/x-at-a"))])
    assert {key[3] for key in found} == {None}
