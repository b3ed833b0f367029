"""How much memory an export of a gigabyte takes, and how long: `make bench-bulk` prints both.

The server is a process of its own on this machine, and the export another one, whose memory is measured. Counting the
files afterwards is not part of it.
"""

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from extractors.sources.bulk_journal import BulkJournal
from extractors.sources.bulk_waiting import Waits
from extractors.sources.cohort import Cohort, Rule
from smartapp.reading.crawling import Crawling, Manners
from smartapp.reading.fetching import Choice, Fetching, Telling, fetch

FILES, BLOCKS = 4, 256
_LINE = json.dumps({"resourceType": "Observation", "id": "0", "note": [{"text": "x" * 900}]}).encode() + b"\n"
_BLOCK = _LINE * (1024 * 1024 // len(_LINE))
_COUNT = BLOCKS * (1024 * 1024 // len(_LINE))


class _Server(BaseHTTPRequestHandler):
    """An export of some files, each of a quarter of a gigabyte."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer whatever the export asks."""
        root = f"http://{self.headers['Host']}"
        if "$export" in self.path:
            self._say(202, b"", ("Content-Location", f"{root}/jobs/1"))
        elif self.path == "/jobs/1":
            listed = [{"type": "Observation", "url": f"{root}/files/{n}", "count": _COUNT} for n in range(FILES)]
            said = {"transactionTime": "2026-01-01T00:00:00Z", "requiresAccessToken": False, "output": listed}
            self._say(200, json.dumps(said).encode())
        elif self.path.startswith("/files/"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(_BLOCK) * BLOCKS))
            self.end_headers()
            for _ in range(BLOCKS):
                self.wfile.write(_BLOCK)
        else:
            self._say(404, b"")

    def do_DELETE(self) -> None:
        """Forget the export."""
        self._say(202, b"")

    def _say(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


def _serve(port: "multiprocessing.Queue[int]") -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        port.put(server.server_address[1])
        server.serve_forever()


def _export(port: int, out: str, told: "multiprocessing.Queue[tuple[float, int, int]]") -> None:
    crawling = Crawling(f"http://127.0.0.1:{port}/fhir", Path(out), Cohort(Rule.ALL), manners=Manners())
    began = time.monotonic()
    fetch(Fetching(crawling, Choice.BULK, waits=Waits(first=0.1, job=timedelta(days=1))), Telling())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = sum(got.lines for got in BulkJournal(Path(out) / "bulk").jobs[1].files.values())
    told.put((time.monotonic() - began, peak * (1 if sys.platform == "darwin" else 1024), lines))


def main() -> None:
    """Export, measure, print."""
    context = multiprocessing.get_context("spawn")
    port, told = context.Queue(), context.Queue()
    server = context.Process(target=_serve, args=(port,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        client = context.Process(target=_export, args=(port.get(), f"{folder}/out", told))
        client.start()
        seconds, peak, lines = told.get()
        client.join()
    server.terminate()
    size = FILES * BLOCKS * len(_BLOCK)
    print(f"{size / 1e9:.2f} GB in {FILES} files, {lines} lines: {seconds:.0f} s, peak memory {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
