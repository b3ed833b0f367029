import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartapp.exports.cases_csv import cases_csv
from smartapp.opened.evidence import CaseRow

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]


def row(patient: str) -> CaseRow:
    return CaseRow(
        measure="PI_EP_1", variant="all", tin=None, npi=None, focus="MedicationRequest/1", place="", patient=patient,
        occurred=None, counts="counts", counts_in_group="counts", met="met", met_on=None, reason="", evidence=(),
        unit="u",
    )  # fmt: skip


def patient_in(text: str) -> str:
    [found] = csv.DictReader(io.StringIO(text, newline=""))
    return found["patient"]


@pytest.mark.requirement("R109")
@pytest.mark.parametrize("start", STARTS)
def test_a_cell_that_a_program_could_take_for_a_formula_begins_with_an_apostrophe(start: str) -> None:
    assert patient_in(cases_csv([row(f'{start}cmd|" /C calc"!A0')])) == f'\'{start}cmd|" /C calc"!A0'
    assert patient_in(cases_csv([row(f"a{start}b")])) == f"a{start}b"


@pytest.mark.requirement("R109")
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_from_its_cell_and_opens_no_formula(text: str) -> None:
    found = patient_in(cases_csv([row(text)]))
    assert found == (f"'{text}" if text.startswith(tuple(STARTS)) else text)
    assert not found.startswith(tuple(STARTS))


@pytest.mark.requirement("R109")
def test_there_is_no_byte_order_mark_and_lines_end_as_rfc_4180_has_them() -> None:
    data = cases_csv([row("a")]).encode()
    assert data.startswith(b"measure,")
    assert data.count(b"\r\n") == data.count(b"\n") == 2
