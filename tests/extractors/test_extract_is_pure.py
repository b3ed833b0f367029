"""Extraction is strict by line and pure: whatever a line is, it never raises and never touches its neighbours."""

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.cases import derive
from extractors.engine.local import LocalEngine
from tests.extractors.practice import (
    OPEN,
    Json,
    acceptance,
    access,
    bundle,
    document,
    extracted,
    pdmp_review,
    prescription,
    receipt,
    referral,
    resource,
    sending,
    staff,
    transmission,
    visit,
)

CONTAINED = prescription(contained=[resource("Medication", "m", code={"coding": [{"code": "1"}]})])
EXAMPLES = [
    *staff(),
    CONTAINED,
    transmission(),
    referral(identifier=[{"system": "x", "value": "1"}]),
    document(masterIdentifier={"system": "x", "value": "1"}),
    sending(),
    acceptance("accepted"),
    visit(),
    receipt(),
    access("access-vdt"),
    pdmp_review(),
    resource("Patient", "p", link=[{"type": "replaced-by", "other": {"reference": "Patient/q"}}]),
    bundle(
        "collection",
        {"fullUrl": "urn:uuid:1", "resource": prescription()},
        {"request": {"method": "DELETE", "url": "Patient/p"}},
    ),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
STEADY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every part of a document but the whole."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, part in inner for path in ((*at, key), *places(part, (*at, key)))]


@st.composite
def spoiled(draw: st.DrawFn) -> Json:
    """A good resource with one of its parts replaced by anything."""
    found: Any = copy.deepcopy(draw(st.sampled_from(EXAMPLES)))
    *path, last = draw(st.sampled_from(places(found)))
    inner = found
    for step in path:
        inner = inner[step]
    inner[last] = draw(JSON)
    return dict(found)


def rows(documents: list[Json | bytes], but: str) -> list[Any]:
    """Everything that lines became, without what the line in question became and without line numbers."""
    found = extracted(documents)
    placed = [r for r in found.resources if r["line"] != 2 or not but]
    return [
        sorted(json.dumps({**row, "line": 0}, sort_keys=True) for row in table)
        for table in (placed, [r for r in found.quarantine if r["line"] != 2 or not but])
    ]


@STEADY
@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise(data: bytes) -> None:
    found = extracted([data])
    assert len(found.quarantine) + found.not_read.total() + len(found.resources) <= 1


@settings(STEADY, max_examples=80)
@given(spoiled())
def test_no_resource_however_misshapen_raises(document: Json) -> None:
    found = extracted([document])
    whole = len(found.quarantine) + found.not_read.total() + len(found.resources)
    assert whole == 1 or "Bundle" in str(document)


@settings(STEADY, max_examples=12)
@given(spoiled())
def test_whatever_is_extracted_can_be_derived(document: Json) -> None:
    with LocalEngine() as engine:
        derive(extracted([*staff(), document]), OPEN, engine)
        assert {row["member"] for row in engine.rows("cases")} <= {"yes", "unknown"}


GOOD: list[Json | bytes] = [prescription("before"), transmission("before")]


@STEADY
@given(spoiled() | st.binary(max_size=60))
def test_good_lines_around_a_bad_one_give_what_they_give_without_it(bad: Json | bytes) -> None:
    among = rows([GOOD[0], bad, GOOD[1]], but="2")
    assert among == rows(GOOD, but="")


def test_the_same_lines_give_the_same_rows() -> None:
    assert extracted(EXAMPLES) == extracted(EXAMPLES)
