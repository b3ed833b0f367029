"""Who is signed in, as the EHR's own record says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses

from extractors.gateway import ONCE, Credential, Gateway, Limits
from extractors.sources.search import LiveServer
from smartapp.reading.person import UNNAMED, name_of, person_of
from smartapp.store import Person

BASE = "https://ehr.example.org/fhir"
NPI, OTHER_NPI = "1234567893", "1000000004"
Json = dict[str, Any]


class Bearer:
    def credential(self, refused: Credential | None = None) -> Credential:  # noqa: ARG002
        return Credential("Bearer token", BASE)


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def server() -> LiveServer:
    return LiveServer(BASE, Gateway(Limits(connect=1, idle=1, total=2), patience=ONCE), Bearer())


def practitioner(*npis: str, **elements: Any) -> Json:
    identifiers = [{"system": "http://hl7.org/fhir/sid/us-npi", "value": npi} for npi in npis]
    named = [{"text": "Dr. Cara Clinician"}]
    return {"resourceType": "Practitioner", "id": "c", "name": named, "identifier": identifiers, **elements}


def role(practitioner: Any) -> Json:
    return {"resourceType": "PractitionerRole", "id": "c-at-a", "practitioner": practitioner}


def answer(wire: responses.RequestsMock, path: str, document: Any, status: int = 200) -> None:
    body = document if isinstance(document, str) else json.dumps(document)
    wire.get(f"{BASE}/{path}", body=body, status=status)


def test_a_practitioner_is_named_with_her_npi(wire: responses.RequestsMock, server: LiveServer) -> None:
    answer(wire, "Practitioner/c", practitioner(NPI))

    assert person_of(server, "Practitioner/c") == Person("Dr. Cara Clinician", NPI)


@pytest.mark.parametrize(
    ("npis", "npi"),
    [
        ((), None),
        ((NPI,), NPI),
        ((NPI, NPI), NPI),
        ((NPI, OTHER_NPI), None),
        (("1234567890",), None),
        (("123456789",), None),
        (("100000001",), None),
        (("12345678905",), None),
        (("123456789\uff13",), None),
        (("0000000000",), None),
        (("",), None),
        ((NPI, "1234567890"), None),
    ],
)
def test_only_one_sound_npi_is_hers(
    wire: responses.RequestsMock, server: LiveServer, npis: tuple[str, ...], npi: str | None
) -> None:
    answer(wire, "Practitioner/c", practitioner(*npis))
    found = person_of(server, "Practitioner/c")

    assert found == Person("Dr. Cara Clinician", npi)


@pytest.mark.parametrize(
    "system",
    ["http://hl7.org/fhir/sid/us-npi/", "urn:oid:2.16.840.1.113883.4.4", "", None, "HTTP://HL7.ORG/fhir/sid/us-npi"],
)
def test_a_number_of_another_system_is_no_npi(wire: responses.RequestsMock, server: LiveServer, system: Any) -> None:
    answer(wire, "Practitioner/c", practitioner(identifier=[{"system": system, "value": NPI}]))

    assert person_of(server, "Practitioner/c") == Person("Dr. Cara Clinician", None)


@pytest.mark.requirement("R19")
@pytest.mark.parametrize("reference", ["Practitioner/c", f"{BASE}/Practitioner/c", "Practitioner/c/_history/1"])
def test_a_role_leads_to_its_practitioner(wire: responses.RequestsMock, server: LiveServer, reference: str) -> None:
    answer(wire, "PractitionerRole/c-at-a", role({"reference": reference}))
    answer(wire, "Practitioner/c", practitioner(NPI))

    assert person_of(server, "PractitionerRole/c-at-a") == Person("Dr. Cara Clinician", NPI)


@pytest.mark.requirement("R19", "R44")
@pytest.mark.parametrize(
    "link",
    [
        None,
        {},
        {"display": "Dr. Cara"},
        {"reference": ""},
        {"reference": "#c"},
        {"reference": "https://evil.example/admin"},
        {"reference": "../admin"},
        {"reference": 7},
        {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": NPI}},
        "Practitioner/c",
        ["Practitioner/c"],
        7,
    ],
)
def test_a_role_that_leads_nowhere_on_this_server_says_nobody(
    wire: responses.RequestsMock, server: LiveServer, link: Any
) -> None:
    answer(wire, "PractitionerRole/c-at-a", role(link))

    assert person_of(server, "PractitionerRole/c-at-a") is None
    assert len(wire.calls) == 1


@pytest.mark.requirement("R19", "R44")
def test_a_role_whose_practitioner_is_on_another_server_sends_no_token_there(
    wire: responses.RequestsMock, server: LiveServer
) -> None:
    answer(wire, "PractitionerRole/c-at-a", role({"reference": "https://evil.example/fhir/Practitioner/c"}))
    wire.get("https://evil.example/fhir/Practitioner/c", json=practitioner(NPI))
    answer(wire, "Practitioner/c", practitioner(OTHER_NPI))

    assert person_of(server, "PractitionerRole/c-at-a") is None
    assert [str(call.request.url).partition("/fhir/")[0] for call in wire.calls] == ["https://ehr.example.org"]


@pytest.mark.requirement("R19")
def test_a_role_that_leads_to_a_role_is_nobody(wire: responses.RequestsMock, server: LiveServer) -> None:
    answer(wire, "PractitionerRole/c-at-a", role({"reference": "PractitionerRole/c-at-a"}))
    found = person_of(server, "PractitionerRole/c-at-a")

    assert found is None or found.npi is None
    assert len(wire.calls) <= 2


@pytest.mark.parametrize(
    "user", [None, "", "https://evil.example/fhir/Practitioner/c", "//evil.example/Practitioner/c"]
)
def test_a_user_who_is_not_said_or_not_on_this_server_is_nobody(
    wire: responses.RequestsMock, server: LiveServer, user: str | None
) -> None:
    assert person_of(server, user) is None
    assert len(wire.calls) == 0


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500])
def test_a_record_that_may_not_or_cannot_be_read_is_nobody(
    wire: responses.RequestsMock, server: LiveServer, status: int
) -> None:
    answer(wire, "Practitioner/c", practitioner(NPI), status)

    assert person_of(server, "Practitioner/c") is None


@pytest.mark.requirement("R70")
@pytest.mark.parametrize(
    "document",
    [
        "<html>Dr. Cara</html>",
        "",
        "[]",
        {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]},
        {**practitioner(NPI), "id": "d"},
        {**practitioner(NPI), "resourceType": "Patient"},
    ],
)
def test_anything_else_in_place_of_her_record_is_nobody(
    wire: responses.RequestsMock, server: LiveServer, document: Any
) -> None:
    answer(wire, "Practitioner/c", document)

    assert person_of(server, "Practitioner/c") is None


def test_a_user_who_is_no_clinician_has_a_name_and_no_npi(wire: responses.RequestsMock, server: LiveServer) -> None:
    patient = {**practitioner(NPI), "resourceType": "Patient"}
    answer(wire, "Patient/c", patient)

    assert person_of(server, "Patient/c") == Person("Dr. Cara Clinician", None)


@pytest.mark.parametrize("identifiers", ["x", 7, ["x"], [None], [{"system": 7, "value": ["1"]}], {"value": NPI}])
def test_identifiers_that_are_no_fhir_are_no_npi(
    wire: responses.RequestsMock, server: LiveServer, identifiers: Any
) -> None:
    answer(wire, "Practitioner/c", practitioner(identifier=identifiers))

    assert person_of(server, "Practitioner/c") == Person("Dr. Cara Clinician", None)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([{"text": "Dr. Cara Clinician", "family": "x"}], "Dr. Cara Clinician"),
        ([{"prefix": ["Dr."], "given": ["Cara", "C."], "family": "Clinician"}], "Dr. Cara C. Clinician"),
        ([{"family": "Clinician"}], "Clinician"),
        ([{"given": ["Cara"]}], "Cara"),
        ([{"use": "maiden", "text": "Old"}, {"use": "usual", "text": "Usual"}], "Usual"),
        ([{"use": "usual", "text": "Usual"}, {"use": "official", "text": "Official"}], "Official"),
        ([{"use": "nickname", "text": "Nick"}, {"text": "Second"}], "Nick"),
        ([{"text": ""}], UNNAMED),
        ([{"text": 7, "family": "Clinician"}], "Clinician"),
        ([{"given": "Cara", "family": ["Clinician"]}], UNNAMED),
        (["x", None, {"text": "Third"}], "Third"),
        ("x", UNNAMED),
        (None, UNNAMED),
    ],
)
def test_a_name_is_the_official_or_usual_one_as_text_or_in_parts(names: Any, shown: str) -> None:
    assert name_of({"name": names}) == shown
