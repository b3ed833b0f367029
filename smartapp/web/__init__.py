"""The web app: server-rendered pages that a clinician launches from an EHR.

Views read the request, call one use case, and render.
"""

import logging

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from smartapp.web import launch, pages, problems
from smartapp.web.headers import with_headers
from smartapp.web.service import Service

MOST_BYTES = 64 * 1024
"""Of a request's body: the largest form is a button."""

_TALKATIVE = ("authlib", "fhirclient", "urllib3", "requests", "sqlalchemy")
"""Libraries that log tokens, launch context or addresses when asked for detail (R98)."""


def create_app(service: Service) -> Flask:
    """The app for one set of settings and registrations."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["TRUSTED_HOSTS"] = [service.settings.place.host]
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.extensions["pi180"] = service
    app.register_blueprint(launch.routes)
    app.register_blueprint(pages.routes)
    problems.handle(app)
    app.after_request(with_headers)
    if proxies := service.settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    return app
