"""Serve on a production WSGI server until interrupted. TLS is the reverse proxy's."""

import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from waitress.server import create_server

from smartapp.errors import UsageError
from smartapp.settings import load_settings
from smartapp.smart.issuers import load_issuers
from smartapp.web import create_app
from smartapp.web.limits import MOST_BYTES_OF_ANY, MOST_HEADER_BYTES
from smartapp.web.selfcheck import Check, checks_of, reach, refuse
from smartapp.web.service import Service, service_of
from smartapp.web.worker import Worker, run_worker

LOOPBACK = "127.0.0.1"
Listener = socket.socket
"""What browsers are waited for on."""
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


def self_check(settings_file: Path) -> tuple[Check, ...]:
    """Everything that the start looks at, and whether each EHR can be reached.

    Raises:
        SettingsError: the settings or registrations cannot be read at all.
    """
    app = app_of(settings_file)
    return (*checks_of(app, app.extensions["pi180"]), *reach(app.extensions["pi180"]))


def serve(settings_file: Path, note: Callable[[str], None]) -> None:
    """Serve the app of a settings file until it is interrupted, with a worker beside it unless there are to be none.

    Args:
        settings_file: see `smartapp.settings`.
        note: told the address.

    Raises:
        SettingsError: something is missing or wrong.
        UsageError: the port cannot be had.
    """
    app = app_of(settings_file)
    service: Service = app.extensions["pi180"]
    settings = service.settings
    refuse(checks_of(app, service))
    with listening(settings.host, settings.port) as listener:
        note(f"pi180 serves {settings.address} on {settings.host}:{settings.port}  (Ctrl-C stops)")
        run_with_worker(app, listener)
    note("Stopped.")


def run_with_worker(app: Any, listener: socket.socket) -> None:
    """Serve an app on a socket until interrupted, with the workers that its settings ask for beside it."""
    service: Service = app.extensions["pi180"]
    if service.settings.workers:
        run_worker(Worker(service), lambda: run(app, listener))
    else:
        run(app, listener)


def work(settings_file: Path, note: Callable[[str], None]) -> None:
    """Do jobs in a process of its own until it is interrupted or terminated; what is being done comes to a good place.

    Raises:
        SettingsError: something is missing or wrong.
    """
    app = app_of(settings_file)
    service: Service = app.extensions["pi180"]
    refuse(checks_of(app, service))
    worker, text = Worker(service), f"pi180 works for {service.settings.address}  (Ctrl-C stops)"
    run_worker(worker, lambda: _until_interrupted(lambda: note(text)))
    note("Stopped." if worker.is_idle else "Stopped in the middle of a job; the next worker takes it up again.")


def serve_beside(app: Any, listener: socket.socket) -> None:
    """Serve a second app in the background for as long as the process lives."""
    threading.Thread(target=run, args=(app, listener), daemon=True).start()


def run(app: Any, listener: socket.socket) -> None:
    """Serve an app on a socket until interrupted or terminated."""
    if threading.current_thread() is threading.main_thread():
        _interrupted_by_signals()
    server = create_server(
        app,
        sockets=[listener],
        threads=_THREADS,
        ident=None,
        clear_untrusted_proxy_headers=False,
        max_request_body_size=MOST_BYTES_OF_ANY,
        max_request_header_size=MOST_HEADER_BYTES,
    )
    server.run()  # waitress ends it quietly on Ctrl-C


def _interrupted_by_signals() -> None:
    """Be interrupted by Ctrl-C and by whoever terminates us, also where whoever started us had them ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def _until_interrupted(ready: Callable[[], None]) -> None:
    """Say that it is ready to be interrupted, and wait for that."""
    with suppress(KeyboardInterrupt):
        _interrupted_by_signals()
        ready()
        threading.Event().wait()
