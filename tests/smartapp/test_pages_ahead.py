import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from report_page import Element, read_page
from test_score_page import FRAME, HOSTILE, WRITTEN

from extractors.sources.folder import FileState
from scoring.horizon import Horizon
from scoring.starts import starts_left
from smartapp.ahead.looking_ahead import Periods, periods_of, plan_of, what_if_of
from smartapp.ahead.plan_words import todo
from smartapp.ahead.planning import Planned
from smartapp.errors import UsageError
from smartapp.kept.archive import latest, open_score
from smartapp.report.dashboard import Dashboard
from smartapp.report.pages import periods_page, plan_page, score_page, what_if_page
from smartapp.report.periods import periods_shown
from smartapp.scored import Scored, score_reading
from smartapp.usecases import recounted
from smartapp.web.typing_form import typed_in

AS_OF = date(2026, 6, 1)
TODAY = replace(FRAME, today=AS_OF)


@dataclass
class Ahead:
    scored: Scored
    periods: Periods


@pytest.fixture(scope="module")
def ahead(solo_out: Path) -> Iterator[Ahead]:
    """The synthetic practice's score, opened from its run, with every period around it."""
    [kept] = latest(solo_out / "runs", "1234567893")
    with open_score(kept.place) as scored:
        periods = periods_of(scored, AS_OF)
        assert periods is not None
        yield Ahead(scored, periods)


@pytest.fixture(scope="module")
def late(ahead: Ahead) -> Ahead:
    """The same practice, had its certified technology come into use on February 15."""
    attested = ahead.scored.attestations
    dated = replace(attested, dates=replace(attested.dates, in_use_from=date(2026, 2, 15)))
    scored = score_reading(ahead.scored.reading, dated)
    periods = periods_of(scored)
    assert periods is not None
    return Ahead(scored, periods)


def seen(periods: Periods, as_of: date | None) -> Periods:
    """The same periods seen from a day, all of whose days are in the data."""
    horizon = Horizon(date(2026, 12, 31), as_of, date(2026, 12, 31), None)
    starts = starts_left(periods.rules, as_of) if as_of else None
    return replace(periods, found=replace(periods.found, horizon=horizon, starts=starts))


def page_of(ahead: Ahead) -> Element:
    return read_page(periods_page(ahead.scored, ahead.periods, TODAY))


def test_every_day_on_which_a_period_may_start_stands_once_with_all_its_periods(ahead: Ahead) -> None:
    starts, space = ahead.periods.starts, ahead.periods.space
    assert (starts[0].first, starts[-1].last) == (space.first, space.last_start)
    assert all(after.first - before.last == timedelta(1) for before, after in pairwise(starts))
    assert sum(one.periods for one in starts) == len(space) == 17391


def test_the_longest_of_each_start_earns_what_is_said_and_no_start_earns_more_than_the_best(ahead: Ahead) -> None:
    found = ahead.periods.found
    assert max(one.points or 0 for one in ahead.periods.starts) == found.best.points
    [own] = [one for one in ahead.periods.starts if one.first <= found.best.period.start <= one.last]
    assert own.points == found.best.points
    assert own.longest is not None
    assert own.longest.days >= found.best.period.days
    assert all(one.longest in ahead.periods.space for one in ahead.periods.starts)


def test_my_score_says_that_a_better_period_was_found_and_leads_there(ahead: Ahead) -> None:
    page = read_page(score_page(ahead.scored, WRITTEN, TODAY, Dashboard(periods_shown(ahead.periods))))
    [told] = page.all("section", "alert-better")
    assert told.all("h2")[0].text == "Better period found"
    best = "July 3, 2026 to December 31, 2026 earns 93 points as it is reported, and 100 with: PI_LVITC_2 claimed, "
    assert f"{best}PI_LVOTC_1 claimed; " in told.text
    assert "January 1, 2026 to July 5, 2026 earns 90 as it is reported" in told.text
    assert not re.search(r"\d{4}-\d\d-\d\d", told.text)
    links = {a.text: a.attributes["href"] for a in told.all("a")}
    assert links == {
        "See all periods and why": "/l/abc/periods#periods",
        "The plan tells what is safe": "/l/abc/plan#plan",
    }


def test_a_report_that_was_published_shows_the_same_on_its_own_page(solo_out: Path) -> None:
    report = read_page((solo_out / "report.html").read_text())
    [told] = report.all("section", "alert-better")
    assert [a.attributes["href"] for a in told.all("a")] == ["#periods"]
    assert report.by_id("periods").text == "Performance periods"
    assert report.all("svg", "period-map")


@pytest.mark.parametrize(
    ("reported", "headline"),
    [(99, "Better period found"), (100, "No period earns more"), (101, "No period earns more")],
)
def test_a_period_is_better_only_when_it_earns_more(ahead: Ahead, reported: int, headline: str) -> None:
    shown = periods_shown(replace(ahead.periods, reported=reported))
    assert shown.headline == headline
    assert shown.better == (reported < 100)


def test_better_choices_for_the_same_period_are_no_better_period(ahead: Ahead) -> None:
    best = ahead.periods.found.best
    same = replace(ahead.periods, current=best.period, shown=best)
    assert periods_shown(same).headline == "Better choices found for this period"
    assert "earns 90 as it is reported and 100 with the choices that are best for it" in periods_shown(same).says[0]


def test_each_mark_of_the_map_has_a_text_and_leads_to_its_row(ahead: Ahead) -> None:
    page = page_of(ahead)
    [drawn] = page.all("svg", "period-map")
    links = {a.attributes["href"]: a.text for a in drawn.all("a")}
    assert links == {
        "#period-today": "Today, Jun 1",
        "#period-best": "Best, 100: Jul 3 to Dec 31",
        "#period-current": "Yours, 90: Jan 1 to Jul 5",
        "#period-runner-up": "Runner-up, 100: Jul 3 to Dec 30",
    }
    for href in links:
        assert page.by_id(href[1:]).text
    assert drawn.attributes["role"] == "group"
    assert all(page.by_id(name).text for name in drawn.attributes["aria-labelledby"].split())


def test_the_map_draws_what_the_table_beside_it_says(late: Ahead) -> None:
    shown = periods_shown(late.periods)
    assert len(shown.map.bars) == len(shown.starts) == len(late.periods.starts)
    for bar, starts in zip(shown.map.bars, late.periods.starts, strict=True):
        assert bar.hatched == (starts.points is None)
        assert int(bar.height) == (120 if starts.points is None else starts.points * 120 // 100)
        assert int(bar.y) + int(bar.height) == 120


def test_starts_before_the_technology_was_in_use_are_hatched_and_say_why_and_the_day_itself_is_not(late: Ahead) -> None:
    unusable, first_usable, *_ = late.periods.starts
    assert (unusable.last, unusable.points) == (date(2026, 2, 14), None)
    assert (first_usable.first, first_usable.points) == (date(2026, 2, 15), 90)
    row = periods_shown(late.periods).starts[0]
    assert (row.points, row.earning) == ("cannot be used", f"none of {unusable.periods:,}")
    assert "in use from 2026-02-15" in row.longest
    [drawn] = page_of(late).all("svg", "period-map")
    assert len(drawn.all("rect", "open")) == 1


def test_without_a_day_from_which_the_technology_was_in_use_nothing_is_hatched(ahead: Ahead) -> None:
    page = page_of(ahead)
    assert page.all("svg", "period-map")[0].all("rect", "open") == []
    assert "Cannot be used" not in page.text


@pytest.mark.parametrize(
    ("as_of", "x"),
    [(date(2025, 12, 31), None), (date(2026, 1, 1), "0.00%"), (date(2026, 12, 31), "99.73%"), (date(2027, 1, 1), None)],
)
def test_today_is_marked_on_the_days_of_the_year_only(ahead: Ahead, as_of: date, x: str | None) -> None:
    today = periods_shown(seen(ahead.periods, as_of)).map.today
    assert (today.x if today else None) == x


@pytest.mark.parametrize(("as_of", "told"), [(date(2026, 12, 30), True), (date(2026, 12, 31), False)])
def test_a_best_period_that_is_not_over_says_so(ahead: Ahead, as_of: date, told: bool) -> None:
    shown = periods_shown(seen(ahead.periods, as_of))
    assert any("1 day of this period is still to come; not counted" in text for text in shown.says) == told
    assert any("not for sure" in text for text in shown.certainty) == told


def test_where_nothing_was_answered_yes_is_assumed_and_said(ahead: Ahead) -> None:
    scored = score_reading(ahead.scored.reading, replace(ahead.scored.attestations, answers={}, reported={}))
    periods = periods_of(scored)
    assert periods is not None
    assert periods.reported == scored.score.before_gate
    assert any(text.startswith("Assumed") for text in periods_shown(periods).rests_on)


def test_an_input_that_is_not_whole_has_neither_periods_nor_a_plan(ahead: Ahead) -> None:
    reading = ahead.scored.reading
    cut = replace(reading, files=(replace(reading.files[0], state=FileState.TRUNCATED), *reading.files[1:]))
    scored = replace(ahead.scored, reading=cut)
    assert periods_of(scored) is None
    assert plan_of(scored, AS_OF) is None
    page = read_page(periods_page(scored, None, TODAY))
    assert page.all("svg", "period-map") == []
    assert page.by_id("periods").text == "The input is not whole, so no periods are compared."
    assert read_page(plan_page(scored, None, TODAY)).by_id("plan").text.endswith("nothing is planned.")


@pytest.fixture(scope="module")
def found(ahead: Ahead) -> Planned:
    planned = plan_of(ahead.scored, AS_OF)
    assert planned is not None
    return planned


@pytest.fixture(scope="module")
def plan(ahead: Ahead, found: Planned) -> Element:
    return read_page(plan_page(ahead.scored, found, TODAY))


def without(element: Element, css_class: str) -> Element:
    kept = [without(c, css_class) if isinstance(c, Element) else c for c in element.children
            if isinstance(c, str) or css_class not in c.classes]  # fmt: skip
    return Element(element.tag, element.attributes, kept)


def test_the_list_to_share_names_no_case_and_the_details_inside_do(found: Planned, plan: Element) -> None:
    names = {case.name for action, adds in found.singles if adds > 0 for case in action.cases if case.name}
    assert len(names) > 20
    inside = " ".join(details.text for details in plan.all("details", "inside"))
    assert all(name in inside for name in names)
    assert not any(name in without(plan, "inside").text for name in names)


def test_the_plan_says_what_to_do_until_when_and_what_it_gives(found: Planned, plan: Element) -> None:
    [listed] = plan.all("ol", "steps")
    steps = [child for child in listed.children if isinstance(child, Element)]
    assert len(steps) == len(found.plan.steps) > 1
    for shown, step in zip(steps, found.plan.steps, strict=True):
        assert f"{todo(step.action, found.scored.reading.rules)}." in shown.text
        assert step.action.id not in shown.text
        assert f"then {step.score_after} points; without it {step.score_without}" in shown.text
    assert f"From {found.plan.before.points} to {found.plan.after.points} of 100" in plan.text
    assert "July 5, 2026 (in 34 days)" in plan.text


def test_the_page_says_what_the_plan_takes_from_the_report_and_which_cases_may_not_count(
    found: Planned, plan: Element
) -> None:
    assert "PI_HIE_4: 27 of 38 is the EHR's own total, as it stands" in plan.text
    assert "It was made after 2026-06-01" in plan.text
    assert found.undecided
    reasons = {reason for counted in found.undecided.values() for reason in counted}
    assert plan.by_id("undecided").text == "What may count, and is in no plan"
    assert all(reason in plan.text for reason in reasons)


def test_the_plan_is_for_the_points_that_are_asked_for(ahead: Ahead) -> None:
    found = plan_of(ahead.scored, AS_OF, 92)
    assert found is not None
    assert found.plan.after.points >= 92 > found.plan.before.points
    page = read_page(plan_page(ahead.scored, found, TODAY))
    assert page.by_id("target").attributes["value"] == "92"


FORM = {"answer-PI_PPHI_1": "none", "met-PI_PEA_1": "180", "of-PI_PEA_1": "182"}


def test_typed_values_stand_apart_under_their_label_beside_the_score_of_the_data(ahead: Ahead) -> None:
    found = what_if_of(ahead.scored, typed_in(FORM, ahead.scored.reading.rules))
    page = read_page(what_if_page(ahead.scored, TODAY, FORM, found))
    assert "typed values, not data" in page.all("p", "notice")[0].text
    [answer] = page.all("section", "typed")
    assert [li.text for li in answer.all("li")] == ["typed PI_PPHI_1 = no answer", "typed PI_PEA_1 = 180 of 182"]
    [total] = answer.all("tfoot")
    assert [td.text for td in total.all("td")] == ["90", "0 (gate shut; 96 without that)"]
    assert "25 / 25 (typed)" in answer.text
    assert page.by_id("met-PI_PEA_1").attributes["value"] == "180"


def test_every_field_of_the_form_has_a_label(ahead: Ahead) -> None:
    page = read_page(what_if_page(ahead.scored, TODAY))
    labelled = {label.attributes["for"] for label in page.all("label")}
    fields = [e for e in (*page.all("input"), *page.all("select")) if e.attributes.get("type") != "hidden"]
    assert len(fields) > 30
    assert all(field.attributes["id"] in labelled for field in fields)


def test_what_is_typed_is_shown_as_text_and_never_as_markup(ahead: Ahead) -> None:
    form = {"cehrt-id": HOSTILE, "met-PI_PEA_1": HOSTILE}
    html = what_if_page(ahead.scored, TODAY, form, problem=HOSTILE)
    assert "<script" not in html
    assert "<img" not in html
    assert read_page(html).by_id("cehrt-id").attributes["value"] == HOSTILE


@pytest.mark.parametrize(
    "form",
    [{}, {"answer-PI_PPHI_1": ""}, {"answer-PI_NO_SUCH": "yes"}, {"met-PI_PEA_1": "1"}, {"of-PI_PEA_1": "1"},
     {"met-PI_PEA_1": "-1", "of-PI_PEA_1": "2"}, {"met-PI_PEA_1": "1.5", "of-PI_PEA_1": "2"},
     {"met-PI_PEA_1": "²", "of-PI_PEA_1": "3"}, {"met-PI_PEA_1": "1", "of-PI_PEA_1": "1234567890"}],
)  # fmt: skip
def test_a_form_without_anything_that_can_be_scored_says_so(ahead: Ahead, form: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"Nothing is typed|two whole numbers"):
        typed_in(form, ahead.scored.reading.rules)


def test_a_count_of_nine_digits_and_every_answer_can_be_typed(ahead: Ahead) -> None:
    rules = ahead.scored.reading.rules
    form = {"met-PI_PEA_1": " 1 ", "of-PI_PEA_1": "123456789", "answer-PI_EP_2": "no", "controlled": "exclude"}
    typed = typed_in({**form, "cehrt-id": " 0015X "}, rules)
    assert dict(typed.counts) == {"PI_PEA_1": (1, 123456789)}
    assert dict(typed.answers) == {"PI_EP_2": False}
    assert (typed.controlled, typed.cehrt_id) == ("exclude", "0015X")


def test_the_best_period_is_promised_what_opening_it_shows(ahead: Ahead) -> None:
    best = ahead.periods.found.best.period
    reading = recounted(ahead.scored.reading, best)
    opened = score_reading(reading, replace(ahead.scored.attestations, period=best))
    assert ahead.periods.best_as_reported == opened.score.points
    plain = replace(ahead.periods, best_as_reported=100)
    assert "December 31, 2026 earns 100 points; January 1" in periods_shown(plain).says[0]


def test_points_that_nothing_unknown_changes_are_not_called_all_known(ahead: Ahead) -> None:
    sure = replace(ahead.periods.found.best, least=100, most=100)
    shown = periods_shown(replace(ahead.periods, found=replace(ahead.periods.found, best=sure)))
    assert shown.rows[0].range == "100, which the unknowns do not change"
