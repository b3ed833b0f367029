"""One guarded reader of JSON, and R4's shape where it is read (R63, R67, R69)."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from extractors.decode import MAXIMUM_DEPTH, MAXIMUM_LINE, Unreadable, check_shape, read_object, schema_of

READ = frozenset({"status", "subject", "authoredOn", "medication", "category", "coding", "doNotPerform"})


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.requirement("R63")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b'{"a":"\xff"}', "not UTF-8 at byte 6 of the line", id="not UTF-8"),
        pytest.param('{"a":1}'.encode("utf-16"), "not UTF-8 at byte 0 of the line", id="UTF-16"),
        pytest.param(b'{"a":NaN}', "not JSON: NaN is no JSON number", id="NaN"),
        pytest.param(b'{"a":-Infinity}', "not JSON: -Infinity is no JSON number", id="infinity"),
        pytest.param(b'{"a":1', "not JSON at column 7: Expecting ',' delimiter", id="cut off"),
        pytest.param(b'{"a":1},', "not JSON at column 8: Extra data", id="trailing comma"),
        pytest.param(b'[{"a":1}]', "$: expected object, got array", id="array"),
        pytest.param(b"null", "$: expected object, got null", id="null"),
        pytest.param(b'{"a":1,"a":2}', "$: a key of the outermost object stands twice", id="repeated key"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", "a number with too many digits", id="long number"),
        pytest.param(b'{"a":"\\ud800"}', "half of a surrogate pair stands alone: no Unicode text", id="half a pair"),
        pytest.param(nested(MAXIMUM_DEPTH + 1), f"nested deeper than {MAXIMUM_DEPTH}", id="65 levels"),
        pytest.param(nested(900), f"nested deeper than {MAXIMUM_DEPTH}", id="900 levels"),
        pytest.param(nested(100_000), f"nested deeper than {MAXIMUM_DEPTH}", id="100,000 levels"),
        pytest.param(
            b" " * (MAXIMUM_LINE + 1),
            f"longer than {MAXIMUM_LINE} bytes, the limit of a line",
            id="too long",
        ),
    ],
)
def test_what_is_not_one_guarded_json_object_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_object(data)
    assert str(refused.value) == reason


@pytest.mark.requirement("R63")
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b'\xef\xbb\xbf{"a":1}', {"a": 1}, id="byte order mark"),
        pytest.param(b' {"a":1} \r', {"a": 1}, id="blanks around"),
        pytest.param(b'{"a":{"b":1,"b":2}}', {"a": {"b": 2}}, id="a repeated key deeper: the last wins"),
        pytest.param('{"a":"\u2028"}'.encode(), {"a": "\u2028"}, id="a line separator in text"),
        pytest.param(b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}, id="a whole surrogate pair"),
        pytest.param(b'{"a":"' + b"[" * 100 + b'"}', {"a": "[" * 100}, id="brackets in text are not depth"),
    ],
)
def test_what_is_one_json_object_is_read(data: bytes, expected: object) -> None:
    assert read_object(data) == expected


@pytest.mark.requirement("R63")
def test_the_deepest_allowed_object_is_read() -> None:
    assert json.dumps(read_object(nested(MAXIMUM_DEPTH))).count("a") == MAXIMUM_DEPTH


def checked(**elements: Any) -> str:
    """The reason for which the shape of a MedicationRequest is refused; empty where it is not."""
    try:
        check_shape({"resourceType": "MedicationRequest", **elements}, READ, lambda text: text.startswith("20"))
    except Unreadable as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"status": 1}, "$.status: expected string, got number"),
        ({"status": ["active"]}, "$.status: expected string, got array"),
        ({"status": True}, "$.status: expected string, got boolean"),
        ({"subject": "Patient/p"}, "$.subject: expected object, got string"),
        ({"subject": {"reference": 7}}, "$.subject.reference: expected string, got number"),
        ({"category": {"coding": []}}, "$.category: expected array, got object"),
        ({"category": [{"coding": "x"}]}, "$.category.coding: expected array, got string"),
        ({"category": ["x"]}, "$.category: expected object, got string"),
        ({"authoredOn": "soon"}, "$.authoredOn: expected a FHIR date, got text that is none"),
        ({"authoredOn": 2026}, "$.authoredOn: expected string, got number"),
        ({"doNotPerform": "true"}, "$.doNotPerform: expected boolean, got string"),
        ({"id": 7}, "$.id: expected string, got number"),
        ({"meta": []}, "$.meta: expected object, got array"),
        (
            {"medicationReference": {}, "medicationCodeableConcept": {}},
            "$.medication[x]: expected one choice, got medicationReference and medicationCodeableConcept",
        ),
    ],
)
def test_a_shape_that_r4_does_not_know_is_named_with_its_place(elements: dict[str, Any], reason: str) -> None:
    assert checked(**elements) == reason


@pytest.mark.parametrize(
    "elements",
    [
        {"note": "a departure where nothing is read"},
        {"subject": {"display": 7}, "performer": 1},
        {"status": None},
        {"category": [None]},
        {"authoredOn": ""},
        {"_status": {"extension": []}},
        {"id": "x" * 88},
        {"unheardOf": 1},
    ],
    ids=str,
)
def test_what_is_not_read_or_says_nothing_is_let_through(elements: dict[str, Any]) -> None:
    expected = "$.subject.display: expected string, got number" if "subject" in elements else ""
    assert checked(**elements) == expected


def test_a_number_may_be_whole_or_not() -> None:
    quantity = {"resourceType": "Observation", "valueQuantity": {"value": 5}}
    check_shape(quantity, frozenset({"value"}), lambda _: True)
    with pytest.raises(Unreadable, match=r"^\$.valueQuantity.value: expected number, got boolean$"):
        check_shape({**quantity, "valueQuantity": {"value": True}}, frozenset({"value"}), lambda _: True)


@pytest.mark.parametrize("kind", ["Nonsense", "HumanName", "patient", ""])
def test_only_resource_types_of_r4_have_a_schema(kind: str) -> None:
    assert schema_of(kind) is None


def test_the_shape_of_an_unknown_type_is_not_checked() -> None:
    check_shape({"resourceType": "Nonsense", "status": 1}, READ, lambda _: False)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)


@settings(max_examples=40, deadline=None)
@given(
    found=OBJECTS,
    style=st.sampled_from([(",", ":"), (", ", ": "), (" ,", ": ")]),
    ascii_only=st.booleans(),
    around=st.sampled_from(["", "\r", " "]),
)
def test_an_object_is_read_alike_however_it_is_written(
    found: dict[str, Any], style: tuple[str, str], ascii_only: bool, around: str
) -> None:
    text = around + json.dumps(found, separators=style, ensure_ascii=ascii_only) + around
    read = read_object(text.encode())
    assert json.dumps(read) == json.dumps(json.loads(text))


@settings(max_examples=40, deadline=None)
@given(found=OBJECTS.filter(bool), style=st.sampled_from([(",", ":"), (", ", ": ")]), number=st.integers(0, 3))
@example(found={"a": 1}, style=(",", ":"), number=0)
def test_a_key_that_stands_twice_is_refused_however_it_is_written(
    found: dict[str, Any], style: tuple[str, str], number: int
) -> None:
    name = list(found)[number % len(found)]
    text = json.dumps(found, separators=style)[:-1] + f"{style[0]}{json.dumps(name)}{style[1]}0}}"
    with pytest.raises(Unreadable, match="stands twice"):
        read_object(text.encode())
