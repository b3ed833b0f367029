"""The pages of a score: the report, and the app's pages, which show the same from the same templates.

The report is one HTML document that opens every number down to file and line. It carries its style within and
needs no script and no network, so that it reads the same from a disk, in an EHR's frame, on paper and years
later. The app shares its content out over several pages, in a layout with a style sheet of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from smartapp.evidence import CaseRow
from smartapp.looking_ahead import Periods
from smartapp.paths import templates
from smartapp.planning import Planned
from smartapp.report.beside import other_books
from smartapp.report.frame import Action, Frame, Link, Message, across_pages, within_report
from smartapp.report.page import page_of
from smartapp.report.periods import periods_shown
from smartapp.report.plan import plan_shown
from smartapp.report.what_if import what_if_shown
from smartapp.report.words import day_in_words, figure, moment, until
from smartapp.scored import Scored
from smartapp.typed import WhatIf

__all__ = [
    "Action",
    "Frame",
    "Link",
    "Message",
    "app_page",
    "basis_page",
    "measure_page",
    "message_page",
    "periods_page",
    "plan_page",
    "render",
    "score_page",
    "what_if_page",
]

_EMPTY: Mapping[str, str] = {}


def render(scored: Scored, rows: Sequence[CaseRow], as_of: date | None = None, periods: Periods | None = None) -> str:
    """The report of one score as a self-contained HTML document.

    Args:
        scored: the score and the reading it rests on, still open.
        rows: every case of the reading's period.
        as_of: the day from which the days to each deadline are counted; None counts none.
        periods: every period around the score, seen from the same day; None shows none.
    """
    content: dict[str, Any] = {"page": page_of(scored, rows, as_of=as_of), "books": other_books(scored)}
    content["periods"] = periods_shown(periods) if periods else None
    return _environment().get_template("report.html").render(**content, to=within_report)


def score_page(scored: Scored, written: datetime, frame: Frame, periods: Periods | None = None) -> str:
    """The app's "My score": gate, points, lines and answers; every figure leads to its measure's page.

    Args:
        scored: the score; no case of it is looked at.
        written: when the score was made, with a zone; it is shown in the practice's.
        frame: the layout.
        periods: every period around the score; None says nothing of them.
    """
    page = page_of(scored, (), moment(written.astimezone(scored.reading.site.zone_info)), frame.today)
    return app_page("score", frame, page=page, periods=periods_shown(periods) if periods else None)


def measure_page(scored: Scored, rows: Sequence[CaseRow], measure: str, frame: Frame) -> str:
    """One measure of a score with all its cases and their evidence.

    Args:
        scored: the score and the reading it rests on, still open.
        rows: the cases of the reading's period; those of other measures may be missing.
        measure: its id, as the address of the page names it.
        frame: the layout.

    Raises:
        KeyError: the year has no such measure, or it is not counted from cases.
    """
    page = page_of(scored, [row for row in rows if row.measure == measure])
    sections = {section.measure: section for section in page.sections}
    line = next((line for line in page.lines if line.measure == measure), None)
    return app_page("measure", frame, f"measures/{measure}", page=page, section=sections[measure], line=line)


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
    page = _environment().get_template(f"pages/{name}.html")
    return page.render(frame=frame, here=here, to=across_pages(frame, here), **content)


def message_page(message: Message, stylesheet: str) -> str:
    """A page that only says something, outside of any launch: an error, a next step, nothing to show yet."""
    return _environment().get_template("pages/message.html").render(message=message, stylesheet=stylesheet)


@cache
def _environment() -> Environment:
    """Every value is escaped, whatever a server put into it; a name that a template misspells is an error."""
    environment = Environment(
        loader=FileSystemLoader(templates()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure
    environment.filters["day"] = day_in_words
    environment.filters["until"] = until
    return environment
