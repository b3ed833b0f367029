"""Drug codes to schedule, opioid and class (fhir-mapping 11).

`traps.csv` is the list of easily confused products that came with the drug reference table; its sources are
those named in `extractors/drug_tables/README.md` (RxNorm, FDA's NDC directory, 21 CFR 1308).
"""

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.drugs.codings import HCPCS, NDC, RXNORM, Coding, Concept, concept_of, concept_of_key, drug_key
from extractors.drugs.resolve import Drug, drug_rows, resolve, same_drug
from extractors.drugs.table import COLUMNS, DrugTables, tables
from extractors.errors import DrugTableError

TRAPS = list(csv.DictReader((Path(__file__).parent / "traps.csv").read_text().splitlines()))
SYSTEMS = {"rxnorm": RXNORM, "ndc": NDC}
OXYCONTIN = "59011041010"
OURS = tables()
UNKNOWN = ("unknown", 0, "unknown")
LOSARTAN, OXYCODONE, TYLENOL_3, COUGH_SYRUP = "979492", "1049604", "993781", "995868"
CODEINE, LISINOPRIL, IBUPROFEN, OXYCODONE_ITSELF = "2670", "29046", "5640", "7804"
HYDROCODONE = "833036"


def known(*codings: tuple[str, ...], text: str = "", by: DrugTables = OURS) -> Drug:
    """What codings (system, code and perhaps display) are together."""
    stated = [dict(zip(("system", "code", "display"), coding, strict=False)) for coding in codings]
    return resolve(by, concept_of({"coding": stated, "text": text}))


def made(folder: Path, **rows: list[str]) -> DrugTables:
    """Tables that hold these rows."""
    return tables(written(folder, **rows))


def written(folder: Path, **rows: list[str]) -> Path:
    """A folder of tables with these rows: code, schedule, opioid, class and, for an NDC, the RxCUI."""
    for name, columns in COLUMNS.items():
        lines = [",".join(columns)]
        for row in rows.get(name.partition(".")[0], []):
            code, schedule, opioid, kind, *more = row.split()
            system = "ndc" if name.startswith("ndc") else "rxnorm"
            lines.append(",".join([system, code, f"drug {code}", schedule, opioid, kind, "test", "2026-01-01", *more]))
            lines[-1] += "," * (len(columns) - 8 - len(more))
        (folder / name).write_bytes(gzip.compress("\n".join(lines).encode()))
    return folder


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: f"{trap['code']} {trap['why']}")
def test_a_product_that_is_easily_confused_is_what_the_law_says(trap: dict[str, str]) -> None:
    found = known((SYSTEMS[trap["system"]], trap["code"]))
    expected = (trap["expected_schedule"], int(trap["expected_opioid"]), trap["expected_class"])
    assert found.answer == expected


@pytest.mark.parametrize(
    "code",
    [
        OXYCONTIN,
        "59011-410-10",
        "59011-0410-10",
        "5901141010",
        " 59011-410-10 ",
        "59011\u200b041010",
        "urn:oid:2.16.840.1.113883.6.69:59011041010",
        "59011-410",
        "59011-0410",
    ],
)
def test_every_spelling_of_a_package_or_its_product_is_that_drug(code: str) -> None:
    assert known((NDC, code)).schedule == "II"


@pytest.mark.parametrize(
    ("hyphenated", "plain"),
    [("0002-0152-01", "00002015201"), ("00002-152-01", "00002015201"), ("00002-0152-1", "00002015201")],
)
def test_each_hyphenated_form_is_padded_where_it_is_short(hyphenated: str, plain: str) -> None:
    assert known((NDC, hyphenated)).answer == known((NDC, plain)).answer == ("none", 0, "rx")


@pytest.mark.parametrize(
    "code",
    [
        "5901-41-10",
        "590-11041010",
        "x9011-410-10",
        "590110410100",
        "59011",
        "5901104101x",
        "59011-",
        "5901104101\u0661",
    ],
)
def test_what_is_no_package_code_is_unknown(code: str) -> None:
    assert known((NDC, code)).answer == UNKNOWN


def test_a_package_that_is_not_listed_is_what_all_packages_of_its_product_are(tmp_path: Path) -> None:
    by = made(
        tmp_path,
        ndc=["11111222201 II 1 rx", "11111222202 II 1 rx", "11111333301 II 1 rx", "11111333302 none 0 rx"],
    )
    assert known((NDC, "11111222299"), by=by).answer == ("II", 1, "rx")
    assert known((NDC, "11111333399"), by=by).reason == "the NDC code fits drugs that differ"
    assert known((NDC, "11111333301"), by=by).answer == ("II", 1, "rx")


def test_ten_bare_digits_are_known_where_all_readings_that_hit_agree(tmp_path: Path) -> None:
    differ, agree = tmp_path / "differ", tmp_path / "agree"
    differ.mkdir()
    agree.mkdir()
    apart = made(differ, ndc=["01234567890 II 1 rx", "12345067890 none 0 rx"])
    alike = made(agree, ndc=["01234567890 II 1 rx", "12345067890 II 1 rx"])
    assert known((NDC, "1234567890"), by=apart).answer == UNKNOWN
    assert known((NDC, "1234567890"), by=alike).schedule == "II"


@pytest.mark.parametrize(
    ("system", "code", "reason"),
    [
        (RXNORM, "", "the drug is not coded"),
        ("", "", "the drug is not coded"),
        (RXNORM, "1", "the RxNorm code is not in the drug table"),
        (RXNORM, OXYCONTIN, "the RxNorm code is not in the drug table"),
        (NDC, "99999999999", "the NDC code is not in the drug table"),
        ("urn:local", "979492", "the drug is coded in a system other than RxNorm or NDC"),
        ("", "979492", "the drug is coded in a system other than RxNorm or NDC"),
    ],
)
def test_an_unknown_code_is_unknown_with_its_reason(system: str, code: str, reason: str) -> None:
    found = known((system, code))
    assert (found.answer, found.reason) == (UNKNOWN, reason)


@pytest.mark.parametrize("system", ["urn:oid:2.16.840.1.113883.6.88", "2.16.840.1.113883.6.88", RXNORM])
def test_a_system_by_oid_is_the_system(system: str) -> None:
    assert known((system, LOSARTAN)).kind == "rx"


def test_a_product_of_which_the_class_is_not_known_says_so(tmp_path: Path) -> None:
    found = known((RXNORM, "7"), by=made(tmp_path, rxnorm=["7 none 0 unknown"]))
    assert found.reason == "whether it needs a prescription is not known"


def test_a_product_that_the_table_calls_a_device_is_a_supply(tmp_path: Path) -> None:
    assert known((RXNORM, "7"), by=made(tmp_path, rxnorm=["7 none 0 device"])).kind == "supply"


@pytest.mark.case(39)
@pytest.mark.case(43)
@pytest.mark.parametrize(
    ("codings", "answer", "code"),
    [
        pytest.param(
            [(RXNORM, CODEINE), (RXNORM, TYLENOL_3)], ("III", 1, "rx"), TYLENOL_3, id="ingredient and product"
        ),
        pytest.param([(RXNORM, CODEINE), (NDC, OXYCONTIN)], ("II", 1, "rx"), OXYCONTIN, id="ingredient and package"),
        pytest.param([(RXNORM, "1"), (NDC, "59011-410-10")], ("II", 1, "rx"), "59011-410-10", id="unknown and package"),
        pytest.param(
            [(NDC, "99999999999"), ("urn:local", "x"), (RXNORM, LOSARTAN)], ("none", 0, "rx"), LOSARTAN, id="rx"
        ),
        pytest.param(
            [(NDC, "99999999999"), (HCPCS, "A4253")], ("none", 0, "supply"), "A4253", id="supply, unknown NDC"
        ),
        pytest.param([(RXNORM, "1"), (NDC, "99999999999")], UNKNOWN, "1", id="none is known"),
        pytest.param([(RXNORM, LOSARTAN), (NDC, OXYCONTIN)], UNKNOWN, LOSARTAN, id="conflict"),
        pytest.param([(RXNORM, TYLENOL_3), (RXNORM, COUGH_SYRUP)], UNKNOWN, TYLENOL_3, id="two products"),
        pytest.param([(RXNORM, LOSARTAN), (HCPCS, "A4253")], UNKNOWN, LOSARTAN, id="a drug that is coded as supply"),
        pytest.param([(RXNORM, LOSARTAN), (HCPCS, "J2270")], ("none", 0, "rx"), LOSARTAN, id="HCPCS drug beside it"),
        pytest.param([(HCPCS, "J2270")], UNKNOWN, "J2270", id="a drug by HCPCS alone is not known"),
        pytest.param([(HCPCS, "E0100")], ("none", 0, "supply"), "E0100", id="equipment"),
        pytest.param([(HCPCS, "A42")], UNKNOWN, "A42", id="no HCPCS code at all"),
    ],
)
def test_the_codings_that_the_tables_know_decide(
    codings: list[tuple[str, str]], answer: tuple[str, int, str], code: str
) -> None:
    found = known(*codings)
    assert (found.answer, found.code) == (answer, code)


def test_codings_that_contradict_each_other_say_so() -> None:
    assert known((RXNORM, LOSARTAN), (NDC, OXYCONTIN)).reason.startswith("conflict")


def test_a_class_that_one_coding_leaves_open_is_that_of_the_other(tmp_path: Path) -> None:
    by = made(tmp_path, rxnorm=["7 none 0 unknown"], ndc=["11111222201 none 0 rx", "11111222301 II 0 rx"])
    assert known((RXNORM, "7"), (NDC, "11111222201"), by=by).kind == "rx"
    assert known((RXNORM, "7"), (NDC, "11111222301"), by=by).answer == UNKNOWN


_CODES = st.sampled_from([CODEINE, TYLENOL_3, LOSARTAN, LISINOPRIL, OXYCONTIN, "59011-410-10", "1", "A4253"])
_CODINGS = st.lists(
    st.builds(Coding, st.sampled_from([RXNORM, NDC, HCPCS, "urn:local"]), _CODES, st.sampled_from(["", "Losartan 50"])),
    max_size=5,
)


@given(st.data(), _CODINGS)
@settings(max_examples=200, deadline=None)
def test_the_order_of_codings_never_matters(data: st.DataObject, codings: list[Coding]) -> None:
    other = data.draw(st.permutations(codings))
    one, two = (
        drug_key({"coding": [{"system": c.system, "code": c.code, "display": c.display} for c in stated]})
        for stated in (codings, other)
    )
    assert one == two
    assert resolve(OURS, concept_of_key(one or "")) == resolve(OURS, Concept(concept_of_key(two or "").codings))


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        pytest.param(OXYCODONE_ITSELF, ("II", 1, "rx"), id="every product has one schedule and class"),
        pytest.param(LISINOPRIL, ("none", 0, "rx"), id="no product is controlled"),
        pytest.param(IBUPROFEN, ("none", 0, "unknown"), id="sold with and without prescription"),
        pytest.param(CODEINE, UNKNOWN, id="15.59 its products differ in schedule", marks=pytest.mark.case(59)),
    ],
)
def test_an_ingredient_answers_for_what_all_its_products_share(code: str, answer: tuple[str, int, str]) -> None:
    assert known((RXNORM, code)).answer == answer


@pytest.mark.parametrize(
    ("code", "display", "known_drug"),
    [
        (HYDROCODONE, "Captopril 25 MG Oral Tablet", False),
        (HYDROCODONE, "Hydrochlorothiazide 25 MG", False),
        (HYDROCODONE, "HYDROcodone-Acetaminophen 7.5-750", True),
        (HYDROCODONE, "Vicodin ES", True),
        (HYDROCODONE, "for pain, one tablet", True),
        (HYDROCODONE, "APAP/Hydrocod", True),
        (LOSARTAN, "Losartan Potassium", True),
        (LOSARTAN, "Cozaar 50 mg", True),
        (LOSARTAN, "potassium tablet", True),
    ],
)
def test_a_code_displayed_as_another_drug_is_unknown(code: str, display: str, known_drug: bool) -> None:
    for found in (known((RXNORM, code, display)), known((RXNORM, code), text=display)):
        assert (found.answer != UNKNOWN) is known_drug
        assert found.reason == ("" if known_drug else "its display names another drug than its code")


def test_one_of_several_codes_that_the_display_names_is_enough() -> None:
    assert known((RXNORM, CODEINE), (RXNORM, TYLENOL_3), text="acetaminophen 300").schedule == "III"


def test_each_key_gives_one_row_with_the_deciding_code() -> None:
    both = drug_key({"coding": [{"system": RXNORM, "code": CODEINE}, {"system": NDC, "code": OXYCONTIN}]}) or ""
    rows = drug_rows(OURS, [both, both, ""])
    assert [(row["codings"], row["code_system"], row["code"]) for row in rows] == [("", "", ""), (both, NDC, OXYCONTIN)]


def test_a_package_is_the_product_that_the_table_gives_for_it(tmp_path: Path) -> None:
    by = made(tmp_path, rxnorm=["7 none 0 rx"], ndc=["11111222201 none 0 rx 7", "11111222301 none 0 rx"])

    def names(system: str, code: str) -> frozenset[str]:
        return same_drug(by, drug_key({"coding": [{"system": system, "code": code}]}) or "")

    assert names(RXNORM, "7") == names(NDC, "11111-2222-01")
    assert names(RXNORM, "7") != names(NDC, "11111222301")
    assert names(RXNORM, "8") != names(RXNORM, "9")


def test_other_tables_have_another_digest(tmp_path: Path) -> None:
    assert made(tmp_path, rxnorm=["7 none 0 rx"]).digest != OURS.digest


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ndc.csv.gz", None, "expected ndc.csv.gz, but it cannot be read"),
        ("ndc.csv.gz", b"no gzip", "expected a gzip file"),
        ("ndc.csv.gz", gzip.compress(b"system,code\n"), "expected the columns"),
        ("ndc.csv.gz", gzip.compress(",".join(COLUMNS["ndc.csv.gz"]).encode() + b"\nndc,11111222201\n"), "is no row"),
        (
            "ndc.csv.gz",
            gzip.compress(",".join(COLUMNS["ndc.csv.gz"]).encode() + b"\nndc,11111222201,x,VI,0,rx,s,d,\n"),
            "is no row",
        ),
    ],
    ids=["missing", "no gzip", "other columns", "a row too short", "a schedule that is none"],
)
def test_a_folder_that_holds_no_drug_tables_is_refused(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    written(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DrugTableError, match=said):
        known((NDC, "11111222201"), by=tables(tmp_path))
