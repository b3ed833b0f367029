"""JSON answers, and the headers that every answer carries."""

import json
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from flask import Response

from extractors.decode import Json


def json_answer(document: Json, status: int = 200, kind: str = "application/json") -> Response:
    """A document as an answer, in UTF-8."""
    return Response(json.dumps(document, ensure_ascii=False), status, mimetype=kind)


def security_headers(app_addresses: Iterable[str]) -> Mapping[str, str]:
    """The headers of every answer.

    Args:
        app_addresses: launch and redirect addresses of the clients. The chart frames their origins, and a form
            may end there: browsers hold `form-action` against the redirect that follows a form, too.
    """
    apps = " ".join(sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, app_addresses)}))
    policy = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; "
        f"form-action 'self' {apps}; frame-src 'self' {apps}; frame-ancestors 'self'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
