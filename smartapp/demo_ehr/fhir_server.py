"""The FHIR side over HTTP: read, search and paging, behind a bearer token."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Flask, Response, g, request

from extractors.decode import Json
from smartapp.demo_ehr.access import Access, access_of
from smartapp.demo_ehr.authorization import Provider
from smartapp.demo_ehr.bundles import capability_statement, entry, outcome, searchset, warning
from smartapp.demo_ehr.documents import json_answer
from smartapp.demo_ehr.faults import unheeded
from smartapp.demo_ehr.fhir_search import Search, SearchRefused, brought, find, read_search, without
from smartapp.demo_ehr.grants import Session, Token
from smartapp.demo_ehr.scenario import Scenario

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Demo EHR", error="invalid_token"'}


@dataclass(frozen=True)
class _Page:
    """Where a search goes on, and in which session; other sessions cannot follow the link."""

    search: Search
    start: int
    session: Session


class FhirServer:
    """Answers FHIR requests about one scenario."""

    def __init__(self, scenario: Scenario, provider: Provider) -> None:
        self._scenario, self._provider = scenario, provider
        self._fhir = provider.site.fhir
        self._pages: dict[str, _Page] = {}

    def install(self, app: Flask) -> None:
        """Add the FHIR routes."""
        app.add_url_rule("/fhir/metadata", "fhir-metadata", self._metadata)
        app.add_url_rule("/fhir", "fhir-page", self._next_page)
        app.add_url_rule("/fhir/<kind>", "fhir-search", self._search)
        app.add_url_rule("/fhir/<kind>/_search", "fhir-post_search", self._search, methods=["POST"])
        app.add_url_rule("/fhir/<kind>/<identifier>", "fhir-read", self._read)

    def type_asked(self) -> str | None:
        """The FHIR type that the request at hand is about; None if it names none."""
        page = self._pages.get(request.args.get("_page", ""))
        return page.search.resource_type if page else (request.view_args or {}).get("kind")

    def _metadata(self) -> Response:
        return fhir_answer(
            capability_statement(self._provider.site.base, self._scenario.types, exports=self._provider.has_backends)
        )

    def _read(self, kind: str, identifier: str) -> Response:
        access = self._admitted(kind, "r")
        if isinstance(access, Response):
            return access
        resource = self._scenario.get(kind, identifier)
        if resource is None:
            return problem(404, "not-found", "There is no such resource.")
        if not access.shows(resource, "r"):
            return problem(403, "forbidden", "The granted scopes do not reach this resource.")
        return fhir_answer(resource)

    def _search(self, kind: str) -> Response:
        access = self._admitted(kind, "s")
        if isinstance(access, Response):
            return access
        try:
            search = read_search(kind, [*request.args.items(multi=True), *request.form.items(multi=True)])
            if search.ignored and "handling=strict" in request.headers.get("Prefer", ""):
                raise SearchRefused(f"Not supported: {', '.join(search.ignored)}.")
            return self._answer(without(search, unheeded(g.get("struck", []))), 0, access)
        except SearchRefused as refused:
            return problem(400, "invalid", str(refused))

    def _next_page(self) -> Response:
        token, page = self._token(), self._pages.get(request.args.get("_page", ""))
        if token is None:
            return unknown_token()
        if page is None or page.session is not token.session:
            return problem(404, "not-found", "There is no such page: search again.")
        access = self._admitted(page.search.resource_type, "s")
        return access if isinstance(access, Response) else self._answer(page.search, page.start, access)

    def _answer(self, search: Search, start: int, access: Access) -> Response:
        found = find(self._scenario, search, lambda resource: access.shows(resource, "s"))
        shown = found[start : start + search.page]
        rest = search.page and start + search.page < len(found)
        following = self._following(search, start + search.page) if rest else None
        more = brought(self._scenario, search, shown)
        entries = [
            *(entry(self._fhir, resource, "match") for resource in shown),
            *(entry(self._fhir, resource, "include") for resource in more if access.shows(resource, "r")),
            *_warnings(search, access, start),
        ]
        return fhir_answer(searchset(self._fhir, search, len(found), following, entries))

    def _following(self, search: Search, start: int) -> str:
        name, token = secrets.token_urlsafe(16), self._token()
        if token is not None:
            self._pages[name] = _Page(search, start, token.session)
        return f"{self._fhir}?_page={name}"

    def _admitted(self, kind: str, permission: str) -> Access | Response:
        """What the request may reach, or the answer that refuses it."""
        token = self._token()
        if token is None:
            return unknown_token()
        if kind not in self._scenario.types:
            return problem(404, "not-supported", "This server does not hold that type.")
        access = access_of(token, self._scenario)
        if not access.grants(kind, permission):
            return problem(403, "forbidden", f"The granted scopes do not cover {kind}.")
        return access

    def _token(self) -> Token | None:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        return self._provider.mint.bearer(value) if kind.lower() == "bearer" else None


def fhir_answer(document: Json, status: int = 200) -> Response:
    """A FHIR document as an answer."""
    return json_answer(document, status, "application/fhir+json")


def problem(status: int, code: str, text: str) -> Response:
    """An error as FHIR tells it."""
    return fhir_answer(outcome("error", code, text), status)


def unknown_token() -> Response:
    """The answer to a request without a good token."""
    answer = problem(401, "login", "A valid bearer token is needed.")
    answer.headers.update(_CHALLENGE)
    return answer


def _warnings(search: Search, access: Access, start: int) -> Iterable[Json]:
    if start == 0:
        yield from (warning(f"The parameter {name} is not supported and was ignored.") for name in search.ignored)
        for kind in sorted({kind for kind, _ in search.revincludes}):
            if not access.grants(kind, "r"):
                yield warning(f"The granted scopes do not cover {kind}: nothing of it is included.")
