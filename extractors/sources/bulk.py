"""A bulk export from its kick-off to the moment at which the server may forget it (FHIR Bulk Data Access).

Each step is in the journal before the next one. What could not be had, or is not proven to be all, is a row of the
ledger, never an absence.
"""

import hashlib
from dataclasses import dataclass, replace

from extractors.errors import ExtractionError, GatewayError, LinkRefused, Oversized, SourceError, Unreachable, Untrusted
from extractors.gateway import Answer, Proof
from extractors.places import resolved
from extractors.sources.bulk_doubts import doubt_of, grave_in
from extractors.sources.bulk_files import Draft, Weighed
from extractors.sources.bulk_journal import BulkJournal, Got, Job, Proven
from extractors.sources.bulk_manifest import Content, Listed, Manifest, read_manifest, told_apart
from extractors.sources.bulk_order import Order
from extractors.sources.bulk_refusals import refusal
from extractors.sources.bulk_server import (
    ACCEPTED,
    FAULT,
    FORBIDDEN,
    GONE,
    NOT_IMPLEMENTED,
    OK,
    TOO_MANY,
    BulkServer,
)
from extractors.sources.bulk_waiting import JobGone, Polling
from extractors.sources.crawl_files import write_whole

_MOST_PAGES = 10_000
_MOST_ROUNDS = 20
_KICK_OFFS = 2
_DELETED = (200, 202, 204, *GONE)


@dataclass(frozen=True, slots=True)
class _Numbered:
    number: int
    listed: Listed
    token: bool


class Export:
    """Carries an order out, into a journal."""

    def __init__(self, server: BulkServer, journal: BulkJournal, order: Order) -> None:
        self._server, self._journal, self._order = server, journal, order

    def run(self) -> Job:
        """Export: go on with the unfinished job of this order, or start one; of everything, after one that was lost.

        Raises:
            NoExport: the server does not export this to us.
            SignInNeeded: the credential is refused; the job stays.
            Unreachable: the server gives no answer; the job stays. Busy: it takes no export now.
            SourceError: the disk does not take it, or the server's jobs keep failing.
        """
        for _ in range(_KICK_OFFS):
            job = self._taken_up() or self._started()
            try:
                return self.finish(self._fetched(job))
            except JobGone as problem:
                self._order.say(f"the export is lost: {problem}")
                self._journal.say("ended", job.number, why=str(problem))
                self._order = replace(self._order, request=replace(self._order.request, since=None))
        raise SourceError("the server lost or failed the export twice in a row. Try again later, or crawl it.")

    def finish(self, job: Job) -> Job:
        """Count a job whose files are all there, and let the server forget it once they are proven (R62)."""
        if not job.committed:
            job = self._journal.say("committed", job.number)
            self._journal.forget_replaced()
        return self.close(job) if job.is_whole else job

    def close(self, job: Job) -> Job:
        """Let the server forget a job, or cancel it; one that it does not know any more is forgotten already.

        Whatever it answers, what was read counts; where it fails, or the sign-in does, a later run asks again.
        """
        if job.closed or job.status is None:
            return job
        self._order.reached("before DELETE")
        try:
            answer = self._server.forget(job.status)
        except ExtractionError as problem:
            self._order.say(f"the server still keeps the export ({problem})")
            return job
        if (answer.status >= FAULT and answer.status != NOT_IMPLEMENTED) or answer.status == TOO_MANY:
            self._order.say(f"the server still keeps the export (status {answer.status})")
            return job
        kept = "" if answer.status in _DELETED else f"the server keeps it (status {answer.status})"
        return self._journal.say("closed", job.number, why=kept)

    def cancel(self) -> bool:
        """Let the server forget every unfinished job, and start the next one afresh; whether it does."""
        unfinished = [job for job in self._journal.jobs.values() if not job.committed and not job.ended]
        for job in unfinished:
            if job.status is None or self.close(job).closed:
                self._journal.say("ended", job.number, why="cancelled")
        return all(self._journal.jobs[job.number].ended for job in unfinished)

    def retry(self, job: Job) -> Job:
        """Ask once more for the files of a committed job that were lost or are not proven."""
        try:
            return self.finish(self._fetched(job))
        except JobGone as problem:
            return self._journal.say("closed", job.number, why=str(problem))

    def _taken_up(self) -> Job | None:
        """The unfinished job of the same order (R54); one of another order is told to the server as not wanted."""
        for job in list(self._journal.jobs.values()):
            if job.committed or job.ended:
                continue
            if job.status is not None and self._is_same(job):
                self._order.say("going on with the export that was started before")
                return job
            self._journal.say("ended", self.close(job).number, why=_why_ended(job))
        return None

    def _is_same(self, job: Job) -> bool:
        ours = self._order.request.as_document() | {"profile_digest": self._order.profile_digest}
        if self._order.request.since:
            ours["members"] = self._order.members
        return all(job.request.get(name) == value for name, value in ours.items())

    def _started(self) -> Job:
        order, number = self._order, max(self._journal.jobs, default=0) + 1
        request = order.request.as_document() | {"profile_digest": order.profile_digest, "members": order.members}
        self._journal.say("asked", number, request=request)
        answer = self._server.start(order.request, order.form)
        if answer.status != ACCEPTED:
            problem = refusal(answer)
            self._journal.say("ended", number, why=str(problem))
            raise problem
        status = self._server.status_of(answer)
        job = self._journal.say("accepted", number, status=status, withheld=list(order.withheld()))
        self._server.own(status, answer.url)
        return job

    def _fetched(self, job: Job) -> Job:
        """Every file that is not proven yet, asked for again by fresh addresses while the old ones run out (F7)."""
        if job.status is None:
            raise JobGone("its address is not known")
        files = self._listed(job)
        job = self._journal.jobs[job.number]
        expired = self._round(job, [one for one in files if not _is_proven(job, one)], len(files))
        for _ in range(_MOST_ROUNDS):
            if not expired:
                break
            left = self._afresh(job, expired)
            found = self._round(self._journal.jobs[job.number], left, len(files))
            if len(found) == len(left):
                return self._lost(job.number, found)
            expired = found
        return self._lost(job.number, expired)

    def _round(self, job: Job, files: list[_Numbered], of: int) -> list[_Numbered]:
        """Fetch files by one list of addresses; those whose address is not good any more."""
        expired = []
        for one in files:
            if (got := self._file(job, one)) is None:
                expired.append(one)
            else:
                self._journal.got(job.number, got)
            self._order.done(one.number, of)
        return expired

    def _afresh(self, job: Job, expired: list[_Numbered]) -> list[_Numbered]:
        """Those files by fresh addresses; all files, where the server now lists others."""
        fresh, numbers = self._listed(job), {one.number for one in expired}
        known = self._journal.jobs[job.number].files
        return [one for one in fresh if one.number in numbers or one.number not in known]

    def _lost(self, number: int, expired: list[_Numbered]) -> Job:
        """Give files up whose addresses are never good."""
        for one in expired:
            lost = Got(one.number, one.listed.content, one.listed.type, Proven.LOST, detail="its address has expired")
            self._journal.got(number, lost)
        return self._journal.jobs[number]

    def _listed(self, job: Job) -> list[_Numbered]:
        """The files of all pages of the manifest, numbered as they were the first time; each page is kept as it came.

        Raises:
            JobGone: the files of a committed job were replaced by others.
        """
        polling = Polling(self._server, self._order.waits, self._order.say)
        answer = polling.manifest(str(job.status), job.asked_at)
        (self._journal.folder / job.folder).mkdir(mode=0o700, exist_ok=True)
        found: list[_Numbered] = []
        first: Manifest | None = None
        seen, digests = set[str](), list[str]()
        while True:
            page = _read(answer)
            first = first or page
            write_whole(self._journal.folder / job.folder / f"manifest-{len(seen) + 1:04}.json", answer.body)
            digests.append(hashlib.sha256(answer.body).hexdigest())
            for listed in page.files:
                found.append(self._numbered(len(found) + 1, listed, page, answer.url))
            if page.next is None:
                break
            url = self._server.own(page.next, answer.url)
            if url in seen or len(seen) >= _MOST_PAGES:
                raise JobGone("the pages of its manifest do not end")
            seen.add(url)
            answer = self._page(url)
        return self._known(job, first, found, digests)

    def _known(self, job: Job, first: Manifest, found: list[_Numbered], digests: list[str]) -> list[_Numbered]:
        """Numbered by what tells them apart, never by their order; of another list, no file got before counts."""
        listed = told_apart(one.listed for one in found)
        if job.listed is None or set(job.listed) != set(listed) or job.moment != first.moment:
            if job.committed:
                raise JobGone("the server lists other files for it than before")
            job = self._journal.say(
                "manifest", job.number, moment=first.moment, since=first.since, sha256=digests, listed=listed
            )
        numbers = {name: number for number, name in enumerate(job.listed or (), 1)}
        return [replace(one, number=numbers[name]) for one, name in zip(found, listed, strict=True)]

    def _numbered(self, number: int, listed: Listed, page: Manifest, said_at: str) -> _Numbered:
        """With an absolute address; one that may not be asked is kept as it is, and refused when its turn comes."""
        try:
            url = resolved(listed.url, said_at)
            return _Numbered(number, replace(listed, url=url), self._server.needs_token(url, page.needs_token))
        except LinkRefused:
            return _Numbered(number, listed, token=False)

    def _page(self, url: str) -> Answer:
        answer = self._server.poll(url)
        if answer.status == OK:
            return answer
        if answer.status in GONE:
            raise JobGone(f"a page of its manifest is gone (status {answer.status})")
        raise Unreachable(f"a page of the manifest: the server answered with status {answer.status}. Try again later")

    def _file(self, job: Job, one: _Numbered) -> Got | None:
        """A file, proven or not; None where its address is not good any more."""
        name = f"{one.number:05}-{one.listed.content}-{one.listed.type}.ndjson"
        draft = Draft(self._journal.folder / job.folder / name, self._order.arrived)
        try:
            return self._proven(one, draft, f"{job.folder}/{name}")
        except (LinkRefused, Untrusted, Oversized) as problem:
            return Got(one.number, one.listed.content, one.listed.type, Proven.LOST, detail=str(problem))
        finally:
            draft.drop()

    def _proven(self, one: _Numbered, draft: Draft, name: str) -> Got | None:
        """Once where the transport and the content prove it whole, else twice and compared (R58)."""
        before: Weighed | None = None
        for _ in range(2):
            answer = self._server.fetch(one.listed.url, token=one.token, begin=draft.begin)
            if answer.status != OK:
                return self._refused(one, answer)
            weighed = draft.weigh()
            doubt = doubt_of(weighed, one.listed)
            if not doubt and (answer.proof is not Proof.NONE or before == weighed):
                break
            before = weighed
        else:
            doubt = doubt or "its end is not shown, and it came differently a second time"
        draft.settle(self._order.reached)
        state = Proven.UNPROVEN if doubt else Proven.PROVEN
        got = Got(one.number, one.listed.content, one.listed.type, state, name, weighed.size, weighed.lines)
        grave = grave_in(draft.place, self._order.request.types) if one.listed.content is Content.ERROR else ()
        return replace(got, sha256=weighed.sha256, detail=doubt, grave=grave)

    def _refused(self, one: _Numbered, answer: Answer) -> Got | None:
        if answer.status >= FAULT or answer.status == TOO_MANY:
            raise Unreachable(f"a file: the server answered with status {answer.status}. Try again later")
        if answer.status == FORBIDDEN and one.token:
            detail = f"status {answer.status}"
            return Got(one.number, one.listed.content, one.listed.type, Proven.WITHHELD, detail=detail)
        return None


def _read(answer: Answer) -> Manifest:
    try:
        return read_manifest(answer.body)
    except GatewayError as problem:
        raise Unreachable(f"the export is done, but {problem}. Try again later") from None


def _is_proven(job: Job, one: _Numbered) -> bool:
    known = job.files.get(one.number)
    return known is not None and known.state is Proven.PROVEN


def _why_ended(job: Job) -> str:
    return "replaced by another request" if job.status else "the answer to its kick-off was never had"
