"""A server that says exactly the bytes it is told to, and remembers all that it was sent."""

import json
import socketserver
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from extractors.gateway import Gateway, Limits, Pace, Patience

CANARY = "canary-token-5eed"
QUICK = Limits(connect=2, idle=2, total=5)
Said = bytes | Iterable[bytes]


def ok(body: bytes, *headers: str, length: int | None = None) -> bytes:
    """An answer with its length announced, rightly or, where `length` says so, wrongly."""
    return head(*headers, f"Content-Length: {len(body) if length is None else length}") + body


def head(*headers: str, status: int = 200) -> bytes:
    """The head of an answer after which the connection ends."""
    return "\r\n".join([f"HTTP/1.1 {status} X", "Connection: close", *headers, "", ""]).encode()


def page(**more: Any) -> bytes:
    """A search result as JSON."""
    return json.dumps({"resourceType": "Bundle", "type": "searchset", **more}).encode()


def refusal(status: int, *headers: str) -> bytes:
    """An answer without a body."""
    return head("Content-Length: 0", *headers, status=status)


@dataclass
class Recorder:
    """`says` holds what comes next for any request; the last goes on for ever."""

    port: int
    says: list[Said] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        """The FHIR base."""
        return f"http://127.0.0.1:{self.port}/fhir"

    def next(self) -> Said:
        """What to say now."""
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]


@contextmanager
def recorder(*says: Said) -> Iterator[Recorder]:
    """One such server on this machine."""

    class Answering(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                if not (line := self.rfile.readline()):
                    return
                request += line
            kept.heard.append(request.decode())
            said = kept.next()
            try:
                for block in [said] if isinstance(said, bytes) else said:
                    self.wfile.write(block)
            except OSError:
                return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answering, bind_and_activate=True) as server:
        server.daemon_threads = True
        kept = Recorder(server.server_address[1], list(says))
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield kept
        finally:
            server.shutdown()
            serving.join()


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now, self.waits = 1000.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait, at once."""
        self.waits.append(seconds)
        self.now += seconds

    def patience(self, **changes: Any) -> Patience:
        """A patience by this clock whose chance is always the longest wait."""
        return Patience(**{"clock": self, "sleep": self.sleep, "chance": lambda: 1.0, **changes})


def gateway(clock: Clock | None = None, limits: Limits = QUICK, **changes: Any) -> Gateway:
    """A gateway whose waits take no time."""
    time = clock or Clock()
    return Gateway(limits, pace=Pace(clock=time), patience=time.patience(**changes))
