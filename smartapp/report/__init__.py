"""The report: one HTML document that shows the score and opens every number down to file and line.

It carries its style within and needs no script and no network, so that it reads the same from a disk, in an
EHR's frame, on paper and years later.
"""

from collections.abc import Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from smartapp.evidence import CaseRow
from smartapp.paths import templates
from smartapp.report.page import page_of
from smartapp.report.words import figure
from smartapp.scored import Scored

__all__ = ["render"]


def render(scored: Scored, rows: Sequence[CaseRow]) -> str:
    """The report of one score as a self-contained HTML document.

    Args:
        scored: the score and the reading it rests on, still open.
        rows: every case of the reading's period.
    """
    return _environment().get_template("report.html").render(page=page_of(scored, rows))


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
    return environment
