"""The demo EHR as one Flask application: chart, authorization server and FHIR server of a synthetic practice."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, SecurityError

from smartapp.demo_ehr.authorization import Provider
from smartapp.demo_ehr.bulk_export import BulkExport
from smartapp.demo_ehr.clients import DemoClient, registry
from smartapp.demo_ehr.discovery import smart_configuration
from smartapp.demo_ehr.documents import json_answer, security_headers
from smartapp.demo_ehr.faults import Faults, Seen, answer_instead, changed, error_of
from smartapp.demo_ehr.fhir_server import FhirServer, problem
from smartapp.demo_ehr.grants import Clock, Memory
from smartapp.demo_ehr.mint import Site
from smartapp.demo_ehr.pages import Pages, problem_page
from smartapp.demo_ehr.scenario import Scenario
from smartapp.paths import templates


def create_demo_ehr(
    scenario: Path,
    base: str,
    clients: Sequence[DemoClient],
    faults: Faults | None = None,
    now: Clock = time.time,
    token_life: int = 3600,
) -> Flask:
    """Build the simulator; it opens no port and keeps everything in memory.

    Args:
        scenario: a folder of NDJSON files with FHIR R4 resources.
        base: the external root, such as http://127.0.0.1:8181; it is the OAuth issuer, and base + "/fhir" the
            FHIR base.
        clients: the registered applications.
        faults: rules that a test may change while the server runs; None for a server that is always honest.
        now: the clock, in seconds since 1970.
        token_life: seconds until an access token expires.

    Raises:
        ValueError: the base is more than scheme and host, the folder holds no resources, or two clients share an
            identifier.
    """
    site = Site(_root(base), token_life)
    app = Flask(__name__, static_folder=None, template_folder=str(templates() / "demo_ehr"))
    app.config.update(SERVER_NAME=urlsplit(base).netloc, PREFERRED_URL_SCHEME=urlsplit(base).scheme)
    app.config["TRUSTED_HOSTS"] = [urlsplit(base).hostname]
    resources = Scenario(scenario, site.fhir)
    provider = Provider(site, registry(clients), Memory(now), faults or Faults(watching=False))
    fhir = FhirServer(resources, provider)
    for part in (provider, fhir, Pages(resources, provider, clients)):
        part.install(app)
    if provider.has_backends:
        BulkExport(resources, provider).install(app)
    _add_protocol_routes(app, provider)
    _add_answers(app, base, clients)
    _add_faults(app, provider.faults, fhir)
    return app


def _root(base: str) -> str:
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query or parts.fragment:
        raise ValueError(f"{base!r} is not the root of a site: expected a scheme and a host alone, no / at the end")
    return base


def _add_protocol_routes(app: Flask, provider: Provider) -> None:
    base = provider.site.base

    def configured() -> Response:
        return json_answer(smart_configuration(base, backends=provider.has_backends))

    for at, name in (("", "well_known"), ("/fhir", "well_known-fhir")):
        app.add_url_rule(f"{at}/.well-known/smart-configuration", name, configured)
    app.add_url_rule("/jwks", "jwks", lambda: json_answer(provider.mint.signer.jwks))
    app.add_url_rule("/token", "token", provider.token, methods=["POST"])
    app.add_url_rule("/revoke", "revoke", provider.revoke, methods=["POST"])
    style = (templates() / "demo_ehr" / "style.css").read_text(encoding="utf-8")
    app.add_url_rule("/style.css", "page-style", lambda: Response(style, mimetype="text/css"))


def _add_answers(app: Flask, base: str, clients: Sequence[DemoClient]) -> None:
    addresses = [address for client in clients for address in (client.launch_url, *client.redirect_uris)]
    headers = security_headers(addresses)

    def with_headers(response: Response) -> Response:
        response.headers.update(headers)
        return response

    app.after_request(with_headers)
    app.register_error_handler(HTTPException, _not_served)
    app.register_error_handler(SecurityError, lambda _: problem_page(400, f"The chart is at {base}/ and nowhere else."))


def _not_served(refused: HTTPException) -> Response:
    status = refused.code or 500
    if request.path.startswith("/fhir"):
        return problem(status, "not-supported", "This address or method is not served.")
    if status >= 500:
        return problem_page(status, "The simulator failed. Its terminal says where.")
    return problem_page(status, "This is not served here. The chart is at the root of this site.")


def _add_faults(app: Flask, faults: Faults, fhir: FhirServer) -> None:
    """Let the faults strike: before a request is answered, and on the honest document after it."""

    def before() -> Response | None:
        endpoint = (request.endpoint or "page").partition("-")[0]
        if faults.watching:
            query, form = request.args.to_dict(), request.form.to_dict()
            faults.seen.append(Seen(endpoint, request.method, request.path, query, dict(request.headers), form))
        g.struck = faults.striking(endpoint, request.path, fhir.type_asked())
        error = error_of(g.struck) if endpoint in ("token", "revoke") else None
        return json_answer({"error": error}, 400) if error else answer_instead(g.struck)

    def after(response: Response) -> Response:
        struck = g.get("struck", [])
        if response.is_json and answer_instead(struck) is None and any("change" in fault for fault in struck):
            response.set_data(json.dumps(changed(struck, json.loads(response.get_data()))))
        return response

    app.before_request(before)
    app.after_request(after)
