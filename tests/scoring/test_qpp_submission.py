"""Reading and writing the QPP submission object."""

from copy import deepcopy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reported import NEWEST, RULES, codes, complete, counting

from scoring.errors import SubmissionError
from scoring.model import MeasureId, Metric, Period, Proportion, Reporter, Submission
from scoring.submission import read, write

MEASUREMENTS = "$.measurementSets[0].measurements"


def document() -> dict[str, Any]:
    return write(complete(), NEWEST)


def the_set(changed: dict[str, Any]) -> dict[str, Any]:
    pi: dict[str, Any] = changed["measurementSets"][0]
    return pi


def submissions(year: int) -> st.SearchStrategy[Submission]:
    measures = RULES[year].measures.values()
    counts = st.integers(0, 9999).flatmap(lambda d: st.builds(Proportion, st.integers(0, d), st.just(d)))
    days = st.dates(date(year, 1, 1), date(year, 12, 31))
    proportions = [measure.id for measure in measures if measure.metric is Metric.PROPORTION]
    answers = [measure.id for measure in measures if measure.metric is Metric.BOOLEAN]
    return st.builds(
        Submission,
        year=st.just(year),
        reporter=st.builds(
            Reporter,
            st.none() | st.from_regex(r"[0-9]{9}", fullmatch=True),
            st.none() | st.from_regex(r"[0-9]{10}", fullmatch=True),
            st.none() | st.text(min_size=1),
        ),
        period=st.none() | st.builds(Period, days, days),
        cehrt_id=st.none() | st.text(),
        proportions=st.dictionaries(st.sampled_from(proportions), counts),
        answers=st.dictionaries(st.sampled_from(answers), st.booleans()),
        program=st.text(min_size=1),
        entity_type=st.none() | st.sampled_from(["individual", "group", "apm"]),
    )


@given(submission=st.sampled_from(sorted(RULES)).flatmap(submissions))
def test_what_is_written_reads_back_the_same(submission: Submission) -> None:
    written = write(submission, RULES[submission.year])

    assert read(written)[0] == submission


def test_a_written_submission_has_the_shape_cms_uploads() -> None:
    written = document()

    assert list(written) == (["entityType", "performanceYear", "taxpayerIdentificationNumber", "measurementSets"])
    assert {key: value for key, value in the_set(written).items() if key != "measurements"} == {
        "category": "pi",
        "submissionMethod": "registry",
        "programName": "mips",
        "performanceStart": f"{NEWEST.year}-01-01",
        "performanceEnd": f"{NEWEST.year}-12-31",
        "cehrtId": "0015CABCDEFGHIJ",
    }


def test_measurements_come_in_the_order_of_the_list_of_cms() -> None:
    names = [entry["measureId"] for entry in the_set(document())["measurements"]]

    assert names == [name for name in NEWEST.measures if name in names]


def test_an_unknown_is_never_written_as_met() -> None:
    submission = counting(complete(), "PI_EP_1", Proportion(3, 10, unknown=5, undecided=2))

    first = the_set(write(submission, NEWEST))["measurements"][0]

    assert first == {"measureId": "PI_EP_1", "value": {"numerator": 3, "denominator": 10}}


def test_an_id_outside_the_list_is_written_last() -> None:
    submission = replace(complete(), answers={MeasureId("A"): True})

    assert the_set(write(submission, NEWEST))["measurements"][-1]["measureId"] == "A"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([], r"\$: expected a submission object, got a list"),
        ("text", r"\$: expected a submission object, got another text"),
        ({}, r"measurementSets: expected a list, got nothing"),
        ({"measurementSets": []}, r"expected one set of category \"pi\", got 0"),
        ({"measurementSets": [3, {"category": "ia"}]}, "got 0"),
        ({"measurementSets": [{"category": "pi"}] * 2, "performanceYear": 2026}, r"got 2: \$.measurementSets\[0\]"),
        ({"measurementSets": [{"category": "pi"}]}, "performanceYear: expected a year, got nothing"),
        ({"measurementSets": [{"category": "pi"}], "performanceYear": True}, "expected a year, got true"),
        ({"measurementSets": [{"category": "pi"}], "performanceYear": 1999}, "expected one of .*, got 1999"),
        ({"measurementSets": 1.5}, "expected a list, got 1.5"),
        ({"measurementSets": {1}}, "got something else"),
    ],
)
def test_what_is_no_submission_at_all_raises(wrong: object, said: str) -> None:
    with pytest.raises(SubmissionError, match=said):
        read(wrong)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, ".value"),
        ("yes", ".value"),
        (1, ".value"),
        ({"numerator": 1.5, "denominator": 3}, ".value.numerator"),
        ({"numerator": True, "denominator": 3}, ".value.numerator"),
        ({"numerator": 1}, ".value.denominator"),
        ({"numerator": 1, "denominator": "3"}, ".value.denominator"),
    ],
)
def test_a_value_that_cannot_be_read_is_a_finding_with_its_path(value: object, path: str) -> None:
    changed = document()
    the_set(changed)["measurements"][0]["value"] = value

    submission, (finding,) = read(changed)

    assert (finding.code, finding.subject) == ("F-215", "PI_EP_1")
    assert finding.message.startswith(f"{MEASUREMENTS}[0]{path}: expected ")
    assert "PI_EP_1" not in submission.proportions


@pytest.mark.parametrize(
    ("entry", "path"), [(3, "[0]"), ({"value": True}, "[0].measureId"), ({"measureId": ""}, "[0].measureId")]
)
def test_an_entry_that_is_no_measurement_is_a_finding(entry: object, path: str) -> None:
    changed = document()
    the_set(changed)["measurements"] = [entry]

    _, (finding,) = read(changed)

    assert finding.code == "F-215"
    assert finding.message.startswith(f"{MEASUREMENTS}{path}: expected ")


def test_measurements_that_are_no_list_are_a_finding() -> None:
    changed = document()
    del the_set(changed)["measurements"]

    submission, found = read(changed)

    assert codes(found) == ["F-215"]
    assert not submission.answers


def test_a_measure_reported_twice_is_a_finding_and_the_first_is_kept() -> None:
    changed = document()
    the_set(changed)["measurements"] += [
        {"measureId": "PI_EP_1", "value": {"numerator": 0, "denominator": 1}},
        {"measureId": "PI_EP_2", "value": False},
    ]

    submission, found = read(changed)

    assert [(f.code, f.subject) for f in found] == [("F-214", "PI_EP_1"), ("F-214", "PI_EP_2")]
    assert (submission.proportions, submission.answers) == (complete().proportions, complete().answers)


@pytest.mark.parametrize("value", ["2026-02-30", "20260101", "soon", "2026-1-1"])
@pytest.mark.parametrize("key", ["performanceStart", "performanceEnd"])
def test_a_date_that_is_none_is_a_finding_of_the_period(key: str, value: str) -> None:
    changed = document()
    the_set(changed)[key] = value

    submission, (finding,) = read(changed)

    assert (finding.code, finding.subject) == ("F-217", "performance period")
    assert submission.period is None


def test_a_field_of_the_wrong_type_is_a_finding() -> None:
    changed = document()
    the_set(changed)["cehrtId"] = 15

    submission, (finding,) = read(changed)

    assert (finding.code, finding.subject) == ("F-217", "cehrtId")
    assert submission.cehrt_id is None


@pytest.mark.parametrize("tin", ["12345678", "1234567890", "12345678x"])
def test_an_identifier_of_the_wrong_length_is_a_finding_that_does_not_repeat_it(tin: str) -> None:
    changed = document()
    changed["taxpayerIdentificationNumber"] = tin

    submission, (finding,) = read(changed)

    assert finding.code == "F-217"
    assert tin not in finding.message
    assert submission.reporter.tin is None


def test_the_program_is_mips_when_none_is_named() -> None:
    changed = document()
    del the_set(changed)["programName"]

    assert read(changed)[0].program == "mips"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    value=JSON,
    key=st.sampled_from(["measurements", "cehrtId", "performanceStart", "programName", "performanceEnd"]),
)
def test_anything_inside_the_set_is_read_without_a_traceback(value: Any, key: str) -> None:
    changed = deepcopy(document())
    the_set(changed)[key] = value

    submission, _ = read(changed)

    assert submission.year == NEWEST.year
