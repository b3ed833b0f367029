"""Drug codes to schedule, opioid and class (fhir-mapping 11).

`traps.csv` is the list of easily confused products that came with the drug reference table; its sources are
those named in `extractors/drug_tables/README.md` (RxNorm, FDA's NDC directory, 21 CFR 1308).
"""

import csv
from pathlib import Path

import pytest

from extractors import drugs
from extractors.directory import NDC, RXNORM
from extractors.drugs import resolve

TRAPS = list(csv.DictReader((Path(__file__).parent / "traps.csv").read_text().splitlines()))
SYSTEMS = {"rxnorm": RXNORM, "ndc": NDC}
OXYCONTIN = "59011041010"


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: f"{trap['code']} {trap['why']}")
def test_a_product_that_is_easily_confused_is_what_the_law_says(trap: dict[str, str]) -> None:
    found = resolve(SYSTEMS[trap["system"]], trap["code"])
    expected = (trap["expected_schedule"], int(trap["expected_opioid"]), trap["expected_class"])
    assert (found.schedule, found.opioid, found.kind) == expected


@pytest.mark.parametrize("code", [OXYCONTIN, "59011-410-10", "59011-0410-10", "5901141010"])
def test_every_spelling_of_a_package_code_is_the_same_package(code: str) -> None:
    assert resolve(NDC, code).schedule == "II"


@pytest.mark.parametrize(
    ("hyphenated", "plain"),
    [("0002-0152-01", "00002015201"), ("00002-152-01", "00002015201"), ("00002-0152-1", "00002015201")],
)
def test_each_hyphenated_form_is_padded_where_it_is_short(hyphenated: str, plain: str) -> None:
    assert resolve(NDC, hyphenated) == resolve(NDC, plain)
    assert resolve(NDC, plain).schedule == "none"


@pytest.mark.parametrize(
    "code", ["59011-410", "5901-41-10", "590-11041010", "x9011-410-10", "590110410100", "59011", "5901104101x"]
)
def test_what_is_no_package_code_is_unknown(code: str) -> None:
    assert (resolve(NDC, code).schedule, resolve(NDC, code).kind) == ("unknown", "unknown")


@pytest.mark.parametrize(
    ("system", "code", "reason"),
    [
        (RXNORM, "", "the drug is not coded"),
        ("", "", "the drug is not coded"),
        (RXNORM, "1", "the RxNorm code is not in the drug table"),
        (NDC, "99999999999", "the NDC code is not in the drug table"),
        ("urn:local", "979492", "the drug is coded in a system other than RxNorm or NDC"),
        ("", "979492", "the drug is coded in a system other than RxNorm or NDC"),
    ],
)
def test_an_unknown_code_is_unknown_with_its_reason(system: str, code: str, reason: str) -> None:
    found = resolve(system, code)
    assert (found.schedule, found.kind, found.reason) == ("unknown", "unknown", reason)


@pytest.mark.parametrize("system", ["urn:oid:2.16.840.1.113883.6.88", RXNORM])
def test_a_system_by_oid_is_the_system(system: str) -> None:
    assert resolve(system, "979492").kind == "rx"


def test_ten_bare_digits_that_fit_two_different_products_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"01234567890": ("II", 1, "rx", "x"), "12345067890": ("none", 0, "rx", "x")}
    monkeypatch.setattr(drugs, "_table", lambda _: table)
    assert resolve(NDC, "1234567890").schedule == "unknown"


def test_ten_bare_digits_that_fit_equal_products_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"01234567890": ("II", 1, "rx", "x"), "12345067890": ("II", 1, "rx", "y")}
    monkeypatch.setattr(drugs, "_table", lambda _: table)
    assert resolve(NDC, "1234567890").schedule == "II"


def test_a_product_of_which_the_class_is_not_known_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drugs, "_table", lambda _: {"7": ("none", 0, "unknown", "x")})
    assert resolve(RXNORM, "7").reason == "whether it needs a prescription is not known"


def test_each_code_gives_one_row() -> None:
    found = drugs.drug_rows([(RXNORM, "979492"), (RXNORM, "979492"), ("", "")])
    assert [(row["code_system"], row["code"]) for row in found] == [("", ""), (RXNORM, "979492")]


def test_the_digest_covers_the_tables_in_use() -> None:
    assert len(drugs.digest()) == 64
