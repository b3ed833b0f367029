"""Serve one report on this machine until it is interrupted."""

from collections.abc import Callable
from pathlib import Path

from werkzeug.serving import make_server

from smartapp.web import create_report_app

LOOPBACK = "127.0.0.1"


def serve_report(folder: Path, port: int, note: Callable[[str], None]) -> None:
    """Serve the report of an output folder on the loopback address until Ctrl-C.

    Args:
        folder: what `pi180 run` wrote.
        port: 0 takes any free one.
        note: told the address once it answers.

    Raises:
        OSError: the port is taken.
    """
    with make_server(LOOPBACK, port, create_report_app(folder), threaded=True) as server:
        note(f"Open http://{LOOPBACK}:{server.server_port}/  (Ctrl-C stops)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            note("Stopped.")
