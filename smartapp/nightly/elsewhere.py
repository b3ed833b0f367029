"""An export that waits at an address off the registered server, which no run asks: told before one begins."""

from extractors.errors import LinkRefused
from extractors.places import place_of
from extractors.sources.bulk_journal import BulkJournal, Job, is_export
from extractors.sources.bulk_server import Hosts
from smartapp.nightly.problems import ConfigError
from smartapp.reading.bulk import BULK_FOLDER
from smartapp.reading.fetching import Choice, Fetching


def check_waiting(fetching: Fetching, at: str) -> None:
    """Refuse settings by which an export that was started cannot be asked for.

    A host beside the registered one is never trusted because its name looks alike: the token would go there.

    Args:
        fetching: what is read.
        at: where it stands in the settings.

    Raises:
        ConfigError: there is one; the message names its host.
        SourceError: the journal of exports is damaged.
    """
    crawling = fetching.crawling
    place = crawling.out / BULK_FOLDER
    if fetching.choice is Choice.CRAWL or not is_export(place):
        return
    hosts = Hosts(crawling.base, crawling.aliases)
    for job in BulkJournal(place).jobs.values():
        host = "" if job.committed or job.ended else _foreign(job, hosts)
        if host:
            raise ConfigError(
                f"{at}, aliases: the export that was started waits at {host}, which is not the server of base. If "
                'it is the same server, add its base; else ask the vendor, and set read = "crawl" meanwhile.'
            )


def _foreign(job: Job, hosts: Hosts) -> str:
    """The host of a job that is not the server's; empty where it is, or where no address was ever kept."""
    if job.status is None:
        return ""
    try:
        return place_of(job.status).host if hosts.origin_of(job.status) is None else ""
    except LinkRefused:
        return "an address that may not be asked"
