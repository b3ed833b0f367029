"""What stands around the app's pages: who looks, from where, and where links lead. Plain values, all worded."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

Opens = Callable[[str], str]
"""From an anchor of the report to the address that opens it."""

_OF_MEASURE = re.compile(r"measure-(\w+)")
_OF_BASIS = ("completeness", "basis")
_PAGES = ("periods", "plan")
"""Anchors that have a page of their own name."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a page; `current` when it leads to what is shown."""

    text: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The layout of one page for one launch.

    `home` is the path below which the launch's pages lie, without a slash at its end; `launched` is the time of
    the launch in words. `notices` stand above everything; `others` are the clinician's scores to choose from, and
    `choice` is the query that names the one shown (`?score=2`), carried along by every link; empty for none. From
    `today` the days to a deadline are counted, None counts none.
    """

    stylesheet: str
    home: str
    user: str
    npi: str | None
    ehr: str
    launched: str
    csrf: str
    has_patient: bool
    notices: tuple[str, ...] = ()
    others: tuple[Link, ...] = ()
    choice: str = ""
    today: date | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A button that sends a form; `fields` go with it unseen."""

    label: str
    path: str
    fields: Mapping[str, str] = field(default_factory=dict)
    new_tab: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A page that only says something; `status_word` is a tag above its title, empty for none."""

    title: str
    paragraphs: tuple[str, ...]
    actions: tuple[Action, ...] = ()
    status_word: str = ""
    links: tuple[Link, ...] = ()


def within_report(anchor: str) -> str:
    """Where an anchor opens in the report: on the same page, as all of it."""
    return f"#{anchor}"


def across_pages(frame: Frame, here: str) -> Opens:
    """Where anchors open in the app, whose pages share out what the report holds.

    Args:
        frame: the layout.
        here: the page with the link, such as `score` or `measures/PI_EP_1`; links within it stay short.
    """

    def to(anchor: str) -> str:
        page = _page_of(anchor)
        return f"#{anchor}" if page == here else f"{frame.home}/{page}{frame.choice}#{anchor}"

    return to


def _page_of(anchor: str) -> str:
    if measure := _OF_MEASURE.match(anchor):
        return f"measures/{measure[1]}"
    if anchor in _PAGES:
        return anchor
    return "basis" if anchor in _OF_BASIS else "score"
