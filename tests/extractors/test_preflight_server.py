"""What a server says of itself, believed as a hint; and what it does with a window of days, which is tried."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from extractors.errors import Unreachable
from extractors.gateway import ONCE, Gateway
from extractors.preflight_carriers import elements_in
from extractors.preflight_sample import Sample, TypeRead, confirmed
from extractors.preflight_server import Asker, DateFilter, Statement, date_filter, plain, statement_of
from extractors.search_rules import SearchRules
from extractors.sources.bearers import Anonymous
from extractors.sources.dialect import Dialect
from extractors.sources.search import Outcome

BASE = "https://ehr.example.org/fhir"
CONFIGURATION = f"{BASE}/.well-known/smart-configuration"
WINDOW = {"_count": "2", "patient": "p"}
LONG_AGO, FAR_OFF = "ge1900-01-01", "ge2999-01-01"

Json = dict[str, Any]


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def asker() -> Asker:
    return Asker(BASE, Gateway(patience=ONCE), Anonymous(), Dialect(SearchRules()))


def stated(wire: responses.RequestsMock, asker: Asker, capability: Any, configuration: Any = None) -> Statement:
    wire.get(f"{BASE}/metadata", json=capability)
    wire.get(CONFIGURATION, json=configuration if configuration is not None else {})
    return statement_of(asker)


def found(number: int, self_link: str | None = None) -> Json:
    links = [{"relation": "self", "url": self_link}] if self_link else []
    one = {"resource": {"resourceType": "Encounter", "id": "e", "subject": {"reference": "Patient/p"}}}
    return {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": [one] * number}


def filtered(wire: responses.RequestsMock, asker: Asker, past: Any, future: Any) -> tuple[DateFilter, bool | None]:
    for day, answer in ((LONG_AGO, past), (FAR_OFF, future)):
        query = responses.matchers.query_param_matcher({**WINDOW, "date": day})
        given = {"status": answer} if isinstance(answer, int) else {"json": answer}
        wire.get(f"{BASE}/Encounter", match=[query], **given)
    seen = date_filter(asker, "Encounter", {"patient": "p"})
    return seen.state, seen.claims


def test_a_filter_that_leaves_only_the_past_is_honoured(wire: responses.RequestsMock, asker: Asker) -> None:
    assert filtered(wire, asker, found(1), found(0)) == (DateFilter.HONOURED, None)


@pytest.mark.requirement("R71")
@pytest.mark.parametrize(
    ("link", "claims"),
    [
        (f"{BASE}/Encounter?patient=p&date=ge2999-01-01", True),
        (f"{BASE}/Encounter?date=ge2999-01-01", True),
        (f"{BASE}/Encounter?patient=p&birthdate=ge2999-01-01", False),
        (None, None),
    ],
)
def test_a_filter_that_leaves_the_far_future_is_ignored_whatever_the_self_link_says(
    wire: responses.RequestsMock, asker: Asker, link: str | None, claims: bool | None
) -> None:
    assert filtered(wire, asker, found(2), found(1, link)) == (DateFilter.IGNORED, claims)


def test_a_filter_that_finds_nothing_at_all_is_not_taken_for_honoured(
    wire: responses.RequestsMock, asker: Asker
) -> None:
    assert filtered(wire, asker, found(0), found(0)) == (DateFilter.EMPTIES, None)


@pytest.mark.parametrize(("status", "state"), [(400, DateFilter.REFUSED), (403, DateFilter.REFUSED)])
def test_a_filter_that_is_refused_is_told_so(
    wire: responses.RequestsMock, asker: Asker, status: int, state: DateFilter
) -> None:
    assert filtered(wire, asker, status, status) == (state, None)


def test_a_filter_that_is_answered_with_no_search_result_is_not_known(
    wire: responses.RequestsMock, asker: Asker
) -> None:
    assert filtered(wire, asker, {"resourceType": "OperationOutcome"}, found(0)) == (DateFilter.NOT_KNOWN, None)


def amiss(number: int, severity: str = "error") -> Json:
    issue = {"severity": severity, "code": "informational"}
    outcome = {"search": {"mode": "outcome"}, "resource": {"resourceType": "OperationOutcome", "issue": [issue]}}
    page = found(number)
    return {**page, "entry": [*page["entry"], outcome]}


@pytest.mark.parametrize(
    ("past", "future", "state"),
    [
        (found(1), amiss(0), DateFilter.NOT_KNOWN),
        (amiss(0), found(0), DateFilter.NOT_KNOWN),
        (found(1), amiss(0, "warning"), DateFilter.HONOURED),
        (found(1), amiss(1), DateFilter.IGNORED),
    ],
)
def test_nothing_found_beside_a_reported_error_says_nothing_of_a_filter(
    wire: responses.RequestsMock, asker: Asker, past: Json, future: Json, state: DateFilter
) -> None:
    assert filtered(wire, asker, past, future) == (state, None)


def test_software_version_and_parameters_are_read(wire: responses.RequestsMock, asker: Asker) -> None:
    resource = {"type": "Encounter", "searchParam": [{"name": "date"}, {"name": "patient"}]}
    said = stated(
        wire,
        asker,
        {
            "resourceType": "CapabilityStatement",
            "fhirVersion": "4.0.1",
            "software": {"name": "An EHR", "version": "7"},
            "rest": [{"resource": [resource]}],
        },
    )

    assert (said.software, said.version, said.fhir_version, said.problem) == ("An EHR", "7", "4.0.1", "")
    assert said.types == {"Encounter": frozenset({"date", "patient"})}
    assert said.bulk == ()


@pytest.mark.parametrize(
    ("capability", "configuration", "hint"),
    [
        (
            {"rest": [{"resource": [{"type": "Group", "operation": [{"name": "export"}]}]}]},
            {},
            "CapabilityStatement lists $export on Group",
        ),
        (
            {"rest": [{"operation": [{"name": "x", "definition": "http://e.example/OperationDefinition/export"}]}]},
            {},
            "CapabilityStatement lists $export on the server",
        ),
        (
            {"instantiates": ["http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"]},
            {},
            "CapabilityStatement says that it follows the Bulk Data guide",
        ),
        (
            {},
            {"grant_types_supported": ["client_credentials"]},
            "smart-configuration lists the grant client_credentials (Backend Services)",
        ),
        ({}, {"scopes_supported": ["system/*.rs"]}, "smart-configuration lists system/ scopes"),
    ],
)
def test_every_hint_of_bulk_export_is_told(
    wire: responses.RequestsMock, asker: Asker, capability: Json, configuration: Json, hint: str
) -> None:
    said = stated(wire, asker, {"resourceType": "CapabilityStatement", **capability}, configuration)

    assert said.bulk == (hint,)


@pytest.mark.parametrize(
    "capability",
    [
        {"resourceType": "CapabilityStatement", "software": "x", "rest": [3, {"resource": "y", "operation": [None]}]},
        {"resourceType": "CapabilityStatement", "software": {"name": 7}, "instantiates": 9},
    ],
)
def test_a_statement_that_is_not_built_like_one_is_read_as_far_as_it_goes(
    wire: responses.RequestsMock, asker: Asker, capability: Json
) -> None:
    said = stated(wire, asker, capability, {"grant_types_supported": "client_credentials"})

    assert (said.software, said.types, said.bulk, said.problem) == (None, {}, (), "")


@pytest.mark.parametrize("body", ["<html>Welcome</html>", '{"resourceType": "Patient"}'])
def test_another_document_is_no_statement(wire: responses.RequestsMock, asker: Asker, body: str) -> None:
    wire.get(f"{BASE}/metadata", body=body)
    wire.get(CONFIGURATION, status=404)
    said = statement_of(asker)

    assert said.problem
    assert "Welcome" not in said.problem
    assert said.types is None


def test_a_server_that_does_not_answer_is_no_server(wire: responses.RequestsMock, asker: Asker) -> None:
    wire.get(CONFIGURATION, status=404)
    with pytest.raises(Unreachable):
        statement_of(asker)


def test_a_server_s_own_words_are_one_short_printable_line() -> None:
    assert plain("An\x1b[31m EHR\n\tof\u202e ours") == "An [31m EHR of ours"
    assert len(plain("x" * 500) or "") == 120
    assert (plain(7), plain("\x00")) == (None, None)


@pytest.mark.parametrize(
    ("resource", "expression", "elements"),
    [
        ("MedicationRequest", "requester", "MedicationRequest.requester"),
        ("Encounter", "period.start", "Encounter.period.start"),
        ("Task", "(executionPeriod.end | lastModified).first()", "Task.executionPeriod or Task.lastModified"),
        ("Condition", "(recordedDate | onset.ofType(dateTime)).first()", "Condition.recordedDate or Condition.onset"),
    ],
)
def test_elements_are_named_as_a_vendor_knows_them(resource: str, expression: str, elements: str) -> None:
    assert elements_in(resource, expression) == elements


@pytest.mark.parametrize(
    ("opened", "listed", "outcome"),
    [
        (["somebody"], {"Encounter"}, Outcome.FAILED),
        (["somebody"], {"Task"}, Outcome.FAILED),
        (TypeRead("Task", Outcome.ABSENT, 0, "404"), {"Task"}, Outcome.ABSENT),
        (TypeRead("Task", Outcome.WITHHELD, 0, "403"), {"Task"}, Outcome.FAILED),
        (None, {"Task"}, Outcome.FAILED),
        (None, {"Encounter"}, Outcome.ABSENT),
        (None, set(), Outcome.FAILED),
        (None, None, Outcome.FAILED),
    ],
)
def test_a_404_to_some_patients_is_a_missing_type_only_where_anybody_or_the_statement_says_so(
    opened: TypeRead | list[str] | None, listed: set[str] | None, outcome: Outcome
) -> None:
    types = None if listed is None else {name: frozenset[str]() for name in listed}
    said = Statement("", None, None, None, types, ())
    sample = Sample(1, "of the list given", 1, False, {"Task": TypeRead("Task", Outcome.ABSENT, 0, "404")}, ())

    assert confirmed(sample, {"Task": opened} if opened else {}, said).types["Task"].outcome is outcome
