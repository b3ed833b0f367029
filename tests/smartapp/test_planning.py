"""Plans from data: named cases with their last days, and a promise that holds when the acts are really done."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from report_page import RULES, ndjson

from scoring.actions import Action, applied, score_of
from scoring.efforts import ActionKind, load_efforts
from scoring.model import MeasureId, Origin, Period, Proportion, Reporter
from scoring.projection import Safety
from smartapp import paths
from smartapp.ahead.plan_document import plan_document
from smartapp.ahead.plan_words import todo
from smartapp.ahead.planning import Asked, Planned, observed_part, planned, ticked
from smartapp.ahead.typed import LABEL, Typed, what_if
from smartapp.attesting.attestations import Attestations, Reported, read_attestations
from smartapp.cli import main
from smartapp.errors import UsageError
from smartapp.kept.archive import open_run
from smartapp.printed.plan import plan_text, what_if_text
from smartapp.report.opening import place_in_app
from smartapp.report.plan import place_of, plan_shown
from smartapp.scored import score_reading
from smartapp.usecases import Reading, Source, read, recounted
from tests.extractors.practice import (
    A,
    C,
    Json,
    both_channels,
    document,
    receipt,
    reconciled,
    referral,
    sending,
    staff,
    visit,
)

WHOLE = Period(date(2026, 1, 1), date(2026, 12, 31))
SPRING = Period(date(2026, 1, 1), date(2026, 6, 29))
MARCH_4 = date(2026, 3, 4)
YES = (*RULES.gate.attestations, "PI_EP_2", "PI_PHCDRR_1", "PI_PHCDRR_1_PROD", "PI_PHCDRR_3", "PI_PHCDRR_3_PROD")
NO_PRESCRIPTIONS = {MeasureId("PI_LVPP_1"): True}
ATTESTED = Attestations(
    2026,
    Reporter(A, C),
    SPRING,
    "0015CABCDEF1234",
    {MeasureId(name): True for name in YES} | NO_PRESCRIPTIONS,
    {},
    "controlled-included",
)
PATHS = frozenset({"path:PI_HIE_5", "path:PI_HIE_6"})

SEEN_LATE = [
    visit("late", "2026-02-02T09:00:00-05:00", subject={"reference": "Patient/late"}),
    *both_channels("Patient/late", "2026-02-20"),
]
UNSHOWN = visit("unshown", "2026-02-02T09:00:00-05:00", subject={"reference": "Patient/unshown"})
PENDING = visit("new", "2026-03-02T09:00:00-05:00", subject={"reference": "Patient/new"})
GRANTED = [visit("in-time", "2026-02-02T09:00:00-05:00", subject={"reference": "Patient/ok"}),
           *both_channels("Patient/ok")]  # fmt: skip
REFERRED = [document("sent-doc"), referral("sent"), referral("unsent", "2026-03-03T10:00:00-05:00")]
SENT = sending("sent", None, payload=[{"contentReference": {"reference": "DocumentReference/sent-doc"}}])
INCOMING = [
    visit("first", "2026-03-02T07:00:00-05:00", type=[{"coding": [{"system": "http://www.ama-assn.org/go/cpt",
                                                                  "code": "99203"}]}]),
    *both_channels("Patient/p"),
    document("came-in"),
    receipt("came-in", "2026-03-02T08:00:00-05:00"),
]  # fmt: skip
UNDATED = visit("undated", "2026-03", subject={"reference": "Patient/undated"})
PRACTICE = [*staff(), UNDATED, *GRANTED, *SEEN_LATE, UNSHOWN, PENDING, *REFERRED, SENT, *INCOMING]


@contextmanager
def reading(folder: Path, resources: list[Json], asked: Asked) -> Iterator[Reading]:
    folder.mkdir(exist_ok=True)
    with read(Source(ndjson(folder, *resources)), RULES, observed_part(asked)) as found:
        yield found


@pytest.fixture(scope="module")
def march(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    asked = Asked(SPRING, MARCH_4, ruled_out=PATHS)
    with reading(tmp_path_factory.mktemp("march"), PRACTICE, asked) as found:
        return planned(found, ATTESTED, asked)


def test_every_kind_of_open_case_is_named_with_its_last_day(march: Planned) -> None:
    found = {
        (measure, pool.rule.kind): [(case.name, case.by) for case in pool.cases]
        for measure, pools in march.situation.pools.items()
        for pool in pools
    }
    end = SPRING.end
    assert found == {
        ("PI_HIE_1", ActionKind.RECEIPT): [("ServiceRequest/sent", end)],
        ("PI_HIE_1", ActionKind.SEND): [("ServiceRequest/unsent", end)],
        ("PI_HIE_4", ActionKind.RECONCILE): [("DocumentReference/came-in", end)],
        ("PI_PEA_1", ActionKind.ACCESS): [("Patient/new", date(2026, 3, 6))],
        ("PI_PEA_1", ActionKind.EVIDENCE): [("Patient/unshown", date(2027, 3, 31))],
    }
    assert march.gone[MeasureId("PI_PEA_1")] == {"portal or API access not in force at the deadline": 1}


@pytest.mark.parametrize(("as_of", "open_until"), [(date(2026, 3, 6), date(2026, 3, 6)), (date(2026, 3, 7), None)])
def test_access_is_asked_for_until_the_end_of_the_fourth_business_day(
    as_of: date, open_until: date | None, tmp_path: Path
) -> None:
    asked = Asked(SPRING, as_of, ruled_out=PATHS)
    with reading(tmp_path, PRACTICE, asked) as found:
        made = planned(found, ATTESTED, asked)
    days = [
        case.by
        for pool in made.situation.pools[MeasureId("PI_PEA_1")]
        for case in pool.cases
        if pool.rule.kind is ActionKind.ACCESS
    ]
    assert days == ([open_until] if open_until else [])


def test_a_plan_that_is_really_done_gives_the_score_that_it_promised(march: Planned, tmp_path: Path) -> None:
    """The acts happen in the EHR, the export is read again, and the score is the promise."""
    done = [
        *PRACTICE,
        *reconciled("came-in", "2026-03-04T12:00:00-05:00"),
        {**SENT, "received": "2026-03-04T12:00:00-05:00"},
        sending("unsent", "2026-03-04T12:00:00-05:00",
                payload=[{"contentReference": {"reference": "DocumentReference/sent-doc"}}]),
        *both_channels("Patient/new", "2026-03-04"),
    ]  # fmt: skip
    done.remove(SENT)
    names = {"reconcile:PI_HIE_4", "receipt:PI_HIE_1", "send:PI_HIE_1", "access:PI_PEA_1"}
    with reading(tmp_path, done, march.asked) as found:
        again = score_reading(found, ATTESTED)
    submitted = replace(again.submission, period=SPRING)
    promised = ticked(march, frozenset(names))
    assert score_of(replace(march.situation, submission=submitted, exclusions=again.exclusions)) == promised
    assert promised.points > march.plan.before.points


def test_what_is_planned_is_what_the_score_gives(march: Planned) -> None:
    after = applied(march.situation, [step.action for step in march.plan.steps])
    assert score_of(after) == march.plan.after


def test_the_text_names_no_case_unless_asked_and_the_json_does(march: Planned) -> None:
    everyone = {case.name for step in march.plan.steps for case in step.action.cases}
    assert everyone
    assert not any(name in plan_text(march) for name in everyone)
    assert all(name in plan_text(march, with_cases=True) for name in everyone)
    assert all(name in json.dumps(plan_document(march)) for name in everyone)


def test_the_effort_of_every_step_says_whose_figure_it_is(march: Planned) -> None:
    steps = plan_document(march)["plan"]["steps"]
    assert {step["effort"]["source"] for step in steps} == {"Our estimate; no published figure was found"}
    assert "our estimate" in plan_text(march)


def test_an_exclusion_claimed_by_the_pace_of_two_months_is_held_back_as_not_safe_yet(march: Planned) -> None:
    margins = {one.exclusion: one for one in march.margins}
    assert margins[MeasureId("PI_LVOTC_1")].safety is Safety.CLOSE
    assert "PI_LVOTC_1" in {one.held.action.subject for one in march.held}
    assert "claim:PI_LVOTC_1" not in {action.id for action, _ in march.singles}


def test_a_total_of_the_report_leaves_a_number_of_cases_without_names(tmp_path: Path) -> None:
    total = Reported(Proportion(27, 38, origin=Origin.REPORTED), "report", MARCH_4)
    asked = Asked(SPRING, MARCH_4)
    reported = {MeasureId("PI_HIE_4"): total, MeasureId("PI_PEA_1"): total}
    with reading(tmp_path, PRACTICE, asked) as found:
        made = planned(found, replace(ATTESTED, reported=reported), asked)
    assert MeasureId("PI_PEA_1") not in made.situation.pools
    (only,) = made.situation.pools[MeasureId("PI_HIE_4")]
    assert [(case.name, case.by) for case in only.cases] == [("", SPRING.end)] * 11


def test_before_the_period_nothing_is_observed_and_answers_can_be_planned(tmp_path: Path) -> None:
    asked = Asked(Period(date(2026, 7, 5), date(2026, 12, 31)), date(2026, 7, 4))
    with reading(tmp_path, PRACTICE, asked) as found:
        made = planned(found, replace(ATTESTED, answers={}), asked)
    assert (made.span.elapsed, made.projection.pace) == (0, None)
    assert {"answer:PI_PPHI_1"} <= {action.id for action in made.can.gate}
    assert "no day of it is observed yet" in plan_text(made)


def test_other_days_than_the_observed_ones_are_refused(tmp_path: Path) -> None:
    asked = Asked(SPRING, MARCH_4)
    with reading(tmp_path, PRACTICE, asked) as found, pytest.raises(UsageError, match="to be counted"):
        planned(found, ATTESTED, replace(asked, as_of=date(2026, 3, 5)))


def test_a_name_that_is_no_action_is_refused(tmp_path: Path) -> None:
    asked = Asked(SPRING, MARCH_4, ruled_out=frozenset({"path:PI_HIE_9"}))
    with reading(tmp_path, PRACTICE, asked) as found, pytest.raises(UsageError, match="path:PI_HIE_5"):
        planned(found, ATTESTED, asked)


SOLO = paths.fixture("solo-2026")
CLOCKS = [
    date(2026, 1, 1),
    date(2026, 7, 4),
    date(2026, 7, 5),
    date(2026, 7, 6),
    date(2026, 11, 21),
    date(2026, 12, 31),
]


@pytest.mark.parametrize("as_of", CLOCKS)
def test_on_every_clock_the_promise_holds_and_nothing_is_late(solo_run: tuple[Any, Path], as_of: date) -> None:
    (run,) = (solo_run[1] / "runs").iterdir()
    attested, asked = read_attestations(SOLO / "attestations.toml", RULES), Asked(WHOLE, as_of)
    with open_run(run, observed_part(asked)) as found:
        made = planned(found, attested, asked)
    steps = [step.action for step in made.plan.steps]
    assert score_of(applied(made.situation, steps)) == made.plan.after
    assert made.plan.after.points >= made.plan.before.points
    every = [*steps, *(action for action, _ in made.singles)]
    assert all(action.by >= as_of for action in every)
    assert all(case.by >= as_of for action in every for case in action.cases)
    assert all(one.day >= as_of for one in made.closing)
    assert (made.starts.first is None) is (as_of > date(2026, 7, 5))
    assert "no longer possible" in plan_text(made) or as_of <= date(2026, 7, 5)


def plan_of_solo(solo_out: Path, as_of: date, **answers: bool) -> Planned:
    """The plan for the whole year of the synthetic practice, some answers changed."""
    attested, asked = read_attestations(SOLO / "attestations.toml", RULES), Asked(WHOLE, as_of)
    said = {**attested.answers, **{MeasureId(name): yes for name, yes in answers.items()}}
    (run,) = (solo_out / "runs").iterdir()
    with open_run(run, WHOLE) as found:
        return planned(recounted(found, observed_part(asked)), replace(attested, answers=said), asked)


def test_once_the_submission_window_closed_the_plan_says_so_and_on_its_last_day_it_still_plans(solo_out: Path) -> None:
    last, closed = (plan_of_solo(solo_out, day) for day in (date(2027, 3, 31), date(2027, 4, 1)))
    assert last.plan.steps
    assert last.closed is None
    assert not closed.plan.steps
    text = " ".join(plan_text(closed).split())
    assert "the submission window of 2026 closed on 2027-03-31, and the score stays 89" in text
    assert "no period can be begun, chosen or reported any more" in text
    assert "nothing to do" not in text
    assert "can still be chosen" not in text
    assert plan_document(closed)["window_closed"] == "2027-03-31"


@pytest.mark.parametrize(("as_of", "too_late"), [(date(2026, 12, 31), False), (date(2027, 1, 1), True)])
def test_a_gate_that_nothing_opens_any_more_says_what_and_since_when(
    solo_out: Path, as_of: date, too_late: bool
) -> None:
    found = plan_of_solo(solo_out, as_of, PI_PPHI_1=False)
    text = " ".join(plan_text(found).split())
    assert found.plan.after.gate_shut is too_late
    assert ("F-102: " in text) is too_late
    assert ("It can no longer be mended: the last day was 2026-12-31." in text) is too_late
    assert [one["too_late"] for one in plan_document(found)["plan"]["blocking"]] == [True] * too_late
    assert "whatever is done" not in text


def test_what_the_plan_cannot_do_but_a_person_can_names_the_remedy(tmp_path: Path) -> None:
    asked = Asked(Period(date(2026, 1, 1), date(2026, 5, 31)), MARCH_4)
    with reading(tmp_path, PRACTICE, asked) as found:
        made = planned(found, ATTESTED, asked)
    text = " ".join(plan_text(made).split())
    assert "no action that can be planned opens it" in text
    assert "This plan cannot do it for you: Choose a period of at least 180 days" in text
    assert "No longer" not in text


def test_the_text_and_the_json_hold_back_the_same(march: Planned) -> None:
    text, told = " ".join(plan_text(march).split()), plan_document(march)["held_back"]
    assert told
    assert all(f"{one['subject']} would give {one['before_gate']}: " in text for one in told)
    assert text.count(" would give ") == len(told)
    assert all(one["before_gate"] > march.plan.before.before_gate for one in told)


def test_a_total_of_the_report_for_other_days_is_named_with_its_doubts_in_text_and_json(solo_out: Path) -> None:
    found = plan_of_solo(solo_out, date(2026, 6, 1))
    text = " ".join(plan_text(found).split())
    assert "PI_HIE_4: 27 of 38 is the EHR's own total, as it stands" in text
    assert "It is of 2026-01-01 to 2026-07-05, not of these days" in text
    assert "It was made after 2026-06-01" in text
    (one,) = plan_document(found)["carried"]
    assert (one["measure"], one["of_other_days"], one["after_as_of"]) == ("PI_HIE_4", True, True)


def test_cases_that_may_not_count_are_in_no_plan_and_are_told_with_what_leaves_them_open(solo_out: Path) -> None:
    found = plan_of_solo(solo_out, date(2026, 11, 21))
    counted = found.scored.submission.proportions
    assert {m: sum(reasons.values()) for m, reasons in found.undecided.items()} == {
        m: counts.undecided for m, counts in counted.items() if counts.undecided
    }
    assert found.undecided
    text = plan_text(found)
    assert all(reason in " ".join(text.split()) for reasons in found.undecided.values() for reason in reasons)


def test_pools_never_hold_more_than_is_counted(solo_run: tuple[Any, Path]) -> None:
    (run,) = (solo_run[1] / "runs").iterdir()
    attested, asked = read_attestations(SOLO / "attestations.toml", RULES), Asked(WHOLE, date(2026, 11, 21))
    with open_run(run, observed_part(asked)) as found:
        made = planned(found, attested, asked)
    for measure, pools in made.situation.pools.items():
        counted = made.situation.submission.proportions[measure]
        cases = [case for pool in pools for case in pool.cases]
        gone = sum(made.gone.get(measure, {}).values())
        assert sum(case.unknown for case in cases) <= counted.unknown
        if measure not in attested.reported:
            assert len(cases) + gone == counted.denominator - counted.met


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The words that name the small practice and its answers."""
    place = tmp_path_factory.mktemp("practice")
    answers = "".join(f"{name} = true\n" for name in ATTESTED.answers)
    told = (
        f'year = 2026\n[reporter]\ntin = "{A}"\nnpi = "{C}"\n[cehrt]\nid = "{ATTESTED.cehrt_id}"\n[answers]\n{answers}'
    )
    (place / "attestations.toml").write_text(told, encoding="utf-8")
    (place / "fhir").mkdir()
    folder, file = ndjson(place / "fhir", *PRACTICE), place / "attestations.toml"
    return ("--from", str(folder), "--year", "2026", "--attestations", str(file))


DAYS = ("--period", "2026-01-01..2026-06-29")


def pi180(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


def test_the_plan_verb_prints_one_document(source: tuple[str, ...]) -> None:
    words = ("plan", *source, *DAYS, "--as-of", "2026-03-04", "--target", "96")
    found = json.loads(pi180(*words, "--json").stdout)
    assert (found["schema"], found["as_of"]) == ("pi180/plan/1", "2026-03-04")
    assert (found["observed"], found["plan"]["reached"]) == ({"days": 63, "remaining": 117}, True)
    assert found["plan"]["points_after"] == found["plan"]["score_after"]["points"] >= 96


def test_the_same_day_gives_the_same_plan_and_names_a_case_on_request_only(source: tuple[str, ...]) -> None:
    words = (
        "plan",
        *source,
        *DAYS,
        "--as-of",
        "2026-03-04",
        "--without",
        "path:PI_HIE_5",
        "--without",
        "path:PI_HIE_6",
    )
    text = pi180(*words).stdout
    assert text == pi180(*words).stdout
    assert "Patient/new" not in text
    assert "Patient/new, until 2026-03-06" in pi180(*words, "--cases").stdout


def test_a_plan_without_a_day_is_told_from_today(source: tuple[str, ...]) -> None:
    found = json.loads(pi180("plan", *source, *DAYS, "--json").stdout)
    assert abs((date.fromisoformat(found["as_of"]) - datetime.now(UTC).date()).days) <= 1


def test_a_target_of_another_world_a_missing_period_and_an_unknown_action_are_refused(source: tuple[str, ...]) -> None:
    assert pi180("plan", *source, *DAYS, "--target", "101").exit_code == 2
    assert "no performance period" in pi180("plan", *source).stderr
    refused = pi180("plan", *source, *DAYS, "--as-of", "2026-03-04", "--without", "hope")
    assert refused.exit_code == 2
    assert "hope: expected actions that can be done: " in refused.stderr


def test_what_if_values_stand_apart_from_data_under_their_label(source: tuple[str, ...]) -> None:
    words = ("what-if", *source, *DAYS, "--answer", "PI_PPHI_1=none", "--count", "PI_PEA_1=180/182")
    text = pi180(*words).stdout
    assert text.startswith(f"{LABEL}\n  typed: PI_PPHI_1 = no answer\n  typed: PI_PEA_1 = 180 of 182\n")
    assert "25 / 25 (typed)" in text
    assert "what if, ZERO F-101" in text


def typed(**values: Any) -> Typed:
    return Typed(**values)


def test_a_typed_value_changes_nothing_of_what_stands(tmp_path: Path) -> None:
    asked = Asked(SPRING, SPRING.end)
    with reading(tmp_path, PRACTICE, asked) as found:
        stands = score_reading(found, ATTESTED)
        made = what_if(found, ATTESTED, typed(counts={MeasureId("PI_HIE_1"): (96, 96)}))
        told = made.as_document()
    assert made.stands.score == stands.score
    origins = {line["measure"]: line["origin"] for line in told["what_if"]["lines"]}
    assert origins["PI_HIE_1"] == "typed, what if"
    assert "typed, what if" not in {line["origin"] for line in told["as_it_stands"]["lines"]}
    assert told["typed"] == [{"what": "PI_HIE_1", "value": "96 of 96"}]
    assert LABEL in what_if_text(made)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "nothing is typed"),
        ({"answers": {"PI_NONE": True}}, "answered yes or no"),
        ({"counts": {"PI_EP_2": (1, 2)}}, "that is counted"),
        ({"counts": {"PI_HIE_1": (3, 2)}}, "met <= denominator"),
        ({"counts": {"PI_EP_1": (1, 2)}}, "the count PI_EP_1 stands beside an answer"),
    ],
)
def test_a_typed_value_that_cannot_be_is_refused(values: dict[str, Any], told: str, tmp_path: Path) -> None:
    asked = Asked(SPRING, SPRING.end)
    with reading(tmp_path, PRACTICE, asked) as found, pytest.raises(UsageError, match=told):
        what_if(found, ATTESTED, typed(**values))


@pytest.mark.parametrize("word", ["PI_PPHI_1", "PI_PPHI_1=perhaps", "=yes"])
def test_an_answer_is_typed_in_one_form(word: str, source: tuple[str, ...]) -> None:
    assert pi180("what-if", *source, "--answer", word).exit_code == 2


@pytest.mark.parametrize("word", ["PI_HIE_1", "PI_HIE_1=4", "PI_HIE_1=-1/4", "PI_HIE_1=1/٤"])
def test_a_count_is_typed_in_one_form(word: str, source: tuple[str, ...]) -> None:
    assert pi180("what-if", *source, "--count", word).exit_code == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--count", "PI_PEA_1=1/2", "--count", "PI_PEA_1=1/3"), "--count: PI_PEA_1 is typed more than once"),
        (("--answer", "PI_EP_2=yes", "--answer", "PI_EP_2=no"), "--answer: PI_EP_2 is typed more than once"),
        (("--answer", "PI_PHI_1=yes"), "Did you mean 'PI_PPHI_1'?"),
        (("--answer", "nonsense=yes"), "pi180 attest --new FILE --year 2026"),
        (("--count", "PI_PEA_1=-3/10"), "two whole numbers of at most nine digits"),
    ],
)
def test_what_is_typed_wrong_is_refused_in_a_line_or_two(
    words: tuple[str, ...], told: str, source: tuple[str, ...]
) -> None:
    result = pi180("what-if", *source, *DAYS, *words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert len(result.stderr) < 400


def test_a_typed_certification_id_is_judged_by_the_year_and_shuts_the_gate(source: tuple[str, ...]) -> None:
    wrong, right = (pi180("what-if", *source, *DAYS, "--cehrt-id", one) for one in ("abc", ATTESTED.cehrt_id or ""))
    assert "ZERO F-104" in wrong.stdout
    assert (wrong.exit_code, right.exit_code) == (4, 0)


def test_a_plan_that_leaves_the_gate_shut_exits_with_4(source: tuple[str, ...]) -> None:
    short = ("--period", "2026-01-01..2026-05-31", "--as-of", "2026-03-04")
    assert pi180("plan", *source, *short).exit_code == 4
    assert pi180("plan", *source, *DAYS, "--as-of", "2026-03-04").exit_code == 0


def test_no_plan_rests_on_an_input_that_is_not_whole(source: tuple[str, ...], tmp_path: Path) -> None:
    words = ("plan", "--from", str(tmp_path), *source[2:], *DAYS, "--as-of", "2026-11-21", "--json")
    found = pi180(*words)
    assert found.exit_code == 8
    assert json.loads(found.stdout)["blocked"]


def test_a_step_names_the_road_or_the_exclusion_and_measure_that_it_is_about(march: Planned) -> None:
    rules, efforts = march.scored.reading.rules, load_efforts()

    def told(kind: ActionKind, subject: str) -> str:
        return todo(Action(subject, efforts.rule(kind, subject), SPRING.end), rules)

    road = "Report Health Information Exchange (HIE) Bi-Directional Exchange (PI_HIE_5) as the way of"
    assert told(ActionKind.PATH, "PI_HIE_5").startswith(road)
    sending = "Support Electronic Referral Loops By Sending Health Information (PI_HIE_1)"
    claim = told(ActionKind.CLAIM, "PI_LVOTC_1")
    assert claim.startswith(f"Claim the exclusion PI_LVOTC_1 instead of reporting {sending}, and keep")
    assert told(ActionKind.WITHDRAW, "PI_HIE_1") == f"Withdraw the exclusion and report {sending}"
    assert told(ActionKind.EVIDENCE, "PI_EP_1") == "Find the evidence that these were met (PI_EP_1)"
    assert told(ActionKind.CERTIFICATION, "cehrtId").endswith("(CHPL)")


def test_the_text_the_json_and_the_page_name_a_step_alike(march: Planned) -> None:
    names = [one["todo"] for one in plan_document(march)["plan"]["steps"]]
    assert names == [one.todo for one in plan_shown(march).steps]
    printed = " ".join(plan_text(march).split())
    assert all(name in printed for name in names)
    assert not any("{" in name for name in names)
    told = [ending.what for ending in plan_shown(march).closing]
    assert told
    assert not any(":PI_" in what for what in told)


def test_every_kind_of_step_opens_where_it_is_done() -> None:
    """An anchor that no page knows would open the dashboard."""
    for kind in ActionKind:
        action = Action("PI_HIE_1", load_efforts().rule(kind, "PI_HIE_1"), SPRING.end)
        assert place_in_app(place_of(action)).page in (
            "hie",
            "exclusions",
            "cehrt",
            "attestations",
            "measures/PI_HIE_1",
        )
