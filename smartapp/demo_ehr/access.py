"""What the holder of a token may see: the scopes granted, and the record of the launch patient."""

from dataclasses import dataclass

from extractors.decode import Json
from smartapp.demo_ehr.fhir_search import matches
from smartapp.demo_ehr.grants import Token
from smartapp.demo_ehr.scenario import Scenario
from smartapp.demo_ehr.scopes import ClinicalScope, clinical_scopes

SHARED = ("Organization", "Practitioner", "PractitionerRole")
"""Types that are in no patient's record; a patient scope reaches them all."""


@dataclass(frozen=True)
class Access:
    """What one token reaches in one scenario.

    Attributes:
        patient: `Patient/id` of the launch; None if no patient was in context.
    """

    scenario: Scenario
    scopes: tuple[ClinicalScope, ...]
    patient: str | None

    def grants(self, resource_type: str, permission: str) -> bool:
        """Whether any scope gives this letter of `cruds` for the type."""
        return any(scope.covers(resource_type, permission) for scope in self._usable())

    def shows(self, resource: Json, permission: str) -> bool:
        """Whether a scope that gives this letter reaches this resource."""
        return any(
            scope.covers(resource["resourceType"], permission)
            and (not scope.patient_only or self._in_record(resource))
            and matches(self.scenario, resource, scope.query)
            for scope in self._usable()
        )

    def _usable(self) -> list[ClinicalScope]:
        """A patient scope without a patient opens nothing."""
        return [scope for scope in self.scopes if self.patient or not scope.patient_only]

    def _in_record(self, resource: Json) -> bool:
        """Whether a resource is shared, or in the launch patient's compartment."""
        kind = resource["resourceType"]
        if kind == "Provenance":
            return any(self._target_in_record(key) for key in self.scenario.references(resource, "target"))
        return kind in SHARED or self.patient in _owners(self.scenario, resource)

    def _target_in_record(self, key: str) -> bool:
        target = self.scenario.get(*key.split("/", 1)) if "/" in key else None
        return target is not None and target["resourceType"] not in SHARED and self._in_record(target)


def access_of(token: Token, scenario: Scenario) -> Access:
    """What a token reaches."""
    patient = token.session.context.patient
    return Access(scenario, clinical_scopes(token.scope.split()), f"Patient/{patient}" if patient else None)


def _owners(scenario: Scenario, resource: Json) -> list[str]:
    if resource["resourceType"] == "Patient":
        return [f"Patient/{resource['id']}"]
    elements = (resource.get(name) for name in ("subject", "patient", "for"))
    return [scenario.key(element.get("reference", "")) for element in elements if isinstance(element, dict)]
