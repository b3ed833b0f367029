"""The headers of every answer: nothing runs, nothing loads from elsewhere, nothing is kept, no foreign frame."""

from flask import Response, g

from smartapp.smart.issuers import Registration

_YEAR = 365 * 24 * 60 * 60
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Strict-Transport-Security": f"max-age={_YEAR}; includeSubDomains",
}


def framed_by(*registrations: Registration) -> None:
    """Let the frames of an EHR show the answer to this request (R77); of several only where it is about no launch."""
    g.frame_ancestors = " ".join(dict.fromkeys(origin for one in registrations for origin in one.frame_ancestors))


def with_headers(response: Response) -> Response:
    """Add what every answer carries."""
    ancestors = g.get("frame_ancestors") or "'none'"
    response.headers.update(_ALWAYS)
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        f"form-action 'self'; frame-ancestors {ancestors}"
    )
    if ancestors == "'none'":
        response.headers["X-Frame-Options"] = "DENY"
        # Not on pages that a frame may show: a tab that a sandboxed frame opens could not show them (R79).
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response
