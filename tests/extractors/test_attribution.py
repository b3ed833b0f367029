"""To whom a case belongs: the NPI of its clinician and the TIN of role, visit or only employer (fhir-mapping 3.4)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.extractors.practice import (
    OPEN,
    A,
    B,
    C,
    D,
    Json,
    bundle,
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

IN_B = role("c", "b")
DEVICE = {"requester": ref("Device/d")}
AT_VISIT = {"encounter": ref("Encounter/visit")}


def reporters(measure: str, *resources: Json, site: Any = OPEN) -> set[tuple[str | None, str | None]]:
    return {key[2:] for key in counted([*staff(), *resources], site=site) if key[0] == measure}


@pytest.mark.parametrize(
    ("order", "others", "expected"),
    [
        pytest.param({}, [], {(A, C), (A, None)}, id="her role at A"),
        pytest.param(
            {"requester": ref("PractitionerRole/c-at-b")},
            [IN_B],
            {(B, C), (B, None)},
            marks=pytest.mark.case(50),
            id="15.50 role in TIN B",
        ),
        pytest.param({"requester": ref("Practitioner/c")}, [], {(A, C), (A, None)}, id="her only TIN"),
        pytest.param(
            {"requester": ref("Practitioner/c"), **AT_VISIT},
            [IN_B, visit()],
            {(A, C), (A, None)},
            marks=pytest.mark.case(51),
            id="15.51 visit at A",
        ),
        pytest.param(
            {"requester": ref("Practitioner/c")},
            [IN_B],
            {(None, C)},
            marks=pytest.mark.case(51),
            id="15.51 two TINs, no visit: listed",
        ),
        pytest.param(
            {"requester": None},
            [],
            {(None, None)},
            marks=pytest.mark.case(53),
            id="15.53 no requester, no visit: listed",
        ),
        pytest.param(
            {"requester": None, **AT_VISIT},
            [visit()],
            {(A, None)},
            marks=pytest.mark.case(53),
            id="15.53 no requester: group of the visit",
        ),
        pytest.param(DEVICE, [], {(None, None)}, id="a device without a visit: listed"),
        pytest.param({**DEVICE, **AT_VISIT}, [visit()], {(A, None)}, id="a device at a visit: group only"),
        pytest.param({"requester": ref("Organization/a")}, [], {(A, None)}, id="an organization: group only"),
        pytest.param(
            {"requester": ref("Organization/elsewhere"), **AT_VISIT},
            [visit()],
            {(None, None)},
            id="an organization elsewhere is lent no TIN",
        ),
        pytest.param(
            {"requester": ref("PractitionerRole/c-at-None")},
            [role("c", None)],
            {(A, C), (A, None)},
            id="role without employer",
        ),
        pytest.param(
            {"requester": ref("PractitionerRole/c-at-None"), **AT_VISIT},
            [role("c", None), IN_B, visit()],
            {(A, C), (A, None)},
            id="role without employer, two TINs, visit at A",
        ),
        pytest.param(
            {"requester": ref("PractitionerRole/c-at-elsewhere")},
            [role("c", "elsewhere")],
            {(None, C)},
            id="role elsewhere is not lent her TIN",
        ),
        pytest.param(
            {"requester": ref("PractitionerRole/c-at-elsewhere"), **AT_VISIT},
            [role("c", "elsewhere"), visit()],
            {(A, C), (A, None)},
            id="role at a department without a TIN, visit at A",
        ),
        pytest.param(
            {"requester": ref("Practitioner/nobody")}, [], {(None, None)}, id="a practitioner not in the data"
        ),
        pytest.param(
            {"requester": ref("Practitioner/n")},
            [practitioner("n", None)],
            {(None, None)},
            id="a practitioner without NPI",
        ),
    ],
)
def test_a_prescription_belongs_to(
    order: Json, others: list[Json], expected: set[tuple[str | None, str | None]]
) -> None:
    assert reporters("PI_EP_1", prescription(**order), transmission(), *others) == expected


WING = organization("wing", partOf=ref("Organization/floor"))
FLOOR = organization("floor", partOf=ref("Organization/house"))
HOUSE = organization("house", partOf=ref("Organization/a"))
AT_WING = prescription(requester=ref("PractitionerRole/c-at-wing"))


def test_an_owner_three_steps_up_lends_its_tin() -> None:
    assert reporters("PI_EP_1", IN_B, role("c", "wing"), AT_WING, WING, FLOOR, HOUSE) == {(A, C), (A, None)}


def test_the_nearest_owner_with_a_tin_goes_first() -> None:
    floor = organization("floor", B, partOf=ref("Organization/a"))
    assert reporters("PI_EP_1", role("c", "wing"), AT_WING, WING, floor) == {(B, C), (B, None)}


@pytest.mark.parametrize("key", ["Organization/wing", "Organization/floor"])
def test_the_sites_word_for_a_tin_holds_for_all_below(key: str) -> None:
    site = replace(OPEN, tin_map={key: B})
    assert reporters("PI_EP_1", role("c", "wing"), AT_WING, WING, FLOOR, HOUSE, site=site) == {(B, C), (B, None)}


def test_the_sites_word_goes_before_the_organizations_own() -> None:
    assert reporters("PI_EP_1", prescription(), site=replace(OPEN, tin_map={"Organization/a": B})) == {
        (B, C),
        (B, None),
    }


def test_an_ein_with_a_hyphen_is_the_same_tin() -> None:
    assert reporters("PI_EP_1", role("c", "x"), organization("x", "00-0180180"), prescription()) == {(A, C), (A, None)}


def test_two_tins_on_one_organization_decide_nothing() -> None:
    two = organization("x", "111111111")
    two["identifier"] += organization("x", "222222222")["identifier"]
    order = prescription(requester=ref("PractitionerRole/c-at-x"))
    assert reporters("PI_EP_1", role("c", "x"), two, order) == {(None, C)}


def test_a_place_lends_the_tin_of_the_organization_that_runs_it() -> None:
    room = resource("Location", "room", managingOrganization=ref("Organization/a"))
    seen = visit(serviceProvider=None, participant=[], location=[{"location": ref("Location/room")}])
    assert reporters("PI_PEA_1", room, seen) == {(A, None)}


def test_a_visit_without_participants_is_the_groups_only() -> None:
    assert reporters("PI_PEA_1", visit(participant=[])) == {(A, None)}


def test_a_visit_belongs_to_those_who_attended_not_to_those_who_helped() -> None:
    nurse = {"individual": ref("PractitionerRole/d-at-a"), "type": [{"coding": [{"code": "SPRF"}]}]}
    both = visit(participant=[*visit()["participant"], nurse])
    assert reporters("PI_PEA_1", both) == {(A, C), (A, None)}


def test_a_visit_where_nobody_is_marked_as_attending_belongs_to_all() -> None:
    both = [{"individual": ref(f"PractitionerRole/{who}-at-a")} for who in "cd"]
    assert reporters("PI_PEA_1", visit(participant=both)) == {(A, C), (A, D), (A, None)}


@pytest.mark.parametrize("who", ["Patient/p", "RelatedPerson/r", "b!Patient/p"])
def test_what_a_patient_ordered_is_nobodys(who: str) -> None:
    order = prescription(requester=ref(who.rpartition("!")[2]))
    found = bundle("collection", {"resource": order}, {"resource": resource("Patient", "p")}, name="b")
    assert reporters("PI_EP_1", found if "!" in who else order) == set()
