"""Faults on request: a test tells the honest server where to be dishonest, late or broken, and what it saw."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack

from flask import Response

from extractors.decode import Json
from smartapp.demo_ehr.search_parameters import Kind

Endpoint = Literal[
    "well_known", "jwks", "authorize", "token", "revoke", "fhir", "page", "id_token", "bulk", "bulk_status", "bulk_file"
]
"""The endpoints of the server.

`id_token` stands for the claims, before they are signed; `bulk` is where exports are asked for, `bulk_status` where
they are waited for and ended.
"""

Change = Callable[[Json], Json]


@dataclass(frozen=True)
class Seen:
    """One request that reached the server, with everything it carried."""

    endpoint: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str]


class Fault(TypedDict, total=False):
    """What goes wrong, and when.

    Attributes:
        status: answer with this status instead of the honest answer.
        body: the text of that answer, or a JSON document; empty if left out.
        headers: headers of that answer.
        error: an OAuth error: by redirect from `authorize`, as JSON with status 400 from `token` and `revoke`.
        change: a function from the honest JSON document to another; more than one apply in turn.
        unheeded: search criteria of this kind are taken and confirmed in the self link, and change nothing: the dialect
            of servers that ignore date filters.
        resource_type: only requests for this FHIR type (pages of a search included).
        path: only requests for exactly this path.
        after: let this many matching requests pass first.
        times: stop after this many; without it the fault stays.
    """

    status: int
    body: str | bytes | Json
    headers: Mapping[str, str]
    error: str
    change: Change
    unheeded: Kind
    resource_type: str
    path: str
    after: int
    times: int


@dataclass
class _Rule:
    endpoint: str
    fault: Fault
    met: int = 0

    def meets(self, endpoint: str, path: str, resource_type: str | None) -> bool:
        """Whether the rule strikes now; each request it is about counts once."""
        fault = self.fault
        if endpoint != self.endpoint or fault.get("path", path) != path:
            return False
        if fault.get("resource_type", resource_type) != resource_type:
            return False
        self.met += 1
        after = fault.get("after", 0)
        return after < self.met and self.met - after <= fault.get("times", self.met)


class Faults:
    """The rules of one server in their order, and the requests it saw.

    Attributes:
        seen: every request, oldest first, once `watching` is true (a test's server; never the demo's).
        epoch: how often all access tokens were declared expired.
    """

    def __init__(self, *, watching: bool = True) -> None:
        self.seen: list[Seen] = []
        self.epoch = 0
        self.watching = watching
        self._rules: list[_Rule] = []

    def add(self, endpoint: Endpoint, **fault: Unpack[Fault]) -> None:
        """Add a rule; of the rules that answer in the server's place the first one that meets wins."""
        self._rules.append(_Rule(endpoint, fault))

    def clear(self) -> None:
        """Be honest again; what was seen stays."""
        self._rules.clear()

    def expire_access_tokens(self) -> None:
        """Let every access token that was issued until now be expired; refresh tokens stay good."""
        self.epoch += 1

    def saw(self, endpoint: Endpoint) -> list[Seen]:
        """The requests that reached one endpoint, oldest first."""
        return [one for one in self.seen if one.endpoint == endpoint]

    def striking(self, endpoint: str, path: str = "", resource_type: str | None = None) -> list[Fault]:
        """The faults that strike this request; each is counted as met."""
        return [rule.fault for rule in self._rules if rule.meets(endpoint, path, resource_type)]

    def changed(self, endpoint: Endpoint, document: Json) -> Json:
        """A document after the rules that change it."""
        return changed(self.striking(endpoint), document)


def changed(faults: list[Fault], document: Json) -> Json:
    """A document after the changes among some faults, in their order."""
    for fault in faults:
        document = fault["change"](document) if "change" in fault else document
    return document


def unheeded(faults: list[Fault]) -> frozenset[Kind]:
    """The kinds of search criteria that some faults let the server overlook."""
    return frozenset(fault["unheeded"] for fault in faults if "unheeded" in fault)


def answer_instead(faults: list[Fault]) -> Response | None:
    """The answer of the first fault that has one of its own; None if none has."""
    fault = next((one for one in faults if "status" in one), None)
    if fault is None:
        return None
    body = fault.get("body", "")
    kind = "application/json" if isinstance(body, dict) else "text/plain"
    text = json.dumps(body) if isinstance(body, dict) else body
    response = Response(text, fault["status"], mimetype=kind)
    response.headers.update(fault.get("headers", {}))
    return response


def error_of(faults: list[Fault]) -> str | None:
    """The OAuth error of the first fault that names one."""
    return next((one["error"] for one in faults if "error" in one), None)
