"""The pages of a score: the report, and the app's pages, which show the same from the same templates.

The report is one HTML document that opens every number down to file and line. It carries its style within and
needs no script and no network, so that it reads the same from a disk, in an EHR's frame, on paper and years
later. The app shares its content out over several pages, in a layout with a style sheet of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from smartapp.ahead.looking_ahead import Periods
from smartapp.ahead.planning import Planned
from smartapp.ahead.typed import WhatIf
from smartapp.attesting.signature import State, Unsigned
from smartapp.opened.drilldown import Asked as AskedRows
from smartapp.opened.drilldown import OpenedMeasure
from smartapp.opened.evidence import CaseRow
from smartapp.report.access_shown import RULE as OUTAGE_RULE
from smartapp.report.beside import other_books
from smartapp.report.binder import BinderShown
from smartapp.report.charts.bullet import bullets_of
from smartapp.report.dashboard import Dashboard, ready_of
from smartapp.report.drilldown import heading_of, measure_shown
from smartapp.report.frame import Frame, Link, Message, across_pages, navigation, within_report
from smartapp.report.measure_list import measure_list
from smartapp.report.page import page_of
from smartapp.report.periods import periods_shown
from smartapp.report.plan import plan_shown
from smartapp.report.signature import signature_shown
from smartapp.report.templating import page_from
from smartapp.report.what_if import what_if_shown
from smartapp.scored import Scored

_EMPTY: Mapping[str, str] = {}
_NOTHING_BESIDE = Dashboard()
_UNSIGNED = Unsigned()

_MORE = (
    ("periods", "Periods"),
    ("exclusions", "Exclusions"),
    ("hie", "Health information exchange"),
    ("group", "Group and clinicians"),
    ("trend", "Trend over runs"),
)
"""Pages about measures and period beside the list."""


def render(
    scored: Scored,
    rows: Sequence[CaseRow],
    as_of: date | None = None,
    periods: Periods | None = None,
    signature: State = _UNSIGNED,
) -> str:
    """The report of one score as a self-contained HTML document.

    Args:
        scored: the score and the reading it rests on, still open.
        rows: every case of the reading's period.
        as_of: the day from which the days to each deadline are counted; None counts none.
        periods: every period around the score, seen from the same day; None shows none.
        signature: whether somebody signed what is shown.
    """
    content: dict[str, Any] = {"page": page_of(scored, rows, as_of=as_of), "books": other_books(scored)}
    content["periods"] = periods_shown(periods) if periods else None
    content["signature"] = signature_shown(signature)
    return page_from("report.html", **content, to=within_report)


def binder_page(scored: Scored, rows: Sequence[CaseRow], periods: Periods | None, binder: BinderShown) -> str:
    """The page that leads through a binder, as a self-contained HTML document.

    Args:
        scored: the score and the reading it rests on, still open.
        rows: every case of the reading's period.
        periods: every period around the score; None shows none.
        binder: what the binder has beside them.
    """
    content: dict[str, Any] = {"page": page_of(scored, rows), "books": other_books(scored), "binder": binder}
    content["periods"] = periods_shown(periods) if periods else None
    return page_from("binder.html", **content, to=within_report)


def score_page(scored: Scored, written: datetime, frame: Frame, dashboard: Dashboard = _NOTHING_BESIDE) -> str:
    """The dashboard: gate, points, period, objectives, what to do next, evidence; every figure leads to its page.

    Args:
        scored: the score; no case of it is looked at.
        written: when its data were read, with a zone; it is shown in the practice's.
        frame: the layout.
        dashboard: what stands beside the score.
    """
    page = page_of(scored, (), written.astimezone(scored.reading.site.zone_info), frame.today)
    ready = ready_of(page, dashboard.files) if dashboard.files else None
    beside: dict[str, Any] = {"board": dashboard, "periods": dashboard.periods, "dates": dashboard.dates}
    return app_page("score", frame, page=page, ready=ready, **beside)


def measures_page(scored: Scored, frame: Frame) -> str:
    """All measures of the year with what was counted or answered, and what each earns."""
    more = tuple(Link(text, f"{frame.home}/{page}{frame.choice}") for page, text in _MORE)
    about: dict[str, Any] = {"year": scored.reading.rules.year, "blocked": bool(scored.reading.faults)}
    return app_page("measures", frame, found=measure_list(scored), rates=bullets_of(scored), more=more, **about)


def measure_page(scored: Scored, opened: OpenedMeasure, asked: AskedRows, frame: Frame, *, with_cases: bool) -> str:
    """One measure: its definition, its figures, and the rows that are asked for.

    Args:
        scored: the score and the reading it rests on, still open.
        opened: the measure with its cases.
        asked: which of them are listed.
        frame: the layout.
        with_cases: whether the reader may see cases.

    Raises:
        NoSuchRows: no page shows what is asked for.
    """
    shown = measure_shown(scored, opened, asked, frame, with_cases=with_cases)
    page = heading_of(scored)
    return app_page("measure", frame, f"measures/{opened.measure}", page=page, shown=shown, outage_rule=OUTAGE_RULE)


def periods_page(scored: Scored, periods: Periods | None, frame: Frame) -> str:
    """The periods of the year around a score; `periods` None where none are compared."""
    shown = periods_shown(periods) if periods else None
    return app_page("periods", frame, page=page_of(scored, ()), periods=shown)


def plan_page(scored: Scored, plan: Planned | None, frame: Frame) -> str:
    """What can still be done; on paper no case is named. `plan` None where nothing is planned."""
    return app_page("plan", frame, page=page_of(scored, ()), plan=plan_shown(plan) if plan else None)


def what_if_page(
    scored: Scored, frame: Frame, form: Mapping[str, str] = _EMPTY, found: WhatIf | None = None, problem: str = ""
) -> str:
    """The what-if form.

    Args:
        scored: the score as it stands.
        frame: the layout.
        form: what was typed, by the names of the fields; it stands in the form again.
        found: both scores; None where nothing is scored.
        problem: what cannot be read of the form, empty if nothing.
    """
    shown = what_if_shown(scored, form, found, problem)
    return app_page("what-if", frame, page=page_of(scored, ()), shown=shown)


def basis_page(scored: Scored, frame: Frame) -> str:
    """What a score rests on: what was received and what became of it, and the digests of all that decided."""
    return app_page("basis", frame, page=page_of(scored, ()))


def app_page(name: str, frame: Frame, path: str | None = None, **content: Any) -> str:
    """A page of the app from `templates/pages/<name>.html`, which extends `app.html`.

    Args:
        name: the name of the template.
        frame: the layout.
        path: where the page lies below the frame's home; None means at its name.
        content: what the template shows.
    """
    here = path or name
    around = {"frame": frame, "here": here, "nav": navigation(frame, here)}
    return page_from(f"pages/{name}.html", **around, to=across_pages(frame, here), **content)


def message_page(message: Message, stylesheet: str) -> str:
    """A page that only says something, outside of any launch: an error, a next step, nothing to show yet."""
    return page_from("pages/message.html", message=message, stylesheet=stylesheet)
