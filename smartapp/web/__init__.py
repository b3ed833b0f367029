"""The web app: server-rendered pages that a clinician launches from an EHR.

Views read the request, call one use case, and render.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from smartapp.web import (
    ahead,
    attestations,
    cehrt,
    compared,
    documents,
    jobs,
    launch,
    measures,
    pages,
    people,
    problems,
    requirements,
    submission,
    trail,
)
from smartapp.web.headers import with_headers
from smartapp.web.health import Health
from smartapp.web.limits import bound
from smartapp.web.service import Service

_ROOMS = (
    ahead,
    attestations,
    cehrt,
    compared,
    documents,
    jobs,
    launch,
    measures,
    pages,
    people,
    requirements,
    submission,
    trail,
)
"""Modules with addresses of their own."""

_SWEPT_EVERY = timedelta(minutes=1)

_TALKATIVE = ("authlib", "fhirclient", "urllib3", "requests", "sqlalchemy", "huey")
"""Libraries that log tokens, launch context or addresses when asked for detail (R98)."""


def create_app(service: Service) -> Flask:
    """The app for one set of settings and registrations."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    app = Flask(__name__, static_folder=None, template_folder=None)
    host = service.settings.place.host
    app.config["TRUSTED_HOSTS"] = [f"[{host}]" if ":" in host else host]
    app.extensions["pi180"] = service
    for room in _ROOMS:
        app.register_blueprint(room.routes)
    problems.handle(app)
    bound(app, service)
    app.before_request(_sweeping(service))
    app.after_request(with_headers)
    if proxies := service.settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    app.wsgi_app = Health(app.wsgi_app, service)  # type: ignore[method-assign]
    return app


def _sweeping(service: Service) -> Callable[[], None]:
    """Forget what is over, tokens included, with the next request, but not with each."""
    last = [service.clock()]

    def sweep() -> None:
        now = service.clock()
        if abs(now - last[0]) >= _SWEPT_EVERY:  # also after the clock was set back
            last[0] = now
            service.launches.sweep(now)

    return sweep
