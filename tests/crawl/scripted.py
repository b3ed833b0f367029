"""A small FHIR server on this machine: honest about a few resources, and as a script says where one goes before."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from extractors.sources.cohort import Cohort, Rule
from extractors.sources.crawled import Crawled
from extractors.sources.journal import Journal
from extractors.sources.queries import BOUNDS
from extractors.sources.walk import Bounds
from scoring.rulebook import load
from smartapp.reading.crawling import Crawling, Manners, Outcome, crawl
from smartapp.usecases import Reading, read_folder
from tests.extractors.practice import CLOSED, GENERIC, PERIOD
from tests.gateway.recorder import Clock

Json = dict[str, Any]
QUERY = Cohort(Rule.LIST, listed=("p", "q"))


@dataclass(frozen=True)
class Asked:
    """One request: its path below the base, with its query, decoded, and its bearer."""

    text: str
    parameters: dict[str, str]
    bearer: str | None


@dataclass(frozen=True)
class Raw:
    """An answer byte by byte; `length` is announced, rightly or not."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None


Said = Json | Raw
Script = Callable[[Asked], Said | None]


@dataclass
class Scripted:
    """What the server holds, what it says before it looks there, and what it was asked."""

    base: str
    resources: list[Json]
    scripts: list[Script] = field(default_factory=list)
    heard: list[Asked] = field(default_factory=list)
    revincludes: bool = True

    def says(self, beginning: str, *said: Said | None) -> None:
        """For requests that begin so, these answers in their order, the last for ever; None: what is honest."""
        left = list(said)

        def script(asked: Asked) -> Said | None:
            if not asked.text.startswith(beginning):
                return None
            return left.pop(0) if len(left) > 1 else left[0]

        self.scripts.append(script)

    def asked(self, beginning: str) -> list[str]:
        return [one.text for one in self.heard if one.text.startswith(beginning)]

    def answer(self, asked: Asked) -> Said:
        self.heard.append(asked)
        for script in self.scripts:
            said = script(asked)
            if said is not None:
                return said
        return self._honest(asked)

    def _honest(self, asked: Asked) -> Said:
        path = asked.text.partition("?")[0]
        if path == "metadata":
            return self._capability()
        kind, _, name = path.partition("/")
        of_kind = [one for one in self.resources if one["resourceType"] == kind]
        if name:
            found = [one for one in of_kind if one["id"] == name]
            return found[0] if found else Raw(404)
        matches = [one for one in of_kind if fits(one, asked.parameters)]
        return self.page(asked.text, *matches, along=self._along(asked, matches))

    def page(self, asked: str, *matches: Json, along: list[Json] | None = None, further: str = "", **more: Any) -> Json:
        """A page of a search that was carried out as it was asked."""
        links = [{"relation": "self", "url": f"{self.base}/{asked}"}]
        links += (
            [{"relation": "next", "url": further if "://" in further else f"{self.base}/{further}"}] if further else []
        )
        entries = [entry(one) for one in matches] + [entry(one, "include") for one in along or []]
        return {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries, **more}

    def _along(self, asked: Asked, matches: list[Json]) -> list[Json]:
        if "_revinclude" not in asked.parameters:
            return []
        keys = {f"{one['resourceType']}/{one['id']}" for one in matches}
        return [one for one in self.resources if keys & {t["reference"] for t in one.get("target", [])}]

    def _capability(self) -> Json:
        types = sorted({one["resourceType"] for one in self.resources})
        along = {"searchRevInclude": ["Provenance:target"]} if self.revincludes else {}
        return {"resourceType": "CapabilityStatement", "rest": [{"resource": [{"type": t, **along} for t in types]}]}


def entry(resource: Json, mode: str = "match") -> Json:
    return {"resource": resource, "search": {"mode": mode}}


def fits(resource: Json, parameters: dict[str, str]) -> bool:
    """Whether a resource meets the few parameters that this server knows."""
    about = (resource.get("subject") or resource.get("patient") or resource.get("for") or {}).get("reference")
    targets = {one["reference"] for one in resource.get("target", [])}
    tests = {
        "_id": lambda value: resource["id"] == value,
        "patient": lambda value: about == f"Patient/{value}",
        "subject": lambda value: about == value,
        "target": lambda value: bool(targets & set(value.split(","))),
        "practitioner": lambda value: resource["practitioner"]["reference"] == f"Practitioner/{value}",
    }
    return all(tests[name](value) for name, value in parameters.items() if name in tests)


@contextmanager
def scripted(resources: list[Json]) -> Iterator[Scripted]:
    """One such server, at an address of its own."""

    class Answering(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            text = f"{split.path}?{split.query}" if split.query else split.path
            asked = Asked(
                unquote_plus(text.removeprefix("/fhir/")), dict(parse_qsl(split.query)), self.headers["Authorization"]
            )
            said = kept.answer(asked)
            raw = said if isinstance(said, Raw) else Raw(200, json.dumps(said).encode())
            self.send_response(raw.status)
            for name, value in raw.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw.body) if raw.length is None else raw.length))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(raw.body)

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        kept = Scripted(f"http://127.0.0.1:{server.server_address[1]}/fhir", resources)
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield kept
        finally:
            server.shutdown()
            serving.join()


def crawling(server: Scripted, out: Path, *, bounds: Bounds = BOUNDS, tries: int = 2, **changes: Any) -> Crawling:
    """A crawl of both patients whose waits take no time."""
    manners = Manners(lanes=2, patience=Clock().patience(tries=tries, budget=100), bounds=bounds)
    return Crawling(**{"base": server.base, "out": out, "cohort": QUERY, "manners": manners, **changes})


def crawled(server: Scripted, out: Path, **changes: Any) -> Outcome:
    return crawl(crawling(server, out, **changes), lambda *_: None)


@contextmanager
def reading(out: Path) -> Iterator[Reading]:
    """What is counted from a folder, where the practice vouches for every absence."""
    with read_folder(out, CLOSED, load(2026), PERIOD) as found:
        yield found


def fingerprint(out: Path) -> str:
    with reading(out) as found:
        assert found.faults == ()
        return found.fingerprint


def states(out: Path, kind: str, whose: str = "Patient/p") -> list[tuple[str, str]]:
    """What became of the searches for one type of one patient: the state's first word, and why."""
    found = [one for one in Journal(out).records.values() if (one.type, one.whose) == (kind, whose)]
    return [(one.state.partition(":")[0], one.detail) for one in found]


def keys(out: Path) -> set[str]:
    """What a crawl's folder gives to count, as keys."""
    pages = [json.loads(line.data) for line in Crawled(out, GENERIC).lines()]
    found = [e["resource"] for one in pages for e in one.get("entry", [{"resource": one}])]
    return {f"{one['resourceType']}/{one['id']}" for one in found if "id" in one}
