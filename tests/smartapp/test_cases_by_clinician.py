"""A measure that is counted for the whole practice: who sees no cases sees no colleague's numbers either."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from report_page import read_page

from scoring.model import MeasureId
from smartapp.kept.archive import latest, open_score
from smartapp.opened.drilldown import Asked, OpenedMeasure, open_measure
from smartapp.report.frame import Frame
from smartapp.report.pages import measure_page
from smartapp.scored import Scored

NPI, COLLEAGUE = "1234567893", "1245319599"
FRAME = Frame("/style.css", "/l/abc", "Dana", NPI, "EHR", "today", "token", has_patient=False, choice="?year=2026")


@pytest.fixture(scope="module")
def practice(solo_out: Path) -> Iterator[Scored]:
    [kept] = latest(solo_out / "runs", NPI)
    with open_score(kept.place) as scored:
        yield scored


@pytest.fixture(scope="module")
def shared(practice: Scored) -> OpenedMeasure:
    """Prescriptions as if each were of two clinicians."""
    opened = open_measure(practice, MeasureId("PI_EP_1"))
    both = frozenset({NPI, COLLEAGUE})
    ways = (replace(way, cases=tuple(replace(case, clinicians=both) for case in way.cases)) for way in opened.ways)
    return replace(opened, ways=tuple(ways))


@pytest.mark.requirement("R84")
@pytest.mark.parametrize("sees", [True, False])
@pytest.mark.parametrize("query", [{}, {"clinician": "2"}])
def test_numbers_by_clinician_are_for_who_may_see_cases(
    practice: Scored, shared: OpenedMeasure, query: dict[str, str], sees: bool
) -> None:
    page = read_page(measure_page(practice, shared, Asked.of(query), FRAME, with_cases=sees))
    assert (COLLEAGUE in page.text) is sees
