"""Tallies: cases of any period, per NPI and per TIN, each unit once."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.cases import Tally, derive, tally
from extractors.engine.local import LocalEngine
from extractors.site import NumeratorWindow
from scoring.model import Period
from tests.extractors.practice import (
    OPEN,
    PERIOD,
    TRAMADOL,
    A,
    B,
    C,
    Counts,
    D,
    E,
    Json,
    acceptance,
    access,
    both_channels,
    count,
    counted,
    counts_of,
    document,
    drug,
    evidence,
    extracted,
    fulfilment,
    pdmp_review,
    prescription,
    receipt,
    reconciled,
    ref,
    referral,
    sending,
    staff,
    transmission,
    visit,
)


def test_a_group_counts_what_its_clinicians_count() -> None:
    orders = [prescription(str(n), requester=ref(f"PractitionerRole/{who}-at-a")) for n, who in enumerate("ccd")]
    found = counted([*staff(), *orders, transmission("0"), transmission("2")])
    sums = [counts_of(found, "PI_EP_1", npi, A, "controlled-included") for npi in (C, D, None)]
    assert sums == [Counts(2, 1, 1), Counts(1, 1), Counts(3, 2, 1)]


def test_a_patient_of_two_clinicians_is_one_of_the_group() -> None:
    found = counted([*staff(), visit(), visit("other", by="d"), *both_channels()])
    assert [counts_of(found, "PI_PEA_1", npi, A, "all") for npi in (C, D, None)] == [Counts(1, 1)] * 3


def test_a_patient_of_two_tins_is_one_of_each() -> None:
    other = visit("other", by="e", serviceProvider=ref("Organization/b"))
    other["participant"][0]["individual"] = ref("PractitionerRole/e-at-b")
    found = counted([*staff(), visit(), other])
    assert [
        counts_of(found, "PI_PEA_1", npi, tin, "all").denominator for npi, tin in ((None, A), (None, B), (E, B))
    ] == [1, 1, 1]


def test_evidence_is_split_by_its_grade() -> None:
    orders = [prescription(name) for name in ("one", "two", "three")]
    shown = [transmission("one"), evidence("prescription-transmitted", "MedicationRequest/two")]
    found = counted([*staff(), *orders, *shown])["PI_EP_1", "controlled-included", A, C]
    assert found.rests_on == {"standard": 1, "asserted": 1}


def test_a_patient_rests_on_the_weakest_of_what_was_needed() -> None:
    found = counted([*staff(), visit(), access("access-vdt"), access("access-api")])["PI_PEA_1", "all", A, C]
    assert found.rests_on == {"asserted": 1}


@pytest.mark.parametrize("day", [PERIOD.start, PERIOD.end])
def test_both_ends_of_a_period_are_in_it(day: date) -> None:
    one_day = Period(day, day)
    assert count("PI_EP_1", [prescription(on=day.isoformat())], period=one_day).denominator == 1


YEAR = st.dates(date(2026, 1, 1), date(2026, 12, 20)).map(lambda day: day.isoformat())


@st.composite
def practices(draw: st.DrawFn) -> list[Json]:
    """A few prescriptions, referrals, documents and visits of two patients, with and without their evidence."""
    found: list[Json] = []
    for n in range(draw(st.integers(1, 4))):
        day, later = draw(YEAR), draw(YEAR)
        on = draw(st.sampled_from([day, day[:7], f"{day}T10:00:00-05:00", None]))
        who = {
            "requester": ref(
                draw(st.sampled_from(["PractitionerRole/c-at-a", "PractitionerRole/d-at-a", "Practitioner/x"]))
            )
        }
        patient = {"subject": ref(f"Patient/{draw(st.sampled_from('pq'))}")}
        controlled = {"medicationCodeableConcept": drug(draw(st.sampled_from([TRAMADOL, "979492", "2670"])))}
        found.append(prescription(f"rx{n}", on, **who, **patient, **controlled))
        found += draw(
            st.sampled_from([[], [transmission(f"rx{n}", later)], [fulfilment("failed", later, f"rx{n}", f"t{n}")]])
        )
        found.append(referral(f"r{n}", on, **who, **patient))
        found += draw(
            st.sampled_from([[], [sending(f"r{n}", later), document()], [acceptance("accepted", later, f"r{n}")]])
        )
        found.append(visit(f"v{n}", on, draw(st.sampled_from("cd")), **patient))
        found += draw(st.sampled_from([[], both_channels(f"Encounter/v{n}", later)]))
        found += [document(f"d{n}", **patient), receipt(f"d{n}", later)]
        found += draw(st.sampled_from([[], reconciled(f"d{n}", later)]))
    return [*found, *draw(st.sampled_from([[], [pdmp_review(draw(YEAR))], both_channels()]))]


PERIODS = st.builds(
    lambda first, days: Period(first, min(first + timedelta(days=days), date(2026, 12, 31))),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.integers(0, 365),
)
SLOW = settings(
    max_examples=14, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
Row = Mapping[str, Any]


def situation(row: Row, level: str, contexts: list[Row], start: str, end: str) -> str:
    """In, undecided or out: the definition, read case by case."""
    occurred = row["occurred"] is None or not (row["occurred_to"] < start or row["occurred"] > end)
    within = row["occurred"] is not None and row["occurred"] >= start and row["occurred_to"] <= end
    if row["measure"] == "PI_HIE_4":
        mine = [c for c in contexts if (c["focus"], c["npi"], c["tin"]) == (row["focus"], row["npi"], row["tin"])]
        mine = [c for c in mine if level == "npi" or c["in_group"] != "no"]
        near = [c for c in mine if c["day"] is None or (c["until_day"] >= start and c["day"] <= end)]
        sure = [c for c in near if c["certain"] == "yes" and (level == "npi" or c["in_group"] == "yes")]
        occurred = occurred and bool(near)
        within = within and any(c["day"] is not None and start <= c["day"] and c["until_day"] <= end for c in sure)
    if row["measure"] == "PI_LVITC_2" and level == "tin":
        [of_group] = {c["of_group"] for c in contexts if (c["focus"], c["npi"]) == (row["focus"], row["npi"])}
        occurred, within = occurred and of_group != "no", within and of_group == "yes"
    if not occurred:
        return "out"
    return "in" if within and row["member"] == "yes" else "undecided"


def answered(row: Row, start: str, end: str) -> str:
    if row["met"] != "met" or row["met_from"] is None:
        return str(row["met"])
    if row["met_from"] >= start and row["met_on"] <= end:
        return "met"
    return "not_met" if row["met_on"] < start or row["met_from"] > end else "unknown"


def brute(
    rows: list[Row], contexts: list[Row], period: Period, measure: str, tin: str | None, npi: str | None
) -> Counts:
    """The same count from the table of cases, without SQL."""
    start, end = period.start.isoformat(), period.end.isoformat()
    units: dict[str, list[tuple[str, str]]] = {}
    level = "tin" if npi is None and tin is not None else "npi"
    for row in rows:
        if row["measure"] == measure and row["tin"] == tin and (level == "tin" or row["npi"] == npi):
            place = situation(row, level, contexts, start, end)
            unit = row["patient"] or row["focus"] if measure == "PI_PEA_1" else row["focus"]
            if place != "out":
                units.setdefault(unit, []).append((place, answered(row, start, end)))
    inside = [found for found in units.values() if any(place == "in" for place, _ in found)]
    met = sum(all(answer == "met" for _, answer in found) for found in inside)
    failed = sum(("in", "not_met") in found for found in inside)
    return Counts(len(inside), met, len(inside) - met - failed, len(units) - len(inside))


@SLOW
@given(practices(), st.lists(PERIODS, min_size=3, max_size=3))
def test_any_period_is_what_counting_case_by_case_gives_its_parts_fit_and_a_group_is_no_more_than_its_clinicians(
    resources: list[Json], periods: list[Period]
) -> None:
    with LocalEngine() as engine:
        derive(extracted([*staff(), *resources]), OPEN, engine)
        rows, contexts = engine.rows("cases"), engine.rows("received_context")
        incoming = engine.rows("incoming_context")
        for period in (*periods, PERIOD):
            found = tally(engine, period, NumeratorWindow.PERFORMANCE_PERIOD)
            for t in (t for t in found if t.variant in ("all", "controlled-included")):
                told = incoming if t.measure == "PI_LVITC_2" else contexts
                expected = brute(rows, told, period, t.measure, t.tin, t.npi)
                assert Counts(t.denominator, t.met, t.unknown, t.undecided) == expected, (t, period)
            assert [t for t in found if not parts(t)] == []
            assert_a_group_never_counts_more_than_its_clinicians_together(found)


def parts(found: Tally) -> bool:
    """Whether met and unknown are parts of the denominator, and the grades parts of met."""
    return found.met + found.unknown <= found.denominator and sum(found.rests_on.values()) == found.met


def assert_a_group_never_counts_more_than_its_clinicians_together(found: Iterable[Tally]) -> None:
    by_key = {(t.measure, t.variant, t.tin, t.npi): t for t in found}
    for (measure, variant, tin, npi), group in by_key.items():
        if npi is None and tin is not None:
            each = [t for key, t in by_key.items() if key[:3] == (measure, variant, tin) and key[3] is not None]
            assert group.denominator <= sum(t.denominator for t in each)
            assert group.met <= sum(t.met for t in each)
