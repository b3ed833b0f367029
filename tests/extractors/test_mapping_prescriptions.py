"""Cases 19 to 53 of fhir-mapping 15, and X1 of onc-scenarios 6, that no other test shows: prescriptions."""

import pytest

from scoring.claims import claims
from scoring.exclusions import Count, exclusions
from scoring.model import MeasureId
from tests.extractors.practice import (
    CLOSED,
    LOSARTAN,
    MET,
    NDC,
    NONE,
    TRAMADOL,
    UNDECIDED,
    A,
    C,
    Counts,
    Json,
    bundle,
    cases,
    coded,
    count,
    counted,
    counts_of,
    drug,
    fulfilment,
    medium,
    message,
    practitioner,
    prescription,
    ref,
    resource,
    staff,
    transmission,
)
from tests.extractors.side_by_side import Variant, side_by_side
from tests.scoring.reported import NEWEST

PRESCRIBING = "PI_EP_1"
BASES = ("controlled-included", "controlled-excluded")
TEST_STRIPS = "A4253"
NUMBER = [{"system": "urn:erx", "value": "77"}]


@pytest.mark.case(34)
def test_an_erx_copy_that_names_no_requester_is_no_order_of_nobody() -> None:
    """A sync writes `recorder` and no requester: of two copies the one that names its clinician speaks."""
    copy = prescription("copy", identifier=NUMBER, requester=None, recorder={"identifier": {"value": "dosespot"}})
    found = counted([*staff(), prescription("ehr", identifier=NUMBER), copy, transmission("copy")], site=CLOSED)
    assert counts_of(found, PRESCRIBING, C, A, BASES[0]) == MET
    assert {key[2] for key in found} == {A}


@pytest.mark.case(35)
def test_three_dispenses_of_one_prescription_with_refills_are_one_prescription() -> None:
    order = prescription(dispenseRequest={"numberOfRepeatsAllowed": 5})
    dispenses = [
        resource(
            "MedicationDispense",
            f"d{month}",
            status="completed",
            subject=ref("Patient/p"),
            authorizingPrescription=[ref("MedicationRequest/rx")],
            whenHandedOver=f"2026-0{month}-05",
        )
        for month in (3, 4, 5)
    ]
    assert count(PRESCRIBING, [order, transmission(), *dispenses]) == MET


@pytest.mark.case(36)
def test_a_renewal_in_the_period_of_a_prescription_of_last_year_is_one() -> None:
    """A renewal is a new authorization; the script that it renews was written before the period."""
    last_year = "2025-09-01T10:00:00-04:00"
    old, new = (
        prescription("old", on=last_year, identifier=NUMBER),
        prescription("new", priorPrescription=ref("MedicationRequest/old"), identifier=NUMBER),
    )
    assert count(PRESCRIBING, [old, transmission("old", last_year), new, transmission("new")]) == MET


@pytest.mark.case(39)
@side_by_side("system", ["http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "urn:oid:2.16.840.1.113883.6.285"])
def test_test_strips_by_hcpcs_are_a_supply_however_the_system_is_written(system: str) -> Variant:
    order = prescription(medicationCodeableConcept=coded(system, TEST_STRIPS))
    return Variant(PRESCRIBING, [order, transmission()], NONE)


@pytest.mark.case(42)
def test_a_drug_that_a_search_included_is_the_drug_of_the_order() -> None:
    order = prescription(medicationCodeableConcept=None, medicationReference=ref("Medication/m"))
    page = bundle(
        "searchset",
        {"fullUrl": "https://ehr.example/r4/MedicationRequest/rx", "resource": order, "search": {"mode": "match"}},
        {
            "fullUrl": "https://ehr.example/r4/Medication/m",
            "resource": resource("Medication", "m", code=drug(LOSARTAN)),
            "search": {"mode": "include"},
        },
    )
    assert count(PRESCRIBING, [page, transmission()]) == MET


CODEINE, ACETAMINOPHEN, BOTH = "2670", "161", "993781"


@pytest.mark.case(44)
@side_by_side(
    ("code", "measure", "expected"),
    [
        pytest.param({"code": drug(BOTH)}, "PI_EP_2", Counts(1, 0, 1), id="the product map says C-III"),
        pytest.param({}, "PI_EP_2", UNDECIDED, id="ingredients alone: the schedule is not known"),
        pytest.param({}, PRESCRIBING, UNDECIDED, id="ingredients alone: the class is not known"),
    ],
)
def test_a_compound_is_what_the_product_map_says_of_it(code: Json, measure: str, expected: Counts) -> Variant:
    parts = [{"itemCodeableConcept": drug(part)} for part in (CODEINE, ACETAMINOPHEN)]
    compound = resource("Medication", "m", ingredient=parts, **code)
    order = prescription(medicationCodeableConcept=None, medicationReference=ref("Medication/m"))
    return Variant(measure, [order, compound, transmission()], expected)


def low_volume(certain: int, undecided: int = 0) -> list[str]:
    """What a claim of PI_LVPP_1 is told, with so many prescriptions and so many of an uncoded drug."""
    orders = [prescription(f"c{n}") for n in range(certain)]
    orders += [prescription(f"u{n}", medicationCodeableConcept={"text": "some syrup"}) for n in range(undecided)]
    found = counted([*staff(), *orders])[PRESCRIBING, BASES[0], A, C]
    counts = {MeasureId(PRESCRIBING): (Count(found.denominator, found.denominator + found.undecided),)}
    told = claims(exclusions(NEWEST, counts), {MeasureId("PI_LVPP_1"): True})
    return [finding.code for finding in told]


@pytest.mark.case(46)
@pytest.mark.parametrize(
    ("certain", "undecided", "codes"), [(99, 2, ["F-311"]), (97, 2, []), (100, 0, ["F-218"]), (99, 0, [])]
)
def test_the_low_volume_exclusion_is_held_to_the_upper_bound_of_the_count(
    certain: int, undecided: int, codes: list[str]
) -> None:
    """99 and 2: undecided. 97 and 2: available. 100: not available. 99 alone: available (X1-5)."""
    assert low_volume(certain, undecided) == codes


@pytest.mark.case(52)
def test_a_nurse_who_entered_the_order_has_none_of_it_though_her_npi_is_known() -> None:
    nurse = practitioner("nurse", "1112223334")
    found = counted([*staff(), nurse, prescription(recorder=ref("Practitioner/nurse")), transmission()])
    assert {key[2:] for key in found} == {(A, C), (A, None)}


@pytest.mark.case(53)
def test_who_entered_an_order_that_names_no_requester_is_not_credited_with_it() -> None:
    """Never by `recorder` alone: it is counted for nobody, and listed."""
    (case,) = cases([*staff(), prescription(requester=None, recorder=ref("Practitioner/c"))], PRESCRIBING)
    assert (case["npi"], case["tin"]) == (None, None)


@pytest.mark.case("X1-3")
def test_a_fax_that_the_network_made_of_an_accepted_prescription_takes_nothing_back() -> None:
    fax = message("fax", "MedicationRequest/rx", medium=medium("FAXWRIT"), sender=ref("Device/network"))
    assert count(PRESCRIBING, [prescription(), fulfilment("completed"), fax]) == MET


@pytest.mark.case("X1-6")
def test_60_non_controlled_and_50_controlled_are_110_on_one_basis_and_60_on_the_other() -> None:
    """Both are shown: below 100 on one basis only, so that the exclusion depends on which is reported."""
    plain = [prescription(f"n{n}") for n in range(60)]
    controlled = [prescription(f"c{n}", medicationCodeableConcept=drug(TRAMADOL)) for n in range(50)]
    found = counted([*staff(), *plain, *controlled])
    assert [counts_of(found, PRESCRIBING, C, A, basis).denominator for basis in BASES] == [110, 60]


@pytest.mark.case(43)
def test_a_package_code_alone_with_ten_digits_and_hyphens_is_a_known_drug() -> None:
    """4-4-2, 5-3-2 and 5-4-1 are padded where they are short."""
    (case,) = cases([*staff(), prescription(medicationCodeableConcept=drug("59011-410-10", NDC))], PRESCRIBING)
    assert (case["member"], case["controlled"]) == ("yes", "yes")
