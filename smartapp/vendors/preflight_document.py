"""What preflight found as one document, and the JSON Schema of it: published for whoever reads it by program."""

from collections.abc import Mapping
from typing import Any

from extractors.preflight import Gradeability, Judged, Preflight
from extractors.preflight_carriers import Carrier, KindShown, Role, Seen, Shown
from extractors.preflight_sample import TypeRead
from extractors.preflight_server import DateFilter, DateFilterSeen
from extractors.sources.search import Outcome
from extractors.vocabulary import EventKind
from smartapp.published_schema import COUNT, TEXT, YES_NO, list_of, object_of, one_of
from smartapp.vendors.preflight import Found, missing
from smartapp.vendors.preflight_remedies import By, Remedy, headline, npi_remedies, remedies
from smartapp.vendors.profiling import DOCUMENTED

NAME = "pi180/preflight/1"


def document(found: Found) -> dict[str, Any]:
    """Everything that preflight says, without an id of a patient."""
    one = found.preflight
    statement = one.statement
    return {
        "schema": NAME,
        "base": one.base,
        "year": found.rules.year,
        "software": {
            "name": statement.software,
            "version": statement.version,
            "fhir_version": statement.fhir_version,
            "problem": statement.problem,
        },
        "profile": {
            "name": one.profile.name,
            "version": one.profile.version,
            "digest": one.profile.digest,
            "observed": one.profile.observed or DOCUMENTED,
        },
        "rests_on": _rests_on(one),
        "measures": [_measure(judged, found) for judged in one.judged],
        "attested": [
            {"measure": m.id, "title": " ".join(m.title.split()), "status": m.status.value} for m in found.attested
        ],
        "types": [_type(read, one) for read in one.sample.types.values()],
        "bulk_hints": list(statement.bulk),
        "required_not_derivable": found.required(Gradeability.ATTEST_ONLY),
        "required_not_known": found.required(Gradeability.NOT_KNOWN),
    }


def _rests_on(one: Preflight) -> dict[str, Any]:
    people = one.clinicians
    return {
        "patients": one.sample.patients,
        "found_by": one.sample.found_by,
        "searches": one.sample.searches,
        "resources": one.resources,
        "set_aside": one.set_aside,
        "clinicians": {"named": people.named, "read": people.read, "with_npi": people.with_npi},
    }


def _measure(judged: Judged, found: Found) -> dict[str, Any]:
    kinds = missing(judged)
    wanting = [*npi_remedies(found.preflight), *(r for kind in kinds for r in remedies(kind))]
    return {
        "measure": judged.measure,
        "title": " ".join(found.rules.measures[judged.measure].title.split()),
        "required": found.is_required(judged),
        "grade": judged.grade.value,
        "missing": headline(kinds),
        "cases": judged.cases,
        "searches": searches(judged, found.preflight),
        "kinds": [_kind(kind) for kind in judged.kinds],
        "to_do": [_remedy(one) for one in wanting],
    }


def searches(judged: Judged, found: Preflight) -> list[str]:
    """The searches on which a measure rests, without whom they were about."""
    asked = {carrier.selector.resource for kind in judged.kinds for carrier in kind.carriers}
    found_types = [f"{kind}?patient=" for kind in sorted(asked & set(found.sample.types))]
    return found_types + (["_revinclude=Provenance:target"] if "Provenance" in asked else [])


def _kind(kind: KindShown) -> dict[str, Any]:
    return {
        "kind": kind.kind.value,
        "role": kind.role.value,
        "shown": kind.shown.value,
        "asserted": kind.asserted,
        "because": kind.because,
        "carriers": [_carrier(carrier) for carrier in kind.carriers],
    }


def _carrier(carrier: Carrier) -> dict[str, Any]:
    return {
        "rule": carrier.selector.rule,
        "resource": carrier.selector.resource,
        "where": carrier.selector.texts["where"],
        "seen": carrier.seen.value,
        "of": carrier.of,
        "matched": carrier.matched,
        "lacking": list(carrier.elements),
        "unmapped": list(carrier.unmapped),
    }


def _remedy(one: Remedy) -> dict[str, str]:
    return {"by": one.by.value, "found": one.found, "wanted": one.wanted}


def _type(read: TypeRead, found: Preflight) -> dict[str, Any]:
    filters = {one.type: one for one in found.date_filters}
    return {
        "type": read.type,
        "search": "Patient?_id=" if read.type == "Patient" else f"{read.type}?patient=",
        "outcome": read.outcome.name.lower(),
        "resources": read.received,
        "detail": read.detail,
        "date_filter": _filter(filters[read.type]) if read.type in filters else None,
    }


def _filter(seen: DateFilterSeen) -> dict[str, Any]:
    return {"parameter": seen.parameter, "state": seen.state.value, "claims": seen.claims, "why": seen.why}


_OR_NONE: Mapping[str, Any] = {"type": ["string", "null"]}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `document`; words that may be said are those of the code."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pi180 preflight: which measures a FHIR server can show",
        **object_of(
            schema={"const": NAME},
            base=TEXT,
            year=COUNT,
            software=object_of(name=_OR_NONE, version=_OR_NONE, fhir_version=_OR_NONE, problem=TEXT),
            profile=object_of(name=TEXT, version=TEXT, digest=TEXT, observed=TEXT),
            rests_on=object_of(
                patients=COUNT,
                found_by=TEXT,
                searches=COUNT,
                resources=COUNT,
                set_aside=COUNT,
                clinicians=object_of(named=COUNT, read=COUNT, with_npi=COUNT),
            ),
            measures=list_of(_measure_schema()),
            attested=list_of(object_of(measure=TEXT, title=TEXT, status=TEXT)),
            types=list_of(_type_schema()),
            bulk_hints=list_of(TEXT),
            required_not_derivable=list_of(TEXT),
            required_not_known=list_of(TEXT),
        ),
    }


def _measure_schema() -> dict[str, Any]:
    carrier = object_of(
        rule=TEXT,
        resource=TEXT,
        where=TEXT,
        seen=one_of(Seen),
        of=COUNT,
        matched=COUNT,
        lacking=list_of(TEXT),
        unmapped=list_of(TEXT),
    )
    kind = object_of(
        kind=one_of(EventKind),
        role=one_of(Role),
        shown=one_of(Shown),
        asserted=COUNT,
        because=TEXT,
        carriers=list_of(carrier),
    )
    return object_of(
        measure=TEXT,
        title=TEXT,
        required=YES_NO,
        grade=one_of(Gradeability),
        missing=TEXT,
        cases=COUNT,
        searches=list_of(TEXT),
        kinds=list_of(kind),
        to_do=list_of(object_of(by=one_of(By), found=TEXT, wanted=TEXT)),
    )


def _type_schema() -> dict[str, Any]:
    days = object_of(parameter=TEXT, state=one_of(DateFilter), claims={"type": ["boolean", "null"]}, why=TEXT)
    return object_of(
        type=TEXT,
        search=TEXT,
        outcome={"enum": [one.name.lower() for one in Outcome]},
        resources=COUNT,
        detail=TEXT,
        date_filter={"anyOf": [days, {"type": "null"}]},
    )
