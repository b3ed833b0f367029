"""What comes in is bounded (R124): sizes, fields of a form, files only where a page takes them, and forms a minute.

The reverse proxy bounds the rest: slow clients, and how many ask for pages.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from smartapp.report.frame import Message
from smartapp.web.headers import framed_by
from smartapp.web.problems import told
from smartapp.web.service import Service

MOST_BYTES = 64 * 1024
"""Of a request's body, except where a page takes a file."""
MOST_BYTES_OF_ANY = 11 * 1024 * 1024
"""Of any request: the largest file that a page takes, and the form around it."""
MOST_HEADER_BYTES = 32 * 1024
MOST_FIELDS = 400
"""Of one form."""
MOST_FORMS, WITHIN = 60, timedelta(minutes=1)
"""Forms that one session may send within so much time; who has no session, one address."""
_MOST_KNOWN = 10_000
_MARK = "most_bytes_of_files"
_View = TypeVar("_View", bound=Callable[..., Any])


def takes_files(most: int) -> Callable[[_View], _View]:
    """Mark a view that takes a form with files, of so many bytes in all. It goes below `signed_in`."""

    def mark(view: _View) -> _View:
        setattr(view, _MARK, most)
        return view

    return mark


class Pace:
    """Counts what each of many does within a time that glides; who did nothing in it is forgotten."""

    def __init__(self, most: int = MOST_FORMS, within: timedelta = WITHIN) -> None:
        self._most, self._within, self._lock = most, within, threading.Lock()
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()

    def allows(self, who: str, now: datetime) -> bool:
        """Whether somebody may once more; only what was allowed counts."""
        with self._lock:
            times = self._seen.setdefault(who, deque())
            self._seen.move_to_end(who)
            if times and times[-1] > now:
                times.clear()  # the clock was set back: what is later than now was long ago
            while times and times[0] <= now - self._within:
                times.popleft()
            if len(self._seen) > _MOST_KNOWN:
                self._seen.popitem(last=False)
            if len(times) >= self._most:
                return False
            times.append(now)
            return True


def bound(app: Flask, service: Service) -> None:
    """Have an app refuse what is too large, too much or too often, each with a page."""
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = MOST_BYTES
    app.config["MAX_FORM_PARTS"] = MOST_FIELDS
    app.register_error_handler(RequestEntityTooLarge, lambda _: _too_large())
    pace = Pace()
    app.before_request(lambda: _too_often(service, pace))
    app.before_request(_unfit)


def _unfit() -> Response | None:
    most: int | None = getattr(current_app.view_functions.get(request.endpoint or ""), _MARK, None)
    if most is not None:
        request.max_content_length = most
    elif request.mimetype == "multipart/form-data":
        advice = "Go back, and use the form of the page itself."
        return told(Message("This page takes no files", ("A form with files was sent to it.", advice)), 415)
    too_many = request.method == "POST" and sum(map(len, request.form.listvalues())) > MOST_FIELDS
    return _too_large() if too_many else None


def _too_large() -> Response:
    text = "What was sent is larger than this page takes. Nothing was changed."
    return told(Message("That is too large", (text, "Go back, and send less: a smaller file, or a shorter text.")), 413)


def _too_often(service: Service, pace: Pace) -> Response | None:
    """Sessions are held apart, so that nobody uses up another's forms; without one, addresses are."""
    if request.method != "POST" or pace.allows(_who(service), service.clock()):
        return None
    text = f"More than {MOST_FORMS} forms were sent within a minute. Nothing was changed by this one."
    response = told(Message("That is too fast", (text, "Wait a minute, go back, and send it again.")), 429)
    response.headers["Retry-After"] = str(int(WITHIN.total_seconds()))
    return response


def _who(service: Service) -> str:
    launch_id = str((request.view_args or {}).get("launch_id", ""))
    launch = service.sessions.glimpse(request, launch_id) if launch_id else None
    if launch is None:
        return f"address {request.remote_addr}"
    framed_by(service.ehr(launch).registration)
    return f"launch {launch.id}"
