"""Write a submission as a QRDA Category III document that holds the Promoting Interoperability section alone.

The document is built as a tree and never from text, so that nothing in a value can become markup (R111). What a
submission does not say, such as the name of the practice or who signs, is given as not known, never made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from lxml import etree

from scoring.model import Period, Submission
from scoring.submission import written_measurements
from scoring.year import RuleBook
from smartapp import __version__
from smartapp.exports.qrda3 import names
from smartapp.exports.qrda3.section import add_section
from smartapp.exports.qrda3.tree import add, add_code, add_template
from smartapp.exports.qrda3.versions import Program, Version, versions

_TITLE = "MIPS Promoting Interoperability, performance year"
_NOT_KNOWN = {"nullFlavor": "NI"}
_NOT_APPLICABLE = {"nullFlavor": "NA"}
_NAMESPACES: Any = {None: names.HL7, "xsi": names.SCHEMA_INSTANCE}  # the stubs know no default namespace


@dataclass(frozen=True, slots=True)
class _Document:
    submission: Submission
    period: Period
    version: Version
    program: Program
    made: str
    id: UUID


def write_qrda3(submission: Submission, rules: RuleBook, program: Program, made: datetime) -> str:
    """The submission as the text of an XML document.

    Args:
        submission: what is reported; its findings were looked at, none is an error.
        rules: the year, for titles and order of the measures.
        program: the program code to report to, one of those of the year.
        made: when the document is made, with a zone; the same submission at the same time gives the same document.

    Raises:
        ValueError: no version of the year is known, or the submission has no period.
    """
    version, period = versions().by_year.get(submission.year), submission.period
    if version is None or period is None:
        raise ValueError("a document needs a year whose version is known, and a performance period")
    said = f"{submission.reporter} {submission.program} {period} {made.isoformat()}"
    identity = uuid5(NAMESPACE_OID, f"{program.code} {said} {written_measurements(submission, rules)}")
    document = _Document(submission, period, version, program, f"{made:%Y%m%d%H%M%S}", identity)
    root = etree.Element(names.in_hl7("ClinicalDocument"), nsmap=_NAMESPACES)
    _add_header(root, document)
    body = add(add(root, "component"), "structuredBody")
    add_section(add(body, "component"), submission, rules, period, identity)
    etree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{etree.tostring(root, encoding="unicode")}\n'


def _add_header(root: etree._Element, document: _Document) -> None:
    add(root, "realmCode", code="US")
    add(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
    add_template(root, names.BASE, document.version.base)
    add_template(root, names.DOCUMENT, document.version.document)
    add(root, "id", root=str(document.id))
    add_code(root, "code", "55184-6", names.LOINC, "Quality Reporting Document Architecture Calculated Summary Report")
    add(root, "title", f"{_TITLE} {document.version.year}")
    add(root, "effectiveTime", value=document.made)
    add(root, "confidentialityCode", code="N", codeSystem="2.16.840.1.113883.5.25")
    add(root, "languageCode", code="en")
    add(root, "versionNumber", value="1")
    add(add(add(root, "recordTarget"), "patientRole"), "id", **_NOT_APPLICABLE)
    _add_author(root, document)
    _add_custodian(root, document)
    recipient = add(add(root, "informationRecipient"), "intendedRecipient")
    add(recipient, "id", root=names.PROGRAM_ID, extension=document.program.code)
    _add_participants(root, document)
    _add_performer(root, document)


def _add_author(root: etree._Element, document: _Document) -> None:
    author = add(root, "author")
    add(author, "time", value=document.made)
    assigned = add(author, "assignedAuthor")
    add(assigned, "id", **_NOT_KNOWN)
    device = add(assigned, "assignedAuthoringDevice")
    add(device, "softwareName", f"pi180 {__version__}")
    _add_organization(assigned, "representedOrganization", document)


def _add_custodian(root: etree._Element, document: _Document) -> None:
    assigned = add(add(root, "custodian"), "assignedCustodian")
    _add_organization(assigned, "representedCustodianOrganization", document)


def _add_organization(parent: etree._Element, tag: str, document: _Document) -> None:
    """The reporting entity, by its identifier: a submission says no name."""
    organization = add(parent, tag)
    add(organization, "id", **_organization_id(document))
    add(organization, "name", **_NOT_KNOWN)


def _organization_id(document: _Document) -> Mapping[str, str]:
    reporter, root = document.submission.reporter, names.ENTITY_ID.get(document.program.entity)
    stated = reporter.entity_id if root else reporter.tin
    return {"root": root or names.TIN_ID, "extension": stated} if stated else _NOT_KNOWN


def _add_participants(root: etree._Element, document: _Document) -> None:
    submission = document.submission
    if submission.cehrt_id:
        device = add(add(root, "participant", typeCode="DEV"), "associatedEntity", classCode="RGPR")
        add(device, "id", root=names.CEHRT_ID, extension=submission.cehrt_id)
        add_code(device, "code", "129465004", names.SNOMED, "medical record, device")
    if submission.program != document.program.name:
        pathway = add(add(root, "participant", typeCode="TRC"), "associatedEntity", classCode="PROG")
        add(pathway, "id", root=names.MVP_ID, extension=submission.program)


def _add_performer(root: etree._Element, document: _Document) -> None:
    event = add(add(root, "documentationOf"), "serviceEvent", classCode="PCPR")
    _add_days(event, document.period)
    performer = add(event, "performer", typeCode="PRF")
    _add_days(performer, document.period, "time")
    assigned = add(performer, "assignedEntity")
    npi = document.submission.reporter.npi
    add(assigned, "id", root=names.NPI_ID, **({"extension": npi} if npi else _NOT_APPLICABLE))
    _add_organization(assigned, "representedOrganization", document)


def _add_days(parent: etree._Element, period: Period, tag: str = "effectiveTime") -> None:
    days = add(parent, tag)
    add(days, "low", value=f"{period.start:%Y%m%d}")
    add(days, "high", value=f"{period.end:%Y%m%d}")
