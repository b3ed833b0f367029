"""Serve one report on this machine until it is interrupted."""

import socket
from collections.abc import Callable
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, make_server

from smartapp.usecases import UsageError
from smartapp.web import create_report_app

LOOPBACK = "127.0.0.1"


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as problem:
        raise UsageError(f"port {port}: {problem.strerror}. Name another with --port; 0 takes any free one.") from None


def _server(listener: socket.socket, folder: Path) -> BaseWSGIServer:
    port = listener.getsockname()[1]
    return make_server(LOOPBACK, port, create_report_app(folder), threaded=True, fd=listener.fileno())


def serve_report(folder: Path, port: int, note: Callable[[str], None]) -> None:
    """Serve the report of an output folder on the loopback address until Ctrl-C.

    Args:
        folder: what `pi180 run` wrote.
        port: 0 takes any free one.
        note: told the address once it answers.

    Raises:
        UsageError: the port is taken.
    """
    with _listening(port) as listener, _server(listener, folder) as server:
        note(f"Open http://{LOOPBACK}:{server.port}/  (Ctrl-C stops)")
        server.serve_forever()  # werkzeug ends it quietly on Ctrl-C
        note("Stopped.")
