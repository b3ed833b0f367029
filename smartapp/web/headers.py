"""The headers of every answer: nothing runs, nothing loads from elsewhere, nothing is kept, no foreign frame."""

from flask import Response, g

from extractors.places import place_of
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


def forms_lead_to(*registrations: Registration) -> None:
    """Let forms of this answer be led on to these EHRs: a launch that a form starts goes there, and browsers look."""
    places = [place_of(url) for one in registrations for url in (one.iss, one.issuer)]
    named = {f"{place.scheme}://{_bracketed(place.host)}:{place.port}" for place in places}
    hosts = {f"https://{host}" for one in registrations for host in one.hosts if ":" not in host}
    g.form_targets = " ".join(sorted(named | hosts))


def with_headers(response: Response) -> Response:
    """Add what every answer carries."""
    ancestors = g.get("frame_ancestors") or "'none'"
    targets = f"'self' {g.get('form_targets', '')}".strip()
    response.headers.update(_ALWAYS)
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        f"form-action {targets}; frame-ancestors {ancestors}"
    )
    if ancestors == "'none'":
        response.headers["X-Frame-Options"] = "DENY"
        # Not on pages that a frame may show: a tab that a sandboxed frame opens could not show them (R79).
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
