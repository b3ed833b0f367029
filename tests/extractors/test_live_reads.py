"""Live searches of a server that pages, lies, hides, breaks and points elsewhere."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses

from extractors.gateway import ONCE, Credential, Gateway, Limits
from extractors.sources.search import MOST_PAGES, Found, LiveServer, Outcome, WrongPatient, keys_of, subjects_of

BASE = "https://ehr.example.org/fhir"
ALIAS = "https://inner.example.org/r4"
ORDERS = f"{BASE}/MedicationRequest"
SELF = f"{ORDERS}?patient=p&_count=100&_include=MedicationRequest:medication&_revinclude=Provenance:target"
MINE = {"reference": "Patient/p"}

Json = dict[str, Any]


class Keys:
    """A bearer as the app has one: the token that the server refused is exchanged for the next."""

    def __init__(self) -> None:
        self.number = 1
        self.renewed = 0

    def credential(self, refused: Credential | None = None) -> Credential:
        if refused == Credential(f"Bearer token-{self.number}", BASE):
            self.number += 1
            self.renewed += 1
        return Credential(f"Bearer token-{self.number}", BASE)


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def server(keys: Keys) -> LiveServer:
    return LiveServer(BASE, Gateway(Limits(connect=1, idle=1, total=2), patience=ONCE), keys, (ALIAS,))


def order(name: str = "rx", **elements: Any) -> Json:
    given = {"resourceType": "MedicationRequest", "id": name, "subject": MINE, **elements}
    return {key: value for key, value in given.items() if value is not None}


def entry(resource: Any, mode: str | None = "match") -> Json:
    return {"resource": resource, **({"search": {"mode": mode}} if mode else {})}


def page(*entries: Json, following: Any = None, self_link: str | None = SELF, **elements: Any) -> Json:
    links = [{"relation": "self", "url": self_link}] if self_link is not None else []
    links += [{"relation": "next", "url": following}] if following is not None else []
    return {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": list(entries), **elements}


def answer(wire: responses.RequestsMock, url: str, document: Any, status: int = 200) -> None:
    body = document if isinstance(document, bytes | str) else json.dumps(document)
    wire.get(url, body=body, status=status, content_type="application/fhir+json")


def orders_of(server: LiveServer, patient: str = "p") -> Found:
    (found,) = server.of_patient(patient, ["MedicationRequest"])
    return found


def names(found: Found) -> list[str]:
    pages = [json.loads(line.data) for line in found.lines]
    return [e["resource"]["id"] for one in pages for e in one.get("entry", [])]


def urls(wire: responses.RequestsMock) -> list[str]:
    return [str(call.request.url) for call in wire.calls]


def tokens(wire: responses.RequestsMock) -> list[str | None]:
    return [call.request.headers.get("Authorization") for call in wire.calls]


def test_a_search_asks_for_the_patient_the_drugs_and_every_provenance(
    wire: responses.RequestsMock, server: LiveServer
) -> None:
    answer(wire, ORDERS, page(entry(order())))
    found = orders_of(server)
    (asked,) = wire.calls

    assert (found.outcome, names(found), found.detail, found.refused_with) == (Outcome.COMPLETE, ["rx"], "", None)
    assert asked.request.params == {
        "patient": "p",
        "_count": "100",
        "_include": "MedicationRequest:medication",
        "_revinclude": "Provenance:target",
    }
    assert asked.request.headers["Accept"] == "application/fhir+json"
    assert tokens(wire) == ["Bearer token-1"]


def test_the_patient_is_searched_by_id(wire: responses.RequestsMock, server: LiveServer) -> None:
    patient = {"resourceType": "Patient", "id": "p"}
    answer(
        wire, f"{BASE}/Patient", page(entry(patient), self_link=f"{BASE}/Patient?_id=p&_revinclude=Provenance:target")
    )
    (found,) = server.of_patient("p", ["Patient"])

    assert found.outcome is Outcome.COMPLETE
    assert wire.calls[0].request.params == {"_id": "p", "_count": "100", "_revinclude": "Provenance:target"}


def test_an_id_that_looks_like_parameters_stays_one_value(wire: responses.RequestsMock, server: LiveServer) -> None:
    answer(wire, ORDERS, page())
    orders_of(server, "p&patient=q#x")

    assert wire.calls[0].request.params["patient"] == "p&patient=q#x"


@pytest.mark.requirement("R51")
def test_pages_are_read_to_the_end_and_an_empty_one_is_no_end(wire: responses.RequestsMock, server: LiveServer) -> None:
    answer(wire, ORDERS, page(entry(order("a")), following=f"{BASE}?page=2"))
    answer(wire, f"{BASE}?page=2", page(following=f"{BASE}?page=3", self_link=None))
    third = page(entry(order("b")), self_link=None)
    answer(wire, f"{BASE}?page=3", third)
    found = orders_of(server)

    assert (found.outcome, names(found)) == (Outcome.COMPLETE, ["a", "b"])
    assert [(line.file, line.number, line.offset) for line in found.lines] == [
        ("MedicationRequest", number, 0) for number in (1, 2, 3)
    ]


@pytest.mark.requirement("R51")
def test_a_page_without_entries_or_links_is_the_whole_of_nothing(
    wire: responses.RequestsMock, server: LiveServer
) -> None:
    bare = page()
    answer(wire, ORDERS, {name: bare[name] for name in ("resourceType", "type", "link")})

    assert orders_of(server).outcome is Outcome.COMPLETE


@pytest.mark.requirement("R51")
@pytest.mark.parametrize("chain", [["1", "1"], ["1", "2", "1"], ["1", "2", "3", "2"]])
def test_pages_that_lead_back_end_as_partial(
    wire: responses.RequestsMock, server: LiveServer, chain: list[str]
) -> None:
    for number in sorted(set(chain)):
        answer(wire, f"{BASE}?page={number}", page(following=f"{BASE}?page={chain[chain.index(number) + 1]}"))
    answer(wire, ORDERS, page(entry(order()), following=f"{BASE}?page=1"))
    found = orders_of(server)

    assert (found.outcome, found.detail, names(found)) == (Outcome.PARTIAL, "its pages do not end", ["rx"])
    assert len(wire.calls) == len(set(chain)) + 1


@pytest.mark.requirement("R51")
def test_a_page_that_leads_to_itself_ends_as_partial(wire: responses.RequestsMock, server: LiveServer) -> None:
    answer(wire, ORDERS, page(following=""))

    assert (orders_of(server).outcome, len(wire.calls)) == (Outcome.PARTIAL, 1)


@pytest.mark.requirement("R51")
@pytest.mark.parametrize(
    ("number", "outcome"),
    [(MOST_PAGES, Outcome.COMPLETE), (MOST_PAGES + 1, Outcome.PARTIAL), (MOST_PAGES + 10, Outcome.PARTIAL)],
)
def test_no_more_than_forty_pages_are_read(
    wire: responses.RequestsMock, server: LiveServer, number: int, outcome: Outcome
) -> None:
    answer(wire, ORDERS, page(entry(order("1")), following=f"{BASE}?page=2"))
    for n in range(2, number + 1):
        following = f"{BASE}?page={n + 1}" if n < number else None
        answer(wire, f"{BASE}?page={n}", page(entry(order(str(n))), following=following))
    found = orders_of(server)

    assert (found.outcome, len(found.lines), len(wire.calls)) == (outcome, min(number, 40), min(number, 40))


ELSEWHERE = [
    "https://evil.example/fhir?page=2",
    "http://ehr.example.org/fhir?page=2",
    "https://ehr.example.org:8443/fhir?page=2",
    "https://ehr.example.org.evil.example/fhir?page=2",
    "https://ehr.example.org@evil.example/fhir?page=2",
    "https://user@ehr.example.org/fhir?page=2",
    "https://evil.example\\@ehr.example.org/fhir?page=2",
    "https://ehr.example.org/fhirx?page=2",
    "https://ehr.example.org/other?page=2",
    "https://ehr.example.org/fhir/../admin?page=2",
    "https://ehr.example.org/fhir/%2e%2e/admin?page=2",
    "//evil.example/fhir?page=2",
    "/admin?page=2",
    "https://\u0435hr.example.org/fhir?page=2",
    "https://169.254.169.254/fhir?page=2",
    "http://127.0.0.1/fhir?page=2",
    "https://ehr.example.org\t.evil.example/fhir",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "https://[::1/fhir",
    "https://inner.example.org/r4x?page=2",
    "https://inner.example.org.evil.example/r4?page=2",
]


@pytest.mark.requirement("R41", "R43", "R44")
@pytest.mark.parametrize("link", ELSEWHERE)
def test_a_next_page_elsewhere_is_not_fetched_and_no_token_leaves(
    wire: responses.RequestsMock, server: LiveServer, link: str
) -> None:
    answer(wire, ORDERS, page(entry(order()), following=link))
    wire.add_callback(responses.GET, re.compile(".*"), lambda _: (200, {}, json.dumps(page())))
    found = orders_of(server)

    assert found.outcome is Outcome.FAILED
    assert [url.partition("?")[0] for url in urls(wire)] == [ORDERS]


@pytest.mark.requirement("R42")
@pytest.mark.parametrize(
    ("link", "asked"),
    [
        ("?page=2", f"{ORDERS}?page=2"),
        ("MedicationRequest?page=2", f"{ORDERS}?page=2"),
        ("/fhir/MedicationRequest?page=2", f"{ORDERS}?page=2"),
        ("/fhir?page=2", f"{BASE}?page=2"),
        ("//ehr.example.org/fhir?page=2", f"{BASE}?page=2"),
        ("https://EHR.example.org:443/fhir?page=2", "https://ehr.example.org:443/fhir?page=2"),
    ],
)
def test_a_next_page_may_be_relative_or_spelled_otherwise(
    wire: responses.RequestsMock, server: LiveServer, link: str, asked: str
) -> None:
    first = responses.matchers.query_param_matcher({"patient": "p"}, strict_match=False)
    wire.get(ORDERS, json=page(entry(order("a")), following=link), match=[first])
    answer(wire, asked, page(entry(order("b"))))
    found = orders_of(server)

    assert (found.outcome, names(found)) == (Outcome.COMPLETE, ["a", "b"])
    assert tokens(wire) == ["Bearer token-1"] * 2


@pytest.mark.requirement("R41", "R44")
def test_a_next_page_on_a_listed_alias_is_fetched_with_the_token(
    wire: responses.RequestsMock, server: LiveServer
) -> None:
    answer(wire, ORDERS, page(entry(order("a")), following=f"{ALIAS}/MedicationRequest?page=2"))
    answer(wire, f"{ALIAS}/MedicationRequest?page=2", page(entry(order("b")), following="?page=3"))
    answer(wire, f"{ALIAS}/MedicationRequest?page=3", page(entry(order("c"))))
    found = orders_of(server)

    assert (found.outcome, names(found)) == (Outcome.COMPLETE, ["a", "b", "c"])
    assert tokens(wire) == ["Bearer token-1"] * 3


@pytest.mark.requirement("R28", "R41")
def test_a_token_that_expires_on_an_alias_is_renewed_there(
    wire: responses.RequestsMock, server: LiveServer, keys: Keys
) -> None:
    second = f"{ALIAS}/MedicationRequest?page=2"
    answer(wire, ORDERS, page(entry(order("a")), following=second))
    answer(wire, second, "", 401)
    answer(wire, second, page(entry(order("b"))))

    assert (orders_of(server).outcome, keys.renewed) == (Outcome.COMPLETE, 1)
    assert tokens(wire) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("link", [7, True, ["https://ehr.example.org/fhir?page=2"], {"url": "x"}])
def test_a_next_page_without_a_readable_address_is_not_the_end(
    wire: responses.RequestsMock, server: LiveServer, link: Any
) -> None:
    answer(wire, ORDERS, page(entry(order()), following=link))

    assert orders_of(server).outcome is Outcome.FAILED


def test_a_next_link_without_an_address_is_not_the_end(wire: responses.RequestsMock, server: LiveServer) -> None:
    answer(wire, ORDERS, {**page(), "link": [{"relation": "self", "url": SELF}, {"relation": "next"}]})

    assert orders_of(server).outcome is Outcome.FAILED


@pytest.mark.requirement("R72")
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, Outcome.WITHHELD),
        (403, Outcome.WITHHELD),
        (404, Outcome.ABSENT),
        (410, Outcome.FAILED),
        (429, Outcome.FAILED),
        (500, Outcome.FAILED),
        (503, Outcome.FAILED),
        (201, Outcome.FAILED),
        (204, Outcome.FAILED),
        (302, Outcome.FAILED),
    ],
)
def test_every_status_has_its_outcome_and_none_reads_as_nothing_there(
    wire: responses.RequestsMock, server: LiveServer, status: int, outcome: Outcome
) -> None:
    wire.get(ORDERS, json=page(), status=status, headers={"Location": "https://evil.example/"})
    found = orders_of(server)

    assert (found.outcome, found.lines) == (outcome, ())


@pytest.mark.requirement("R40", "R72")
@pytest.mark.parametrize(
    "problem", [requests.ConnectTimeout("p"), requests.ReadTimeout("p"), requests.ConnectionError("p")]
)
def test_no_answer_is_a_failure_and_its_message_names_no_patient(
    wire: responses.RequestsMock, server: LiveServer, problem: Exception
) -> None:
    wire.get(ORDERS, body=problem)
    found = orders_of(server, "secret-id")

    assert (found.outcome, found.lines) == (Outcome.FAILED, ())
    assert "secret-id" not in f"{found.detail}{found!r}"


OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}


@pytest.mark.requirement("R63", "R70")
@pytest.mark.parametrize(
    "body",
    [
        "<html><body>Sign in</body></html>",
        "",
        "null",
        "[]",
        "7",
        '{"resourceType": "Bundle"',
        b"\xff\xfe{}",
        "[" * 5000,
        json.dumps(OUTCOME),
        json.dumps({**page(), "type": "collection"}),
        json.dumps({**page(), "type": "batch-response"}),
        json.dumps({**page(), "type": None}),
        json.dumps(order()),
        json.dumps({**page(), "entry": 7}),
        json.dumps({**page(), "entry": "none"}),
        json.dumps({**page(), "entry": ["none"]}),
        json.dumps({**page(), "entry": {"resource": order()}}),
        json.dumps({**page(), "link": 7}),
        json.dumps({**page(), "link": [7]}),
    ],
)
def test_what_is_no_page_of_results_is_a_failure(
    wire: responses.RequestsMock, server: LiveServer, body: bytes | str
) -> None:
    answer(wire, ORDERS, body)
    found = orders_of(server)

    assert (found.outcome, found.lines) == (Outcome.FAILED, ())


@pytest.mark.requirement("R72")
def test_a_later_page_that_fails_is_a_failure_of_the_search(wire: responses.RequestsMock, server: LiveServer) -> None:
    for status in (500, 403, 404):
        wire.reset()
        answer(wire, ORDERS, page(entry(order()), following="/fhir?page=2"))
        answer(wire, f"{BASE}?page=2", "", status)

        assert orders_of(server).outcome not in (Outcome.COMPLETE, Outcome.ABSENT)


def issue(severity: Any, code: Any) -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code, "diagnostics": "Pat"}]}


AMISS = [
    issue("fatal", "exception"),
    issue("error", "processing"),
    issue("warning", "suppressed"),
    issue("warning", "forbidden"),
    issue("warning", "incomplete"),
    issue("warning", "invalid"),
    issue("information", "throttled"),
    {"resourceType": "OperationOutcome"},
    {"resourceType": "OperationOutcome", "issue": 7},
    {"resourceType": "OperationOutcome", "issue": ["x"]},
    {"resourceType": "OperationOutcome", "issue": [{"severity": ["error"], "code": "suppressed"}]},
]
HARMLESS = [
    issue("information", "informational"),
    issue("warning", "processing"),
    issue("warning", "not-found"),
    issue("warning", "not-supported"),
    issue([], {}),
    {"resourceType": "OperationOutcome", "issue": []},
]


@pytest.mark.requirement("R70", "R71")
@pytest.mark.parametrize("mode", ["outcome", "match", "include", None])
@pytest.mark.parametrize("outcome", AMISS)
def test_an_error_within_an_answer_makes_it_partial_and_its_words_are_not_repeated(
    wire: responses.RequestsMock, server: LiveServer, outcome: Json, mode: str | None
) -> None:
    answer(wire, ORDERS, page(entry(order()), entry(outcome, mode)))
    found = orders_of(server)

    assert (found.outcome, found.detail) == (Outcome.PARTIAL, "the server reported an error within its answer")
    assert keys_of(found) == {"MedicationRequest/rx"}


@pytest.mark.requirement("R70")
@pytest.mark.parametrize("mode", ["outcome", None])
@pytest.mark.parametrize("outcome", HARMLESS)
def test_a_remark_within_an_answer_leaves_it_whole(
    wire: responses.RequestsMock, server: LiveServer, outcome: Json, mode: str | None
) -> None:
    answer(wire, ORDERS, page(entry(order()), entry(outcome, mode)))

    assert orders_of(server).outcome is Outcome.COMPLETE


@pytest.mark.requirement("R70", "R71")
def test_an_error_on_a_later_page_is_kept(wire: responses.RequestsMock, server: LiveServer) -> None:
    answer(wire, ORDERS, page(following="/fhir?page=2"))
    answer(wire, f"{BASE}?page=2", page(entry(AMISS[0], "outcome"), following="/fhir?page=3"))
    answer(wire, f"{BASE}?page=3", page(entry(order())))
    found = orders_of(server)

    assert (found.outcome, len(found.lines)) == (Outcome.PARTIAL, 3)


@pytest.mark.requirement("R71")
def test_a_server_that_refuses_to_add_provenance_is_asked_without_and_reads_as_partial(
    wire: responses.RequestsMock, server: LiveServer
) -> None:
    answer(wire, ORDERS, OUTCOME, 400)
    answer(wire, ORDERS, page(entry(order()), self_link=f"{ORDERS}?patient=p"))
    found = orders_of(server)

    assert (found.outcome, names(found)) == (Outcome.PARTIAL, ["rx"])
    assert [call.request.params for call in wire.calls][1] == {"patient": "p", "_count": "100"}


@pytest.mark.requirement("R71")
@pytest.mark.parametrize(("status", "outcome"), [(400, Outcome.FAILED), (403, Outcome.WITHHELD), (500, Outcome.FAILED)])
def test_a_plain_search_that_is_refused_too_is_no_answer(
    wire: responses.RequestsMock, server: LiveServer, status: int, outcome: Outcome
) -> None:
    answer(wire, ORDERS, OUTCOME, 400)
    answer(wire, ORDERS, OUTCOME, status)

    assert (orders_of(server).outcome, len(wire.calls)) == (outcome, 2)


@pytest.mark.requirement("R71")
@pytest.mark.parametrize(
    "said",
    [
        None,
        "",
        ORDERS,
        f"{ORDERS}?patient=p",
        f"{ORDERS}?patient=p&_include=Provenance:target",
        f"{ORDERS}?patient=p&x=_revinclude",
        f"{ORDERS}?patient=p#_revinclude=x",
        "https://[broken?_revinclude=x",
    ],
)
def test_a_server_that_does_not_say_that_it_added_provenance_reads_as_partial(
    wire: responses.RequestsMock, server: LiveServer, said: str | None
) -> None:
    answer(wire, ORDERS, page(entry(order()), self_link=said))
    found = orders_of(server)

    assert (found.outcome, names(found)) == (Outcome.PARTIAL, ["rx"])
    assert "Provenance" in found.detail


@pytest.mark.requirement("R71")
@pytest.mark.parametrize(
    "said",
    [
        "MedicationRequest?_revinclude=Provenance%3Atarget&patient=p",
        f"{ALIAS}/MedicationRequest?patient=Patient/p&_revinclude:iterate=Provenance:target",
    ],
)
def test_a_server_may_word_the_search_that_it_carried_out_in_its_own_way(
    wire: responses.RequestsMock, server: LiveServer, said: str
) -> None:
    answer(wire, ORDERS, page(entry(order()), self_link=said))

    assert orders_of(server).outcome is Outcome.COMPLETE


ANOTHERS: list[Json] = [
    {"reference": "Patient/q"},
    {"reference": "Patient/P"},
    {"reference": f"{BASE}/Patient/q"},
    {"reference": "https://elsewhere.example/fhir/Patient/q"},
    {"reference": "https://elsewhere.example/fhir/Patient/p"},
    {"reference": "https://ehr.example.org/fhir2/Patient/p"},
    {"reference": "https://ehr.example.org.evil.example/fhir/Patient/p"},
    {"reference": "Group/p"},
    {"reference": "#p"},
    {"reference": "urn:uuid:9c5a5f2e-1c3d-4d8e-8a8e-1f2f3f4f5f6f"},
    {"reference": "Patient?identifier=mrn|1"},
    {"reference": "somebody"},
    {"identifier": {"system": "mrn", "value": "1"}, "type": "Patient"},
]
HERS: list[Json] = [
    {"reference": "Patient/p"},
    {"reference": "Patient/p/_history/3"},
    {"reference": f"{BASE}/Patient/p"},
    {"reference": f"{ALIAS}/Patient/p"},
    {"reference": "https://EHR.example.org:443/fhir/Patient/p"},
    {"reference": "Patient/p", "display": "Q, Another"},
]


@pytest.mark.requirement("R23")
@pytest.mark.parametrize("mode", ["match", None, "", "MATCH", "other"])
@pytest.mark.parametrize("subject", ANOTHERS)
def test_a_match_about_anybody_else_stops_everything(
    wire: responses.RequestsMock, server: LiveServer, subject: Json, mode: str | None
) -> None:
    answer(wire, ORDERS, page(entry(order("a")), entry(order("b", subject=subject), mode)))

    with pytest.raises(WrongPatient) as refused:
        orders_of(server)
    assert "Patient/q" not in str(refused.value)


@pytest.mark.requirement("R23")
@pytest.mark.parametrize("subject", HERS)
def test_a_match_about_the_patient_however_she_is_referred_to_is_hers(
    wire: responses.RequestsMock, server: LiveServer, subject: Json
) -> None:
    answer(wire, ORDERS, page(entry(order(subject=subject))))

    assert orders_of(server).outcome is Outcome.COMPLETE


@pytest.mark.requirement("R23")
def test_a_match_about_somebody_else_on_a_later_page_or_of_another_type_stops_everything(
    wire: responses.RequestsMock, server: LiveServer
) -> None:
    answer(wire, ORDERS, page(entry(order()), following="/fhir?page=2"))
    answer(wire, f"{BASE}?page=2", page(entry(order("b", subject={"reference": "Patient/q"}))))
    answer(wire, f"{BASE}/Task", page(entry({"resourceType": "Task", "id": "t", "for": {"reference": "Patient/q"}})))
    answer(wire, f"{BASE}/Patient", page(entry({"resourceType": "Patient", "id": "q"})))
    answer(
        wire, f"{BASE}/Immunization", page(entry({"resourceType": "Immunization", "id": "i", "patient": ANOTHERS[0]}))
    )
    answer(wire, f"{BASE}/Encounter", page(entry(order(subject={"reference": "Patient/q"}))))

    for kind in ("MedicationRequest", "Task", "Patient", "Immunization", "Encounter"):
        with pytest.raises(WrongPatient):
            server.of_patient("p", [kind])


@pytest.mark.requirement("R23")
def test_one_search_with_somebody_elses_record_stops_all_that_were_asked_together(
    wire: responses.RequestsMock, server: LiveServer
) -> None:
    answer(wire, ORDERS, page(entry(order())))
    answer(wire, f"{BASE}/Task", page(entry({"resourceType": "Task", "id": "t", "for": {"reference": "Patient/q"}})))

    with pytest.raises(WrongPatient):
        server.of_patient("p", ["MedicationRequest", "Task"])


@pytest.mark.requirement("R23", "R70")
def test_what_came_along_may_be_about_others_and_is_no_match(wire: responses.RequestsMock, server: LiveServer) -> None:
    beside = [
        {"resourceType": "Provenance", "id": "v", "target": [{"reference": "MedicationRequest/rx"}, ANOTHERS[0]]},
        {"resourceType": "Medication", "id": "m"},
        {"resourceType": "Encounter", "id": "e", "subject": {"reference": "Patient/q"}},
    ]
    answer(wire, ORDERS, page(entry(order()), *(entry(one, "include") for one in beside)))
    found = orders_of(server)

    assert found.outcome is Outcome.COMPLETE
    assert keys_of(found) == {"MedicationRequest/rx"}
    assert subjects_of(found) == {"Patient/p"}


@pytest.mark.requirement("R72")
@pytest.mark.parametrize("subject", [None, {}, {"display": "Pat"}, {"reference": ""}, "Patient/p", ["Patient/p"]])
def test_a_match_that_does_not_say_whose_it_is_makes_the_answer_partial(
    wire: responses.RequestsMock, server: LiveServer, subject: Any
) -> None:
    answer(wire, ORDERS, page(entry(order("a")), entry(order("b", subject=subject))))
    found = orders_of(server)

    assert (found.outcome, found.detail) == (Outcome.PARTIAL, "a record does not say whose it is")
    assert names(found) == ["a", "b"]


@pytest.mark.requirement("R28")
def test_a_refused_token_is_renewed_once_and_the_same_request_made_again(
    wire: responses.RequestsMock, server: LiveServer, keys: Keys
) -> None:
    answer(wire, ORDERS, "", 401)
    answer(wire, ORDERS, page(entry(order())))

    assert (orders_of(server).outcome, keys.renewed) == (Outcome.COMPLETE, 1)
    assert tokens(wire) == ["Bearer token-1", "Bearer token-2"]
    assert len(set(urls(wire))) == 1


@pytest.mark.requirement("R28")
def test_a_token_that_is_refused_twice_is_not_renewed_twice(
    wire: responses.RequestsMock, server: LiveServer, keys: Keys
) -> None:
    answer(wire, ORDERS, "", 401)
    found = orders_of(server)

    assert (found.outcome, found.refused_with, keys.renewed, len(wire.calls)) == (Outcome.WITHHELD, 401, 1, 2)


@pytest.mark.requirement("R28")
def test_a_token_that_expires_between_pages_is_renewed_and_the_reading_goes_on(
    wire: responses.RequestsMock, server: LiveServer, keys: Keys
) -> None:
    answer(wire, ORDERS, page(entry(order("a")), following="/fhir?page=2"))
    answer(wire, f"{BASE}?page=2", "", 401)
    answer(wire, f"{BASE}?page=2", page(entry(order("b"))))
    found = orders_of(server)

    assert (found.outcome, names(found), keys.renewed) == (Outcome.COMPLETE, ["a", "b"], 1)


def test_several_types_are_answered_in_the_order_in_which_they_were_asked(
    wire: responses.RequestsMock, server: LiveServer
) -> None:
    kinds = ["Task", "Encounter", "MedicationRequest", "ServiceRequest", "DocumentReference", "Communication"]
    for kind in kinds:
        answer(wire, f"{BASE}/{kind}", page())

    assert [found.type for found in server.of_patient("p", kinds)] == kinds


PRACTITIONER = {"resourceType": "Practitioner", "id": "c"}


@pytest.mark.requirement("R19")
def test_one_resource_is_read_by_its_reference(wire: responses.RequestsMock, server: LiveServer) -> None:
    answer(wire, f"{BASE}/Practitioner/c", PRACTITIONER)
    found = server.read("Practitioner/c")

    assert (found.type, found.outcome, json.loads(found.lines[0].data)) == (
        "Practitioner",
        Outcome.COMPLETE,
        PRACTITIONER,
    )
    assert tokens(wire) == ["Bearer token-1"]


@pytest.mark.requirement("R19", "R44")
@pytest.mark.parametrize(
    "reference",
    [
        "https://evil.example/fhir/Practitioner/c",
        "https://ehr.example.org.evil.example/fhir/Practitioner/c",
        "https://ehr.example.org@evil.example/fhir/Practitioner/c",
        "//evil.example/Practitioner/c",
        "/Practitioner/c",
        "../Practitioner/c",
        "Practitioner/../../admin",
        "Practitioner/%2e%2e/%2e%2e/admin",
        "https://ehr.example.org:8443/fhir/Practitioner/c",
        "Practitioner/c?next=https://evil.example/",
        "#c",
        "urn:uuid:9c5a5f2e-1c3d-4d8e-8a8e-1f2f3f4f5f6f",
        "",
    ],
)
def test_a_reference_that_leads_elsewhere_is_not_read_and_no_token_leaves(
    wire: responses.RequestsMock, server: LiveServer, reference: str
) -> None:
    wire.add_callback(responses.GET, re.compile(".*"), lambda _: (200, {}, json.dumps(PRACTITIONER)))

    assert server.read(reference).outcome is Outcome.FAILED
    assert len(wire.calls) == 0


@pytest.mark.requirement("R70")
@pytest.mark.parametrize(
    "document",
    [
        OUTCOME,
        {"resourceType": "Practitioner", "id": "d"},
        {"resourceType": "Patient", "id": "c"},
        {"resourceType": "Practitioner"},
        page(entry(PRACTITIONER)),
        "<html>",
        "[]",
    ],
)
def test_another_resource_than_the_one_that_was_asked_for_is_no_answer(
    wire: responses.RequestsMock, server: LiveServer, document: Any
) -> None:
    answer(wire, f"{BASE}/Practitioner/c", document)

    assert (server.read("Practitioner/c").outcome, server.read("Practitioner/c").lines) == (Outcome.FAILED, ())


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(401, Outcome.WITHHELD), (403, Outcome.WITHHELD), (404, Outcome.ABSENT), (500, Outcome.FAILED)],
)
def test_a_read_that_is_refused_says_how(
    wire: responses.RequestsMock, server: LiveServer, status: int, outcome: Outcome
) -> None:
    answer(wire, f"{BASE}/Practitioner/c", "", status)

    assert server.read("Practitioner/c").outcome is outcome


def test_the_roles_of_a_clinician_come_with_their_organizations_and_need_no_patient(
    wire: responses.RequestsMock, server: LiveServer
) -> None:
    role = {"resourceType": "PractitionerRole", "id": "c-at-a", "practitioner": {"reference": "Practitioner/c"}}
    answer(wire, f"{BASE}/PractitionerRole", page(entry(role), self_link=f"{BASE}/PractitionerRole?practitioner=c"))
    found = server.roles_of("c")

    assert (found.outcome, keys_of(found)) == (Outcome.COMPLETE, {"PractitionerRole/c-at-a"})
    assert wire.calls[0].request.params == {
        "practitioner": "c",
        "_count": "100",
        "_include": "PractitionerRole:organization",
    }


@pytest.mark.requirement("R24", "R98")
def test_nothing_that_is_read_or_sent_shows_in_a_representation(
    wire: responses.RequestsMock, server: LiveServer, keys: Keys
) -> None:
    answer(wire, ORDERS, page(entry(order(note=[{"text": "secret-note"}]))))
    told = f"{orders_of(server)!r} {keys.credential()!r}"

    assert "secret-note" not in told
    assert "token-1" not in told


@pytest.mark.requirement("R70", "R71")
@pytest.mark.parametrize(
    ("total", "whole"), [(None, True), (1, True), (2, False), (250, False), ("2", True), (True, True)]
)
def test_a_total_above_what_was_shown_tells_that_something_is_missing(
    wire: responses.RequestsMock, server: LiveServer, total: Any, whole: bool
) -> None:
    more = {} if total is None else {"total": total}
    answer(wire, ORDERS, page(entry(order()), **more))
    assert (orders_of(server).outcome is Outcome.COMPLETE) is whole
