"""How several codings of one order count, wherever the resource states its drug (fhir-mapping 5 and 11)."""

from pathlib import Path

import pytest

from extractors.site import Site, load_site
from tests.extractors.practice import (
    MET,
    NDC,
    NONE,
    RXNORM,
    UNDECIDED,
    Counts,
    Json,
    cases,
    count,
    prescription,
    ref,
    resource,
    staff,
    transmission,
)
from tests.extractors.test_drugs import written

CODEINE, TYLENOL_3, LOSARTAN, OXYCONTIN = (
    {"system": RXNORM, "code": "2670"},
    {"system": RXNORM, "code": "993781"},
    {"system": RXNORM, "code": "979492"},
    {"system": NDC, "code": "59011-410-10"},
)
HYDROCODONE = {"system": RXNORM, "code": "833036", "display": "Captopril 25 MG Oral Tablet"}
HCPCS, UNKNOWN = {"system": "urn:oid:2.16.840.1.113883.6.285", "code": "A4253"}, {"system": NDC, "code": "99999999999"}


def stated_in(where: str, concept: Json) -> list[Json]:
    """The order and, where it points to one, its Medication."""
    if where == "order":
        return [prescription(medicationCodeableConcept=concept)]
    medication = resource("Medication", "m", code=concept)
    inside = {"contained": [medication], "medicationReference": ref("#m")}
    apart = {"medicationReference": ref("Medication/m")}
    order = prescription(medicationCodeableConcept=None, **(inside if where == "contained" else apart))
    return [order] if where == "contained" else [order, medication]


@pytest.mark.case(39)
@pytest.mark.case(43)
@pytest.mark.case(59)
@pytest.mark.parametrize("where", ["order", "contained", "medication"])
@pytest.mark.parametrize(
    ("codings", "expected"),
    [
        pytest.param([CODEINE, TYLENOL_3], MET, id="ingredient before product"),
        pytest.param([OXYCONTIN, CODEINE], MET, id="ingredient after package"),
        pytest.param([UNKNOWN, HCPCS], NONE, id="a package that is not known beside HCPCS"),
        pytest.param([CODEINE, UNKNOWN], UNDECIDED, id="nothing that decides"),
        pytest.param([LOSARTAN, OXYCONTIN], UNDECIDED, id="two drugs"),
        pytest.param([HYDROCODONE], UNDECIDED, id="a code displayed as another drug"),
    ],
)
def test_a_drug_counts_by_all_its_codings(where: str, codings: list[Json], expected: Counts) -> None:
    for stated in (codings, codings[::-1]):
        assert count("PI_EP_1", [*stated_in(where, {"coding": stated}), transmission()]) == expected


@pytest.mark.parametrize(
    ("codings", "reason"),
    [
        ([LOSARTAN, OXYCONTIN], "conflict: its codes name drugs that differ"),
        ([HYDROCODONE], "its display names another drug than its code"),
        ([CODEINE], "its code names an ingredient, whose products differ in schedule"),
    ],
)
def test_an_undecided_drug_says_why(codings: list[Json], reason: str) -> None:
    order = prescription(medicationCodeableConcept={"coding": codings})
    (case,) = cases([*staff(), order], "PI_EP_1")
    assert case["reason"].startswith(reason)


def test_other_drug_tables_decide_otherwise(tmp_path: Path) -> None:
    other = Site(drug_tables=written(tmp_path, rxnorm=["979492 none 0 otc"]))
    assert count("PI_EP_1", [prescription(), transmission()], site=other) == NONE


def test_a_site_file_names_its_drug_tables_from_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('drug_tables = "tables-2026"\n')
    assert load_site(file).drug_tables == tmp_path / "tables-2026"
    assert load_site(file, drugs=Path("mine")).drug_tables == Path("mine")
    assert load_site(file).digest == Site().digest
