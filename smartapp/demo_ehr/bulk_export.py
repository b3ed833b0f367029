"""Bulk exports of the demo EHR (FHIR Bulk Data Access 2.0): of the system, of all patients, and of a Group."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask, Response, request

from extractors.decode import Json
from smartapp.demo_ehr.access import Access, access_of
from smartapp.demo_ehr.authorization import Provider
from smartapp.demo_ehr.documents import json_answer
from smartapp.demo_ehr.fhir_server import fhir_answer, problem, unknown_token
from smartapp.demo_ehr.grants import Token
from smartapp.demo_ehr.scenario import OFFICE_STAFF, Scenario

PANEL = "all-patients"
"""A Group that every scenario has: all its patients."""
_OF_WHOM = ("subject", "patient", "for")


@dataclass
class _Job:
    """One export: what was asked, and by whom. It is done at once: its files are made while they are fetched."""

    client_id: str
    access: Access
    url: str
    types: tuple[str, ...]
    since: str
    members: frozenset[str] | None
    moment: str


class BulkExport:
    """Answers requests about exports of one scenario, for clients that sign in by themselves."""

    def __init__(self, scenario: Scenario, provider: Provider) -> None:
        self._scenario, self._provider = scenario, provider
        self.jobs: dict[str, _Job] = {}
        self.deleted: list[Json] = []

    def install(self, app: Flask) -> None:
        """Add the routes."""
        for path, name in (("", "system"), ("/Patient", "patient"), ("/Group/<group>", "group")):
            app.add_url_rule(f"/fhir{path}/$export", f"bulk-{name}", self._start, methods=["GET", "POST"])
        app.add_url_rule(f"/fhir/Group/{PANEL}", "fhir-panel", self._panel)
        app.add_url_rule("/bulk/<name>", "bulk_status", self._status)
        app.add_url_rule("/bulk/<name>", "bulk_status-forget", self._forget, methods=["DELETE"])
        app.add_url_rule("/bulk/<name>/<kind>.ndjson", "bulk_file", self._file)

    def _panel(self) -> Response:
        token = self._token()
        if token is None:
            return unknown_token()
        members = [{"entity": {"reference": f"Patient/{one['id']}"}} for one in self._scenario.all("Patient")]
        group = {"type": "person", "actual": True, "quantity": len(members), "member": members}
        return fhir_answer({"resourceType": "Group", "id": PANEL, **group})

    def _start(self, group: str | None = None) -> Response:
        token = self._token()
        if token is None:
            return unknown_token()
        if "respond-async" not in request.headers.get("Prefer", ""):
            return problem(400, "invalid", "An export is answered later: send Prefer: respond-async.")
        if group is not None and group != PANEL and self._scenario.get("Group", group) is None:
            return problem(404, "not-found", "There is no such Group.")
        types, since = _asked()
        unknown = sorted(set(types) - set(self._scenario.types))
        if unknown and "handling=lenient" not in request.headers.get("Prefer", "") and len(unknown) == len(types):
            return problem(400, "not-supported", "None of these types is held here.")
        name = secrets.token_urlsafe(16)
        self.jobs[name] = _Job(
            token.session.client_id,
            access_of(token, self._scenario),
            request.url,
            tuple(t for t in types or self._scenario.types if t in self._scenario.types),
            since,
            self._members(group),
            datetime.fromtimestamp(self._provider.memory.now(), UTC).isoformat(timespec="seconds"),
        )
        answer = Response("", 202)
        answer.headers["Content-Location"] = f"{self._provider.site.base}/bulk/{name}"
        return answer

    def _status(self, name: str) -> Response:
        job = self._job(name)
        if isinstance(job, Response):
            return job
        return json_answer(self._manifest(name, job))

    def _forget(self, name: str) -> Response:
        job = self._job(name)
        if isinstance(job, Response):
            return job
        del self.jobs[name]
        return Response("", 202)

    def _file(self, name: str, kind: str) -> Response:
        job = self._job(name)
        if isinstance(job, Response):
            return job
        found = self.deleted if kind == "deleted" else list(self._records(job, kind))
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in found)
        return Response(text, mimetype="application/fhir+ndjson")

    def _manifest(self, name: str, job: _Job) -> Json:
        place = f"{self._provider.site.base}/bulk/{name}"
        counts = {kind: sum(1 for _ in self._records(job, kind)) for kind in job.types}
        output = [
            {"type": kind, "url": f"{place}/{kind}.ndjson", "count": count} for kind, count in counts.items() if count
        ]
        gone = [{"type": "Bundle", "url": f"{place}/deleted.ndjson"}] if self.deleted and job.since else []
        return {
            "transactionTime": job.moment,
            "request": job.url,
            "requiresAccessToken": True,
            "output": output,
            "deleted": gone,
            "error": [],
        }

    def _records(self, job: _Job, kind: str) -> Iterator[Json]:
        for one in self._scenario.all(kind):
            if one is OFFICE_STAFF:  # the simulator's own user, in no practice's records
                continue
            fresh = not job.since or str((one.get("meta") or {}).get("lastUpdated", "~")) >= job.since
            if fresh and job.access.shows(one, "r") and self._is_of(job, one):
                yield one

    def _is_of(self, job: _Job, resource: Json) -> bool:
        """Whether a resource is of the patients of a job; what is nobody's always is."""
        if job.members is None:
            return True
        if resource["resourceType"] == "Patient":
            return f"Patient/{resource['id']}" in job.members
        found = [resource[name] for name in _OF_WHOM if isinstance(resource.get(name), dict)]
        keys = {self._scenario.key(one.get("reference", "")) for one in found}
        return not keys or bool(keys & job.members)

    def _members(self, group: str | None) -> frozenset[str] | None:
        found = self._scenario.get("Group", group) if group is not None else None
        if found is None:
            return None
        return frozenset(self._scenario.key(one["entity"]["reference"]) for one in found.get("member") or [])

    def _job(self, name: str) -> _Job | Response:
        """The client's own job, or the answer that refuses it."""
        token = self._token()
        if token is None:
            return unknown_token()
        job = self.jobs.get(name)
        if job is None or job.client_id != token.session.client_id:
            return problem(404, "not-found", "There is no such export.")
        return job

    def _token(self) -> Token | None:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        token = self._provider.mint.bearer(value) if kind.lower() == "bearer" else None
        backend = token is not None and self._provider.clients[token.session.client_id].client.backend
        return token if backend else None


def _asked() -> tuple[tuple[str, ...], str]:
    """The types and the moment that the request at hand names, in whichever form."""
    if request.method == "POST":
        parts = (request.get_json(force=True, silent=True) or {}).get("parameter") or []
        pairs = [(part.get("name"), next((str(v) for k, v in part.items() if k != "name"), "")) for part in parts]
    else:
        pairs = list(request.args.items(multi=True))
    types = [one for name, value in pairs if name == "_type" for one in value.split(",")]
    return tuple(dict.fromkeys(types)), next((value for name, value in pairs if name == "_since"), "")
