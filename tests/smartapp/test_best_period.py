"""The best period: equal to brute force, to the last tie; exclusions, unknowns, and days on which none may start."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.cases import tally
from extractors.engine.local import LocalEngine
from extractors.tallies import Tallies
from scoring.model import Dates, MeasureId, Period
from scoring.periods import BestPeriod, Outcome, PeriodSpace
from scoring.rounding import exact_points
from smartapp import paths
from smartapp.ahead.assumed import Answered, assume
from smartapp.ahead.best_period import PeriodSearch
from smartapp.attesting.attestations import Attestations, read_attestations
from smartapp.scored import score_reading
from smartapp.usecases import Source, read
from tests.extractors.counted_rows import Practice, case, practices
from tests.smartapp.searched import ME, RULES, answers, by_brute_force, ranked, reading_of, rules_with

SHORT = PeriodSpace(date(2026, 1, 4), date(2026, 1, 11), 6, date(2026, 1, 6))
LOW = rules_with(SHORT.minimum_days, SHORT.last_start, 3)
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
SURE = {"certain": "yes", "in_group": "yes"}
CORE = "2026-06-15"  # lies in every period of 180 days or more
EARLY = "2026-01-20"
SAID = st.fixed_dictionaries(
    {},
    optional={
        "PI_HIE_5": st.booleans(),
        "PI_EP_2": st.booleans(),
        "PI_LVOTC_1": st.booleans(),
        "PI_EP_2_EX_1": st.just(True),
        "PI_PHCDRR_1_EX_1": st.just(True),
    },
)
DATES = st.builds(
    Dates,
    st.sampled_from([None, date(2026, 1, 5), date(2026, 1, 9)]),
    st.sampled_from([None, date(2026, 1, 11)]),
)
UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    with LocalEngine() as engine:
        engine.expect_few_rows()
        yield engine


def best_of(engine: LocalEngine, *rows: list[dict[str, Any]], **said: bool) -> BestPeriod:
    practice = Practice([row for part in rows for row in part])
    return PeriodSearch(reading_of(practice, engine)).best(answers(**said))


def many(measure: str, number: int, met: int, on: str = CORE, otherwise: str = "not_met") -> list[dict[str, Any]]:
    return [case(measure, f"{measure} {on} {n}", on, "met" if n < met else otherwise) for n in range(number)]


def busy(sent: int = 94) -> list[dict[str, Any]]:
    """Enough of everything but referrals that nothing else is excluded."""
    seen, received = many("PI_PEA_1", 100, 90), many("PI_HIE_4", 100, 60)
    return [*many("PI_EP_1", 100, sent), *seen, *received, *many("PI_LVITC_2", 100, 100), *many("PI_EP_2", 1, 1)]


def contexts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**{name: r[name] for name in ("focus", "npi", "tin")}, "day": CORE, "until_day": CORE, **SURE}
        for r in rows
        if r["measure"] == "PI_HIE_4"
    ]


def searched(engine: LocalEngine, rows: list[dict[str, Any]], answered: Answered | None = None) -> BestPeriod:
    reading = reading_of(Practice(rows, contexts(rows)), engine)
    return PeriodSearch(reading).best(answered or answers())


def exact(outcome: Outcome) -> Fraction:
    """The points of all lines before they are rounded."""
    counted = {str(m): c for m, c in outcome.submission.proportions.items()}
    lines = ((line, counted.get(line.measure)) for line in outcome.score.lines)
    return sum(
        (exact_points(c.met, c.denominator, x.available) if c else Fraction(x.earned or 0) for x, c in lines),
        Fraction(0),
    )


def check_against_brute_force(engine: LocalEngine, practice: Practice, said: dict[str, bool], dates: Dates) -> None:
    practice = Practice([*practice.cases, case("PI_EP_1", "own", "2026-01-07")], practice.received, practice.incoming)
    reading = reading_of(practice, engine, LOW)
    attested = replace(answers(LOW, **said).attested, dates=dates)
    found = PeriodSearch(reading, SHORT).best(Answered(attested))
    (rank, first), *others = ranked(by_brute_force(reading, practice, SHORT, attested))
    assert (found.best.period, found.best.before_gate) == (first.period, first.scored.score.before_gate)
    assert (len(found.best.choices.exclusions), found.best.feasible) == (-rank[5], bool(rank[0]))
    second = next(tried for _, tried in others if tried.period != first.period)
    assert found.runner_up is not None
    assert (found.runner_up.period, found.runner_up.before_gate) == (second.period, second.scored.score.before_gate)
    assert found.best.least <= found.best.most


@settings(max_examples=28, suppress_health_check=UNHURRIED)
@given(practice=practices(), said=SAID, dates=DATES)
def test_of_any_practice_the_best_period_is_that_of_brute_force(
    engine: LocalEngine, practice: Practice, said: dict[str, bool], dates: Dates
) -> None:
    check_against_brute_force(engine, practice, said, dates)


@pytest.mark.bruteforce
@settings(max_examples=200, suppress_health_check=UNHURRIED)
@given(practice=practices(), said=SAID, dates=DATES)
def test_of_200_practices_the_best_period_is_that_of_brute_force(
    engine: LocalEngine, practice: Practice, said: dict[str, bool], dates: Dates
) -> None:
    check_against_brute_force(engine, practice, said, dates)


def test_the_worked_example_sliding_until_the_referrals_are_few_beats_the_better_rates(engine: LocalEngine) -> None:
    """94 % sent, 20 % of 130 referrals, 60 % reconciled, 90 % with access: 78.9 points; with 96 referrals 89.4."""
    referrals = [*many("PI_HIE_1", 34, 7, EARLY), *many("PI_HIE_1", 96, 19)]
    found = searched(engine, [*busy(), *referrals])
    assert (exact(found.full_year), found.full_year.before_gate) == (Fraction(789, 10), 79)
    assert (exact(found.best), found.best.before_gate) == (Fraction(894, 10), 89)
    assert found.full_year.choices.exclusions == ()
    assert found.best.choices.exclusions == ("PI_LVOTC_1",)
    assert found.best.period == Period(date(2026, 1, 21), date(2026, 12, 31))
    referral = next(r for r in found.reasons if r.line == "PI_HIE_1")
    assert "96 counted, fewer than 100 allowed; 3 more would still do." in referral.text


@pytest.mark.parametrize(("number", "claimed"), [(99, True), (100, False), (101, False)])
def test_an_exclusion_is_claimed_below_100_cases_and_not_at_100(
    engine: LocalEngine, number: int, claimed: bool
) -> None:
    found = searched(engine, [*busy(), *many("PI_HIE_1", number, 1)])
    assert ("PI_LVOTC_1" in found.best.choices.exclusions) is claimed
    (margin,) = [m for m in found.best.margins if m.exclusion == "PI_LVOTC_1"]
    assert (margin.claimed, margin.left) == (claimed, 99 - number)


def test_an_exclusion_is_not_claimed_where_reporting_earns_more(engine: LocalEngine) -> None:
    found = searched(engine, [*busy(), *many("PI_HIE_1", 50, 50)])
    assert found.best.choices.exclusions == ()


def test_an_undecided_case_can_cost_the_exclusion_so_it_is_not_claimed_and_the_winner_is_not_robust(
    engine: LocalEngine,
) -> None:
    referrals = many("PI_HIE_1", 99, 20)
    sure = searched(engine, [*busy(), *referrals])
    unsure = searched(engine, [*busy(), *referrals, case("PI_HIE_1", "perhaps", CORE, member="unknown")])
    assert (sure.best.choices.exclusions, unsure.best.choices.exclusions) == (("PI_LVOTC_1",), ())
    assert (sure.robust, unsure.robust) == (True, False)
    assert unsure.at_stake == sure.best.points - unsure.best.least


def test_unknown_cases_make_a_range_whose_ends_are_none_and_all_of_them_met(engine: LocalEngine) -> None:
    rows = [row for row in busy() if row["measure"] != "PI_EP_1"]
    rows += [*many("PI_HIE_1", 100, 50), *many("PI_EP_1", 100, 40, otherwise="unknown")]
    found = searched(engine, rows)
    assert (found.best.least, found.best.points, found.best.most) == (
        found.best.points,
        found.best.points,
        found.best.points + 6,
    )
    assert (found.if_none_met.points, found.if_all_met.points) == (found.best.least, found.best.most)
    assert not found.robust


def test_a_measure_of_which_nothing_is_seen_met_may_be_worth_nothing_or_its_unknown_cases(engine: LocalEngine) -> None:
    rows = [row for row in busy() if row["measure"] != "PI_EP_1"]
    rows += [*many("PI_HIE_1", 100, 50), *many("PI_EP_1", 100, 0, otherwise="unknown")]
    found = searched(engine, rows)
    assert (found.best.least, found.best.most) == (0, found.best.points + 10)
    assert found.best.score.determinable is False


def test_a_period_without_a_met_case_of_a_required_measure_loses_to_one_with_fewer_points(engine: LocalEngine) -> None:
    rows = [*busy(), *many("PI_HIE_1", 200, 1, EARLY)]
    found = searched(engine, [*rows, *many("PI_HIE_1", 100, 0)])
    assert found.best.period.start <= date(2026, 1, 20)
    assert found.best.points > 0


def test_of_equal_points_the_longer_period_wins_and_then_the_earlier_end(engine: LocalEngine) -> None:
    found = searched(engine, [*busy(), *many("PI_HIE_1", 100, 50)])
    assert found.best.period == YEAR
    assert found.runner_up is not None
    assert found.runner_up.period == Period(date(2026, 1, 1), date(2026, 12, 30))
    assert found.reasons[-1].text == ("The runner-up, 2026-01-01 to 2026-12-30, earns the same and is 1 day shorter.")


def test_of_equal_points_the_larger_margin_wins_over_the_longer_period(engine: LocalEngine) -> None:
    found = searched(engine, [*busy(), *many("PI_HIE_1", 90, 18), *many("PI_HIE_1", 5, 1, EARLY)])
    assert found.best.choices.exclusions == ("PI_LVOTC_1",)
    assert found.best.period == Period(date(2026, 1, 21), date(2026, 12, 31))
    assert found.full_year.points == found.best.points


def test_a_period_that_starts_before_the_technology_was_in_use_cannot_be_used_and_says_why(engine: LocalEngine) -> None:
    dated = answers()
    days = Dates(in_use_from=date(2026, 2, 2), certified_on=date(2026, 11, 1))
    found = searched(
        engine, [*busy(), *many("PI_HIE_1", 100, 50)], replace(dated, attested=replace(dated.attested, dates=days))
    )
    assert found.best.period == Period(date(2026, 2, 2), date(2026, 12, 31))
    assert [finding.code for finding in found.full_year.infeasible] == ["F-110"]
    assert (found.full_year.feasible, found.full_year.points) == (False, 0)
    assert [half.feasible for half in found.halves] == [False, True]
    assert {finding.code for half in found.halves for finding in half.infeasible} == {"F-110", "F-111"}


def test_no_period_is_left_when_the_technology_comes_after_the_last_start(engine: LocalEngine) -> None:
    dated = answers()
    late = replace(dated, attested=replace(dated.attested, dates=Dates(in_use_from=date(2026, 7, 6))))
    found = searched(engine, [*busy(), *many("PI_HIE_1", 100, 50)], late)
    assert (found.best.feasible, found.best.points) == (False, 0)
    assert [finding.code for finding in found.best.infeasible] == ["F-110"]


def test_what_no_period_mends_is_said_once_and_the_points_before_it_are_searched_all_the_same(
    engine: LocalEngine,
) -> None:
    found = best_of(engine, busy(), many("PI_HIE_1", 100, 50), PI_PPHI_1=False)
    assert [(finding.code, finding.subject) for finding in found.unmendable] == [("F-102", "PI_PPHI_1")]
    assert found.best.points == 0
    assert found.best.before_gate > 50


def test_the_exchange_path_is_taken_only_where_it_is_answered_yes(engine: LocalEngine) -> None:
    rows = [*busy(), *many("PI_HIE_1", 100, 50)]
    assert [
        searched(engine, rows, answers(**said)).best.choices.paths
        for said in ({}, {"PI_HIE_5": False}, {"PI_HIE_5": True})
    ] == [
        (("PI_HIE_1", "PI_HIE_4"),),
        (("PI_HIE_1", "PI_HIE_4"),),
        (("PI_HIE_5",),),
    ]


def test_controlled_substances_are_left_out_where_that_earns_more(engine: LocalEngine) -> None:
    rows = [row for row in busy() if row["measure"] != "PI_EP_1"]
    rows += [*many("PI_HIE_1", 100, 50), *many("PI_EP_1", 100, 100)]
    rows += [
        {**row, "focus": f"c{n}", "unit": f"c{n}", "controlled": "yes"} for n, row in enumerate(many("PI_EP_1", 50, 0))
    ]
    found = searched(engine, rows)
    assert found.best.choices.variant == "controlled-excluded"
    assert found.best.submission.proportions[MeasureId("PI_EP_1")].denominator == 100


def test_an_immunization_in_the_period_refutes_the_exclusion_that_a_person_claims(engine: LocalEngine) -> None:
    given_early = case("PI_PHCDRR_1_EX_1", "shot", EARLY, npi=None)
    claimed = answers(PI_PHCDRR_1_EX_1=True)
    kept = {m: yes for m, yes in claimed.attested.answers.items() if m not in ("PI_PHCDRR_1", "PI_PHCDRR_1_PROD")}
    claimed = replace(claimed, attested=replace(claimed.attested, answers=kept))
    found = searched(engine, [*busy(), *many("PI_HIE_1", 100, 50), given_early], claimed)
    assert found.best.period == Period(date(2026, 1, 21), date(2026, 12, 31))
    assert found.full_year.points == 0
    assert "F-218" in {finding.code for finding in found.full_year.score.findings}


def test_without_answers_what_the_year_requires_is_assumed_and_named(engine: LocalEngine) -> None:
    found = searched(engine, [*busy(), *many("PI_HIE_1", 100, 50)], assume(RULES, ME))
    assert found.best.points == found.best.before_gate > 50
    assert found.assumed == (
        "cehrtId", *RULES.gate.attestations,
        "PI_EP_2", "PI_PHCDRR_1", "PI_PHCDRR_1_PROD", "PI_PHCDRR_3", "PI_PHCDRR_3_PROD",
    )  # fmt: skip


@pytest.fixture(scope="module", params=["solo-2026/attestations", "group-4/attestations"])
def real(request: pytest.FixtureRequest) -> Iterator[tuple[PeriodSearch, Attestations]]:
    folder, _, name = request.param.partition("/")
    place = paths.fixture("solo-2026").parent / folder
    attested = read_attestations(place / f"{name}.toml", RULES)
    with read(Source(place, place / "site.toml"), RULES, YEAR) as reading:
        yield PeriodSearch(reading), attested


def test_each_period_that_is_named_scores_the_same_when_it_is_read_and_counted_by_itself(
    real: tuple[PeriodSearch, Attestations],
) -> None:
    search, attested = real
    found = search.best(Answered(attested))
    for one in (found.best, found.runner_up, *found.halves, found.full_year):
        assert one is not None
        answered = replace(attested, period=one.period, answers=one.submission.answers, variant=one.choices.variant)
        reported = {m: t for m, t in attested.reported.items() if m in one.submission.proportions}
        tallies = Tallies(tally(search.reading.engine, one.period, search.reading.site.numerator_window))
        again = replace(search.reading, period=one.period, tallies=tallies)
        assert score_reading(again, replace(answered, reported=reported)).score == one.score
    assert found.searched == 17391
    assert found.best.points >= max(one.points for one in (*found.halves, found.full_year))


def test_everyone_finds_for_each_what_is_found_for_one(real: tuple[PeriodSearch, Attestations]) -> None:
    search, attested = real
    own = replace(attested, reported={})
    for brief in search.everyone(Answered(attested)):
        if brief.reporter.tin is not None:
            found = search.best(Answered(replace(own, reporter=brief.reporter)))
            assert (brief.period, brief.place.points, brief.robust) == (
                found.best.period,
                found.best.points,
                found.robust,
            )
            assert brief.full_year == found.full_year.points
