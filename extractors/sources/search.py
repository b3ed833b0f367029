"""Live reads of one FHIR server with one user's credential: the door to fhirclient's searches and server.

fhirclient words the searches and stands for the server; every byte goes through the gateway, and what comes back
is kept as it came: a page is one line for `extract`, never a model, so that one odd resource loses no other.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from fhirclient.models.fhirelementfactory import FHIRElementFactory
from fhirclient.models.fhirsearch import FHIRSearch
from fhirclient.models.provenance import Provenance
from fhirclient.server import FHIRServer

from extractors.decode import Json, Unreadable, read_object
from extractors.errors import GatewayError, LinkRefused, Unreachable
from extractors.events import Line
from extractors.gateway import LANES, Answer, Credential, Gateway
from extractors.places import place_of, reference_url
from extractors.references import Scope, reference_key
from extractors.sources.searchset import check_is, is_strange, keys_in, matches_of, page_of, subjects
from extractors.sources.walk import Bounds, Page, Refused, Walk, Wanted

PAGE_SIZE, MOST_PAGES = 100, 40
ADDS_NOTHING = "the server adds nothing related to a search"
"""Why a search is not all of it on a server that refuses `_include` and `_revinclude`."""
_FHIR = "application/fhir+json"
_OK, _BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 400, 401, 403, 404
_INCLUDES = {
    "MedicationRequest": {"_include": "MedicationRequest:medication"},
    "PractitionerRole": {"_include": "PractitionerRole:organization"},
}
"""What stands in resources of its own and belongs to a match: the drug of an order, the employer of a role."""


class Outcome(StrEnum):
    """What became of one search or read.

    `complete` says that what is not there is not on the server; `absent` that nothing of the type can be.
    """

    COMPLETE = "complete"
    PARTIAL = "partial: the server left something out"
    ABSENT = "absent: the server does not have this type"
    WITHHELD = "withheld: the EHR does not permit reading it"
    UNPROVEN = "unproven: the server's answers do not bear out that this is all, and only this"
    FAILED = "failed"


class WrongPatient(GatewayError):  # noqa: N818
    """The server answered with records of another patient than the one that was asked for."""


class Bearer(Protocol):
    """Gives a credential, and a new one in exchange for one that the server refused; None for an open server."""

    def credential(self, refused: Credential | None = None) -> Credential | None:
        """See `smartapp.smart.session` and `extractors.sources.bearers`."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one search or read gave: pages or a resource as lines.

    `detail` says why it is not all, `refused_with` is the HTTP status of a refusal; empty and None otherwise.
    """

    type: str
    outcome: Outcome
    lines: tuple[Line, ...] = field(default=(), repr=False)
    detail: str = ""
    refused_with: int | None = None


class _Said:
    """What fhirclient takes for a response of requests."""

    def __init__(self, answer: Answer) -> None:
        self.content = answer.body


class _Server(FHIRServer):  # type: ignore[misc]  # fhirclient is not typed
    """fhirclient's server without its network: no session, no authorization, no host of its own choosing."""

    def __init__(self, bases: tuple[str, ...], gateway: Gateway, bearer: Bearer) -> None:
        super().__init__(None, base_uri=bases[0])
        self.session = None
        self._bases, self._gateway, self._bearer = bases, gateway, bearer

    def _get(self, path: str, headers: Mapping[str, str] | None = None, nosign: bool = False) -> _Said:  # noqa: ARG002
        """Ask for a path below the base, or a further page; one renewal and one replay on 401 (R28).

        A credential that was not renewed is not tried twice.
        """
        url = path if "://" in path else f"{self.base_uri}{path}"
        credential = self._bearer.credential()
        answer = self._gateway.get(url, self._at(url, credential), _FHIR)
        if answer.status == _UNAUTHORIZED and (newer := self._bearer.credential(credential)) != credential:
            answer = self._gateway.get(url, self._at(url, newer), _FHIR)
        if answer.status != _OK:
            raise Refused(answer.status)
        return _Said(answer)

    def _at(self, url: str, credential: Credential | None) -> Credential | None:
        """The credential for the base that a URL is on; an alias is the same server by another name (R44)."""
        if credential is None:
            return None
        alias = next((base for base in self._bases[1:] if place_of(base).holds(place_of(url))), None)
        return replace(credential, base=alias) if alias else credential


class LiveServer:
    """One FHIR server as one signed-in user sees it."""

    def __init__(self, base: str, gateway: Gateway, bearer: Bearer, aliases: tuple[str, ...] = ()) -> None:
        self.bases = (base, *aliases)
        self._server = _Server((base, *aliases), gateway, bearer)

    def read(self, reference: str) -> Found:
        """One resource by `Type/id`; a reference that leads elsewhere is not followed (R19, R44)."""
        kind = reference.partition("/")[0]
        if reference_url(reference, self.bases[0]) is None:
            return Found(kind, Outcome.FAILED, detail="it is not on this server")
        try:
            body = self._server.request_data(reference)
            check_is(body, reference)
        except GatewayError as problem:
            return unread(kind, problem)
        return Found(kind, Outcome.COMPLETE, (Line(kind, 1, 0, body),))

    def capability(self) -> Json | None:
        """What the server says it can do; None where it does not say. A hint, never a proof (R11).

        Raises:
            Unreachable: it gives no answer at all.
            LinkRefused: it may not be asked, for instance because it lies in a private network.
        """
        try:
            return read_object(self._body("metadata"))
        except (Unreachable, LinkRefused):
            raise
        except (GatewayError, Unreadable):
            return None

    def key_of(self, reference: object) -> str | None:
        """`Type/id` of a literal reference to a resource of this server; None for any other, and for what is none."""
        text = reference.get("reference") if isinstance(reference, Mapping) else None
        here = isinstance(text, str) and any(reference_url(text, base) for base in self.bases)
        return reference_key({"reference": text}, "", Scope()) if here else None

    def of_patient(self, patient: str, kinds: Sequence[str]) -> list[Found]:
        """Everything of some types that the server shows of one patient, with the Provenance of each.

        Raises:
            WrongPatient: an answer holds somebody else's record; nothing of any answer may be shown (R23).
            ExtractionError: the credential cannot be renewed.
        """
        with ThreadPoolExecutor(LANES) as lanes:
            return list(lanes.map(lambda kind: self._of_patient(patient, kind), kinds))

    def roles_of(self, practitioner: str) -> Found:
        """The roles of a practitioner, through whom orders may be signed, with their organizations."""
        return self.search("PractitionerRole", {"practitioner": practitioner})

    def search(self, kind: str, parameters: Mapping[str, str]) -> Found:
        """Everything of one type that fits some search parameters, whoever's it is."""
        return self._found(kind, {**parameters, "_count": str(PAGE_SIZE)}, None)

    def _of_patient(self, patient: str, kind: str) -> Found:
        by = {"_id": patient} if kind == "Patient" else {"patient": patient}
        return self._found(kind, {**by, "_count": str(PAGE_SIZE)}, f"Patient/{patient}")

    def _found(self, kind: str, parameters: Mapping[str, str], whose: str | None) -> Found:
        """With all that belongs to it; from a server that refuses to add that, without, and then it is not all."""
        search = _search(kind, {**parameters, **_INCLUDES.get(kind, {})}, with_provenance=whose is not None)
        found = self._asked(kind, search, whose)
        if found.refused_with != _BAD_REQUEST:
            return found
        plain = self._asked(kind, _search(kind, parameters, with_provenance=False), whose)
        if plain.outcome is not Outcome.COMPLETE:
            return plain
        return replace(plain, outcome=Outcome.PARTIAL, detail=ADDS_NOTHING)

    def _asked(self, kind: str, path: str, whose: str | None) -> Found:
        try:
            return self._pages(kind, path, whose)
        except WrongPatient:
            raise
        except GatewayError as problem:
            return unread(kind, problem)

    def _pages(self, kind: str, path: str, whose: str | None) -> Found:
        lines: list[Line] = []
        walk = self.walk(path, Bounds(MOST_PAGES))
        for page in walk.on():
            if whose is not None:
                self._check_whose(page, whose, walk)
            lines.append(Line(kind, len(lines) + 1, 0, page.body))
        detail = walk.detail or walk.short
        return Found(kind, Outcome.PARTIAL if detail else Outcome.COMPLETE, tuple(lines), detail)

    def walk(self, path: str, bounds: Bounds, wanted: Wanted | None = None) -> Walk:
        """The pages of a search, below the base; without what is not wanted, if that is told."""
        return Walk(self._body, f"{self._server.base_uri}{path}", self.bases, bounds, wanted)

    def first(self, path: str) -> bytes:
        """What the server answers to a path below the base.

        Raises:
            GatewayError: see `extractors.errors`; `walk.Refused` with a status that is no success.
        """
        return self._body(path)

    def path_of(self, kind: str, parameters: Iterable[tuple[str, str]]) -> str:
        """A search below the base, as fhirclient words it; a parameter that stands twice has to hold twice."""
        by_name: dict[str, list[str]] = {}
        for name, value in parameters:
            by_name.setdefault(name, []).append(value)
        worded = {name: values[0] if len(values) == 1 else {"$and": values} for name, values in by_name.items()}
        return _search(kind, worded, with_provenance=False)

    def _body(self, url: str) -> bytes:
        return bytes(self._server.request_data(url))

    def _check_whose(self, page: Page, whose: str, walk: Walk) -> None:
        """Refuse another patient's records; says so where a match does not say whose it is."""
        matches = matches_of(page.document)
        if any(is_strange(match, whose, self.bases) for match in matches):
            raise WrongPatient("the EHR answered with another patient's records. Nothing of them is shown.")
        if not all(map(subjects, matches)):
            walk.doubt("a record does not say whose it is")


def _search(kind: str, parameters: Mapping[str, object], *, with_provenance: bool) -> str:
    """A search as fhirclient words it, perhaps with the Provenance of every match."""
    search = FHIRSearch(type(FHIRElementFactory.instantiate(kind, None)), dict(parameters))
    if with_provenance:
        search.include("target", Provenance, reverse=True)
    return str(search.construct())


def matches_in(found: Found) -> list[Json]:
    """Every match of a search, page by page, without what only came along."""
    return [resource for line in found.lines for resource in matches_of(page_of(line.data))]


def keys_of(found: Found) -> set[str]:
    """`Type/id` of every match of a search."""
    return set(keys_in(matches_in(found)))


def subjects_of(found: Found) -> set[str]:
    """Whom the matches of a search are about, as keys."""
    return set().union(*map(subjects, matches_in(found)))


def unread(kind: str, problem: GatewayError) -> Found:
    """What an exception says of a search or read that gave nothing."""
    status = problem.status if isinstance(problem, Refused) else None
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        return Found(kind, Outcome.WITHHELD, detail=str(problem), refused_with=status)
    outcome = Outcome.ABSENT if status == _NOT_FOUND else Outcome.FAILED  # R4, 3.1.0.1: a type that is not supported
    return Found(kind, outcome, detail=str(problem), refused_with=status)
