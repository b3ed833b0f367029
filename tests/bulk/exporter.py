"""A server on this machine that exports a few resources, and says on request anything else, byte by byte."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from extractors.sources.bulk_journal import BulkJournal, Job
from extractors.sources.bulk_waiting import Waits
from extractors.sources.cohort import Cohort, Rule
from smartapp.reading.crawling import Crawling, Manners
from smartapp.reading.fetching import Fetched, Fetching, Telling, fetch
from tests.gateway.recorder import Clock

Json = dict[str, Any]
GROUP = Cohort(Rule.GROUP, group="panel")
MOMENT = "2026-11-22T04:00:00Z"
_CHUNK = 16 * 1024
STARTED = datetime(2026, 11, 22, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Raw:
    """An answer byte by byte.

    `announced` False: the connection's end is the body's; `chunked`: it comes in chunks of 16 kB, the last
    of which is its end; `cut`: so many bytes are sent, then the connection ends.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    announced: bool = True
    chunked: bool = False
    cut: int | None = None

    @property
    def length(self) -> tuple[tuple[str, str], ...]:
        """What announces the body's end."""
        if self.chunked:
            return (("Transfer-Encoding", "chunked"),)
        return (("Content-Length", str(len(self.body))),) if self.announced else ()

    @property
    def sent(self) -> bytes:
        """What travels."""
        parts = [self.body[at : at + _CHUNK] for at in range(0, len(self.body), _CHUNK)] if self.chunked else []
        framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
        return (framed if self.chunked else self.body)[: self.cut]


@dataclass(frozen=True)
class Asked:
    """One request: method, path with query, bearer and body."""

    method: str
    path: str
    bearer: str | None
    body: bytes
    headers: dict[str, str]


Script = Callable[[Asked], Raw | None]


@dataclass
class Exporter:
    """What the server holds by file name, what its manifest adds, and what it was asked."""

    port: int
    resources: list[Json]
    scripts: list[Script] = field(default_factory=list)
    heard: list[Asked] = field(default_factory=list)
    manifest: Json = field(default_factory=dict)
    members: list[str] = field(default_factory=lambda: ["p", "q"])
    group: Json = field(default_factory=dict)
    exports: bool = True
    jobs: dict[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/r4/fhir"

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, method: str, beginning: str, *said: Raw | None) -> None:
        """For requests that begin so, these answers in their order, the last for ever; None: what is honest."""
        left = list(said)

        def script(asked: Asked) -> Raw | None:
            if asked.method != method or not asked.path.startswith(beginning):
                return None
            return left.pop(0) if len(left) > 1 else left[0]

        self.scripts.append(script)

    def asked(self, method: str, beginning: str) -> list[Asked]:
        return [one for one in self.heard if one.method == method and one.path.startswith(beginning)]

    @property
    def kicked_off(self) -> int:
        return sum("$export" in one.path for one in self.heard)

    def answer(self, asked: Asked) -> Raw:
        self.heard.append(asked)
        for script in reversed(self.scripts):
            if (said := script(asked)) is not None:
                return said
        return self._honest(asked)

    def _honest(self, asked: Asked) -> Raw:
        parts = urlsplit(asked.path).path.split("/")[1:]
        if asked.path == "/r4/fhir/metadata":
            return as_json({"resourceType": "CapabilityStatement", "rest": [{"resource": [], **self._operations()}]})
        if "$export" in parts:
            return self._started(asked)
        if parts[:3] == ["r4", "fhir", "Group"]:
            members = [{"entity": {"reference": f"Patient/{one}"}} for one in self.members]
            return as_json({"resourceType": "Group", "id": parts[3], "member": members, **self.group})
        if parts[0] == "jobs" and parts[1] in self.jobs:
            return self._of_job(asked, parts[1])
        if parts[0] == "files":
            return Raw(body=self.file(parts[2].partition(".")[0]))
        return Raw(404)

    def _operations(self) -> Json:
        return {"operation": [{"name": "export"}]} if self.exports else {}

    def _started(self, asked: Asked) -> Raw:
        number = str(self.kicked_off)
        self.jobs[number] = asked.path + asked.body.decode()
        return Raw(202, headers=(("Content-Location", f"{self.root}/jobs/{number}"),))

    def _of_job(self, asked: Asked, number: str) -> Raw:
        if asked.method == "DELETE":
            del self.jobs[number]
            return Raw(202)
        kinds = sorted({one["resourceType"] for one in self.resources})
        output = [{"type": kind, "url": f"{self.root}/files/{number}/{kind}.ndjson"} for kind in kinds]
        honest = {"transactionTime": MOMENT, "requiresAccessToken": False, "output": output, "error": []}
        return as_json({**honest, **self.manifest})

    def file(self, kind: str) -> bytes:
        """The NDJSON of a type."""
        found = [one for one in self.resources if one["resourceType"] == kind]
        return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in found)


def as_json(document: Json, **more: Any) -> Raw:
    return Raw(body=json.dumps(document).encode(), **more)


def packed(*parts: bytes) -> bytes:
    """Gzip of several members."""
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


@contextmanager
def exporter(resources: list[Json]) -> Iterator[Exporter]:
    """One such server, at an address of its own."""

    class Answering(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers["Content-Length"] or 0)
            asked = Asked(
                self.command, self.path, self.headers["Authorization"], self.rfile.read(length), dict(self.headers)
            )
            said = kept.answer(asked)
            self.send_response_only(said.status)  # without a Date: the tests have their own clock
            for name, value in (*said.headers, *said.length):
                self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(said.sent)

        do_POST = do_DELETE = do_GET  # noqa: N815  # as the library calls them

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        kept = Exporter(server.server_address[1], resources)
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield kept
        finally:
            server.shutdown()
            serving.join()


class Time:
    """A clock for waits, which passes only by waiting."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def now(self) -> datetime:
        return STARTED + timedelta(seconds=sum(self.waits))

    def waiting(self, **changes: Any) -> Waits:
        return Waits(**{"now": self.now, "sleep": self.waits.append, "job": timedelta(days=3650), **changes})


def fetching(server: Exporter, out: Path, *, waits: Waits | None = None, **changes: Any) -> Fetching:
    """An export of the panel whose waits take no time."""
    of_crawl = {name: changes.pop(name) for name in ("token_file", "aliases", "cohort", "profile") if name in changes}
    manners = Manners(lanes=2, patience=Clock().patience(tries=2, budget=100))
    crawling = Crawling(**{"base": server.base, "out": out, "cohort": GROUP, "manners": manners, **of_crawl})
    return Fetching(crawling, waits=waits or Time().waiting(), **changes)


def exported(server: Exporter, out: Path, said: list[str] | None = None, **changes: Any) -> Fetched:
    return fetch(fetching(server, out, **changes), Telling(say=(said if said is not None else []).append))


def job_of(out: Path, number: int = 1) -> Job:
    return BulkJournal(out / "bulk").jobs[number]


def states(found: Fetched) -> dict[str, str]:
    """What is not whole, by type: the first word of its state."""
    return {str(row["type"]): str(row["state"]).partition(":")[0] for row in found.not_whole}
