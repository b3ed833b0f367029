"""The pages that pi180 serves. The report of a finished run is read-only: two files, nothing else."""

from pathlib import Path

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_OWN_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
"""Other names are refused: a foreign site whose name resolves to this machine must not read the report."""


def create_report_app(folder: Path) -> Flask:
    """An application that serves the report and its cases from an output folder, on this machine only.

    Args:
        folder: where `report.html` and `cases.csv` lie; they are read anew for each request.
    """
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["TRUSTED_HOSTS"] = _OWN_HOSTS
    app.add_url_rule("/", "report", lambda: _file(folder / "report.html", "text/html"))
    app.add_url_rule("/cases.csv", "cases", lambda: _file(folder / "cases.csv", "text/csv"))
    app.register_error_handler(HTTPException, _refused)
    app.after_request(_with_headers)
    return app


def _file(path: Path, kind: str) -> Response:
    if not path.is_file():
        return _plain(f"{path.name} is not in the served folder. Write it with: pi180 score --out FOLDER", 404)
    return Response(path.read_bytes(), mimetype=kind)


def _refused(problem: HTTPException) -> Response:
    if problem.code == 400:
        return _plain("This address is not served. Open the address that the terminal shows.", 400)
    return _plain("There is no such page. The report is at /, its cases are at /cases.csv.", 404)


def _plain(text: str, status: int) -> Response:
    return Response(text + "\n", status, mimetype="text/plain")


def _with_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    return response
