"""A line is read by what the profile reads of it, or as a whole: both ways give the same rows and the same content."""

import json
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.decode import MAXIMUM_DEPTH
from extractors.events import Extract, extract
from extractors.made import Asked, Made
from extractors.profile import load_profile
from extractors.projection import content_hash, split
from extractors.references import Scope
from extractors.witness import Held
from tests.extractors.practice import (
    GENERIC,
    Json,
    bundle,
    document,
    evidence,
    extracted,
    lines,
    prescription,
    referral,
    transmission,
    visit,
)
from tests.extractors.test_extract_is_pure import EXAMPLES, STEADY, spoiled

ZONE = ZoneInfo("America/New_York")
BOM = b"\xef\xbb\xbf"
ENOUGH = "9" * 4300


def written(found: Json, style: tuple[str, str] = (",", ":"), ascii_only: bool = False) -> bytes:
    return json.dumps(found, separators=style, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def said(found: Extract) -> list[Any]:
    """Everything that lines became, without the bytes in which they were written."""
    aside = [{name: row[name] for name in ("type", "reason", "entry")} for row in found.quarantine]
    tables = [found.events, found.resources, found.references, found.directory]
    return [*map(list, tables), aside, found.not_read, found.tried.hits, found.first]


def contents(documents: Iterable[Json | bytes]) -> list[str]:
    return [row["content"] for row in extracted(documents).resources]


def with_part(name: str, text: str, found: Json | None = None) -> bytes:
    """A resource with one more member, as it stands in the text."""
    return written(found or prescription())[:-1] + f',"{name}":{text}}}'.encode()


@STEADY
@given(spoiled(), st.sampled_from([(", ", ": "), (" ,", ":"), (",", ":")]), st.booleans())
def test_a_resource_gives_the_same_rows_whichever_way_it_is_read(
    found: Json, style: tuple[str, str], ascii_only: bool
) -> None:
    found = {**found, "id": "same"}  # without an id, the bytes name a resource
    assert split(BOM + written(found)) is None
    whole = said(extracted([BOM + written(found)]))
    assert said(extracted([written(found, style, ascii_only)])) == whole


@STEADY
@given(spoiled())
def test_what_is_read_of_a_resource_answers_as_the_whole_does_or_leaves_it_to_the_whole(found: Json) -> None:
    kind = found.get("resourceType")
    if not isinstance(kind, str) or kind not in GENERIC.reads or extracted([found]).quarantine:
        return
    assert answers_differ("generic", found) in (False, None)


@pytest.mark.parametrize("profile", ["generic", "medplum-dosespot", "oracle-health"])
def test_usual_resources_are_answered_by_what_is_read_of_them(profile: str) -> None:
    usual = [found for found in EXAMPLES if found and found["resourceType"] in load_profile(profile).selectors]
    assert [answers_differ(profile, found) for found in usual] == [False] * len(usual)


def answers_differ(name: str, found: Json) -> bool | None:
    """Whether the two ways give other rows; None where the quick one leaves it to the whole."""
    asked, held = Asked(load_profile(name), found["resourceType"], ZONE), Held(found, "key", "", Scope())
    quick = asked.by_what_is_read(held)
    return None if quick is None else without_content(quick) != without_content(asked.by_the_whole(held, False))


def without_content(made: Made) -> Any:
    """What a resource became, but for the hash of its content."""
    rows = [[value for value in row if value != made.held.content] for row in (*made.events, *made.references)]
    return rows, made.said, made.directory


def test_what_no_rule_reads_is_no_content() -> None:
    same = [prescription(text={"div": text}, dispenseRequest={"quantity": {"value": n}}) for n, text in enumerate("ab")]
    assert len(set(contents(same))) == 1


@pytest.mark.parametrize(
    "change",
    [{"status": "stopped"}, {"authoredOn": "2026-02-02"}, {"_status": {"extension": []}}, {"doNotPerform": False}],
)
def test_what_a_rule_reads_is_content_and_so_is_what_stands_beside_it(change: Json) -> None:
    assert len(set(contents([prescription(), prescription(**change)]))) == 2


def test_a_modifier_anywhere_makes_the_whole_resource_content() -> None:
    doses: list[Json] = [{"text": text, "modifierExtension": [{"url": "x", "valueBoolean": True}]} for text in "ab"]
    found = extracted([prescription(dosageInstruction=[dose]) for dose in doses])
    assert len({row["content"] for row in found.resources}) == 2
    assert {row["answer"] for row in found.events} == {"unknown"}


def test_content_is_the_same_from_a_line_and_from_a_bundle_in_any_order_and_spelling() -> None:
    found = prescription(note=[{"text": "Ünlü"}])
    turned = dict(reversed(found.items()))
    lines = [written(found), written(found, (", ", ": "), True), written(turned), BOM + written(found)]
    assert len(set(contents([*lines, bundle("searchset", {"resource": found})]))) == 1


@given(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.floats(allow_nan=False), max_size=5)
)
def test_the_hash_of_content_knows_neither_order_nor_meta(found: Json) -> None:
    turned = {"meta": {"versionId": "7"}} | dict(reversed({**found, "a": 1}.items()))
    assert content_hash(turned) == content_hash({**found, "a": 1})
    assert content_hash({**found, "a": 2}) != content_hash({**found, "a": 1})


def nested(depth: int) -> str:
    """A value that makes a resource as deep as this, the resource itself included."""
    return "[" * (depth - 1) + "]" * (depth - 1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (with_part("note", nested(MAXIMUM_DEPTH)), None),
        (with_part("note", nested(MAXIMUM_DEPTH + 1)), "nested deeper than 64"),
        (with_part("note", '"' + "[{" * 200 + '"'), None),
        (with_part("note", f"[{ENOUGH}]"), None),
        (with_part("note", f"[{ENOUGH}9]"), "a number with too many digits"),
        (with_part("note", f'"{ENOUGH}9"'), None),
        (with_part("note", "[1e999]"), None),
        (with_part("note", "[NaN]"), "NaN is no JSON number"),
        (with_part("note", r'"\ud800"'), "half of a surrogate pair"),
        (with_part("note", r'"\ud83d\ude00"'), None),
        (with_part("note", r'"\u003cb>"'), None),
        (with_part("note", '"x"').replace(b'"x"', b'"\xff"'), "not UTF-8"),
        (with_part("note", "1", {**prescription(), "note": 1}), "stands twice"),
        (with_part(r"n\u006fte", "1", {**prescription(), "note": 1}), "stands twice"),
        (with_part("medicationReference", '{"reference":"Medication/1"}'), "expected one choice"),
        (with_part("medicationReference", "null"), None),
        (with_part("supportingInformation", "[{}]"), None),
        (with_part("contained", '{"a":1}'), "$.contained: expected array"),
        (written({**prescription(), "authoredOn": "2026-13-01"}), "$.authoredOn: expected a FHIR date"),
        (written({**prescription(), "authoredOn": ""}), None),
        (written({**prescription(), "subject": [{}]}), "$.subject: expected object"),
        (written({**visit(), "participant": [{"period": {"start": "today"}}]}), "expected a FHIR date"),
        (written({**visit(), "participant": [None, {"period": {"start": "2026"}}]}), None),
        (written({**transmission(), "recorded": "2026-02-30T00:00:00Z"}), "$.recorded: expected a FHIR date"),
    ],
)
def test_what_types_alone_do_not_tell_is_judged_all_the_same(line: bytes, reason: str | None) -> None:
    found = extracted([line])
    assert len(found.resources) == (reason is None)
    assert [reason in row["reason"] for row in found.quarantine if reason] == [True] * (reason is not None)


@pytest.mark.parametrize(
    "line",
    [
        with_part("contained", "[]"),
        with_part("modifierExtension", "[]"),
        with_part("dosageInstruction", '[{"modifierExtension":[]}]'),
        with_part("dosageInstruction", r'[{"modifier\u0045xtension":[]}]'),
        b"[]",
        b"{}",
        b"",
    ],
)
def test_what_needs_the_whole_of_a_line_is_no_usual_line(line: bytes) -> None:
    assert split(line) is None


def test_usual_lines_are_read_by_what_is_read_of_them() -> None:
    usual = [prescription(), referral(), document(), visit(), transmission()]
    assert all(split(written(found, style)) for found in usual for style in ((",", ":"), (", ", ": ")))


@pytest.mark.parametrize("beside", [{"id": "c1"}, {}, {"extension": [{"url": "urn:x", "valueString": "a word"}]}])
def test_what_stands_beside_a_code_that_names_a_kind_is_no_kind_itself(beside: Json) -> None:
    coding = {"system": "urn:pi180:evidence", "code": "access-api", "_code": beside}
    found = extracted([{**evidence("access-api", "Patient/p"), "activity": {"coding": [coding]}}])
    assert [row["kind"] for row in found.events] == ["access-api"]


@pytest.mark.parametrize(("value", "aside"), [('"10:30:00"', 0), ("10", 1)])
def test_a_time_of_day_is_text(value: str, aside: int) -> None:
    line = with_part("extension", f'[{{"url":"urn:x","valueTime":{value}}}]')
    found = extract(lines([line]), load_profile("medplum-dosespot"), ZONE)
    assert (len(found.resources), len(found.quarantine)) == (1 - aside, aside)


def test_a_referral_with_an_element_that_it_does_not_have_is_a_referral() -> None:
    found = extracted([BOM + with_part("medicationReference", '"none"', referral())])
    assert (len(found.resources), found.quarantine) == (1, [])
