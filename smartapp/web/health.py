"""Whether the server can do its work: for machines that watch it, by any host name, without a session.

It tells no more than which part fails; nothing of settings, people or data.
"""

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from smartapp import __version__
from smartapp.web.service import Service
from smartapp.web.worker import has_worker
from smartapp.written import as_json, write_text

PATH = "/health"
_OK, _FAILING = "ok", "failing"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_Wsgi = Callable[..., Iterable[bytes]]


class Health:
    """Answers `/health` before the app, which answers its own host name alone; hands on everything else."""

    def __init__(self, app: _Wsgi, service: Service) -> None:
        self._app, self._service = app, service

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """A WSGI application."""
        if environ.get("PATH_INFO") != PATH:
            return self._app(environ, start_response)
        answer = _answer(self._service) if Request(environ).method in ("GET", "HEAD") else Response(status=405)
        answer.headers.update(_HEADERS)
        return answer(environ, start_response)


def parts_of(service: Service) -> dict[str, bool]:
    """What has to work, and whether it does."""
    return {
        "store": _works(service.jobs.waiting),
        "data": _works(lambda: write_text(service.settings.data / "health", "")),
        "worker": _works(lambda: has_worker(service)),
    }


def _answer(service: Service) -> Response:
    parts = parts_of(service)
    whole = all(parts.values())
    told = {name: _OK if works else _FAILING for name, works in parts.items()}
    text = as_json({"status": _OK if whole else _FAILING, "version": __version__, **told})
    return Response(text, 200 if whole else 503, mimetype="application/json")


def _works(part: Callable[[], object]) -> bool:
    try:
        return part() is not False
    except Exception:  # whatever it is, the part does not work
        return False
