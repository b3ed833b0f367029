"""Serve on a production WSGI server until interrupted. TLS is the reverse proxy's."""

import shutil
import signal
import socket
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from waitress.server import create_server

from smartapp.settings import load_settings
from smartapp.smart.issuers import load_issuers
from smartapp.usecases import UsageError
from smartapp.web import create_app
from smartapp.web.service import READINGS, service_of

LOOPBACK = "127.0.0.1"
_THREADS = 8


def listening(host: str, port: int) -> socket.socket:
    """A socket to serve on; port 0 takes any free one.

    Raises:
        UsageError: the address cannot be had.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as problem:
        raise UsageError(f"{host}, port {port}: {problem.strerror}. Name another; 0 takes any free port.") from None


def app_of(settings_file: Path, as_of: date | None = None) -> Any:
    """The app of a settings file, as any WSGI server can serve it.

    Raises:
        SettingsError: something is missing or wrong; nothing starts half-configured.
    """
    settings = load_settings(settings_file)
    return create_app(service_of(settings, load_issuers(settings.issuers), as_of=as_of))


def serve(settings_file: Path, note: Callable[[str], None]) -> None:
    """Serve the app of a settings file until it is interrupted.

    Args:
        settings_file: see `smartapp.settings`.
        note: told the address.

    Raises:
        SettingsError: something is missing or wrong.
        UsageError: the port cannot be had.
    """
    settings, app = load_settings(settings_file), app_of(settings_file)
    with listening(settings.host, settings.port) as listener:
        shutil.rmtree(settings.data / READINGS, ignore_errors=True)  # what a reading left that did not end
        note(f"pi180 serves {settings.address} on {settings.host}:{settings.port}  (Ctrl-C stops)")
        run(app, listener)
    note("Stopped.")


def serve_beside(app: Any, listener: socket.socket) -> None:
    """Serve a second app in the background for as long as the process lives."""
    threading.Thread(target=run, args=(app, listener), daemon=True).start()


def run(app: Any, listener: socket.socket) -> None:
    """Serve an app on a socket until interrupted or terminated."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):  # also where whoever started us had them ignored
            signal.signal(number, signal.default_int_handler)
    server = create_server(app, sockets=[listener], threads=_THREADS, ident=None, clear_untrusted_proxy_headers=False)
    server.run()  # waitress ends it quietly on Ctrl-C
