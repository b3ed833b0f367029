"""What a server says about itself, and single questions to it: for preflight, where the refusal is an answer too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode

from extractors.decode import Json
from extractors.errors import GatewayError, Unreachable
from extractors.gateway import Answer, Gateway
from extractors.sources.dialect import Dialect
from extractors.sources.search import Bearer
from extractors.sources.searchset import matches_of, page_of, reported
from extractors.sources.walk import Refused

_FHIR = "application/fhir+json"
_OK, _UNAUTHORIZED = 200, 401
_LONGEST = 120
_EXPORTS = ("export", "group-export", "patient-export")
_LONG_AGO, _FAR_OFF = "ge1900-01-01", "ge2999-01-01"

DAYS: Mapping[str, str] = {
    "Communication": "sent",
    "Condition": "recorded-date",
    "DocumentReference": "date",
    "Encounter": "date",
    "Immunization": "date",
    "MedicationRequest": "authoredon",
    "Observation": "date",
    "Procedure": "date",
    "ServiceRequest": "authored",
    "Task": "modified",
}
"""The search parameter (R4) by which a type is narrowed to days."""


class DateFilter(StrEnum):
    """What a server does with a window of days."""

    HONOURED = "honoured"
    IGNORED = "ignored"
    REFUSED = "refused"
    EMPTIES = "finds nothing on any day"
    NOT_KNOWN = "not known"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class DateFilterSeen:
    """What a server did with a date parameter of a type.

    `claims` is whether its self link names the parameter for the window in the far future; None if it was not asked or
    gave no self link. `why` says what the word rests on.
    """

    type: str
    parameter: str
    state: DateFilter
    claims: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What a server says about itself; nothing here is tried.

    `problem` says why there is no usable CapabilityStatement, empty if there is one. `types` are the search parameters
    that it lists by type, None without one. `bulk` are hints that it exports in bulk.
    """

    problem: str
    software: str | None
    version: str | None
    fhir_version: str | None
    types: Mapping[str, frozenset[str]] | None
    bulk: tuple[str, ...]


class Asker:
    """Asks one server single questions, with a user's credential or none, as its profile says."""

    def __init__(self, base: str, gateway: Gateway, bearer: Bearer, dialect: Dialect) -> None:
        self._base, self._gateway, self._bearer = base.rstrip("/"), gateway, bearer
        self._dialect = dialect

    def document(self, path: str) -> Json:
        """A JSON document below the base, asked for once: a server that is not there is soon known.

        Raises:
            GatewayError: there is none; `Refused` with the status where the server says so.
        """
        answer = self._asked(f"{self._base}/{path}", retry=False)
        if answer.status != _OK:
            raise Refused(answer.status)
        return answer.document()

    def first_page(self, kind: str, parameters: Mapping[str, str]) -> Json:
        """The first page of a search, and no more of it.

        Raises:
            GatewayError: there is none, or it is no search result.
        """
        sent = {**dict(self._dialect.asking(kind, ())), **parameters}
        answer = self._asked(f"{self._base}/{quote(kind)}?{urlencode(sent)}", retry=True)
        if answer.status != _OK:
            raise Refused(answer.status)
        return page_of(answer.body)

    def whose(self, kind: str, patient: str) -> dict[str, str]:
        """What finds a patient's resources of a type."""
        return dict(self._dialect.of_patient(kind, patient))

    def _asked(self, url: str, *, retry: bool) -> Answer:
        credential = self._bearer.credential()
        answer = self._gateway.get(url, credential, _FHIR, retry=retry)
        if answer.status == _UNAUTHORIZED and (newer := self._bearer.credential(credential)) != credential:
            answer = self._gateway.get(url, newer, _FHIR, retry=retry)
        return answer


def statement_of(asker: Asker) -> Statement:
    """The CapabilityStatement and the SMART configuration of a server, read leniently: both are hints.

    Raises:
        Unreachable: the server gave no answer at all.
    """
    configured = _configured(asker)
    try:
        said = asker.document("metadata")
    except Unreachable:
        raise
    except GatewayError as problem:
        return Statement(str(problem), None, None, None, None, tuple(_smart_hints(configured)))
    if said.get("resourceType") != "CapabilityStatement":
        return Statement("it is another document", None, None, None, None, tuple(_smart_hints(configured)))
    software = _object(said.get("software"))
    return Statement(
        problem="",
        software=plain(software.get("name")),
        version=plain(software.get("version")),
        fhir_version=plain(said.get("fhirVersion")),
        types={str(one.get("type")): frozenset(_names(one, "searchParam")) for one in _resources(said)},
        bulk=(*export_hints(said), *_smart_hints(configured)),
    )


def plain(text: object) -> str | None:
    """A server's own word as one short printable line; None if it is no text."""
    if not isinstance(text, str):
        return None
    shown = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(shown.split())[:_LONGEST] or None


def date_filter(asker: Asker, kind: str, whose: Mapping[str, str]) -> DateFilterSeen:
    """What a server does with a window of days, by a search that finds something without one.

    Args:
        asker: of the server.
        kind: one of `DAYS`.
        whose: search parameters that find at least one resource of the type.
    """
    name = DAYS[kind]
    try:
        past, _ = _window(asker, kind, {**whose, name: _LONG_AGO})
        future, claims = _window(asker, kind, {**whose, name: _FAR_OFF})
    except Refused as problem:
        return DateFilterSeen(kind, name, DateFilter.REFUSED, None, str(problem))
    except GatewayError as problem:
        return DateFilterSeen(kind, name, DateFilter.NOT_KNOWN, None, str(problem))
    return DateFilterSeen(kind, name, *_concluded(past, future, claims))


def _window(asker: Asker, kind: str, parameters: Mapping[str, str]) -> tuple[int, bool | None]:
    """How many matches a first page has, and whether its self link names the last parameter.

    Raises:
        GatewayError: there is no page, or none matches and the server reports an error beside it.
    """
    page = asker.first_page(kind, {"_count": "2", **parameters})
    links = [str(one.get("url")) for one in page.get("link") or [] if one.get("relation") == "self"]
    named = f"&{list(parameters)[-1]}="
    claims = any(named in f"&{link.partition('?')[2]}" for link in links) if links else None
    matches = len(matches_of(page))
    if not matches and (amiss := reported(page, None)):
        raise GatewayError(amiss)
    return matches, claims


def _concluded(past: int, future: int, claims: bool | None) -> tuple[DateFilter, bool | None, str]:
    if future:
        own = ", and its self link says that it was applied" if claims else ", and its self link leaves it out"
        return DateFilter.IGNORED, claims, f"days after 2999 still find resources{own if claims is not None else ''}"
    if past:
        return DateFilter.HONOURED, claims, "days after 1900 find resources, days after 2999 none"
    return DateFilter.EMPTIES, claims, "with any day, old or far off, nothing is found"


def _configured(asker: Asker) -> Json:
    try:
        return asker.document(".well-known/smart-configuration")
    except Unreachable:
        raise
    except GatewayError:
        return {}


def export_hints(said: Json) -> Iterator[str]:
    """Source: Bulk Data Access 2.0: operations `export`, and the guide's CapabilityStatement in `instantiates`."""
    operations = [("the server", one) for rest in _objects(said.get("rest")) for one in _objects(rest.get("operation"))]
    operations += [(str(of.get("type")), one) for of in _resources(said) for one in _objects(of.get("operation"))]
    for where, one in operations:
        defined = str(one.get("definition"))
        if str(one.get("name")).lstrip("$") in _EXPORTS or defined.rpartition("/")[2] in _EXPORTS:
            yield f"CapabilityStatement lists $export on {plain(where)}"
    if any("bulk-data" in str(url) or "bulkdata" in str(url) for url in _list(said.get("instantiates"))):
        yield "CapabilityStatement says that it follows the Bulk Data guide"


def _smart_hints(configured: Json) -> Iterator[str]:
    """Source: SMART Backend Services: client credentials, system scopes. They permit an export and prove none."""
    if "client_credentials" in _list(configured.get("grant_types_supported")):
        yield "smart-configuration lists the grant client_credentials (Backend Services)"
    if any(str(scope).startswith("system/") for scope in _list(configured.get("scopes_supported"))):
        yield "smart-configuration lists system/ scopes"


def _resources(said: Json) -> list[Json]:
    return [one for rest in _objects(said.get("rest")) for one in _objects(rest.get("resource"))]


def _names(one: Json, element: str) -> list[str]:
    return [str(found.get("name")) for found in _objects(one.get(element))]


def _objects(value: Any) -> list[Json]:
    return [one for one in _list(value) if isinstance(one, dict)]


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []
