"""The drawings: what they draw is what their tables say, and what the score counted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_page import Element, Shown

from scoring.exclusions import Count
from scoring.model import MeasureId, Period, Proportion
from scoring.projection import Span, safety_margin
from smartapp.ahead.limits import Limited, Limits, limits_of
from smartapp.ahead.looking_ahead import plan_of
from smartapp.kept.archive import latest, open_score
from smartapp.report.charts.bullet import bullets_of, segments_of
from smartapp.report.charts.shape import DataTable, Told, place
from smartapp.report.charts.threshold import ThresholdChart, threshold_chart
from smartapp.report.charts.trend import Value, trend_line
from smartapp.report.charts.waterfall import waterfall

SENT = MeasureId("PI_LVOTC_1")
PERIOD = Period(date(2026, 1, 1), date(2026, 6, 29))
MIDDLE = date(2026, 3, 31)
TOLD = Told("a", "A", "One.", DataTable("T", ("Run",), ()))


@pytest.fixture(scope="module")
def limits(solo_out: Path) -> Iterator[Limits]:
    """The limits of the synthetic practice, its period over."""
    [kept] = latest(solo_out / "runs", "1234567893")
    with open_score(kept.place) as scored:
        found = limits_of(scored, date(2026, 11, 21))
        assert found is not None
        yield found


def counted(limits: Limits, number: int, *, as_of: date, more: int = 0) -> tuple[Limited, Span]:
    """The sending exclusion with so many cases, two a day from the first day on, and as many more that may count."""
    [one] = [found for found in limits.found if found.exclusion.exclusion == SENT]
    days = tuple(PERIOD.start + timedelta(days=index // 2) for index in range(number))
    exclusion, span = replace(one.exclusion, count=Count(number, number + more)), Span(PERIOD, as_of)
    margin = safety_margin(exclusion, days, span)
    assert margin is not None
    return replace(one, exclusion=exclusion, days=days, margin=margin), span


def drawn(one: Limited, span: Span) -> ThresholdChart:
    chart = threshold_chart(one, span, "Counted")
    assert chart is not None
    return chart


def heights(chart: ThresholdChart) -> list[float]:
    """Where the curve stands after each step, from the top."""
    return [float(step.split("H")[0]) for step in chart.curve.split("V")[1:]]


def test_every_rate_is_drawn_and_told_as_it_was_scored(solo: Shown) -> None:
    found, scored = bullets_of(solo.scored), solo.scored.submission.proportions
    assert [one.measure for one in found.bars] == [line.measure for line in solo.scored.score.lines
                                                   if line.measure in scored]  # fmt: skip
    for bar, row in zip(found.bars, found.told.table.rows, strict=True):
        number = scored[MeasureId(bar.measure)]
        told = dict(zip(found.told.table.head, row, strict=True))
        assert (told["Met"], told["Denominator"]) == (str(number.met), str(number.denominator))
        assert int(told["Met"]) + int(told["Unknown"]) + int(told["Not met"]) == number.denominator
        assert bar.words.startswith(f"{number.met} of {number.denominator}, ")


def test_the_sentence_above_the_rates_names_the_lowest_of_them(solo: Shown) -> None:
    rates = {line.title: solo.scored.submission.proportions[MeasureId(line.measure)].rate
             for line in solo.scored.score.lines if line.measure in solo.scored.submission.proportions}  # fmt: skip
    lowest = min(rates, key=lambda title: rates[title] or 0)
    assert bullets_of(solo.scored).told.reading.startswith(f"The lowest of 4 rates is that of {lowest}: 74 of 112")


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_the_parts_of_a_bar_lie_side_by_side_and_fill_the_denominator(met: int, unknown: int, short: int) -> None:
    parts = segments_of(Proportion(met, met + unknown + short, unknown))
    ends = [(float(one.x[:-1]), float(one.x[:-1]) + float(one.width[:-1])) for one in parts]
    assert [one.kind for one in parts] == [kind for kind, number in
                                           (("earned", met), ("open", unknown), ("lost", short)) if number]  # fmt: skip
    assert all(abs(before[1] - after[0]) < 0.02 for before, after in pairwise(ends))
    assert not parts or (ends[0][0], round(ends[-1][1], 1)) == (0.0, 100.0)


def test_what_cannot_be_read_is_drawn_as_nothing_and_never_as_zero() -> None:
    assert segments_of(Proportion(0, 0, readable=False)) == ()
    assert segments_of(Proportion(0, 0)) == ()


@pytest.mark.parametrize(("number", "below"), [(98, True), (99, True), (100, False), (101, False)])
def test_a_curve_ends_below_the_limit_only_while_the_count_does(limits: Limits, number: int, below: bool) -> None:
    chart = drawn(*counted(limits, number, as_of=PERIOD.end))
    assert (heights(chart)[-1] > float(chart.limit)) == below
    assert chart.count_text == str(number)
    assert heights(chart)[-1] == float(chart.end[1])


def test_the_table_of_a_curve_counts_up_to_what_the_exclusion_counts(limits: Limits) -> None:
    for one in limits.found:
        chart = threshold_chart(one, limits.span, "Counted")
        if chart is None:
            continue
        *months, last, limit = chart.told.table.rows
        numbers = [int(number) for _, number in months]
        assert numbers == sorted(numbers)
        assert last[1] == str(one.exclusion.count).replace(",", "") == chart.count_text
        assert one.days is not None
        assert one.exclusion.count is not None
        assert len(one.days) == one.exclusion.count.certain >= numbers[-1]
        assert limit[1] == f"fewer than {one.margin.fewer_than}"


def test_days_to_come_are_drawn_at_the_pace_so_far_and_days_gone_are_not(limits: Limits) -> None:
    going, over = drawn(*counted(limits, 60, as_of=MIDDLE)), drawn(*counted(limits, 60, as_of=PERIOD.end))
    assert going.pace == (place(90, 180), *going.pace[1:]) if going.pace else False
    assert going.told.table.rows[-2] == ("June 29, 2026, at the pace so far", "about 120")
    assert going.told.reading.endswith("At that pace it is about 120 on June 29, 2026.")
    assert float(going.pace[3]) < float(going.limit) if going.pace else False
    assert (over.pace, over.today) == (None, None)
    assert over.told.reading.endswith("and the period is over.")


def test_what_may_count_is_drawn_above_what_surely_does(limits: Limits) -> None:
    chart = drawn(*counted(limits, 90, as_of=PERIOD.end, more=12))
    assert chart.count_text == "90 to 102"
    assert chart.range is not None
    assert float(chart.range[1]) > float(chart.limit) > float(chart.range[2])


def test_nothing_is_drawn_against_a_limit_of_none_or_before_the_first_day(limits: Limits) -> None:
    one, _ = counted(limits, 3, as_of=PERIOD.end)
    assert threshold_chart(one, Span(PERIOD, date(2025, 12, 31)), "Counted") is None
    assert threshold_chart(replace(one, days=None), Span(PERIOD, PERIOD.end), "Counted") is None
    none = replace(one, margin=replace(one.margin, fewer_than=1))
    assert threshold_chart(none, Span(PERIOD, PERIOD.end), "Counted") is None


def test_a_trend_draws_each_run_at_its_number_and_breaks_where_there_is_none() -> None:
    numbers = [Fraction(100), None, Fraction(0), Fraction(50)]
    line = trend_line(TOLD, [Value(n, str(n), f"day {i}", i == 3) for i, n in enumerate(numbers)])
    assert line.path == "M12.50 0.00M62.50 100.00L87.50 50.00"
    assert [(dot.y, dot.text, dot.hollow) for dot in line.dots] == [
        ("0.00", "100", False),
        ("100.00", "0", False),
        ("50.00", "50", True),
    ]
    assert (line.first, line.last) == ("day 0", "day 3")


def test_of_many_runs_only_the_first_and_the_last_bear_their_number() -> None:
    for runs, written in ((6, 6), (7, 2)):
        line = trend_line(TOLD, [Value(Fraction(n), str(n), "day", other=False) for n in range(runs)])
        assert sum(bool(dot.text) for dot in line.dots) == written


def test_drawings_of_the_report_have_words_of_their_own_and_no_style(solo: Shown) -> None:
    drawings = [svg for svg in solo.page.all("svg") if svg.attributes.get("role") == "img"]
    assert len(drawings) == len(solo.scored.submission.proportions) + len(bars(solo.page))
    for drawing in drawings:
        assert drawing.all("title")[0].text
        assert drawing.all("desc")[0].text
        assert all("style" not in element.attributes for element in drawing.walk())


def bars(page: Element) -> list[Element]:
    """The bars of the points, one for each objective and the bonus."""
    [points] = [s for s in page.all("section") if s.attributes.get("aria-labelledby") == "points"]
    return points.all("div", "bar")


def test_a_waterfall_begins_at_the_score_ends_at_the_promise_and_each_step_stands_on_the_one_before(
    solo_out: Path,
) -> None:
    [kept] = latest(solo_out / "runs", "1234567893")
    with open_score(kept.place) as scored:
        found = plan_of(scored, date(2026, 6, 1))
        assert found is not None
    chart = waterfall(found.plan, found.scored.reading.rules)
    assert chart is not None
    thens = [int(row[2]) for row in chart.told.table.rows]
    assert (thens[0], thens[-1]) == (found.plan.before.points, found.plan.after.points)
    for row, (before, after) in zip(chart.rows[1:], pairwise(thens), strict=True):
        assert [float(one.width[:-1]) for one in row.segments if one.kind == "base"] == [float(min(before, after))]
        assert sum(float(one.width[:-1]) for one in row.segments) == max(before, after)


def test_nothing_to_do_has_no_waterfall(solo_out: Path) -> None:
    [kept] = latest(solo_out / "runs", "1234567893")
    with open_score(kept.place) as scored:
        found = plan_of(scored, date(2026, 6, 1), target=1)
        assert found is not None
    assert waterfall(found.plan, found.scored.reading.rules) is None
