"""The search crawl: every record of a cohort, type by type and patient by patient, kept page by page.

Whatever ends it, the same crawl goes on where it stopped: a search that came to a good end is not asked again, one
that was broken off goes on with its next page, and one that failed is tried anew. What could not be had is a row of
the ledger, never an absence.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import Any, TypeVar
from urllib.parse import urlencode

from extractors.decode import Json, read_object
from extractors.errors import Unreachable
from extractors.gateway import LANES
from extractors.sources.crawl_files import Kept
from extractors.sources.dialect import EVIDENCE, RELATED, Dialect
from extractors.sources.journal import Journal, Record
from extractors.sources.queries import Asking, Query, Role, role_of
from extractors.sources.search import LiveServer, Outcome
from extractors.sources.searchset import entries_in, keys_in

Told = Callable[[int, int], None]
_TARGETS_AT_ONCE = 20
_ROUNDS = 100
_BUSY = (None, 429, 502, 503, 504)
"""Statuses of a server that answers nobody at present; None is no answer at all."""
_FAILURES_IN_A_ROW = 25
_ANSWERED = (Outcome.COMPLETE, Outcome.PARTIAL, Outcome.UNPROVEN)
_KEY = re.compile(r"(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9._~-]+)")
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read of whom: ids of patients, types, and whether Provenance is wanted; in how many lanes.

    `tell` is called with searches that are done and those that are known to be to do.
    """

    patients: Sequence[str]
    kinds: Sequence[str]
    evidence: bool
    tell: Told
    lanes: int = LANES


class Crawl:
    """Reads a plan from a server into a journal."""

    def __init__(self, asking: Asking, dialect: Dialect, plan: Plan) -> None:
        self._asking, self._dialect, self._plan = asking, dialect, plan
        self._server: LiveServer = asking.server
        self._journal: Journal = asking.journal
        self._lock = Lock()
        self._lacking = set[str]()
        self._in_a_row = 0
        self._done, self._to_do = 0, len(plan.patients) * len(plan.kinds)

    def run(self) -> None:
        """Read everything that is not there yet.

        Raises:
            SignInNeeded: the credential is no longer good.
            Unreachable: the server has stopped answering.
            SourceError: what was kept before cannot be read.
        """
        self._each(((patient, kind) for patient in self._plan.patients for kind in self._plan.kinds), self._of_patient)
        self._follow_references()
        self._doubt_absence()
        self._journal.finish()

    def _doubt_absence(self) -> None:
        """A type that answered one search is on the server: another that was not found failed."""
        records = [record for record in self._journal.records.values() if record.query]
        there = {record.type for record in records if record.state in _ANSWERED}
        for record in records:
            if record.state is Outcome.ABSENT and record.type in there:
                self._journal.end(replace(record, state=Outcome.FAILED))

    def _of_patient(self, item: tuple[str, str]) -> None:
        patient, kind = item
        by = self._dialect.of_patient(kind, patient)
        along, plain = (self._dialect.asking(kind, by, along=one) for one in (self._plan.evidence, False))
        query = Query(Role.PATIENT, kind, along, plain, f"Patient/{patient}")
        before = self._journal.records.get(query.key)
        record = self._ask(query)
        needed = self._plan.evidence and record.received and not record.evidence
        evidence = list(self._evidence_of(query)) if needed else []
        if before is not None and before is not record:
            self._forget_evidence(query, {one.key for one in evidence})
        for one in evidence:
            self._ask(one)
        self._told()

    def _forget_evidence(self, query: Query, needed: set[str]) -> None:
        """Drop the evidence of what an earlier answer to a search gave, and this one does not."""
        stale = urlencode({"target": f"{query.type}/"})
        for key, record in list(self._journal.records.items()):
            of_it = (record.role, record.whose) == (Role.EVIDENCE, query.whose) and record.query.startswith(stale)
            if of_it and key not in needed:
                self._journal.begin_again(key)

    def _evidence_of(self, query: Query) -> Iterator[Query]:
        """The searches for the Provenance of every match, where the server did not bring it along."""
        keys = sorted(set(keys_in(self._asking.matches(query))))
        for start in range(0, len(keys), _TARGETS_AT_ONCE):
            targets = ",".join(keys[start : start + _TARGETS_AT_ONCE])
            parameters = self._dialect.asking(EVIDENCE, (("target", targets),))
            yield Query(Role.EVIDENCE, EVIDENCE, parameters, whose=query.whose)

    def _ask(self, query: Query) -> Record:
        """Ask, but not again for a type that the server neither lists nor has; stop where nothing answers at all."""
        if query.type in self._lacking and query.key not in self._journal.records:
            record = _unasked(query, Outcome.ABSENT, "not listed, and refused before")
            self._journal.end(record)
            return record
        record = self._asking.ask(query)
        self._note(query, record)
        return record

    def _note(self, query: Query, record: Record) -> None:
        listed = self._dialect.listed
        with self._lock:
            if record.state is Outcome.ABSENT and query.id is None and listed is not None and query.type not in listed:
                self._lacking.add(query.type)
            unanswered = record.state is Outcome.FAILED and record.refused_with in _BUSY
            self._in_a_row = self._in_a_row + 1 if unanswered else 0
            if self._in_a_row >= _FAILURES_IN_A_ROW:
                raise Unreachable(
                    f"the server gave no usable answer {self._in_a_row} times in a row ({record.detail}). Give the "
                    "same command again later: what was read is kept."
                )

    def _follow_references(self) -> None:
        """Read whom and what the records point to, and what those point to, as far as it is on this server."""
        asked, scanned = set[str](), set[Kept]()
        here, wanted = set[str](), set[str]()
        for _ in range(_ROUNDS):
            queries = self._not_yet(asked, scanned, here, wanted)
            self._to_do += len(queries)
            self._each(queries, self._ask_related)
            if not queries:
                return
        for query in self._not_yet(asked, scanned, here, wanted):
            self._journal.end(_unasked(query, Outcome.FAILED, "what the records point to leads on without end"))

    def _not_yet(self, asked: set[str], scanned: set[Kept], here: set[str], wanted: set[str]) -> list[Query]:
        """What the pages that were not looked at before lead to, and was not asked for; all of it is noted as done."""
        for key, page in self._journal.all_pages():
            if page not in scanned and role_of(key) is not Role.COHORT:
                scanned.add(page)
                self._scan(page, here, wanted)
        queries = [query for query in self._related(here, wanted) if query.key not in asked]
        asked |= {query.key for query in queries}
        return queries

    def _ask_related(self, query: Query) -> None:
        self._ask(query)
        self._told()

    def _related(self, here: set[str], wanted: set[str]) -> Iterator[Query]:
        for key in sorted(wanted - here):
            kind, _, name = key.partition("/")
            yield Query(Role.RELATED, kind, id=name)
        for key in sorted(here | wanted):
            kind, _, name = key.partition("/")
            if kind == "Practitioner":
                roles = self._dialect.asking("PractitionerRole", (("practitioner", name),))
                yield Query(Role.RELATED, "PractitionerRole", roles)

    def _scan(self, page: Kept, here: set[str], wanted: set[str]) -> None:
        """Note what of the related types a page holds, and what it points to."""
        for resource in resources_of(self._journal.body(page)):
            here |= {key for key in keys_in([resource]) if _is_related(key)}
            for reference in _references(resource):
                key = self._server.key_of(reference)
                if key is not None and _is_related(key):
                    wanted.add(key)

    def _told(self) -> None:
        with self._lock:
            self._done += 1
            self._plan.tell(self._done, self._to_do)

    def _each(self, items: Iterable[_Item], work: Callable[[_Item], None]) -> None:
        """Do work on every item, in lanes; the first failure ends all of them."""
        left, taking, stop = iter(items), Lock(), Event()

        def lane() -> None:
            while not stop.is_set():
                with taking:
                    item = next(left, None)
                if item is None:
                    return
                try:
                    work(item)
                except BaseException:
                    stop.set()
                    raise

        with ThreadPoolExecutor(self._plan.lanes) as lanes:
            running = [lanes.submit(lane) for _ in range(self._plan.lanes)]
            try:
                for one in running:
                    one.result()
            finally:
                stop.set()


def _unasked(query: Query, state: Outcome, why: str) -> Record:
    return Record(query.key, query.role, query.type, query.whose, query.text, state, why)


def resources_of(body: bytes) -> list[Json]:
    """The resources of a kept answer: those of a page, or the one that was read."""
    document = read_object(body)
    if document.get("resourceType") != "Bundle":
        return [document]
    return [resource for _, resource in entries_in(document)]


def _is_related(key: str) -> bool:
    found = _KEY.fullmatch(key)
    return found is not None and found["type"] in RELATED


def _references(value: Any) -> Iterator[Json]:
    """Every Reference within a resource."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value
        for one in value.values():
            yield from _references(one)
