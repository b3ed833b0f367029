"""An export as a use case: which job to go on with or to start, and since when (R54, R62)."""

import hashlib
import json

from extractors.decode import read_object
from extractors.gateway import Limits
from extractors.sources.bulk import Export
from extractors.sources.bulk_journal import BulkJournal, Job, is_export
from extractors.sources.bulk_order import Order
from extractors.sources.bulk_refusals import Busy
from extractors.sources.bulk_request import Level, Request
from extractors.sources.bulk_server import BulkServer, Hosts
from extractors.sources.chosen import make_current
from extractors.sources.cohort import Rule
from extractors.sources.crawled import faults_of, not_whole_of
from extractors.sources.dialect import RELATED, types_of
from extractors.sources.exported import Exported
from extractors.sources.search import Outcome
from smartapp.reading.crawling import Connection, gateway_of
from smartapp.reading.fetch_terms import Fetched, Fetching, Renew, Telling, Way
from smartapp.smart.backend import BackendToken

BULK_FOLDER = "bulk"
_LARGE = 1 << 40
_LISTING = 600
_FILES = Limits(total=6 * 3600, packed=_LARGE, size=_LARGE, slowest=60_000)
"""A file of an export may be large and slow: what bounds it is the disk, and a check of each line when it is read.

Less than a kilobyte a second is no download (F2): it is broken off, and tried again."""


class Exporting:
    """One order for an export, in the folder that keeps those of one server and cohort."""

    def __init__(self, asked: Fetching, telling: Telling, connection: Connection) -> None:
        self._asked, self._telling, self._connection = asked, telling, connection
        cohort, profile = asked.crawling.cohort, connection.profile
        self._base = asked.crawling.base.rstrip("/")
        self._level = asked.level or (Level.GROUP if cohort.rule is Rule.GROUP else Level.PATIENT)
        self._types = tuple(sorted({*types_of(profile), *RELATED}))
        self._place = asked.crawling.out / BULK_FOLDER
        self._header = {"base": self._base, "level": str(self._level), "group": cohort.group}

    def run(self) -> Fetched:
        """See `fetch`.

        Raises:
            NoExport: the server does not export this to us.
        """
        journal = BulkJournal.opened(self._place, self._header, self._asked.reached)
        try:
            new = self._run(journal)
        finally:
            journal.close()
        make_current(self._place)
        rows = Exported(self._place, self._connection.profile).asked
        return Fetched(
            folder=self._asked.crawling.out,
            way=Way.BULK,
            new=new,
            faults=tuple(faults_of(rows)),
            not_whole=tuple(not_whole_of(rows)),
            cautions=self._connection.cautions,
        )

    def cancel(self) -> bool:
        """See `smartapp.reading.fetching.cancel`."""
        if not is_export(self._place):
            return True
        journal = BulkJournal.opened(self._place, self._header)
        try:
            return self._export(journal, None, "").cancel()
        finally:
            journal.close()

    def _run(self, journal: BulkJournal) -> bool:
        """Whether anything was read."""
        last = journal.last()
        if last is not None and last.committed and self._is_kept(journal, last):
            export = self._export(journal, last.request["since"], "")
            if last.is_whole:
                export.close(last)
                return False
            if not last.closed:
                export.retry(last)
            return not last.closed
        members = self._members()
        export = self._export(journal, self._since(journal, members), members)
        before = [job.number for job in journal.jobs.values() if job.committed and not job.closed]
        try:
            export.run()
        except Busy:
            if not any([export.close(journal.jobs[number]).closed for number in before]):
                raise
            export.run()
        for number in before:
            export.close(journal.jobs[number])
        return True

    def _is_kept(self, journal: BulkJournal, last: Job) -> bool:
        return self._asked.renew is Renew.KEEP and not self._why_another(journal, last)

    def _export(self, journal: BulkJournal, since: str | None, members: str) -> Export:
        crawling, connection = self._asked.crawling, self._connection
        request = Request(self._base, self._level, crawling.cohort.group, self._types, since)
        order = Order(
            request,
            connection.profile.digest,
            members,
            self._asked.form,
            self._asked.waits,
            self._withheld,
            self._telling.done,
            self._telling.say,
            self._asked.arrived,
            self._asked.reached,
        )
        hosts = Hosts(self._base, crawling.aliases)
        most = self._asked.manifest_mb * 1_000_000
        listing = Limits(total=_LISTING, packed=most, size=most, loose=most, lanes=crawling.manners.lanes)
        files = gateway_of(crawling, _FILES)
        server = BulkServer(hosts, gateway_of(crawling, listing), files, connection.bearer)
        return Export(server, journal, order)

    def _withheld(self) -> tuple[str, ...]:
        bearer = self._connection.bearer
        return tuple(t for t in bearer.lacking() if t in self._types) if isinstance(bearer, BackendToken) else ()

    def _since(self, journal: BulkJournal, members: str) -> str | None:
        """The moment since which changes will do; None where everything is to be asked for (R62).

        It is judged from the last export that counts. An unfinished one of changes goes on only if it began there too.
        """
        running = journal.last()
        committed = next((job for job in reversed(journal.jobs.values()) if job.committed), None)
        unfinished = running is not None and not running.committed and running.status is not None
        if unfinished and running is not None and not running.request["since"]:
            return None
        gone_on = running is not None and (running.committed or unfinished)
        wanted = self._asked.renew is Renew.CHANGES or (gone_on and self._asked.renew is Renew.KEEP)
        if not wanted or committed is None:
            return None
        if why := self._why_everything(journal, committed, members):
            self._telling.say(f"everything is asked for anew: {why}")
            return None
        return committed.since

    def _why_another(self, journal: BulkJournal, last: Job) -> str:
        if last.request["profile_digest"] != self._connection.profile.digest:
            return "the evidence profile has changed"
        if tuple(last.request["types"]) != self._types:
            return "other types are read than before"
        return "" if journal.is_intact() else "a file that was kept is damaged or gone"

    def _why_everything(self, journal: BulkJournal, last: Job, members: str) -> str:
        if why := self._why_another(journal, last):
            return why
        if self._level is Level.GROUP and (not members or last.request["members"] != members):
            return "the members of the Group have changed, or are not shown"
        if not last.is_whole or last.withheld:
            return "the export before was not whole"
        if any(got.grave for job in journal.counted() for got in job.files.values()):
            return "the server reported errors in the export before"
        return "" if last.since else "the server's transactionTime is no instant"

    def _members(self) -> str:
        """Digest of who belongs to the Group; empty where that is not shown, or not wholly, or for no Group."""
        if self._level is not Level.GROUP:
            return ""
        found = self._connection.server.read(f"Group/{self._asked.crawling.cohort.group}")
        if found.outcome is not Outcome.COMPLETE:
            return ""
        groups = [read_object(line.data) for line in found.lines]
        members = [one for group in groups for one in group.get("member") or []]
        if not members or any(group.get("quantity", len(members)) != len(members) for group in groups):
            return ""
        text = "\n".join(sorted(json.dumps(one, sort_keys=True) for one in members))
        return hashlib.sha256(text.encode()).hexdigest()
