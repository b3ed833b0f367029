"""Drug tables made anew from the official files: synthetic archives of their shape, in their encodings."""

import gzip
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from extractors.drugs.codings import NDC, RXNORM, Coding, Concept
from extractors.drugs.law import law, law_of
from extractors.drugs.official import read_directory, read_rxnorm
from extractors.drugs.refresh import refresh, with_retired
from extractors.drugs.resolve import resolve
from extractors.drugs.table import RXNORM_FILE, tables
from extractors.errors import DrugTableError
from smartapp.drugs import make_tables
from smartapp.errors import UsageError

PRODUCT = (
    "PRODUCTID\tPRODUCTNDC\tPRODUCTTYPENAME\tPROPRIETARYNAME\tNONPROPRIETARYNAME\tDOSAGEFORMNAME\tROUTENAME\t"
    "MARKETINGCATEGORYNAME\tSUBSTANCENAME\tACTIVE_NUMERATOR_STRENGTH\tACTIVE_INGRED_UNIT\tDEASCHEDULE"
)
PACKAGE = "PRODUCTID\tPRODUCTNDC\tNDCPACKAGECODE"
RX, OTC = "HUMAN PRESCRIPTION DRUG", "HUMAN OTC DRUG"
SYRUP = ("CODEINE PHOSPHATE; GUAIFENESIN", "10; 100", "mg/5mL; mg/5mL")


def listed(
    ndc: str,
    name: str,
    *,
    kind: str = RX,
    form: str = "TABLET",
    of: tuple[str, str, str] = ("", "", ""),
    schedule: str = "",
    category: str = "ANDA",
) -> str:
    return "\t".join([f"id-{ndc}", ndc, kind, name, name, form, "ORAL", category, *of, schedule])


LISTINGS = [
    listed("0001-0001", "Losartan", of=("LOSARTAN POTASSIUM", "50", "mg/1")),
    listed("0001-0002", "Codeine-Guaifénésin", kind=OTC, form="SYRUP", of=SYRUP, schedule="CV"),
    listed(
        "0001-0003",
        "Hydrocodone/APAP",
        of=("HYDROCODONE BITARTRATE; ACETAMINOPHEN", "5; 325", "mg/1; mg/1"),
        schedule="CIII",
    ),
    listed("0001-0004", "Lyrica", form="CAPSULE", of=("PREGABALIN", "25", "mg/1")),
    listed("0001-0005", "Ibuprofen", kind=OTC, of=("IBUPROFEN", "200", "mg/1")),
    listed("0001-0006", "Ibuprofen", of=("IBUPROFEN", "800", "mg/1")),
    listed("0001-0007", "Opium drops", kind=OTC, of=("OPIUM", "6", "[hp_X]/1"), category="UNAPPROVED HOMEOPATHIC"),
]
CONCEPTS = {
    "101": ("SCD", "losartan potassium 50 MG Oral Tablet"),
    "102": ("SCD", "codeine phosphate 2 MG/ML / guaifenesin 20 MG/ML Oral Solution"),
    "103": ("SCD", "acetaminophen 325 MG / hydrocodone bitartrate 5 MG Oral Tablet"),
    "104": ("SBD", "pregabalin 25 MG Oral Capsule [Lyrica]"),
    "105": ("SCD", "ibuprofen 200 MG Oral Tablet"),
    "106": ("SCD", "ibuprofen 800 MG Oral Tablet"),
    "107": ("SCD", "pholcodine 1 MG/ML Oral Solution"),
    "108": ("SCD", "codeine sulfate 30 MG Oral Tablet"),
    "109": ("SCD", "pregabalin 25 MG Oral Capsule"),
    "110": ("SCD", "losartan potassium 100 MG Oral Tablet"),
    "201": ("IN", "losartan"),
    "202": ("IN", "codeine"),
    "203": ("IN", "hydrocodone"),
    "204": ("IN", "ibuprofen"),
    "205": ("IN", "pholcodine"),
}
PACKAGES = {
    "101": "0001-0001-01",
    "103": "00001000301",
    "104": "0001-0004-01",
    "105": "0001-0005-01",
    "106": "0001-0006-01",
}


def archive(place: Path, **members: bytes) -> Path:
    with ZipFile(place, "w") as out:
        for name, content in members.items():
            out.writestr(
                ZipInfo(name.replace("__", "/").replace("_txt", ".txt").replace("_RRF", ".RRF"), (2026, 2, 3, 0, 0, 0)),
                content,
            )
    return place


def directory(folder: Path, listings: Iterable[str] = LISTINGS, head: str = PRODUCT) -> Path:
    rows = list(listings)
    packages = [f"{row.split(chr(9))[0]}\t{row.split(chr(9))[1]}\t{row.split(chr(9))[1]}-01" for row in rows]
    texts = {"product_txt": "\r\n".join([head, *rows]), "package_txt": "\r\n".join([PACKAGE, *packages])}
    return archive(folder / "ndctext.zip", **{name: text.encode("cp1252") for name, text in texts.items()})


def release(
    folder: Path, source: str = "RXNORM", suppressed: str = "N", concepts: dict[str, tuple[str, str]] = CONCEPTS
) -> Path:
    named = [
        "|".join([code, "ENG", *[""] * 9, source, kind, code, name, "", suppressed, ""])
        for code, (kind, name) in concepts.items()
    ]
    facts = ["|".join([code, *[""] * 7, "NDC", source, ndc, suppressed, ""]) for code, ndc in PACKAGES.items()]
    members = {"rrf__RXNCONSO_RRF": "\n".join(named).encode(), "rrf__RXNSAT_RRF": "\n".join(facts).encode()}
    return archive(folder / "RxNorm_full_prescribe_01052026.zip", **members)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    make_tables(directory(tmp_path), release(tmp_path), tmp_path / "tables", retired=False)
    return tmp_path / "tables"


@pytest.mark.parametrize(
    ("system", "code", "answer"),
    [
        pytest.param(RXNORM, "101", ("none", 0, "rx"), id="a prescription drug"),
        pytest.param(RXNORM, "102", ("V", 1, "unknown"), id="a cough syrup that no package is known of"),
        pytest.param(NDC, "0001-0002-01", ("V", 1, "otc"), id="its package"),
        pytest.param(RXNORM, "103", ("II", 1, "rx"), id="the law, not the stale listing"),
        pytest.param(RXNORM, "104", ("V", 0, "rx"), id="the law, not the blank listing"),
        pytest.param(RXNORM, "109", ("V", 0, "rx"), id="the class of the same generic"),
        pytest.param(RXNORM, "110", ("none", 0, "rx"), id="the class of the same drug and form"),
        pytest.param(RXNORM, "108", ("II", 1, "rx"), id="a controlled drug without a listing"),
        pytest.param(RXNORM, "105", ("none", 0, "otc"), id="over the counter"),
        pytest.param(RXNORM, "106", ("none", 0, "rx"), id="the stronger one by prescription"),
        pytest.param(RXNORM, "107", ("unknown", 0, "unknown"), id="a foreign drug of Schedule I is left out"),
        pytest.param(RXNORM, "201", ("none", 0, "rx"), id="an ingredient of prescription drugs"),
        pytest.param(RXNORM, "202", ("unknown", 0, "unknown"), id="an ingredient of several schedules"),
        pytest.param(RXNORM, "203", ("II", 1, "rx"), id="an ingredient of one schedule"),
        pytest.param(RXNORM, "204", ("none", 0, "unknown"), id="an ingredient sold both ways"),
        pytest.param(RXNORM, "205", ("unknown", 0, "unknown"), id="an ingredient of Schedule I"),
        pytest.param(NDC, "0001-0007-01", ("none", 0, "otc"), id="a homeopathic product"),
    ],
)
def test_a_refreshed_table_answers_by_the_law_and_the_listings(
    made: Path, system: str, code: str, answer: tuple[str, int, str]
) -> None:
    assert resolve(tables(made), Concept((Coding(system, code),))).answer == answer


def test_what_disagrees_with_the_law_is_to_be_reviewed(made: Path) -> None:
    review = (made / "review.csv").read_text()
    assert "103,acetaminophen 325 MG / hydrocodone bitartrate 5 MG Oral Tablet,II" in review
    assert "0001-0003,Hydrocodone/APAP,II" in review
    assert "listed as III" in review
    assert "pregabalin" not in review


def test_the_notice_that_the_library_asks_for_goes_with_the_tables(made: Path) -> None:
    assert "courtesy of the U.S. National Library of Medicine" in (made / "NOTICE.txt").read_text()


def test_each_row_bears_the_day_of_its_own_source(made: Path) -> None:
    def day(system: str, code: str) -> str:
        return resolve(tables(made), Concept((Coding(system, code),))).as_of

    assert (day(RXNORM, "101"), day(NDC, "0001-0002-01")) == ("2026-01-05", "2026-02-03")


def test_the_same_files_make_the_same_tables(tmp_path: Path, made: Path) -> None:
    make_tables(directory(tmp_path), release(tmp_path), tmp_path / "again", retired=False)
    assert tables(tmp_path / "again").digest == tables(made).digest


def test_retired_codes_stay_beside_the_new_ones(tmp_path: Path) -> None:
    earlier = {"101": ("SCD", "losartan potassium 5 MG Oral Tablet"), "999": ("SCD", "codeine 30 MG Oral Tablet")}
    before = tmp_path / "before"
    before.mkdir()
    make_tables(directory(before), release(before, concepts=earlier), before / "tables", retired=False)
    new = refresh(read_directory(directory(tmp_path)), read_rxnorm(release(tmp_path)), law(), tables(before / "tables"))
    whole = with_retired(new, tables(before / "tables"))
    assert (whole.products["999"].schedule, whole.products["101"].name) == ("II", CONCEPTS["101"][1])
    assert set(whole.products) == set(new.products) | {"999"}


@pytest.mark.parametrize(("source", "suppressed"), [("MTHSPL", "N"), ("RXNORM", "O")])
def test_only_what_rxnorm_itself_asserts_is_taken(tmp_path: Path, source: str, suppressed: str) -> None:
    assert not read_rxnorm(release(tmp_path, source, suppressed)).products


def test_the_day_of_a_release_that_is_named_otherwise_is_that_of_its_file(tmp_path: Path) -> None:
    renamed = release(tmp_path).rename(tmp_path / "rxnorm_99999999.zip")
    assert read_rxnorm(renamed).as_of == date(2026, 2, 3)


def test_a_folder_that_holds_something_is_not_written_into(tmp_path: Path, made: Path) -> None:
    with pytest.raises(UsageError, match="new or empty folder"):
        make_tables(directory(tmp_path), release(tmp_path), made, retired=False)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda place: place / "missing.zip", "expected the ZIP archive", id="missing"),
        pytest.param(lambda place: gzipped(place / "x.zip"), "expected the ZIP archive", id="another format"),
        pytest.param(
            lambda place: archive(place / "x.zip", product_txt=b""), "expected one file package.txt", id="half"
        ),
        pytest.param(
            lambda place: directory(place, head="PRODUCTID\tX"), "expected the columns PRODUCTNDC", id="columns"
        ),
        pytest.param(
            lambda place: directory(place, ["x\t" * 2**20]), "expected lines of text", id="a line without an end"
        ),
    ],
)
def test_an_archive_that_is_not_the_official_one_is_refused(tmp_path: Path, make: object, said: str) -> None:
    with pytest.raises(DrugTableError, match=said):
        read_directory(make(tmp_path))  # type: ignore[operator]


def gzipped(place: Path) -> Path:
    place.write_bytes(gzip.compress(b"x"))
    return place


def test_a_row_of_too_few_fields_is_refused(tmp_path: Path) -> None:
    cut = archive(tmp_path / "x.zip", RXNCONSO_RRF=b"1|ENG\n", RXNSAT_RRF=b"")
    with pytest.raises(DrugTableError, match="line 1: expected 17 fields or more, got 2"):
        read_rxnorm(cut)


def test_the_law_rules_as_the_table_in_use_says_on_every_name() -> None:
    differing = [
        row.code
        for row in tables().products()
        if (found := law().ruling(row.name)) and (found.schedule, found.opioid) != (row.schedule, row.opioid)
    ]
    assert differing == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"preparation": [{"of": ["x"], "schedule": "II", "opioid": True, "cite": "c"}]},
            "substances of the list above",
        ),
        ({"substance": [{"name": "x", "schedule": "I", "opioid": True, "cite": "c"}]}, "expected a schedule of II"),
        ({"substance": [{"name": "x"}]}, "substance 1: 'schedule' is missing"),
        ({"more": 1}, "unknown key 'more'"),
    ],
)
def test_a_law_that_is_not_as_it_should_be_is_refused(change: dict[str, object], said: str) -> None:
    document = {"about": "", "schedule_one": [], "substance": [], "preparation": [], **change}
    with pytest.raises(DrugTableError, match=said):
        law_of(document)


def test_a_table_file_is_sorted_by_code(made: Path) -> None:
    lines = gzip.decompress((made / RXNORM_FILE).read_bytes()).decode().splitlines()[1:]
    assert lines == sorted(lines)
