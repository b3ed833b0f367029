"""What stands around the app's pages: who looks, from where, and where links lead. Plain values, all worded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from urllib.parse import parse_qsl

from smartapp.report.opening import address, place_in_app

Opens = Callable[[str], str]
"""From an anchor of the report to the address that opens it."""


class Tab(NamedTuple):
    """One entry of the navigation: its page, its text, and the pages below it."""

    page: str
    text: str
    below: frozenset[str] = frozenset()


STEPS = (
    Tab("requirements", "Requirements"),
    Tab("cehrt", "CEHRT"),
    Tab("measures", "Measures and period", frozenset({"periods", "hie", "exclusions", "group", "trend", "basis"})),
    Tab("attestations", "Attestations"),
    Tab("submission", "Submission"),
)
"""The steps in the order in which CMS asks for them."""

_FIRST = Tab("score", "My score")
_BESIDE = (
    Tab("plan", "Plan", frozenset({"what-if"})),
    Tab("documents", "Documents"),
    Tab("patient", "This patient"),
    Tab("runs", "Runs"),
    Tab("people", "People"),
    Tab("trail", "Audit trail"),
)
ALWAYS = frozenset({"plan"})
"""Pages beside the steps that whoever sees a score may open."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a page; `current` when it leads to what is shown."""

    text: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One of several to choose from in a form."""

    value: str
    text: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Choosing:
    """The form by which year, period and reporter are chosen; `text` says what is chosen, on paper too.

    `action` is the page that the form leads to. `start` and `end` are as typed, `problem` what is wrong with them,
    empty if nothing. `presets` and `years` are links that choose at once.
    """

    text: str
    action: str
    year: int
    start: str
    end: str
    years: tuple[Link, ...] = ()
    presets: tuple[Link, ...] = ()
    reporters: tuple[Option, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """The layout of one page for one launch.

    `home` is the path below which the launch's pages lie, without a slash at its end; `launched` is the time of
    the launch in words. `notices` stand above everything. `choice` is the whole query of what is chosen (`?year=…`),
    carried along by every link; empty for none. `choosing` is the form to choose by, None where nothing can be. From
    `today` the days to a deadline are counted, None counts none. `offers` are the pages beside the steps that this
    person may open, by their names.
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
    choice: str = ""
    today: date | None = None
    choosing: Choosing | None = None
    offers: frozenset[str] = frozenset()
    role: str = ""

    @property
    def choice_fields(self) -> Mapping[str, str]:
        """The choice as fields of a form that goes with GET."""
        return dict(parse_qsl(self.choice.removeprefix("?")))


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
        place = place_in_app(anchor)
        return f"#{anchor}" if place.page == here else address(frame.home, frame.choice, place)

    return to


@dataclass(frozen=True, slots=True)
class Navigation:
    """The links of every page: the dashboard, the steps, and what is beside them."""

    first: Link
    steps: tuple[Link, ...]
    beside: tuple[Link, ...]


def navigation(frame: Frame, here: str) -> Navigation:
    """The navigation around a page, by the page's path below home."""
    page = here.partition("/")[0]

    def link(tab: Tab) -> Link:
        return Link(tab.text, f"{frame.home}/{tab.page}{frame.choice}", page == tab.page or page in tab.below)

    offered = frame.offers | ALWAYS | (frozenset({"patient"}) if frame.has_patient else frozenset())
    return Navigation(link(_FIRST), tuple(map(link, STEPS)), tuple(link(t) for t in _BESIDE if t.page in offered))
