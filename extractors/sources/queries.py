"""One question to a server, and asking it until there is an answer that can be kept, or none to be had."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock
from urllib.parse import urlencode

from extractors.decode import Json
from extractors.errors import ExtractionError, GatewayError
from extractors.references import Scope, reference_key
from extractors.sources.crawl_files import Kept
from extractors.sources.dialect import Parameters
from extractors.sources.journal import Journal, Record
from extractors.sources.search import Found, LiveServer, Outcome, unread
from extractors.sources.searchset import (
    NO_PROVENANCE,
    is_no_record,
    is_strange,
    matches_of,
    page_of,
    stated_total,
    subjects,
)
from extractors.sources.walk import Bounds, FurtherPageRefused, Page, Refused, Walk

BOUNDS = Bounds(pages=10_000, seconds=6 * 3600, tries=2)
RESTARTS = 3
SETTLED = frozenset({Outcome.COMPLETE, Outcome.ABSENT})
"""States that are not asked about again."""
_BAD_REQUEST, _UNAUTHORIZED, _NOT_THERE = 400, 401, (404, 410)
_PATIENTS_OWN, _NOBODYS = (
    "another patient's records were among the answers and are left out",
    "a record does not say whose it is",
)
_CHANGING = "its pages change from one reading to the next"


class SignInNeeded(ExtractionError):  # noqa: N818  # the word says it
    """The server no longer takes the credential; what was read is kept."""


class Role(StrEnum):
    """What a search is for."""

    COHORT = "cohort"
    PATIENT = "patient"
    EVIDENCE = "evidence"
    RELATED = "related"


@dataclass(frozen=True, slots=True)
class Query:
    """One search, or one read if `id` is set.

    `plain` are its parameters without what may come along, for a server that refuses that. `whose` is the key of the
    patient that it is about.
    """

    role: Role
    type: str
    parameters: Parameters = ()
    plain: Parameters = ()
    whose: str | None = None
    id: str | None = None

    @property
    def text(self) -> str:
        """As it stands in the ledger."""
        return urlencode(self.plain or self.parameters)

    @property
    def key(self) -> str:
        """What tells it from every other question of a crawl, however the server is asked."""
        return f"{self.role} {self.type}/{self.id}" if self.id else f"{self.role} {self.type}?{self.text}"

    def wants(self, mode: str, resource: Json, bases: Iterable[str]) -> bool:
        """Whether a resource of an answer is one that was asked for (R70, R71)."""
        kind = resource.get("resourceType")
        if kind == "OperationOutcome":
            return True
        if is_no_record(mode, resource):
            return False
        if mode == "match" and kind != self.type:
            return False
        if self.role is Role.EVIDENCE:
            return bool(_targets(resource) & set(dict(self.parameters)["target"].split(",")))
        return self.whose is None or not is_strange(resource, self.whose, tuple(bases))


def role_of(key: str) -> Role:
    """What the search of a key is for."""
    return Role(key.partition(" ")[0])


def _targets(provenance: Json) -> set[str]:
    found = provenance.get("target")
    targets = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return {key for one in targets if (key := reference_key(one, "", Scope()))}


class Asking:
    """Asks questions and keeps the answers in a journal. Safe to use from several threads.

    `listed` are the types that the server says it has: a search of one that is not found failed.
    """

    def __init__(
        self, server: LiveServer, journal: Journal, bounds: Bounds = BOUNDS, listed: Container[str] = ()
    ) -> None:
        self.server, self.journal, self._bounds = server, journal, bounds
        self._lock, self._good = Lock(), ""
        self._listed = listed

    def ask(self, query: Query) -> Record:
        """What became of a question: as it is known already, or by asking.

        Raises:
            SignInNeeded: the credential is no longer good.
            SourceError: what was kept cannot be read.
        """
        known = self.journal.records.get(query.key)
        if known is not None and known.state in SETTLED:
            return known
        if known is not None and known.state is not Outcome.FAILED:
            self.journal.begin_again(query.key)
        record = self._answered(query)
        if record.refused_with == _UNAUTHORIZED:
            record = self._let_in(query)
        self.journal.end(record)
        return record

    def matches(self, query: Query) -> Iterator[Json]:
        """The matches of a search that are kept."""
        for page in self.journal.pages(query.key):
            yield from matches_of(page_of(self.journal.body(page)))

    def _let_in(self, query: Query) -> Record:
        """The answer once more, if what the server answered before, it answers still: a 401 is about one type then."""
        with self._lock:
            good = self._good or self._answered_before()
        try:
            if good and self.server.first(good):
                return self._answered(query)
        except Refused as problem:
            if problem.status != _UNAUTHORIZED:
                return _record(query, Outcome.FAILED, str(problem), None)
        raise SignInNeeded(
            "the server wants a sign-in, or does not take this token (any more). Name a file with a good token by "
            "--token-file, and give the same command again: what was read is kept."
        )

    def _answered_before(self) -> str:
        """A search that an earlier process had a good answer to; empty if there is none."""
        good = (r for r in self.journal.records.values() if r.state is Outcome.COMPLETE and r.query)
        return next((f"{one.type}?{one.query}" for one in good), "")

    def _answered(self, query: Query) -> Record:
        try:
            return self._read(query) if query.id else self._searched(query)
        except GatewayError as problem:
            status = problem.status if isinstance(problem, FurtherPageRefused) else None
            found = replace(unread(query.type, problem), refused_with=status) if status else unread(query.type, problem)
            if found.outcome is Outcome.ABSENT and query.type in self._listed:
                found = replace(found, outcome=Outcome.FAILED)
            return _record(query, found.outcome, found.detail, found.refused_with)

    def _read(self, query: Query) -> Record:
        found = self.server.read(f"{query.type}/{query.id}")
        if found.refused_with in _NOT_THERE:
            return _record(query, Outcome.ABSENT, "there is no such resource", found.refused_with)
        if self.journal.pages(query.key):
            self.journal.begin_again(query.key)
        for line in found.lines:
            self.journal.keep(query.key, line.data, Kept("", reading=1, entries=1))
        return _record(query, found.outcome, found.detail, found.refused_with, received=len(found.lines))

    def _searched(self, query: Query) -> Record:
        """A search, begun again when the server forgets it, and without what it refuses to bring along."""
        parameters = query.parameters
        for _ in range(RESTARTS + 1):
            try:
                return self._read_through(query, parameters)
            except FurtherPageRefused as problem:
                if not problem.expired:
                    raise
                self.journal.begin_again(query.key)
            except Refused as problem:
                if problem.status != _BAD_REQUEST or not query.plain or parameters == query.plain:
                    raise
                parameters = query.plain
        raise GatewayError("its pages expire before they are read")

    def _read_through(self, query: Query, parameters: Parameters) -> Record:
        """Read to the end; where that leaves a doubt about what the pages show, once more (R53)."""
        walk = self._walked(query, parameters, 1)
        if not walk.total and (walk.pages > 1 or _is_full(query, walk)):
            walk.total = self._counted(query)
        if walk.pages == 1 or not (walk.repeated or walk.short):
            return _judged(query, walk, "")
        second = self._walked(query, parameters, 2)
        changed = _CHANGING if second.seen != walk.seen else ""
        walk.take_in(second)
        return _judged(query, walk, changed)

    def _walked(self, query: Query, parameters: Parameters, reading: int) -> Walk:
        """One reading of all pages: those that are kept, then the rest, each kept before the next is asked for."""
        bases = self.server.bases
        path = self.server.path_of(query.type, parameters)
        walk = self.server.walk(path, self._bounds, lambda mode, resource: query.wants(mode, resource, bases))
        for kept in self.journal.pages(query.key):
            if kept.reading == reading:
                _doubt_whose(query, walk, walk.again(kept.url, self.journal.body(kept), kept.strangers))
        for page in walk.on():
            self._note_good(path)
            entries = len(page.document.get("entry") or [])
            self.journal.keep(query.key, page.body, Kept(page.url, reading, entries, page.left_out))
            _doubt_whose(query, walk, page)
        return walk

    def _note_good(self, path: str) -> None:
        with self._lock:
            self._good = path

    def _counted(self, query: Query) -> int:
        """How many matches the server counts; 0 where it does not count."""
        counting = (*((n, v) for n, v in query.plain or query.parameters if n != "_count"), ("_summary", "count"))
        try:
            return stated_total(page_of(self.server.first(self.server.path_of(query.type, counting))))
        except GatewayError:
            return 0


def _doubt_whose(query: Query, walk: Walk, page: Page) -> None:
    if query.role is Role.PATIENT and not all(map(subjects, matches_of(page.document))):
        walk.doubt(_NOBODYS)


def _is_full(query: Query, walk: Walk) -> bool:
    """Whether a page holds as many matches as were asked for, so that the server may have cut it there."""
    size = dict(query.parameters).get("_count", "")
    return size.isdecimal() and walk.largest >= int(size)


def _judged(query: Query, walk: Walk, changed: str) -> Record:
    """What a search that was read to its end is worth."""
    doubts = [doubt for doubt in walk.doubts if doubt != NO_PROVENANCE]
    strange = _PATIENTS_OWN if walk.left_out and query.role is Role.PATIENT else ""
    unproven = next(filter(None, (strange, changed, *(d for d in doubts if d == _NOBODYS))), "")
    partial = next((doubt for doubt in [*doubts, walk.short] if doubt and doubt != _NOBODYS), "")
    state = Outcome.PARTIAL if partial else Outcome.UNPROVEN if unproven else Outcome.COMPLETE
    found = Found(query.type, state, detail=partial or unproven)
    record = _record(query, found.outcome, found.detail, None, received=len(walk.seen))
    evidence = walk.brought and "_revinclude=" in walk.first and NO_PROVENANCE not in walk.doubts
    return replace(record, duplicates=walk.repeated, strangers=walk.left_out, evidence=evidence)


def _record(query: Query, state: Outcome, detail: str, refused_with: int | None, received: int = 0) -> Record:
    return Record(
        query.key, query.role, query.type, query.whose, query.text, state, detail, refused_with, received=received
    )
