"""ONC's certification deck for 45 CFR 170.315(g)(2), rendered as FHIR: every published cell, per NPI and TIN.

What this is: the deck's arithmetic reproduced on our own rendering of its rows. What it is not: a
certification, or proof that a server shows these facts. How many cells rest on carriers that a standard
defines, and how many on asserted evidence, is counted below and printed in the documentation.
"""

import json
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from extractors.cases import Tally
from scoring.model import Period
from scoring.rulebook import load
from smartapp.usecases import Source, read

DECK = Path(__file__).parents[2] / "fixtures" / "fhir" / "onc-deck"
DATA_SETS = sorted(str(place.parent.relative_to(DECK)) for place in DECK.rglob("expected.json"))
EXPECTED = {name: json.loads((DECK / name / "expected.json").read_text()) for name in DATA_SETS}
CELLS = [
    pytest.param(name, cell, id=f"{name}-{cell['measure']}-{cell['variant']}-{cell['label']}")
    for name in DATA_SETS
    for cell in EXPECTED[name]["expected"]
]


@cache
def counted(name: str) -> dict[tuple[str, str, str | None, str | None], Tally]:
    days = EXPECTED[name]["period"]
    period = Period(date.fromisoformat(days["start"]), date.fromisoformat(days["end"]))
    with read(Source(DECK / name, zone=EXPECTED[name]["zone"]), load(period.start.year), period) as reading:
        return {(t.measure, t.variant, t.tin, t.npi): t for t in reading.tallies}


def test_all_nine_data_sets_of_the_deck_are_here() -> None:
    assert len(DATA_SETS) == 9
    assert len(CELLS) == sum(len(EXPECTED[name]["expected"]) for name in DATA_SETS) == 66


@pytest.mark.parametrize(("name", "cell"), CELLS)
@pytest.mark.case(104)
def test_a_cell_of_the_deck_is_reproduced(name: str, cell: dict[str, str | int]) -> None:
    found = counted(name)[cell["measure"], cell["variant"], cell["tin"], cell["npi"]]  # type: ignore[index]

    assert (found.met, found.denominator) == (cell["numerator"], cell["denominator"])


@pytest.mark.parametrize("name", DATA_SETS)
def test_no_case_of_the_deck_is_left_without_a_tin(name: str) -> None:
    assert [key for key in counted(name) if key[2] is None] == []


def test_the_standards_rendering_rests_on_standard_carriers_but_for_patient_access() -> None:
    grades: Counter[tuple[str, str]] = Counter()
    for name in DATA_SETS:
        measured = {cell["measure"] for cell in EXPECTED[name]["expected"]}
        for found in (tally for tally in counted(name).values() if tally.measure in measured):
            grades.update({(name, grade): count for grade, count in found.rests_on.items()})
    assert {name for (name, grade) in grades if grade == "standard"} == {
        f"scenario-1-standards/{test}" for test in ("rt1", "rt7", "rt15")
    }
    assert {name for (name, grade) in grades if grade == "asserted"} == set(DATA_SETS) - {
        f"scenario-1-standards/{test}" for test in ("rt1", "rt7", "rt15")
    }
