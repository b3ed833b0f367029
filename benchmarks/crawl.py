"""How long a crawl takes against the least that latency allows, and how much memory many pages take.

`make bench-crawl` prints both. The server is a process of its own on this machine that answers after 100 ms; the
least is the longer of all waits shared among the lanes and the waits of one search after another.
"""

import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from extractors.profile import load_profile
from extractors.sources.cohort import Cohort, Rule
from extractors.sources.journal import Journal
from smartapp.reading.crawling import Crawling, Manners, crawl

LANES, LATENCY = 8, 0.1
PATIENTS, MANY_PAGES, A_PAGE = 100, 10_000, 20


class _Server(BaseHTTPRequestHandler):
    """Every search of orders has `pages` pages of a few orders, every other search none."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    latency, pages = 0.0, 1

    def do_GET(self) -> None:
        """Answer a search."""
        time.sleep(self.latency)
        split = urlsplit(self.path)
        asked = dict(parse_qsl(split.query))
        kind = split.path.rpartition("/")[2]
        body = json.dumps(self._page(kind, asked)).encode()
        self.send_response(200 if kind != "metadata" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _page(self, kind: str, asked: dict[str, str]) -> dict[str, object]:
        here = f"http://{self.headers['Host']}{self.path}"
        links = [{"relation": "self", "url": here}]
        number, orders = int(asked.get("page", "1")), []
        if kind == "MedicationRequest":
            orders = [_order(asked["patient"], f"{number}-{n}") for n in range(A_PAGE)]
            if number < self.pages:
                links.append({"relation": "next", "url": f"{here.partition('&page=')[0]}&page={number + 1}"})
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(orders) * self.pages,
            "link": links,
            "entry": [{"resource": one, "search": {"mode": "match"}} for one in orders],
        }

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


def _order(patient: str, name: str) -> dict[str, object]:
    return {
        "resourceType": "MedicationRequest",
        "id": f"{patient}-{name}",
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{patient}"},
        "authoredOn": "2026-03-02T10:00:00-05:00",
        "note": [{"text": "a note of some length " * 20}],
    }


class _Listening(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True


def _serve(latency: float, pages: int, ready: "multiprocessing.Queue[int]") -> None:
    _Server.latency, _Server.pages = latency, pages
    with _Listening(("127.0.0.1", 0), _Server) as server:
        ready.put(server.server_address[1])
        server.serve_forever()


@contextmanager
def _server(latency: float, pages: int) -> Iterator[str]:
    ready: multiprocessing.Queue[int] = multiprocessing.Queue()
    process = multiprocessing.Process(target=_serve, args=(latency, pages, ready), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ready.get()}/fhir"
    finally:
        process.terminate()
        process.join()


def _crawl(base: str, out: Path, patients: int) -> float:
    cohort = Cohort(Rule.LIST, listed=tuple(f"p{n}" for n in range(patients)))
    started = time.monotonic()
    crawl(Crawling(base, out, cohort, manners=Manners(lanes=LANES)), lambda *_: None)
    return time.monotonic() - started


def _wall_time(folder: Path) -> None:
    with _server(LATENCY, 1) as base:
        took = _crawl(base, folder, PATIENTS)
    searches = len(Journal(folder).records)
    least = searches * LATENCY / LANES
    print(f"wall time: {searches} pages at {LATENCY * 1000:.0f} ms in {LANES} lanes took {took:.2f} s")
    print(f"least by latency: {least:.2f} s, ratio {took / least:.2f} (target at most 1.20)")


def _memory(folder: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with _server(0, MANY_PAGES // LANES) as base:
        took = _crawl(base, folder, LANES)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pages = [page for _, page in Journal(folder).all_pages() if page.entries]
    size = sum(page.size for page in pages) / 1e6
    print(f"memory: {len(pages)} pages of {A_PAGE} resources ({size:.0f} MB) in {took:.1f} s")
    print(f"peak {peak / 1024:.0f} MB, {before / 1024:.0f} MB of it before the crawl (target under 300 MB)")


def main() -> None:
    """Measure both, each in a folder of its own."""
    load_profile("generic")
    with tempfile.TemporaryDirectory() as folder:
        {"time": _wall_time, "memory": _memory}[sys.argv[1]](Path(folder) / "crawl")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main()
    else:
        for what in ("time", "memory"):
            subprocess.run([sys.executable, __file__, what], check=True)
