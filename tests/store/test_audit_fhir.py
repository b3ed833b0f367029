"""The trail as FHIR: every deed is a valid R4 AuditEvent, and nothing that a row says is lost."""

import json

import pytest
from fhir.resources.R4B.auditevent import AuditEvent as FhirAuditEvent

from smartapp.store import AuditEvent, Deed, Store
from smartapp.store.audit_fhir import as_audit_event
from tests.store.stores import NOW, viewed


@pytest.mark.requirement("R100")
@pytest.mark.parametrize("deed", list(Deed))
def test_every_deed_is_a_valid_audit_event(store: Store, deed: Deed) -> None:
    store.trail.add(AuditEvent(deed, "one", "l", "https://ehr.example.org subject", "p", "d", "staff", "::1"), NOW)
    store.trail.add(AuditEvent(deed), NOW)

    for row in store.trail.rows():
        event = FhirAuditEvent.model_validate_json(json.dumps(as_audit_event(row)))
        assert event.recorded == NOW
        assert event.outcomeDesc == deed
        assert event.outcome == ("4" if "refused" in deed or "denied" in deed else "0")


@pytest.mark.requirement("R100")
def test_an_audit_event_says_who_where_whose_and_what(store: Store) -> None:
    store.trail.add(viewed("one", "patient-7"), NOW)
    (row,) = store.trail.rows()
    event = as_audit_event(row)
    user, ourselves = event["agent"]

    assert event["type"]["code"] == "110110"
    assert event["action"] == "R"
    assert user["who"] == {"identifier": {"system": "https://ehr.example.org", "value": "subject-canary"}}
    assert (user["requestor"], user["role"], user["network"]["address"]) == (True, [{"text": "staff"}], "192.0.2.7")
    assert (ourselves["requestor"], ourselves["who"]) == (False, {"display": f"pi180 {row.version}"})
    assert event["source"]["site"] == "one"
    assert event["entity"][0]["what"] == {"reference": "Patient/patient-7"}
    told = {one["type"]: one["valueString"] for one in event["entity"][1]["detail"]}
    assert told == {"number": "1", "launch": "launch", "detail": "detail"}


@pytest.mark.parametrize(("user", "shown"), [(None, "not signed in"), ("local root", "local root"), ("alone", "alone")])
def test_a_user_of_no_ehr_is_shown_and_not_identified(store: Store, user: str | None, shown: str) -> None:
    store.trail.add(AuditEvent(Deed.WIPED, user=user), NOW)
    (row,) = store.trail.rows()

    assert as_audit_event(row)["agent"][0]["who"] == {"display": shown}
    assert "site" not in as_audit_event(row)["source"]
