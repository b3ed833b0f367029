"""The documents that the FHIR side answers with, apart from the resources themselves."""

from collections.abc import Iterable
from urllib.parse import urlencode

from extractors.decode import Json
from smartapp.demo_ehr.fhir_search import Search
from smartapp.demo_ehr.search_parameters import Kind, parameters

FHIR_VERSION = "4.0.1"
SOFTWARE = "Demo EHR, a simulator"
_SMART_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_OAUTH_ADDRESSES = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_EXPORT = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"


def outcome(severity: str, code: str, text: str) -> Json:
    """An OperationOutcome with one issue."""
    issue = {"severity": severity, "code": code, "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def searchset(fhir: str, search: Search, total: int, following: str | None, entries: Iterable[Json]) -> Json:
    """One page of a search.

    Args:
        fhir: the FHIR base.
        search: its honoured parameters alone stand in the `self` link.
        total: matches on all pages.
        following: address of the next page; None on the last.
        entries: from `entry` and `warning`.
    """
    query = f"?{urlencode(search.honoured)}" if search.honoured else ""
    links = [{"relation": "self", "url": f"{fhir}/{search.resource_type}{query}"}]
    if following:
        links.append({"relation": "next", "url": following})
    bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": total, "link": links}
    if listed := list(entries):
        bundle["entry"] = listed
    return bundle


def entry(fhir: str, resource: Json, mode: str) -> Json:
    """An entry that is a `match`, or came with one as an `include`."""
    address = f"{fhir}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": address, "resource": resource, "search": {"mode": mode}}


def warning(text: str) -> Json:
    """An entry that tells of something that was not done."""
    return {"resource": outcome("warning", "not-supported", text), "search": {"mode": "outcome"}}


def capability_statement(base: str, types: Iterable[str], *, exports: bool = False) -> Json:
    """What the server says it can do (R4 CapabilityStatement)."""
    rest: Json = {"mode": "server", "security": _security(base), "resource": [_type_listed(name) for name in types]}
    if exports:
        rest["operation"] = [{"name": "export", "definition": _EXPORT}]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "software": {"name": SOFTWARE},
        "implementation": {"description": "Demo EHR, a simulator. No real patient.", "url": f"{base}/fhir"},
        "fhirVersion": FHIR_VERSION,
        "format": ["application/fhir+json"],
        "rest": [rest],
    }


def _security(base: str) -> Json:
    addresses = [
        {"url": name, "valueUri": f"{base}/{path}"}
        for name, path in (("authorize", "authorize"), ("token", "token"), ("revoke", "revoke"))
    ]
    return {
        "service": [{"coding": [{"system": _SMART_SERVICE, "code": "SMART-on-FHIR"}], "text": "SMART App Launch"}],
        "extension": [{"url": _OAUTH_ADDRESSES, "extension": addresses}],
    }


def _type_listed(name: str) -> Json:
    known = parameters(name)
    return {
        "type": name,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchInclude": [f"{name}:{key}" for key, one in known.items() if one.kind is Kind.REFERENCE],
        "searchRevInclude": ["Provenance:target"],
        "searchParam": [{"name": key, "type": one.kind.name.lower()} for key, one in known.items()],
    }
