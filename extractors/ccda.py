"""Whether a C-CDA document holds problems, medications and allergies.

It gives a word and the names of the sections, never a word of the document. A document may come from anywhere,
so it may name no entities, load nothing and be only so large; what cannot be read is unread, never a fault.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from lxml import etree

from extractors.safe_xml import NotReadError, parse

SECTIONS = {
    "problems": frozenset({"11450-4"}),
    "medications": frozenset({"10160-0", "10183-2"}),
    "allergies": frozenset({"48765-2"}),
}
"""LOINC codes of the sections that must not be blank; 10183-2 is the medications of a discharge summary."""

_HL7 = {"v": "urn:hl7-org:v3"}
_ROOT = "{urn:hl7-org:v3}ClinicalDocument"
_US_REALM = "2.16.840.1.113883.10.20.22.1."
_LOINC = "2.16.840.1.113883.6.1"
_OBSERVATION, _DRUG_GIVEN = "{urn:hl7-org:v3}observation", "{urn:hl7-org:v3}substanceAdministration"
_NAMED = (
    "v:value",
    "v:participant//v:playingEntity/v:code",
    "v:consumable//v:manufacturedMaterial/v:code",
    "v:consumable//v:manufacturedMaterial/v:name",
)
_HEADINGS = "{urn:hl7-org:v3}thead", "{urn:hl7-org:v3}caption"
_NONE_KNOWN = re.compile(
    r"\bno (?:known|active|current) (?:\w+ ){0,3}(?:problem|condition|medic|drug|allerg)"
    r"|\b(?:none|nil) known\b|\bnkd?a\b|^none\.?$",
    re.IGNORECASE,
)


class Completeness(StrEnum):
    """What became of a document; a profile maps these words to answers."""

    COMPLETE = "complete"
    """Problems, medications and allergies are each listed, or said to be none."""
    INCOMPLETE = "incomplete"
    """A section of the three is missing or blank."""
    UNSTRUCTURED = "unstructured"
    """A C-CDA header around a body that is no XML, such as a PDF."""
    UNREAD = "unread"
    """No data, no C-CDA, damaged, too large, or a section whose text alone does not tell."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a document: the word, and why, naming sections only."""

    word: Completeness
    reason: str


class _Filled(IntEnum):
    """What a section says, least first."""

    MISSING = 0
    BLANK = 1
    UNCLEAR = 2
    SAYS = 3


def read_best(attachments: Iterable[object]) -> Reading:
    """Read the forms of one document, each base64 text, and give the best: its forms have one content.

    A form that cannot be read takes nothing from one that can.
    """
    readings = [_read(data) for data in attachments if isinstance(data, str)]
    order = list(Completeness)
    return min(readings, key=lambda reading: order.index(reading.word), default=_unread("it has no content"))


def _unread(why: str) -> Reading:
    return Reading(Completeness.UNREAD, f"the document was not read: {why}")


def _read(text: str) -> Reading:
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return _unread("no base64")
    return _read_xml(data)


def _read_xml(data: bytes) -> Reading:
    try:
        root = parse(data)
    except NotReadError as fault:
        return _unread(fault.why)
    if root.tag != _ROOT or not _is_us_realm(root):
        return _unread("no C-CDA")
    if root.find("v:component/v:nonXMLBody", _HL7) is not None:
        return Reading(Completeness.UNSTRUCTURED, "the document's body is no XML")
    return _judge({name: _filled(root, codes) for name, codes in SECTIONS.items()})


def _is_us_realm(root: etree._Element) -> bool:
    return any((found.get("root") or "").startswith(_US_REALM) for found in root.findall("v:templateId", _HL7))


def _judge(found: dict[str, _Filled]) -> Reading:
    lacking = [f"{name} {filled.name.lower()}" for name, filled in found.items() if filled <= _Filled.BLANK]
    if lacking:
        return Reading(Completeness.INCOMPLETE, ", ".join(lacking))
    unclear = [name for name, filled in found.items() if filled is _Filled.UNCLEAR]
    if unclear:
        return Reading(Completeness.UNREAD, f"the document does not tell: {', '.join(unclear)} without coded entries")
    return Reading(Completeness.COMPLETE, "problems, medications and allergies are there, or said to be none")


def _filled(root: etree._Element, codes: frozenset[str]) -> _Filled:
    """What the best of the sections with one of these codes says."""
    sections = root.iterfind("v:component/v:structuredBody//v:section", _HL7)
    return max((_says(section) for section in sections if _codes(section) & codes), default=_Filled.MISSING)


def _codes(section: etree._Element) -> set[str]:
    coded = [*section.findall("v:code", _HL7), *section.findall("v:code/v:translation", _HL7)]
    return {code.get("code") or "" for code in coded if code.get("codeSystem") in (None, _LOINC)}


def _says(section: etree._Element) -> _Filled:
    """Coded entries list something or deny it; of narrative text alone only "none known" and nothing are plain."""
    if any(_is_said(statement) for statement in _statements(section)):
        return _Filled.SAYS
    narrative = _narrative(section)
    if _NONE_KNOWN.search(narrative):
        return _Filled.SAYS
    return _Filled.UNCLEAR if narrative and section.get("nullFlavor") is None else _Filled.BLANK


def _statements(section: etree._Element) -> Iterator[etree._Element]:
    """The outermost observations and drugs of the entries: what is within them tells only more of the same."""
    for entry in section.iterfind("v:entry", _HL7):
        for found in entry.iter(_OBSERVATION, _DRUG_GIVEN):
            if next(found.iterancestors(_OBSERVATION, _DRUG_GIVEN), None) is None:
                yield found


def _narrative(section: etree._Element) -> str:
    """The words of a section's text, without the headings of its tables."""
    text = section.find("v:text", _HL7)
    if text is None:
        return ""
    etree.strip_elements(text, *_HEADINGS, with_tail=False)
    return " ".join(" ".join(map(str, text.itertext())).split())


def _is_said(statement: etree._Element) -> bool:
    """Whether a statement of an entry names something, by a code or in words, or denies it."""
    named = (found for path in _NAMED for found in statement.iterfind(path, _HL7))
    return statement.get("negationInd") == "true" or any(_is_named(found) for found in named)


def _is_named(found: etree._Element) -> bool:
    return any(part.get("code") or part.get("value") or (part.text or "").strip() for part in found.iter())
