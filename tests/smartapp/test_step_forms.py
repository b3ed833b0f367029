"""The fields of the steps' forms: what stands in them changes nothing, and nothing that is sent breaks them."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.eligibility import HardshipStatus
from scoring.model import AgencyRequest, Dates, MeasureId, Origin, Period, Proportion
from scoring.rulebook import load, years
from smartapp.attesting.attestations import Attestations, Reported, as_document, from_document
from smartapp.attesting.attested_eligibility import Eligible
from smartapp.attesting.entries import Entry, changed_by, faults, with_entries
from smartapp.attesting.fields import answer_entries, cehrt_entries, fields_of, requirement_entries

RULES = load(2026)
ANSWERED = Attestations(
    year=2026,
    reporter=None,
    period=Period(date(2026, 1, 1), date(2026, 7, 5)),
    cehrt_id="0015CABCDEF1234",
    answers={
        MeasureId(name): yes
        for name, yes in (
            ("PI_EP_2", True),
            ("PI_HIE_5", True),
            ("PI_PHCDRR_1_EX_2", True),
            ("PI_PHCDRR_3", True),
            ("PI_PHCDRR_3_PRE", True),
            ("PI_ONCACB_1", False),
        )
    },
    reported={
        MeasureId("PI_EP_1"): Reported(Proportion(9, 10, origin=Origin.REPORTED), "its report", date(2026, 11, 1))
    },
    variant="controlled-excluded",
    dates=Dates(
        in_use_from=date(2026, 1, 1),
        done={MeasureId("PI_PPHI_1"): date(2026, 3, 1)},
        managed={MeasureId("PI_PPHI_1"): date(2026, 4, 1)},
        editions={MeasureId("PI_PPHI_2"): "2025"},
        registered={MeasureId("PI_PHCDRR_3"): date(2025, 3, 1)},
        requests={
            MeasureId("PI_PHCDRR_3"): (AgencyRequest(date(2026, 2, 1)), AgencyRequest(date(2026, 3, 1), missed=True))
        },
    ),
    products=("Chart One 9.1", "Portal Two"),
    people={MeasureId("PI_PPHI_1"): "IT lead"},
    eligible=Eligible("physician", frozenset({"ascBased"}), False, HardshipStatus.APPLIED, "internet", True),
)
NOTHING = Attestations(2026, None, None, None, {}, {}, "controlled-included")


def entries(form: dict[str, str]) -> tuple[Entry, ...]:
    return (*cehrt_entries(form), *requirement_entries(form), *answer_entries(form, RULES))


def sent(attested: Attestations) -> dict[str, str]:
    """The forms as a browser sends them: with the marker of the boxes, which are not sent unticked."""
    return fields_of(attested, RULES) | {"asks-statuses": "yes"}


@pytest.mark.parametrize(
    "attested",
    [ANSWERED, NOTHING, replace(ANSWERED, eligible=Eligible(statuses=frozenset()))],
    ids=["answered", "nothing", "no status"],
)
def test_a_form_that_is_sent_as_it_stands_changes_nothing(attested: Attestations) -> None:
    document = as_document(attested)
    assert changed_by(document, entries(sent(attested))) == ()
    assert from_document(with_entries(document, entries(sent(attested))), "form", RULES) == attested


def test_forms_that_are_emptied_take_every_answer_away() -> None:
    form = {name: "" for name in sent(ANSWERED) if not name.startswith(("status-", "controlled", "period"))}
    form |= {"hardship": "none", "controlled": "include", "road-healthInformationExchange": "PI_HIE_1+PI_HIE_4"}
    document = with_entries(as_document(ANSWERED), entries(form | {"asks-statuses": "yes"}))
    assert from_document(document, "form", RULES) == replace(NOTHING, period=ANSWERED.period)


def test_a_field_that_is_not_sent_is_left_as_it_is() -> None:
    document = with_entries(as_document(ANSWERED), entries({"cehrt-id": "2026CABCDEF1234"}))
    assert from_document(document, "form", RULES) == replace(ANSWERED, cehrt_id="2026CABCDEF1234")


NAMES = st.sampled_from(
    [
        *sent(ANSWERED),
        "asked-PI_PHCDRR_1-7",
        f"asked-PI_PHCDRR_1-{'9' * 5000}",
        "missed-PI_PHCDRR_1-7",
        "status-none",
        "status-x",
        "met-PI_PEA_1",
        "of-PI_PEA_1",
    ]
)


@given(st.dictionaries(NAMES, st.text(max_size=30) | st.sampled_from(["yes", "no", "2026-02-30", "9" * 5000])))
@settings(max_examples=60, deadline=None)
def test_whatever_is_sent_is_kept_or_refused_by_name_and_what_is_kept_can_be_read(form: dict[str, str]) -> None:
    document, found = as_document(ANSWERED), entries(form)
    told = faults(document, found, RULES)
    assert set(told) <= {one.field for one in found}
    assert all(text and "the form" not in text for text in told.values())
    kept = [one for one in found if one.field not in told]
    from_document(with_entries(document, kept), "form", RULES)


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        ("2026-01-01 2026-12-31", True),
        ("2025-12-31 2026-06-30", False),
        ("2026-07-01 2027-01-01", False),
        ("2025-01-01 2025-12-31", False),
    ],
)
def test_answers_are_of_days_of_their_year(days: str, kept: bool) -> None:
    found = faults(as_document(NOTHING), answer_entries({"period": days}, RULES), RULES)
    assert (found == {}) is kept
    assert kept or "never leaves its year" in found["period"]


@pytest.mark.parametrize("year", years())
def test_every_year_has_its_form(year: int) -> None:
    rules = load(year)
    empty = Attestations(year, None, None, None, {}, {}, "controlled-included")
    assert changed_by(as_document(empty), answer_entries(fields_of(empty, rules), rules)) == ()
