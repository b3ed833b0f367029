"""Which parts of a statement stand open: what is typed, wrong or pointed to is never behind a closed fold."""

from dataclasses import replace

import pytest

from scoring.model import MeasureId
from smartapp.report.folds import open_folds
from smartapp.report.steps import Differs, Form, Stale

MEASURE = MeasureId("PI_PHCDRR_1")
EMPTY = Form(fields={f"registered-{MEASURE}": "", f"claim-{MEASURE}": ""}, may_edit=True, based_on="")
FIELDS = [("claim", "claim"), ("level", "level"), ("registered", "requests"), ("met", "total"), ("people", "done")]


def test_where_nothing_is_typed_or_wrong_everything_is_closed() -> None:
    assert open_folds(MEASURE, EMPTY, ()) == frozenset()


@pytest.mark.parametrize(("field", "fold"), FIELDS)
def test_what_is_typed_wrong_pointed_to_or_differs_is_open(field: str, fold: str) -> None:
    name = f"{field}-{MEASURE}"
    differs = Stale("", (Differs(name, "", "", ""),))
    for form in (
        replace(EMPTY, fields={name: "x"}),
        replace(EMPTY, problems={name: "x"}),
        replace(EMPTY, stale=differs),
    ):
        assert open_folds(MEASURE, form, ()) == {fold}
    assert open_folds(MEASURE, EMPTY, {name}) == {fold}


def test_a_numbered_request_of_an_agency_opens_the_requests() -> None:
    assert open_folds(MEASURE, EMPTY, {f"asked-{MEASURE}-0"}) == {"requests"}


def test_a_measure_whose_name_only_begins_alike_opens_nothing() -> None:
    assert open_folds(MEASURE, EMPTY, {f"claim-{MEASURE}0", "claim-PI_PHCDRR_2", f"answer-{MEASURE}"}) == frozenset()
