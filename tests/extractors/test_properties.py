"""What holds of the derivation whatever the practice: properties over practices that nobody wrote by hand."""

import copy
import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.cases import Tally, derive, fingerprint, tally
from extractors.engine.local import LocalEngine
from extractors.events import Line, extract
from extractors.site import NumeratorWindow, Site
from extractors.sources.folder import Folder
from scoring.model import Period
from tests.extractors.made_up import KNOWN, PATIENTS, PERIODS, ROOMY, practices, with_staff
from tests.extractors.practice import (
    CLOSED,
    GENERIC,
    OPEN,
    PERIOD,
    PROVEN,
    Json,
    Key,
    bundle,
    document,
    evidence,
    lines,
    pdmp_review,
    ref,
    resource,
    visit,
)
from tests.extractors.side_by_side import elsewhere

Rows = list[dict[str, Any]]
Tallies = Mapping[Key, Tally]

ALL = Period(date(2026, 1, 1), date(2026, 12, 31))
YEAR_LONG = replace(OPEN, numerator_window=NumeratorWindow.CALENDAR_YEAR)
IN_PERIOD = "2026-03-05T12:00:00-05:00"
OWN_EVENT = ("PI_EP_1", "PI_EP_2", "PI_HIE_1", "PI_HIE_4")
"""Measures whose unit lies on a day of its own; a patient of PI_PEA_1 is as late as her latest visit."""


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    """One engine for all practices: every derivation replaces all tables."""
    with LocalEngine() as made:
        yield made


def derived(engine: LocalEngine, found: Iterable[Line], site: Site = OPEN) -> None:
    derive(extract(found, GENERIC, site.zone_info), site, engine)


def of_practice(engine: LocalEngine, found: Sequence[Json], site: Site = OPEN) -> None:
    derived(engine, lines(with_staff(found)), site)


def tallied(
    engine: LocalEngine, period: Period = PERIOD, window: NumeratorWindow = NumeratorWindow.PERFORMANCE_PERIOD
) -> Tallies:
    return {(t.measure, t.variant, t.tin, t.npi): t for t in tally(engine, period, window)}


def met(found: Tallies, measure: str) -> dict[Key, int]:
    return defaultdict(int, {key: t.met for key, t in found.items() if key[0] == measure})


def said(engine: LocalEngine) -> tuple[Any, ...]:
    """Everything that a run says of its cases, and its name."""
    tables = [engine.rows(name) for name in ("cases", "case_evidence", "received_context", "seen_reporter")]
    return fingerprint(engine), *tables, tallied(engine), tallied(engine, ALL)


def as_line(found: Json) -> bytes:
    return json.dumps(found).encode()


def paged(found: Sequence[Json], chance: random.Random) -> list[Json]:
    """Resources on pages of a search, some of them on two."""
    pages, rest = [], list(found)
    while rest:
        size = chance.randint(1, 9)
        page, rest = rest[:size], rest[size:]
        twice = chance.sample(found, min(2, len(found)))
        base = "https://ehr.example/r4"
        entries = [{"fullUrl": f"{base}/{one['resourceType']}/{one['id']}", "resource": one} for one in page + twice]
        pages.append(
            bundle("searchset", *(entry for entry in entries if entry["resource"]["resourceType"] != "Bundle"))
        )
        pages += [one for one in page if one["resourceType"] == "Bundle"]
    return pages


def in_files(root: Path, found: Sequence[Json], chance: random.Random) -> Folder:
    """The same resources in another order, on pages or lines, in several files, plain or packed."""
    shuffled = chance.sample(list(found), len(found))
    shuffled = paged(shuffled, chance) if chance.random() < 0.5 else shuffled
    parts: list[list[Json]] = [[] for _ in range(chance.randint(1, 4))]
    for one in [*shuffled, *chance.choices(shuffled, k=3)]:
        chance.choice(parts).append(one)
    for number, part in enumerate(parts):
        end = chance.choice([b"\n", b"\r\n", b"\n\n"])
        data = end.join(map(as_line, part)) + chance.choice([b"", end])
        packed = gzip.compress(data) if chance.random() < 0.5 else data
        (root / f"{chance.randint(0, 9)}-{number}").write_bytes(packed)
    return Folder(root)


@ROOMY
@given(practices(), st.randoms(use_true_random=False))
def test_order_files_packing_pages_and_repeats_change_nothing(
    engine: LocalEngine, found: list[Json], chance: random.Random
) -> None:
    of_practice(engine, found)
    expected = said(engine)
    with TemporaryDirectory() as root:
        derived(engine, in_files(Path(root), with_staff(found), chance).lines())
    assert said(engine) == expected


@ROOMY
@given(practices())
def test_a_second_run_says_the_same(engine: LocalEngine, found: list[Json]) -> None:
    of_practice(engine, found)
    first = said(engine)
    with LocalEngine() as another:
        of_practice(another, found)
        assert said(another) == first


def test_made_up_practices_show_every_answer_of_every_measure(engine: LocalEngine) -> None:
    measures, seen = (*OWN_EVENT, "PI_PEA_1"), set[tuple[str, str, str]]()
    answers = {(measure, "yes", answer) for measure in measures for answer in ("met", "not_met", "unknown")}
    made: dict[bool, list[list[Json]]] = {True: [], False: []}

    @settings(ROOMY, max_examples=24, derandomize=True, database=None)
    @given(practices(), st.booleans())
    def look(found: list[Json], vouched: bool) -> None:
        made[vouched].append(found)

    look()
    for vouched, folder in made.items():
        site = replace(CLOSED, history_from=date(2010, 1, 1)) if vouched else PROVEN
        apart = [one for number, found in enumerate(folder) for one in elsewhere(with_staff(found), number)]
        derived(engine, lines(apart), site)
        seen.update((row["measure"], row["member"], row["met"]) for row in engine.rows("cases"))
    assert answers - seen == set()


def focus_of(found: Sequence[Json], kind: str, draw: st.DrawFn) -> str:
    ids = sorted({one["id"] for one in found if one["resourceType"] == kind})
    return f"{kind}/{draw(st.sampled_from(ids or ['none']))}"


POSITIVE = {
    "prescription-transmitted": "MedicationRequest",
    "summary-sent": "ServiceRequest",
    "receipt-confirmed": "ServiceRequest",
    "medications-reconciled": "DocumentReference",
    "allergies-reconciled": "DocumentReference",
    "problems-reconciled": "DocumentReference",
    "access-vdt": "Patient",
    "access-api": "Encounter",
    "pdmp-queried": "Patient",
}
MOVES = {"prescription-transmitted": {"PI_EP_2"}}
"""A transmission shown to be earlier, or by better evidence, may come before the PDMP query that it was after."""


@st.composite
def with_one_success_more(draw: st.DrawFn) -> tuple[list[Json], Json, str]:
    found = draw(practices())
    kind = draw(st.sampled_from(sorted(POSITIVE)))
    return found, evidence(kind, focus_of(found, POSITIVE[kind], draw), IN_PERIOD, "one-more"), kind


@ROOMY
@given(with_one_success_more())
def test_one_more_success_never_lowers_a_numerator(engine: LocalEngine, given_: tuple[list[Json], Json, str]) -> None:
    found, more, kind = given_
    of_practice(engine, found)
    before = tallied(engine)
    of_practice(engine, [*found, more])
    after = tallied(engine)
    for measure in {key[0] for key in before} - MOVES.get(kind, set()):
        now = met(after, measure)
        assert {key: n for key, n in met(before, measure).items() if now[key] < n} == {}


@ROOMY
@given(practices(), st.sampled_from(["p", "q"]), st.sampled_from(["2026-03-06", "2026-06-29"]))
def test_a_visit_more_lowers_only_what_is_counted_in_patients_or_needs_a_new_one(
    engine: LocalEngine, found: list[Json], who: str, day: str
) -> None:
    of_practice(engine, found)
    before = tallied(engine)
    of_practice(engine, [*found, visit("more", day, subject=ref(f"Patient/{who}"))])
    after = tallied(engine)
    for measure in ("PI_EP_1", "PI_EP_2", "PI_HIE_1"):
        assert met(after, measure) == met(before, measure)
    assert all(after[key].denominator >= t.denominator for key, t in before.items() if key[0] == "PI_PEA_1")


@st.composite
def with_one_unknown_more(draw: st.DrawFn) -> tuple[list[Json], Json]:
    """A practice, and one of its resources under another id, with a modifier that nobody knows."""
    found = draw(practices(history=False))
    kinds = {"MedicationRequest", "ServiceRequest", "Provenance", "Task", "Communication", "Encounter", "Procedure"}
    base = copy.deepcopy(draw(st.sampled_from([one for one in found if one["resourceType"] in kinds])))
    return found, {**base, "id": "doubtful", "modifierExtension": [{"url": "urn:who-knows", "valueBoolean": True}]}


@ROOMY
@given(with_one_unknown_more(), st.sampled_from([OPEN, CLOSED, PROVEN]))
def test_one_more_unknown_never_raises_a_numerator(
    engine: LocalEngine, given_: tuple[list[Json], Json], site: Site
) -> None:
    found, doubtful = given_
    of_practice(engine, found, site)
    before = tallied(engine, ALL)
    of_practice(engine, [*found, doubtful], site)
    raised = {
        key: t.met for key, t in tallied(engine, ALL).items() if t.met > (before[key].met if key in before else 0)
    }
    assert raised == {}


@ROOMY
@given(practices(among=KNOWN), PERIODS)
def test_where_everyone_is_known_a_group_is_the_sum_of_its_clinicians_but_for_patients_and_documents(
    engine: LocalEngine, found: list[Json], period: Period
) -> None:
    of_practice(engine, found)
    tallies = tallied(engine, period)
    attributed = all(row["npi"] and row["tin"] for row in engine.rows("cases"))
    for (measure, variant, tin, npi), group in tallies.items():
        if npi is not None or tin is None:
            continue
        each = [t for key, t in tallies.items() if key[:3] == (measure, variant, tin) and key[3]]
        if measure in ("PI_EP_1", "PI_EP_2", "PI_HIE_1") and attributed:
            for count in ("denominator", "met", "unknown", "undecided"):
                assert getattr(group, count) == sum(getattr(t, count) for t in each), (measure, tin, count)
        elif measure == "PI_PEA_1":
            assert max(t.denominator for t in each) <= group.denominator <= sum(t.denominator for t in each)
            assert group.denominator + group.undecided <= len(PATIENTS)


@ROOMY
@given(practices(), st.sampled_from([OPEN, PROVEN]))
def test_a_closed_world_turns_unknowns_into_failures_and_changes_nothing_else(
    engine: LocalEngine, found: list[Json], site: Site
) -> None:
    of_practice(engine, found, site)
    opened = _by_key(engine.rows("cases"))
    of_practice(engine, found, replace(site, closed_world=CLOSED.closed_world))
    closed = _by_key(engine.rows("cases"))
    gone = [opened[key] for key in opened.keys() - closed.keys()]
    assert all(row["measure"] == "PI_EP_2" and row["member"] == "unknown" for row in gone)
    assert closed.keys() <= opened.keys()
    for key, now in closed.items():
        turned = (opened[key]["met"], now["met"]) == ("unknown", "not_met")
        assert turned or opened[key]["met"] == now["met"], key
        assert [opened[key][name] for name in _SETTLED] == [now[name] for name in _SETTLED]


_SETTLED = ("member", "occurred", "occurred_to", "patient", "controlled", "context_before", "context_after")


def _by_key(rows: Rows) -> dict[tuple[str | None, ...], dict[str, Any]]:
    """Cases by what names them, but for the count of what was not transmitted: it counts the failures themselves."""
    kept = [row for row in rows if row["measure"] != "PI_EP_2_EX_1"]
    return {(row["measure"], row["focus"], row["tin"], row["npi"]): row for row in kept}


def longer(period: Period, before: int, after: int) -> Period:
    start, end = period.start - timedelta(days=before), period.end + timedelta(days=after)
    return Period(max(start, date(2026, 1, 1)), min(end, date(2026, 12, 31)))


@ROOMY
@given(practices(), st.lists(st.tuples(PERIODS, st.integers(0, 60), st.integers(0, 60)), min_size=8, max_size=8))
def test_a_longer_period_never_has_fewer_cases_or_successes(
    engine: LocalEngine, found: list[Json], periods: list[tuple[Period, int, int]]
) -> None:
    of_practice(engine, found, PROVEN)
    for period, before, after in periods:
        short, whole = tallied(engine, period), tallied(engine, longer(period, before, after))
        for key, t in short.items():
            more = whole[key]
            assert t.denominator <= more.denominator, key
            assert t.denominator + t.undecided <= more.denominator + more.undecided, key
            assert t.met <= more.met or key[0] == "PI_PEA_1", key


@ROOMY
@given(practices(), st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 30)), min_size=6, max_size=6))
def test_two_halves_of_a_year_have_the_cases_of_the_year_but_for_those_on_both_sides(
    engine: LocalEngine, found: list[Json], cuts: list[date]
) -> None:
    of_practice(engine, found)
    whole = tallied(engine, ALL)
    for cut in cuts:
        first, second = (
            tallied(engine, Period(ALL.start, cut)),
            tallied(engine, Period(cut + timedelta(days=1), ALL.end)),
        )
        for key in whole:
            if key[0] not in ("PI_EP_1", "PI_EP_2", "PI_HIE_1"):
                continue
            halves = [half[key] for half in (first, second) if key in half]
            certain, open_ones = sum(t.denominator for t in halves), sum(t.undecided for t in halves)
            assert certain <= whole[key].denominator <= certain + open_ones, key


@ROOMY
@given(practices(), st.lists(PERIODS, min_size=8, max_size=8))
def test_the_window_of_a_calendar_year_never_has_fewer_successes(
    engine: LocalEngine, found: list[Json], periods: list[Period]
) -> None:
    of_practice(engine, found)
    for period in periods:
        narrow, wide = tallied(engine, period), tallied(engine, period, NumeratorWindow.CALENDAR_YEAR)
        assert narrow.keys() == wide.keys()
        for key, t in narrow.items():
            assert t.met <= wide[key].met, key
            assert (t.denominator, t.undecided) == (wide[key].denominator, wide[key].undecided), key


@ROOMY
@given(practices(), practices(), st.sampled_from([OPEN, CLOSED, PROVEN]))
def test_two_practices_in_one_folder_count_as_each_alone(
    engine: LocalEngine, one: list[Json], two: list[Json], site: Site
) -> None:
    there = elsewhere(with_staff(two), 1)
    apart = []
    for alone in (with_staff(one), there):
        derived(engine, lines(alone), site)
        apart.append(tallied(engine))
    derived(engine, lines([*with_staff(one), *there]), site)
    together = tallied(engine)
    for key, t in together.items():
        if key[2] or key[3]:
            assert [t] == [alone[key] for alone in apart if key in alone], key
            continue
        parts = [alone[key] for alone in apart if key in alone]
        assert t.denominator == sum(part.denominator for part in parts), key
        assert t.met == sum(part.met for part in parts), key


@ROOMY
@given(practices())
def test_a_merged_patient_is_the_one_that_stays(engine: LocalEngine, found: list[Json]) -> None:
    """Naming the record that was merged, or the one that stays, is the same."""
    merge = resource("Patient", "r", link=[{"type": "replaced-by", "other": ref("Patient/p")}])
    apart = [one for one in found if one.get("id") != "r"]
    renamed = [json.loads(json.dumps(one).replace('"Patient/r"', '"Patient/p"')) for one in apart]
    of_practice(engine, [*apart, merge])
    expected = tallied(engine)
    of_practice(engine, [*renamed, merge])
    assert tallied(engine) == expected


def test_a_practice_without_cases_has_no_tallies(engine: LocalEngine) -> None:
    of_practice(engine, [document(), pdmp_review()])
    assert tallied(engine, ALL) == {}
