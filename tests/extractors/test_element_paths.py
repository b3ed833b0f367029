"""Elements that an expression names and R4 does not have are found by the types through which it walks."""

import pytest

from extractors.element_paths import unknown_elements


@pytest.mark.parametrize(
    ("expression", "unknown"),
    [
        ("authordOn", ["authordOn in MedicationRequest"]),
        ("category.coding.where(sytem = 'x').code", ["sytem in Coding"]),
        ("extention.exists() and status = 'active'", ["extention in MedicationRequest"]),
        ("medication.ofType(CodeableConcep).coding", ["CodeableConcep in CodeableConcept or Reference"]),
        ("extension.value.ofType(cod)", ["cod in a choice of types"]),
        ("(reported as bool)", ["bool in Boolean or Reference"]),
        ("iif(status = 'x', intent, nope)", ["nope in MedicationRequest"]),
        ("dispenseRequest.performer | requester.x", ["x in Reference"]),
        ("identifier.select(valu)", ["valu in Identifier"]),
        ("status.foo", ["foo in string"]),
        ("status.exists().foo", ["foo in a value"]),
        ("identifier.all(sys = 'x') or intentt = 'y'", ["sys in Identifier", "intentt in MedicationRequest"]),
        ("dispenseRequest.validityPeriod.begin", ["begin in Period"]),
        ("identifier[0].vaule", ["vaule in Identifier"]),
    ],
)
def test_a_name_that_r4_does_not_have_is_told_with_the_type_that_lacks_it(expression: str, unknown: list[str]) -> None:
    assert unknown_elements("MedicationRequest", expression) == unknown


@pytest.mark.parametrize(
    "expression",
    [
        "MedicationRequest.authoredOn",
        "medication.ofType(CodeableConcept).coding.where($this.system = 'x').first().code",
        "medicationCodeableConcept.text",
        "(reported as boolean) = true or reported.ofType(Reference).exists()",
        "status.extension.url",
        "authoredOn.ofType(dateTime)",
        "extension('https://example.org/x').value.ofType(code)",
        "subject.resolve().anything.at.all",
        "contained.where(id = 'x').whatever",
        "%resource.id",
        "iif(status.exists(), status, intent)",
        "(requester | recorder).identifier.value",
        "dosageInstruction.timing.repeat.bounds.ofType(Period).start.is(dateTime)",
    ],
)
def test_what_r4_has_and_what_only_data_can_tell_is_let_pass(expression: str) -> None:
    assert unknown_elements("MedicationRequest", expression) == []


def test_a_type_that_r4_does_not_have_is_told() -> None:
    assert unknown_elements("Prescription", "status") == ["Prescription in FHIR R4"]
