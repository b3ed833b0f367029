"""Reading a FHIR server as a use case: in bulk where the server and the cohort allow it, else patient by patient.

The one place that decides between the two. `Fetching.crawling.out` is a folder that this use case keeps: exports lie in
`bulk` below it and crawls in `crawl-0001` and on; `current.json` names the one to read, and `run --from` and
`extract --from` take the folder itself and follow it. Another reading becomes the current one once it is finished.
"""

import re
import shutil
from dataclasses import replace
from pathlib import Path

from extractors.errors import SourceError
from extractors.preflight_server import export_hints
from extractors.sources.bulk_refusals import NoExport
from extractors.sources.chosen import CURRENT, current_of, make_current
from extractors.sources.cohort import Rule
from extractors.sources.journal import Journal, is_crawl
from smartapp.reading.bulk import BULK_FOLDER, Exporting
from smartapp.reading.crawling import Connection, connection_of, crawl_on, statement_of, token_may_fail
from smartapp.reading.fetch_terms import Choice, Fetched, Fetching, Renew, Telling, Way

__all__ = ["Choice", "Fetched", "Fetching", "Renew", "Telling", "Way", "cancel", "fetch"]

_CRAWL = re.compile(r"crawl-([0-9]{4,})")


def fetch(asked: Fetching, telling: Telling) -> Fetched:
    """Read a server into `asked.crawling.out`, or go on where an earlier time stopped.

    Raises:
        SignInNeeded: the credential is refused (exit code 5); what was read is kept.
        Unreachable: the server or its token endpoint gives no answer (exit code 6); what was read is kept.
        ExtractionError, UsageError: it cannot be done as asked (exit code 2).
    """
    check_place(asked.crawling.out)
    with token_may_fail():
        connection = connection_of(asked.crawling)
        reason = _why_no_export(asked, connection)
        if not reason:
            try:
                return Exporting(asked, telling, connection).run()
            except NoExport as problem:
                reason = str(problem)
        if asked.choice is Choice.BULK:
            raise SourceError(f"no export: {reason}. Crawl it instead (pi180 crawl), or leave the choice to pi180.")
        if asked.choice is Choice.BEST:
            telling.say(f"reading patient by patient instead of in bulk: {reason}")
        return _crawled(asked, telling, connection, reason if asked.choice is Choice.BEST else "")


def cancel(asked: Fetching, telling: Telling) -> bool:
    """Let the server forget an export that is not finished; what it gave so far does not count, and nothing is read.

    Returns:
        Whether nothing is left there; else `telling` heard why, and the same again tries once more.

    Raises:
        SignInNeeded, Unreachable, ExtractionError, UsageError: as `fetch` does.
    """
    check_place(asked.crawling.out)
    with token_may_fail():
        return Exporting(asked, telling, connection_of(asked.crawling)).cancel()


def check_place(out: Path) -> None:
    """Refuse a folder that holds anything else.

    Raises:
        SourceError: it does.
    """
    entries = [entry.name for entry in out.iterdir()] if out.is_dir() else []
    ours = (BULK_FOLDER, CURRENT, f".{CURRENT}")
    if entries and not any(name in ours or _CRAWL.fullmatch(name) for name in entries):
        raise SourceError(f"{out}: is not empty and was not made by this command. Name a new folder.")


def _why_no_export(asked: Fetching, connection: Connection) -> str:
    """Why a crawl is the way from the start; empty if an export may be asked for."""
    if asked.choice is Choice.CRAWL:
        return "a crawl was asked for"
    if asked.crawling.cohort.rule not in (Rule.GROUP, Rule.ALL):
        return f"an export cannot be of patients by {asked.crawling.cohort.rule}"
    if asked.choice is Choice.BULK:
        return ""
    current = current_of(asked.crawling.out)
    if asked.renew is Renew.KEEP and current is not None and _CRAWL.fullmatch(current.name):
        return "it was crawled before"
    statement = statement_of(connection.server)
    # What a server says of itself is a hint (R11); one that is silent about itself altogether is asked.
    if statement is not None and not list(export_hints(statement)):
        return "its CapabilityStatement names no export"
    return ""


def _crawled(asked: Fetching, telling: Telling, connection: Connection, reason: str) -> Fetched:
    """Crawl into the newest folder, or a new one where that is finished and everything is to be read anew."""
    out = asked.crawling.out
    known = sorted(int(match[1]) for one in _entries(out) if (match := _CRAWL.fullmatch(one)))
    number = known[-1] if known else 1
    before = out / f"crawl-{number:04}"
    finished = is_crawl(before) and Journal(before).finished
    place = out / f"crawl-{number + 1:04}" if finished and asked.renew is not Renew.KEEP else before
    found = crawl_on(connection, replace(asked.crawling, out=place), telling.done)
    make_current(place)
    for old in known:
        if out / f"crawl-{old:04}" != place:
            shutil.rmtree(out / f"crawl-{old:04}")
    return Fetched(
        folder=out,
        way=Way.CRAWL,
        reason=reason,
        new=not finished or place != before,
        patients=found.patients,
        unknown=found.unknown,
        faults=found.faults,
        not_whole=found.not_whole,
        cautions=found.cautions,
    )


def _entries(out: Path) -> list[str]:
    return [entry.name for entry in out.iterdir()] if out.is_dir() else []
