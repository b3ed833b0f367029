"""Our submission files against what CMS and HL7 publish: schema, Schematron, converter fixtures, example reports.

The CDA schema and the Schematron are read from the shared folder and are no part of the project.
"""

import json
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from lxml import etree, isoschematron

from extractors import validation
from smartapp.exports import deqm
from smartapp.exports.checking import check
from smartapp.exports.qrda3.reading import read_qrda3
from smartapp.exports.qrda3.versions import versions
from tests.exports.filed import CODES, pi_set, reported, xml_of
from tests.scoring.reported import answering, without

pytestmark = pytest.mark.conformance

SHARED = Path(os.environ.get("PI180_SHARED", "../shared"))
QRDA3 = SHARED / "acceptance" / "qrda3"
REPORTS = SHARED / "acceptance" / "fhir-measure-report" / "deqm"
SCHEMATRON = {2024: "2024-v1.0", 2025: "2025-v1.1", 2026: "2026-v1.0"}
SVRL = "{http://purl.oclc.org/dsdl/svrl}failed-assert"


@pytest.fixture(scope="session")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SHARED / "data" / "cda-xsd" / "CDA" / "infrastructure" / "cda" / "CDA_SDTC.xsd"))


@pytest.fixture(scope="session")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> "Sheets":
    return Sheets(tmp_path_factory.mktemp("schematron"))


class Sheets:
    """The Schematron of each year as a style sheet, made once: the three ISO steps, beside the vocabulary it reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sheet = cache(self._compiled)

    def _compiled(self, year: int) -> etree.XSLT:
        source, place = SHARED / "data" / "schematron" / SCHEMATRON[year], self._folder / str(year)
        place.mkdir()
        (place / "voc.xml").write_bytes((source / "voc.xml").read_bytes())
        included = isoschematron.iso_dsdl_include(etree.parse(source / "QRDA_III.sch"))
        steps = isoschematron.iso_svrl_for_xslt1(isoschematron.iso_abstract_expand(included))
        (place / "rules.xsl").write_bytes(etree.tostring(steps))
        return etree.XSLT(etree.parse(place / "rules.xsl"))

    def errors(self, year: int, root: etree._Element) -> list[str]:
        """The ids of the assertions that fail and are no warnings."""
        failed = [found.get("id") or "" for found in self._sheet(year)(root).getroot().iter(SVRL)]
        return [name for name in failed if not name.endswith("-warning")]


def test_there_is_a_schematron_for_every_year_that_is_written() -> None:
    assert set(versions().by_year) == set(SCHEMATRON)


@pytest.mark.requirement("R111")
@pytest.mark.parametrize(("year", "code"), CODES)
def test_every_program_of_every_year_is_valid_and_without_an_error(
    year: int, code: str, schema: etree.XMLSchema, sheets: Sheets
) -> None:
    root = etree.fromstring(xml_of(reported(year, code), code).encode())

    assert (schema.validate(root), list(schema.error_log)) == (True, [])
    assert sheets.errors(year, root) == []


@pytest.mark.parametrize("year", SCHEMATRON)
def test_exclusions_an_mvp_and_answers_of_no_are_valid_too(year: int, schema: etree.XMLSchema, sheets: Sheets) -> None:
    bare = without(reported(year, "MIPS_SUBGROUP"), "PI_HIE_1", "PI_HIE_4", "PI_EP_1")
    submission = replace(answering(bare, PI_HIE_5=True, PI_LVPP_1=True, PI_ONCACB_1=False), program="G0053")
    root = etree.fromstring(xml_of(submission, "MIPS_SUBGROUP").encode())

    assert schema.validate(root)
    assert sheets.errors(year, root) == []


@pytest.mark.parametrize("year", SCHEMATRON)
def test_the_schematron_does_judge(year: int, sheets: Sheets) -> None:
    text = xml_of(reported(year, "MIPS_GROUP"), "MIPS_GROUP").replace('extension="MIPS_GROUP"', 'extension="MIPS"')

    assert any("CMS_11" in name for name in sheets.errors(year, etree.fromstring(text.encode())))


@pytest.mark.parametrize("place", sorted((QRDA3 / "converter-2025").glob("*.xml")), ids=lambda place: place.stem)
def test_each_fixture_of_the_converter_reads_as_the_converter_reads_it(place: Path) -> None:
    read = read_qrda3(place.read_bytes())
    golden = json.loads((QRDA3 / "golden" / f"converter__2025__{place.stem}-qpp.json").read_text())

    assert isinstance(read.document, dict)
    assert pi_set(read.document) == pi_set(golden)
    assert {**read.document, "measurementSets": []} == {**golden, "measurementSets": []}
    assert len(read.not_read) == len(golden["measurementSets"]) - 1


def test_all_fixtures_are_there() -> None:
    found = {folder: len(list((QRDA3 / folder).iterdir())) for folder in ("converter-2025", "golden", "negative")}

    assert found == {"converter-2025": 8, "golden": 8, "negative": 8}


@pytest.mark.parametrize("place", sorted((QRDA3 / "negative").glob("*.xml")), ids=lambda place: place.stem)
def test_each_negative_sample_is_refused_with_a_place(place: Path) -> None:
    found = check(read_qrda3(place.read_bytes()))

    assert found.refused
    assert [one.place for one in found.found if one.finding.severity == "error" and one.place]


def test_the_examples_of_hl7_load_and_satisfy_what_ours_do() -> None:
    found = {}
    for place in sorted(REPORTS.glob("MeasureReport-*.json")):
        report = json.loads(place.read_text())
        assert validation.departures([report]) == {}
        found[place.stem] = deqm.departures(report)

    assert found == {
        "MeasureReport-attestation-boolean": [deqm.LINK_MISSING],  # left out on purpose, as the guide says
        "MeasureReport-summ-PI": [],
        "MeasureReport-summ-measurereport01": [],
    }


def test_the_measures_of_hl7_load() -> None:
    for place in sorted(REPORTS.glob("Measure-*.json")):
        assert validation.departures([json.loads(place.read_text())]) == {}
