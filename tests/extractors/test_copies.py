"""Copies of one order by its business identifier, and renewals that share the number (fhir-mapping 15.34, 15.36)."""

from pathlib import Path

import pytest

from extractors.cases import derive
from extractors.engine.local import LocalEngine
from extractors.events import extract
from extractors.ledger import ledger_of
from extractors.profile import load_profile
from tests.extractors.practice import (
    MET,
    NDC,
    OPEN,
    ZOLPIDEM,
    Counts,
    Json,
    coded,
    count,
    document,
    drug,
    evidence,
    extracted,
    lines,
    prescription,
    ref,
    referral,
    resource,
    sending,
    staff,
    transmission,
)
from tests.extractors.side_by_side import Variant, side_by_side

NUMBER = [{"system": "urn:rx", "value": "1"}]
LISTED_AS_THE_SAME = "00054-0124-22"
"""A package of losartan 50 mg, which the drug table gives as the product of the other orders."""
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CODEINE, LOSARTAN_50 = coded(RXNORM, "2670")["coding"], coded(RXNORM, "979492")["coding"]
RENEWED = "2026-04-05T10:00:00-04:00"
IN_STORE = {"medicationCodeableConcept": None, "medicationReference": ref("Medication/m")}
STORE = resource("Medication", "m", code=coded(RXNORM, "979492"))


@pytest.mark.parametrize(
    ("copy", "units"),
    [
        pytest.param({}, 1, id="the same"),
        pytest.param({"authoredOn": "2026-03-02"}, 1, id="the same day without a time"),
        pytest.param({"authoredOn": "2026-03-03T04:00:00Z"}, 1, id="the same local day in UTC"),
        pytest.param(IN_STORE, 1, id="the same drug by reference"),
        pytest.param({"authoredOn": RENEWED}, 2, id="15.36 a renewal"),
        pytest.param({"medicationCodeableConcept": drug(ZOLPIDEM)}, 2, id="another drug of one cart"),
        pytest.param({"medicationCodeableConcept": drug(LISTED_AS_THE_SAME, NDC)}, 1, id="the same drug by package"),
        pytest.param({"medicationCodeableConcept": drug("00093-7365-98", NDC)}, 2, id="a package of no known product"),
        pytest.param({"medicationCodeableConcept": drug("59011-410-10", NDC)}, 2, id="a package of another product"),
        pytest.param({"medicationCodeableConcept": {"coding": [*CODEINE, *LOSARTAN_50]}}, 1, id="more codings of it"),
        pytest.param({"subject": ref("Patient/q")}, 2, id="another patient"),
    ],
)
def test_copies_share_the_number_the_drug_the_patient_and_the_day(copy: Json, units: int) -> None:
    both = [prescription("a", identifier=NUMBER), prescription("b", identifier=NUMBER, **copy)]
    found = count("PI_EP_1", [*both, STORE, transmission("a"), transmission("b")])
    assert found.denominator + found.undecided == units


def test_a_renewal_that_was_printed_is_a_unit_of_its_own() -> None:
    both = [prescription("a", identifier=NUMBER), prescription("b", on=RENEWED, identifier=NUMBER)]
    assert count("PI_EP_1", [*both, transmission("a")]) == Counts(2, 1, 1)


@side_by_side("names", [("a", "b"), ("b", "a")])
def test_evidence_by_a_number_of_two_prescriptions_is_of_neither(names: tuple[str, str]) -> Variant:
    first, second = names
    both = [prescription(first, identifier=NUMBER), prescription(second, on=RENEWED, identifier=NUMBER)]
    shown = {**evidence("prescription-transmitted", "x"), "target": [{"identifier": NUMBER[0]}]}
    return Variant("PI_EP_1", [*both, shown], Counts(2, 0, 2))


def test_orders_without_a_day_are_no_copies() -> None:
    both = [prescription("a", on=None, identifier=NUMBER), prescription("b", on=None, identifier=NUMBER)]
    assert count("PI_EP_1", both).undecided == 2


def test_copies_of_a_referral_are_one_and_a_later_one_is_another() -> None:
    both = [referral("one", identifier=NUMBER), referral("two", identifier=NUMBER)]
    later = referral("three", on="2026-03-09T10:00:00-05:00", identifier=NUMBER)
    assert count("PI_HIE_1", [*both, document(), sending("two")]) == MET
    assert count("PI_HIE_1", [*both, later]).denominator == 2


def test_the_ledger_counts_merged_copies() -> None:
    found = extracted([*staff(), prescription("a", identifier=NUMBER), prescription("b", identifier=NUMBER)])
    with LocalEngine() as engine:
        derive(found, OPEN, engine)
        rows = {row["type"]: row["copies"] for row in ledger_of(found, engine)}
    assert (rows["MedicationRequest"], rows["Practitioner"]) == (1, 0)


ANOTHER_RULE = """
name = "mine"
version = "1"
about = "mine"
extends = "generic"

[[select]]
kind = "prescription-written"
resource = "MedicationRequest"
where = "intent = 'order'"
patient = "subject"
clinician = "requester"
occurred = "dispenseRequest.validityPeriod.start"
code = "medication.ofType(CodeableConcept)"
rank = {rank}
grade = "native"
why = "Set when the order is signed."
"""


@pytest.mark.parametrize(("rank", "day"), [(0, "2026-03-09"), (2, "2026-03-02")])
def test_of_two_rules_about_one_order_the_better_rank_speaks(tmp_path: Path, rank: int, day: str) -> None:
    (tmp_path / "mine.toml").write_text(ANOTHER_RULE.format(rank=rank))
    signed = {"validityPeriod": {"start": "2026-03-09T10:00:00-05:00"}}
    told = lines([*staff(), prescription(dispenseRequest=signed)])
    with LocalEngine() as engine:
        derive(extract(told, load_profile(str(tmp_path / "mine.toml")), OPEN.zone_info), OPEN, engine)
        assert [row["day_from"] for row in engine.rows("order_fact")] == [day]
