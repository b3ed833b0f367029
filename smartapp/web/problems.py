"""What a person sees when something cannot go on: the cause, what to do, and a number to name in a call for help.

Never a stack trace, never a server's own text, never what was sent (R128).
"""

import logging
import secrets
import traceback

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from extractors.errors import ExtractionError, StagingError
from smartapp.errors import UsageError
from smartapp.report.frame import Action, Frame, Link, Message
from smartapp.report.pages import app_page, message_page
from smartapp.smart.errors import SmartError, Unavailable
from smartapp.store import StoreError

STYLESHEET = "/style.css"
WAITING = "wait"
"""In an address: the browser asks by itself, nobody is known to look."""
STILL = "still"
"""In an address: the page is not to look again by itself, for whoever needs longer to read it (WCAG 2.2.1)."""
_LOG = logging.getLogger("pi180")
_NOT_FOUND = 404
_AGAIN = "Close this page and launch pi180 from the EHR again."


class Shown(Exception):  # noqa: N818
    """Ends a request with a page that says why."""

    def __init__(
        self,
        status: int,
        title: str,
        *paragraphs: str,
        actions: tuple[Action, ...] = (),
        links: tuple[Link, ...] = (),
        wait: int | None = None,
    ) -> None:
        """Status, title and words; `wait` in seconds after which the page looks again by itself."""
        super().__init__(title)
        self.status, self.message, self.wait = status, Message(title, paragraphs, actions, links=links), wait


class PageShown(Exception):  # noqa: N818
    """Ends a request with a whole page other than the one that was asked for, such as one to choose on first."""

    def __init__(self, html: str, status: int = 200) -> None:
        """The page as it is sent."""
        super().__init__("another page")
        self.html, self.status = html, status


def handle(app: Flask) -> None:
    """Answer every kind of failure with a page."""
    app.register_error_handler(PageShown, lambda shown: Response(shown.html, shown.status, mimetype="text/html"))
    app.register_error_handler(Shown, _shown)
    app.register_error_handler(SmartError, _refused)
    app.register_error_handler(Unavailable, _later)
    app.register_error_handler(ExtractionError, _unreachable)
    app.register_error_handler(StagingError, _not_kept)
    app.register_error_handler(UsageError, _unusable)
    app.register_error_handler(StoreError, _not_kept)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _shown(problem: Shown) -> Response:
    response = told(problem.message, problem.status)
    if problem.wait is not None:
        response.headers["Refresh"] = f"{problem.wait}; url={request.path}?{WAITING}=1"
    return response


def told(message: Message, status: int = 200) -> Response:
    """A page that only says something; with the launch's own header where somebody is signed in."""
    frame: Frame | None = g.get("frame")
    html = app_page("notice", frame, message=message) if frame else message_page(message, STYLESHEET)
    return Response(html, status, mimetype="text/html")


def _refused(problem: Exception) -> Response:
    g.frame = None  # nobody is signed in any more, or yet
    return told(Message("This launch cannot go on", (f"{_sentence(problem)} {_AGAIN}",)), 403)


def _later(problem: Exception) -> Response:
    text = f"{_sentence(problem)} Wait a moment. {_AGAIN}"
    return told(Message("The EHR's sign-in cannot be reached now", (text,)), 502)


def _unreachable(problem: Exception) -> Response:
    return told(Message("The EHR cannot be read now", (_sentence(problem), "Nothing was changed. Try again.")), 502)


def _unusable(problem: Exception) -> Response:
    return told(Message("The score cannot be opened", (_sentence(problem), "Tell your IT what this page says.")), 500)


def _not_kept(problem: Exception) -> Response:
    text = f"{_sentence(problem)} Tell your IT the number {noted(problem)}; the server's log explains it."
    return told(Message("What is kept here cannot be used now", (text,)), 500)


def _sentence(problem: Exception) -> str:
    text = str(problem)
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _http(problem: HTTPException) -> Response:
    status = problem.code or 500
    if status == _NOT_FOUND:
        return told(Message("There is no such page", ("Launch pi180 from the EHR, or start at the front page.",)), 404)
    return told(Message("This request cannot be answered", (_AGAIN,)), status)


def _unexpected(problem: Exception) -> Response:
    """The last resort."""
    advice = f"Nothing was changed. Tell your IT the number {noted(problem)}; the server's log explains it."
    return told(Message("Something went wrong here", (advice,)), 500)


def noted(problem: Exception) -> str:
    """Log kind and place of what went wrong, never its text, which may hold anything; the number of it in the log."""
    number = secrets.token_hex(4)
    frames = traceback.extract_tb(problem.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    _LOG.error("problem %s: %s in %s", number, type(problem).__name__, places)
    return number
