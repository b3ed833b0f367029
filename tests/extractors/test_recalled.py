"""What resources say again is asked once, and the answers are those of asking every time."""

import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import recalled
from extractors.decode import rules_of, type_of, with_always
from extractors.events import Line, Reader, extract
from extractors.quick import Steady
from extractors.recalled import Read, Recalled
from tests.extractors.practice import GENERIC, Json, lines, prescription, transmission, visit
from tests.extractors.test_projected_lines import said

ZONE = ZoneInfo("America/New_York")
_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read(found: Json) -> Read:
    parts = _PARTS.decode(json.dumps(found, separators=(",", ":")).encode())
    return Read(found, parts, tuple(parts))


class Asked:
    """Counts how often it is asked."""

    def __init__(self, answer: Callable[[Json], Any]) -> None:
        self.times, self._answer = 0, answer

    def __call__(self, found: Json) -> Any:
        self.times += 1
        return self._answer(found)


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2) | st.none(), max_size=4), max_size=30))
def test_an_answer_is_that_of_asking_every_time_and_equal_members_are_asked_once(found: list[Json]) -> None:
    asked = Asked(lambda one: [one.get("a", "-"), one.get("b", "-")])
    answer = Recalled(["a", "b"], asked)
    assert [answer(read({**one, "e": 0})) for one in found] == [[one.get("a", "-"), one.get("b", "-")] for one in found]
    assert asked.times == len({(one.get("a", "-"), one.get("b", "-")) for one in found})


def test_a_member_that_is_missing_is_not_one_that_is_null_or_another_of_the_same_value() -> None:
    answer = Recalled(["a", "b"], lambda one: one)
    said_so: list[Json] = [{}, {"a": None}, {"b": None}, {"a": 1}, {"b": 1}]
    assert [answer(read(one)) for one in said_so] == said_so


def test_what_is_no_line_is_asked_every_time() -> None:
    asked = Asked(lambda one: one["a"])
    answer = Recalled(["a"], asked)
    assert [answer(Read({"a": n}, {}, ())) for n in (1, 2, 1)] == [1, 2, 1]
    assert asked.times == 3


def test_a_failure_is_not_remembered() -> None:
    answer = Recalled(["a"], Asked(lambda one: 1 // one["b"]))
    with pytest.raises(ZeroDivisionError):
        answer(read({"a": 1, "b": 0}))
    assert answer(read({"a": 1, "b": 1})) == 1


@pytest.mark.parametrize(("rounds", "more"), [(recalled._OFTEN + 1, 1), (1, 2)])
def test_answers_that_hardly_come_again_are_no_longer_remembered(
    rounds: int, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalled, "_ROOM", 8)
    asked = Asked(lambda one: one["a"])
    answer = Recalled(["a"], asked)
    for _ in range(rounds):
        assert [answer(read({"a": n})) for n in range(8)] == [*range(8)]
    assert answer(read({"a": 8})) == 8
    before = asked.times
    assert [answer(read({"a": 9})), answer(read({"a": 9}))] == [9, 9]
    assert asked.times == before + more


def test_a_long_member_is_asked_every_time() -> None:
    asked = Asked(lambda one: len(one["a"]))
    answer = Recalled(["a"], asked)
    for length, times in ((recalled._SHORT - 2, 1), (recalled._SHORT - 1, 2)):  # with its two quotation marks
        asked.times = 0
        assert [answer(read({"a": "x" * length})) for _ in range(2)] == [length, length]
        assert asked.times == times


@pytest.mark.parametrize(
    ("kind", "text", "members"),
    [
        ("MedicationRequest", "intent = 'order'", {"intent"}),
        (
            "MedicationRequest",
            "medication.ofType(CodeableConcept)",
            {"medicationCodeableConcept", "medicationReference"},
        ),
        ("MedicationRequest", "authoredOn", None),
        ("MedicationRequest", "subject", None),
        ("MedicationRequest", "identifier", None),
        ("MedicationRequest", "getResourceKey()", None),
        ("MedicationRequest", "'constant'", set()),
        ("Encounter", "period.start", None),
        ("Encounter", "class.code", {"class"}),
        ("Encounter", "$this.class.code", None),
        ("Provenance", "(occurred.ofType(dateTime) | recorded).first()", None),
    ],
)
def test_an_expression_is_steady_if_nothing_that_it_names_is_everybodys_own(
    kind: str, text: str, members: set[str] | None
) -> None:
    names = Steady(kind, GENERIC.reads[kind]).members([text])
    assert names == (None if members is None else members | {f"_{name}" for name in members})


def test_every_member_that_is_a_reference_a_date_or_an_identifier_is_everybodys_own() -> None:
    for kind in GENERIC.selectors:
        of = type_of(kind)
        assert of is not None
        steady = Steady(kind, GENERIC.reads[kind])
        for name, rule in rules_of(of, with_always(GENERIC.reads[kind])).items():
            if rule.group is None and rule.kind.__name__ in ("FHIRReference", "FHIRDateTime", "Identifier"):
                assert not steady.has(name), (kind, name)


def changed(at: int) -> list[Json]:
    """Resources that differ from those of another number in who, when and what."""
    return [
        visit(id=f"v{at}", status=("finished", "planned")[at % 2], subject={"reference": f"Patient/{at}"}),
        prescription(id=f"p{at}", status=("active", "draft", "stopped")[at % 3], authoredOn=f"2026-03-0{at % 9 + 1}"),
        {**transmission(), "id": f"t{at}", "target": [{"reference": f"MedicationRequest/p{at}"}]},
    ]


def test_lines_give_the_same_rows_one_by_one_together_and_again() -> None:
    all_lines = lines([one for at in range(40) for one in changed(at)])
    together, reader = extract(all_lines, GENERIC, ZONE), Reader(GENERIC, ZONE)
    one_by_one = [extract([line], GENERIC, ZONE) for line in all_lines]
    for name, rows in together.tables.items():
        assert [row for found in one_by_one for row in found.tables[name].values] == rows.values
    assert said(reader.extract(all_lines)) == said(together)
    assert said(reader.extract(all_lines)) == said(together)


def test_a_damaged_line_among_others_costs_only_itself() -> None:
    whole = lines([one for at in range(30) for one in changed(at)])
    broken = [
        Line(line.file, line.number, line.offset, line.data[:-1] if n == 41 else line.data)
        for n, line in enumerate(whole)
    ]
    found = extract(broken, GENERIC, ZONE)
    rest = extract([line for n, line in enumerate(whole) if n != 41], GENERIC, ZONE)
    assert [row["line"] for row in found.quarantine] == [whole[41].number]
    assert found.tables == rest.tables
