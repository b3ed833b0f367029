"""QRDA III that we write, read back, and spoiled one fault at a time."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
from filed import (
    CODES,
    MADE,
    PATHS,
    SAMPLES,
    checked_xml,
    codes_of,
    document,
    only,
    organizer,
    pi_set,
    reported,
    tree,
    xml_of,
)
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from extractors.safe_xml import MAXIMUM
from scoring.model import MeasureId, Proportion, Severity
from scoring.rulebook import load
from smartapp.exports.checking import check, check_file
from smartapp.exports.making import Asked, Format, make
from smartapp.exports.qrda3 import names
from smartapp.exports.qrda3.reading import read_qrda3
from smartapp.exports.qrda3.versions import versions
from smartapp.exports.qrda3.writing import write_qrda3
from smartapp.printed.checked import checked_text
from tests.scoring.reported import answering, complete, counting

Spoil = Callable[[etree._Element], object]

PERIOD = "v:component//v:act/v:effectiveTime"
SECTION = "v:component/v:structuredBody/v:component/v:section"
CEHRT = "v:participant[@typeCode='DEV']"


def _values(root: etree._Element, measure: str) -> list[etree._Element]:
    """The counts of a measure, numerator first."""
    return organizer(root, measure).findall(
        "v:component/v:observation/v:entryRelationship/v:observation/v:value", PATHS
    )


def _count(measure: str, place: int, value: str) -> Spoil:
    return lambda root: _values(root, measure)[place].set("value", value)


def _days(low: str, high: str) -> Spoil:
    def spoil(root: etree._Element) -> None:
        only(root, f"{PERIOD}/v:low").set("value", low)
        only(root, f"{PERIOD}/v:high").set("value", high)

    return spoil


def _set(path: str, name: str, value: str) -> Spoil:
    return lambda root: only(root, path).set(name, value)


def _remove(path: str) -> Spoil:
    def spoil(root: etree._Element) -> None:
        found = only(root, path)
        parent = found.getparent()
        assert parent is not None
        parent.remove(found)

    return spoil


def _again(path: str) -> Spoil:
    def spoil(root: etree._Element) -> None:
        found = only(root, path)
        found.addnext(deepcopy(found))

    return spoil


def _entry_again(root: etree._Element) -> None:
    entry = organizer(root, "PI_EP_2").getparent()
    assert entry is not None
    entry.addnext(deepcopy(entry))


def _second_cehrt_id(root: etree._Element) -> None:
    _again(CEHRT)(root)
    _, second = root.findall(f"{CEHRT}/v:associatedEntity/v:id", PATHS)
    second.set("extension", "0015CJIHGFEDCBA")


def _other_root(measure: str) -> Spoil:
    return lambda root: only(organizer(root, measure), "v:reference/v:externalDocument/v:id").set("root", "1.2.3")


def _numerator_marked_as_denominator(root: etree._Element) -> None:
    organizer(root, "PI_EP_1").findall("v:component/v:observation/v:value", PATHS)[0].set("code", "DENOM")


def _other_id(old: str, new: str) -> Spoil:
    return lambda root: only(organizer(root, old), "v:reference/v:externalDocument/v:id").set("extension", new)


def _answer(measure: str, code: str) -> Spoil:
    return lambda root: only(organizer(root, measure), "v:component/v:observation/v:value").set("code", code)


def _template(measure: str, root_id: str, extension: str) -> Spoil:
    return lambda root: only(organizer(root, measure), f"v:templateId[@root='{root_id}']").set("extension", extension)


def _code(code: str) -> Spoil:
    return _set("v:informationRecipient/v:intendedRecipient/v:id", "extension", code)


FAULTS: dict[str, tuple[Spoil, str]] = {
    "the numerator above the denominator": (_count("PI_EP_1", 0, "501"), "F-212"),
    "a decimal count": (_count("PI_EP_1", 0, "450.5"), "F-215"),
    "a negative count": (_count("PI_EP_1", 0, "-1"), "F-213"),
    "a count in words": (_count("PI_EP_1", 1, "Bob"), "F-215"),
    "a count of ten digits": (_count("PI_EP_1", 1, "1234567890"), "F-215"),
    "PI_HIE_5 beside PI_HIE_1": (_other_id("PI_EP_2", "PI_HIE_5"), "F-206"),
    "a period of ten days": (_days("20260101", "20260110"), "F-106"),
    "a period that ends before it starts": (_days("20261231", "20260101"), "F-109"),
    "a period that leaves the year": (_days("20260701", "20270101"), "F-107"),
    "a CEHRT id of three letters": (_set(f"{CEHRT}/v:associatedEntity/v:id", "extension", "ABC"), "F-104"),
    "no CEHRT id": (_remove(CEHRT), "F-103"),
    "two CEHRT ids": (_second_cehrt_id, "F-504"),
    "a measure id under another root": (_other_root("PI_EP_2"), "F-504"),
    "a numerator marked as a denominator": (_numerator_marked_as_denominator, "F-215"),
    "an answer of MAYBE": (_answer("PI_EP_2", "MAYBE"), "F-215"),
    "a measure twice": (_entry_again, "F-214"),
    "two sections": (_again("v:component/v:structuredBody/v:component"), "F-504"),
    "an unknown measure id": (_other_id("PI_EP_2", "PI_EP_9"), "F-210"),
    "a bonus measure without its level": (_other_id("PI_EP_2", "PI_PHCDRR_2"), "F-306"),
    "plain MIPS": (_code("MIPS"), "F-503"),
    "a code of primary care": (_code("PCF"), "F-503"),
    "a subgroup without its id": (_code("MIPS_SUBGROUP"), "F-313"),
    "a virtual group without its id": (_code("MIPS_VIRTUALGROUP"), "F-313"),
    "a group with an NPI": (
        _set(f"v:documentationOf//v:id[@root='{names.NPI_ID}']", "extension", "1234567893"),
        "F-313",
    ),
    "the document version of another year": (
        _set(f"v:templateId[@root='{names.DOCUMENT}']", "extension", "2024-12-01"),
        "F-502",
    ),
    "another base version": (_set(f"v:templateId[@root='{names.BASE}']", "extension", "2017-06-01"), "F-505"),
    "no reporting period": (_remove(f"{SECTION}/v:entry[@typeCode='DRIV']"), "F-504"),
    "two reporting periods": (_again(f"{SECTION}/v:entry[@typeCode='DRIV']"), "F-504"),
    "a day that does not exist": (_days("20260101", "20261331"), "F-217"),
    "a day in words": (_days("20260101", "tomorrow"), "F-217"),
    "an older proportion template": (_template("PI_EP_1", names.PROPORTION, "2016-09-01"), "F-505"),
    "an older answer template": (_template("PI_EP_2", names.PERFORMED, "2015-09-01"), "F-505"),
    "no custodian": (_remove("v:custodian"), "F-504"),
    "no author": (_remove("v:author"), "F-504"),
    "two performers": (_again("v:documentationOf/v:serviceEvent/v:performer"), "F-504"),
    "no program": (_remove("v:informationRecipient"), "F-504"),
}


def test_a_document_without_a_fault_is_not_refused() -> None:
    found = checked_xml(tree())

    assert (codes_of(found), found.refused) == (["F-506"], False)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_single_fault_is_refused_and_has_a_place(fault: str) -> None:
    spoil, code = FAULTS[fault]
    root = tree()
    spoil(root)

    found = checked_xml(etree.fromstring(etree.tostring(root)))

    assert found.refused
    errors = {one.finding.code: one.place for one in found.found if one.finding.severity == "error"}
    assert (errors[code] or "").startswith("line ")


def test_an_answer_of_no_is_lawful_where_nothing_depends_on_it() -> None:
    submission = answering(reported(2025, "MIPS_GROUP"), PI_ONCACB_1=False)

    assert not checked_xml(xml_of(submission, "MIPS_GROUP")).refused


def test_nothing_out_of_nothing_is_told_as_what_it_costs_and_not_as_a_wrong_count() -> None:
    submission = counting(reported(2026, "MIPS_GROUP"), "PI_PEA_1", Proportion(0, 0))

    assert codes_of(checked_xml(xml_of(submission, "MIPS_GROUP")), "error") == ["F-203"]


def test_of_a_timestamp_the_day_is_taken() -> None:
    root = tree()
    _days("20260101000000", "20261231235959")(root)

    assert not checked_xml(root).refused


@pytest.mark.parametrize(("year", "code"), CODES)
def test_what_is_written_reads_back_as_the_qpp_json_of_the_same(year: int, code: str) -> None:
    submission = reported(year, code)
    read = read_qrda3(xml_of(submission, code).encode())

    assert read.faults == ()
    assert isinstance(read.document, dict)
    ours, theirs = pi_set(document(submission)), pi_set(read.document)
    assert theirs.pop("source") == "qrda3"
    assert (ours.pop("submissionMethod"), theirs.pop("submissionMethod")) == ("registry", "electronicHealthRecord")
    assert theirs == ours
    assert {k: v for k, v in read.document.items() if k != "measurementSets"} == {
        k: v for k, v in document(submission).items() if k != "measurementSets"
    }


def test_a_group_has_no_npi_because_none_applies() -> None:
    performer = only(tree(), f"v:documentationOf//v:id[@root='{names.NPI_ID}']")

    assert (performer.get("nullFlavor"), performer.get("extension")) == ("NA", None)


def test_the_programs_of_a_year_are_those_of_its_guide() -> None:
    assert {year: len(version.programs) for year, version in versions().by_year.items()} == {
        2024: 8,
        2025: 14,
        2026: 14,
    }


def test_an_mvp_is_named_by_a_participant_and_read_back() -> None:
    submission = replace(reported(2026, "MIPS_GROUP"), program="G0053")
    read = read_qrda3(xml_of(submission, "MIPS_GROUP").encode())

    assert isinstance(read.document, dict)
    assert pi_set(read.document)["programName"] == "G0053"
    assert not check(read).refused


def test_an_mvp_that_the_year_does_not_know_is_refused() -> None:
    submission = replace(reported(2026, "MIPS_GROUP"), program="M9999")

    assert codes_of(checked_xml(xml_of(submission, "MIPS_GROUP")), "error") == ["F-315"]


def test_a_year_without_a_known_version_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "submission.json"
    place.write_text(json.dumps(document(complete(2027))))

    made = make(place, Asked(Format.QRDA3, ".xml", None, MADE))

    assert made.text is None
    assert "F-502" in [finding.code for finding in made.findings]
    program = versions().programs[0]
    with pytest.raises(ValueError, match="version is known"):
        write_qrda3(complete(2027), load(2027), program, MADE)


def test_the_same_submission_at_the_same_time_makes_the_same_document() -> None:
    submission = reported(2026, "MIPS_INDIV")

    assert xml_of(submission, "MIPS_INDIV") == xml_of(submission, "MIPS_INDIV")
    more = counting(submission, "PI_EP_1", Proportion(451, 500))
    assert _id_of(xml_of(more, "MIPS_INDIV")) != _id_of(xml_of(submission, "MIPS_INDIV"))


def _id_of(text: str) -> str | None:
    return only(etree.fromstring(text.encode()), "v:id").get("root")


@pytest.mark.requirement("R111")
@pytest.mark.parametrize("hostile", ['"><evil/>', "]]>", "&lt;&amp;", "<x>", "'", "ü"])
def test_what_stands_in_a_field_never_becomes_markup(hostile: str) -> None:
    who = replace(reported(2026, "MIPS_SUBGROUP").reporter, entity_id=hostile)
    text = xml_of(replace(reported(2026, "MIPS_SUBGROUP"), reporter=who), "MIPS_SUBGROUP")
    read = read_qrda3(text.encode())

    assert isinstance(read.document, dict)
    assert read.document["entityId"] == hostile
    assert read.faults == ()


@pytest.mark.requirement("R113")
@pytest.mark.parametrize("character", ["\x0b", "\ud800", "\ufffe"])
def test_a_character_that_xml_cannot_hold_is_a_finding_and_no_file_is_made(character: str, tmp_path: Path) -> None:
    place, stated = tmp_path / "submission.json", document(reported(2026, "MIPS_SUBGROUP"))
    place.write_text(json.dumps({**stated, "entityId": f"X{character}"}))
    made = make(place, Asked(Format.QRDA3, ".xml", None, MADE))

    assert made.text is None
    assert [found.code for found in made.findings if found.severity is Severity.ERROR] == ["F-313"]


@pytest.mark.requirement("R112")
@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_and_never_followed(prologue: str, encoding: str) -> None:
    body = xml_of(reported(2026, "MIPS_GROUP"), "MIPS_GROUP").partition("?>")[2]
    found = check(read_qrda3(f'<?xml version="1.0" encoding="{encoding}"?>{prologue}{body}'.encode(encoding)))

    assert codes_of(found) == ["F-501"]
    assert "hostname" not in str(found)


@pytest.mark.parametrize("text", ["<a", "<a/>", "<ClinicalDocument/>", f"<ClinicalDocument xmlns='{names.HL7}'/>"])
def test_what_is_no_such_document_is_one_error(text: str) -> None:
    assert codes_of(checked_xml(text)) == ["F-501"]


def test_a_damaged_document_is_told_by_its_line() -> None:
    text = xml_of(reported(2026, "MIPS_GROUP"), "MIPS_GROUP").replace("</author>", "</autor>")
    (found,) = checked_xml(text).found

    assert found.place is not None
    assert found.place.startswith("line ")


def test_other_sections_are_named_and_not_read() -> None:
    root = tree()
    body = only(root, "v:component/v:structuredBody")
    other = etree.SubElement(etree.SubElement(body, names.in_hl7("component")), names.in_hl7("section"))
    etree.SubElement(other, names.in_hl7("templateId"), root="2.16.840.1.113883.10.20.27.2.4")
    found = checked_xml(root)

    assert not found.refused
    assert [one.partition(" (")[0] for one in found.imported.not_read] == ["section improvement activities"]

    _code("SSP_PI_GROUP")(root)
    assert codes_of(checked_xml(root), "error") == ["F-504"]


def test_a_fixture_of_cms_reads_as_the_converter_of_cms_reads_it() -> None:
    read = read_qrda3((SAMPLES / "valid-QRDA-III-abridged.xml").read_bytes())
    golden = json.loads((SAMPLES / "valid-QRDA-III-abridged.qpp.json").read_text())

    assert isinstance(read.document, dict)
    assert pi_set(read.document) == pi_set(golden)
    assert [one.partition(" (")[0] for one in read.not_read] == ["section improvement activities"]


@pytest.mark.parametrize("name", sorted(p.name for p in SAMPLES.glob("*.xml") if not p.name.startswith("valid")))
def test_each_faulty_fixture_of_cms_is_refused_with_a_place(name: str) -> None:
    found = check(read_qrda3((SAMPLES / name).read_bytes()))

    assert found.refused
    assert [one.place for one in found.found if one.finding.severity == "error" and one.place]


def test_what_is_not_visible_is_never_written_as_met() -> None:
    submission = counting(reported(2026, "MIPS_GROUP"), "PI_EP_1", Proportion(450, 500, unknown=20))
    read = read_qrda3(xml_of(submission, "MIPS_GROUP").encode())

    assert isinstance(read.document, dict)
    values = {one["measureId"]: one["value"] for one in pi_set(read.document)["measurements"]}
    assert values[MeasureId("PI_EP_1")] == {"numerator": 450, "denominator": 500}


def test_no_finding_repeats_a_word_of_a_document() -> None:
    text = xml_of(reported(2026, "MIPS_GROUP"), "MIPS_GROUP")
    for value in ("2025-05-01", "2020-12-01", "PI_EP_2", "MIPS_GROUP", "450", '"Y"', "20261231", "55184-6"):
        text = text.replace(value, '"Jane-Doe"' if value == '"Y"' else "Jane Doe")
    found = checked_xml(text)

    assert found.refused
    assert "Jane" not in checked_text(found) + json.dumps(found.as_document()["findings"])


def test_an_id_that_cannot_be_printed_is_left_out() -> None:
    root = tree()
    _set(f"{CEHRT}/v:associatedEntity/v:id", "extension", "0015C\x9b2J")(root)
    found = checked_xml(root)

    assert {"F-103", "F-217"} <= set(codes_of(found, "error"))
    assert "\x9b" not in json.dumps(found.as_document(), ensure_ascii=False)


@pytest.mark.requirement("R112")
def test_a_document_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    place = tmp_path / "large"
    for text in ("<a/>", "{}"):
        place.write_text(text + " " * MAXIMUM)
        assert [one.finding.message for one in check_file(place).found] == [
            f"The file was not read: larger than {MAXIMUM} bytes."
        ]


def test_a_field_is_told_by_its_name_and_a_measure_without_a_path_of_json() -> None:
    root = tree()
    _set(f"v:documentationOf//v:id[@root='{names.TIN_ID}']", "extension", "12")(root)
    _entry_again(root)
    told = {one.finding.code: one.finding.message for one in checked_xml(root).found}

    assert told["F-217"].startswith("taxpayerIdentificationNumber: expected 9 digits")
    assert told["F-214"].startswith("PI_EP_2 is reported a second time")


WHOLE = xml_of(reported(2026, "MIPS_GROUP"), "MIPS_GROUP").encode()
PLACES = range(1, len(list(etree.fromstring(WHOLE).iter())))


@given(place=st.sampled_from(PLACES))
def test_without_any_one_element_a_document_is_refused_or_says_the_same(place: int) -> None:
    root = etree.fromstring(WHOLE)
    missing = list(root.iter())[place]
    parent = missing.getparent()
    assert parent is not None
    parent.remove(missing)
    found = checked_xml(root)

    assert found.refused or found.imported.document == read_qrda3(WHOLE).document


@given(place=st.sampled_from(PLACES), which=st.integers(0, 3), text=st.text(st.characters(exclude_categories=["C"])))
def test_with_any_one_text_changed_a_document_is_refused_or_says_the_same(place: int, which: int, text: str) -> None:
    root = etree.fromstring(WHOLE)
    changed = list(root.iter())[place]
    for name in list(changed.attrib)[which : which + 1]:
        changed.set(name, text)
    found = checked_xml(root)

    is_count = changed.tag == names.in_hl7("value") and text.isdigit()
    assert found.refused or is_count or found.imported.document == read_qrda3(WHOLE).document


@given(data=st.binary(max_size=200))
def test_whatever_the_bytes_are_there_is_one_error_and_no_traceback(data: bytes) -> None:
    assert codes_of(check(read_qrda3(data))) == ["F-501"]
    assert codes_of(check(read_qrda3(b"<" + data))) == ["F-501"]
