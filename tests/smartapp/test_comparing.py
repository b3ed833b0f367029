"""Scores beside each other: roads, claims against their limits, a group and its clinicians. All by the one path."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from report_page import RULES

from extractors.sources.folder import FileState
from scoring.exclusions import Count, Standing
from scoring.model import MeasureId, Reporter
from scoring.projection import Safety, Span, safety_margin
from scoring.rulebook import load
from smartapp import paths
from smartapp.ahead.hie import roads_of, statements_of
from smartapp.ahead.limits import Limited, limits_of
from smartapp.ahead.otherwise import otherwise
from smartapp.ahead.typed import Typed, what_if
from smartapp.attesting.attestations import read_attestations
from smartapp.kept.archive import latest, open_score
from smartapp.people.group_rollup import GroupRollup, rollup_of
from smartapp.report.exclusion_limits import LimitShown, limits_shown
from smartapp.report.group import Around, group_shown
from smartapp.report.hie import roads_shown
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Source, read

SEND, RECEIVE = MeasureId("PI_HIE_1"), MeasureId("PI_HIE_4")
BOTH_WAYS, TEFCA = MeasureId("PI_HIE_5"), MeasureId("PI_HIE_6")
SENT, RECEIVED = MeasureId("PI_LVOTC_1"), MeasureId("PI_LVITC_2")
LATE = date(2026, 11, 21)
GROUP, IN_BOTH = "000180440", "1801804042"


@pytest.fixture(scope="module")
def scored(solo_out: Path) -> Iterator[Scored]:
    """The synthetic practice's score, opened from its run."""
    [kept] = latest(solo_out / "runs", "1234567893")
    with open_score(kept.place) as found:
        yield found


@pytest.fixture(scope="module")
def group() -> Iterator[Scored]:
    """The group's score."""
    folder = paths.fixture("group-4")
    attested = read_attestations(folder / "attestations.toml", RULES)
    assert attested.period
    with read(Source(folder, folder / "site.toml"), RULES, attested.period) as reading:
        yield score_reading(reading, attested)


@pytest.fixture(scope="module")
def rollup(group: Scored) -> GroupRollup:
    found = rollup_of(group, lambda _: True)
    assert found is not None
    return found


def test_each_road_gives_what_the_answers_that_take_it_score(scored: Scored) -> None:
    [found] = roads_of(scored)
    by_measures = {road.path.measures: road for road in found.roads}
    assert list(by_measures) == [(SEND, RECEIVE), (BOTH_WAYS,), (TEFCA,)]
    assert by_measures[SEND, RECEIVE].after.points == scored.score.before_gate == 90
    bare = replace(scored.attestations, reported={}, reporter=scored.submission.reporter)
    for measure in (BOTH_WAYS, TEFCA):
        typed = what_if(scored.reading, bare, Typed(answers={measure: True}))
        assert by_measures[measure,].after.points == typed.changed.score.before_gate == 99
        assert [(line.earned, line.available) for line in by_measures[measure,].lines] == [(30, 30)]


def test_the_road_that_is_counted_is_chosen_until_a_statement_takes_its_place(scored: Scored) -> None:
    assert [(road.is_taken, road.is_answered) for road in roads_of(scored)[0].roads] == [
        (True, True),
        (False, False),
        (False, False),
    ]
    other = otherwise(scored, {**scored.submission.answers, TEFCA: True}).scored
    assert [road.is_taken for road in roads_of(other)[0].roads] == [False, False, True]


def test_every_pair_of_roads_is_refused_and_tefca_too_though_a_tool_of_cms_lets_it_through(scored: Scored) -> None:
    [shown] = [roads_shown(scored, found) for found in roads_of(scored)]
    assert len(shown.pairs) == 3
    assert all("more than one path" in pair.refusals[0] for pair in shown.pairs)
    assert [bool(pair.let_through) for pair in shown.pairs] == [False, True, True]
    assert all("Report exactly one of" in pair.refusals[0] for pair in shown.pairs)


def test_a_road_says_what_bears_it_out_what_a_yes_says_and_what_it_takes_away(scored: Scored) -> None:
    send, both_ways, tefca = roads_of(scored)[0].roads
    assert {slot.id for slot in send.slots} == {"measure-report", "delivery-log", "reconciliation-policy"}
    assert {slot.id for slot in both_ways.slots} == {slot.id for slot in tefca.slots} == {"exchange-agreement"}
    assert (len(send.statements), len(both_ways.statements), len(tefca.statements)) == (0, 3, 2)
    kept = "which is kept in the versions of the answers and can be restored from there"
    assert both_ways.withdrawn == (f"the total of PI_HIE_4 from the EHR's report, {kept}",)


@pytest.mark.parametrize(("year", "parts"), [(2024, 3), (2025, 3), (2026, 2), (2027, 2)])
def test_the_statement_of_tefca_is_that_of_the_year(year: int, parts: int) -> None:
    assert len(statements_of(TEFCA, year)) == parts
    for choice in load(year).choices:
        said = {measure for path in choice.paths for measure in path.measures if statements_of(measure, year)}
        assert said == {BOTH_WAYS, TEFCA}


def limited(scored: Scored, exclusion: MeasureId, as_of: date = LATE) -> Limited:
    found = limits_of(scored, as_of)
    assert found is not None
    return next(one for one in found.found if one.exclusion.exclusion == exclusion)


def shown(scored: Scored, exclusion: MeasureId, as_of: date = LATE) -> LimitShown:
    limits = limits_shown(scored, limits_of(scored, as_of)).limits
    assert limits is not None
    return next(one for one in limits if one.exclusion == exclusion)


def test_a_claim_and_a_report_stand_beside_each_other_as_each_would_score(scored: Scored) -> None:
    one, answers = limited(scored, RECEIVED), scored.submission.answers
    bare = replace(scored.attestations, reported={}, reporter=scored.submission.reporter)
    claimed = score_reading(scored.reading, replace(bare, answers={**answers, RECEIVED: True}))
    assert one.claimed.points == claimed.score.before_gate == 89
    assert one.reported.points == scored.score.before_gate == 90
    assert (one.claimed.refused, one.is_claimed) == ((), False)


def test_a_claim_that_the_count_refutes_says_so_and_gives_no_points(scored: Scored) -> None:
    one = shown(scored, SENT)
    assert (one.verdict, one.tag) == ("cannot be claimed", "tag-error")
    assert one.claim == "0, the claim is refused"
    assert any("112 are counted" in text for text in one.refused)


def test_a_claim_that_is_made_already_is_refused_all_the_same(scored: Scored) -> None:
    made = otherwise(scored, {**scored.submission.answers, SENT: True}).scored
    one = shown(made, SENT)
    assert one.is_claimed
    assert one.claim == "0, the claim is refused"
    assert one.report == shown(scored, SENT).report == "90, up to 93"


def test_a_count_below_the_limit_whose_pace_reaches_it_is_not_safe_yet(scored: Scored) -> None:
    early = limited(scored, SENT, date(2026, 5, 1))
    assert early.exclusion.standing is Standing.AVAILABLE
    assert early.margin.safety is Safety.NOT_SAFE
    assert shown(scored, SENT, date(2026, 5, 1)).verdict == "not safe yet"
    assert limited(scored, SENT).margin.safety is Safety.LOST


@pytest.mark.parametrize(("number", "safety", "room"), [(99, Safety.FINAL, 0), (100, Safety.LOST, -1)])
def test_exactly_the_limit_does_not_qualify(scored: Scored, number: int, safety: Safety, room: int) -> None:
    one, span = limited(scored, SENT), Span(scored.reading.period, LATE)
    days = [span.period.start + timedelta(days=n % 100) for n in range(number)]
    margin = safety_margin(replace(one.exclusion, count=Count(number, number)), days, span)
    assert margin is not None
    assert margin.pace is not None
    assert (margin.safety, margin.fewer_than - 1 - margin.pace.counted) == (safety, room)


def test_an_exclusion_that_counts_only_refute_is_never_called_safe(scored: Scored) -> None:
    one = limited(scored, MeasureId("PI_PHCDRR_1_EX_1"))
    none = replace(one.exclusion, count=Count(0, 0), standing=Standing.NOT_IN_DATA)
    span = Span(scored.reading.period, LATE)
    margin = safety_margin(none, (), span)
    assert margin is not None
    found = limits_of(scored, LATE)
    assert found is not None
    limits = limits_shown(scored, replace(found, found=(replace(one, exclusion=none, margin=margin),))).limits
    assert limits is not None
    assert (margin.safety, limits[0].verdict) == (Safety.FINAL, "not decided by data")


def test_the_group_is_its_clinicians_less_what_they_share_and_with_what_is_nobodys(rollup: GroupRollup) -> None:
    for one in rollup.measures:
        assert one.sum_of_parts - one.again - one.alone + one.nobodys == one.group.denominator
    by_measure = {one.measure: one for one in rollup.measures}
    assert (by_measure[SEND].sum_of_parts, by_measure[SEND].again) == (31, 0)
    access = by_measure[MeasureId("PI_PEA_1")]
    assert (access.sum_of_parts, access.shared, access.again, access.group.denominator) == (68, 9, 9, 59)
    assert access.less_met == 3
    received = by_measure[RECEIVE]
    assert (received.sum_of_parts, received.again, received.alone, received.group.denominator) == (36, 6, 6, 24)
    assert by_measure[MeasureId("PI_EP_1")].nobodys == 1


def test_every_number_of_the_group_page_is_that_of_a_tally(group: Scored, rollup: GroupRollup) -> None:
    tallies = {(t.measure, t.npi): t for t in group.reading.tallies if t.tin == GROUP and
               t.variant in (group.attestations.variant, "all")}  # fmt: skip
    for one in rollup.measures:
        assert one.group == tallies[one.measure, None]
        assert dict(one.parts) == {npi: t for (m, npi), t in tallies.items() if m == one.measure and npi}


def test_each_clinician_alone_has_the_score_of_her_own_cases(group: Scored, rollup: GroupRollup) -> None:
    for member in rollup.members:
        alone = score_reading(group.reading, replace(group.attestations, reporter=Reporter(GROUP, member.npi)))
        assert member.scored is not None
        assert member.scored.score == alone.score
    assert [member.npi for member in rollup.members if member.elsewhere] == [IN_BOTH]


def test_a_clinician_whom_one_may_not_see_has_no_line_and_no_score_but_is_in_the_group(group: Scored) -> None:
    found = rollup_of(group, lambda who: who.npi == IN_BOTH)
    assert found is not None
    page = group_shown(found, Around())
    assert [member.npi for member in found.shown] == [IN_BOTH]
    assert page.hidden == 3
    assert [way.name for way in page.ways] == ["As a group", f"NPI {IN_BOTH}"]
    for account in page.measures:
        assert [one.name for one in account.clinicians] == [f"NPI {IN_BOTH}"]
    assert page.measures[0].group.denominator == "64"


def test_a_clinician_is_no_group(group: Scored) -> None:
    alone = score_reading(group.reading, replace(group.attestations, reporter=Reporter(GROUP, IN_BOTH)))
    assert rollup_of(alone, lambda _: True) is None


def test_what_the_sum_counts_too_often_is_told_only_where_there_is_any(rollup: GroupRollup) -> None:
    accounts = {one.measure: one for one in group_shown(rollup, Around()).measures}
    assert accounts[SEND].corrections == ()
    assert [number for _, number in accounts["PI_PEA_1"].corrections] == ["-9"]
    assert [number for _, number in accounts["PI_EP_1"].corrections] == ["+1"]
    assert accounts["PI_PEA_1"].reading == "The group counts 59 patients seen; its clinicians add up to 68."


def test_cases_are_linked_only_for_who_may_open_them(rollup: GroupRollup) -> None:
    queries = {"": "?who=g", IN_BOTH: "?who=a"}
    for cases in (True, False):
        first = group_shown(rollup, Around("/l/x", queries, cases)).measures[0]
        assert bool(first.group.href) == cases
        assert [bool(one.href) for one in first.clinicians] == [False, False, False, cases]


def test_of_an_input_that_is_not_whole_nothing_is_compared(scored: Scored, group: Scored) -> None:
    cut = replace(scored.reading.files[0], state=FileState.TRUNCATED)
    broken = replace(scored, reading=replace(scored.reading, files=(cut,)))
    assert roads_of(broken) == ()
    assert limits_of(broken, LATE) is None
    assert rollup_of(replace(group, reading=replace(group.reading, files=(cut,))), lambda _: True) is None
