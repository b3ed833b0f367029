"""Read what a QRDA Category III document says of Promoting Interoperability, to check what a vendor made.

The document becomes a QPP submission object as CMS's converter makes one; other sections are named and not read.
What the guide of the year asks for and CMS's converter lets pass is a finding with its line: versions, templates,
parts that are missing or there twice.
"""

from lxml import etree

from extractors.safe_xml import NotReadError, parse
from scoring import findings
from scoring.submission import CATEGORY
from smartapp.exports.imported import Form, Imported, unreadable
from smartapp.exports.qrda3 import names
from smartapp.exports.qrda3.found import PATHS, Found, extensions_of, in_words
from smartapp.exports.qrda3.measures import read_measures
from smartapp.exports.qrda3.reporter import read_cehrt_id, read_reporter
from smartapp.exports.qrda3.versions import Version, unknown_year, versions

_HEADER = (
    ("v:realmCode[@code='US']", "the realm US"),
    ("v:typeId[@extension='POCD_HD000040']", "the type of CDA documents"),
    ("v:id", "the id of the document"),
    ("v:code[@code='55184-6']", "the code 55184-6 of such reports"),
    ("v:title", "a title"),
    ("v:effectiveTime", "when it was made"),
    ("v:confidentialityCode[@code='N']", "confidentiality N"),
    ("v:languageCode[@code='en']", "the language en"),
    ("v:recordTarget/v:patientRole/v:id", "a recordTarget"),
    ("v:custodian/v:assignedCustodian/v:representedCustodianOrganization", "a custodian"),
    ("v:documentationOf/v:serviceEvent", "a documentationOf"),
)

_ALONE = "ssp"


def read_qrda3(data: bytes) -> Imported:
    """Read a document.

    Args:
        data: the whole file. It may come from anywhere: document types, entities and the network are never used.

    Returns:
        The submission object with `submissionMethod` electronicHealthRecord and `source` qrda3, and every fault of
        the file; what cannot be read is left out of it and a fault.
    """
    try:
        root = parse(data)
    except NotReadError as fault:
        return unreadable(Form.QRDA3, f"The file was not read: {fault.why}.", fault.place)
    if root.tag != names.in_hl7("ClinicalDocument") or not extensions_of(root, names.BASE):
        return unreadable(Form.QRDA3, "The file is no QRDA Category III document.", f"line {root.sourceline}")
    found = Found()
    document = _document(root, found)
    places = {subject: " and ".join(lines) for subject, lines in found.places.items()}
    return Imported(Form.QRDA3, document, tuple(found.faults), (places,), tuple(found.not_read))


def _document(root: etree._Element, found: Found) -> dict[str, object]:
    year = _year(root)
    version = versions().by_year.get(year) if year else None
    _check_header(root, found)
    _check_version(root, version, year, found)
    top, program = read_reporter(root, version, found)
    pi: dict[str, object] = {"category": CATEGORY, "submissionMethod": "electronicHealthRecord", "source": "qrda3"}
    cehrt_id = read_cehrt_id(root, found)
    pi |= {"programName": program} if program else {}
    pi |= {"cehrtId": cehrt_id} if cehrt_id else {}
    section = _section(root, found)
    if program == _ALONE and found.not_read:
        message = "A document of the Shared Savings Program holds the Promoting Interoperability section alone."
        found.fault(findings.PART_NOT_ONCE, root, "section", message, "Take the other sections out.")
    if section is not None:
        pi |= _period(section, found)
        pi["measurements"] = read_measures(section, found)
    return {**({"performanceYear": year} if year else {}), **top, "measurementSets": [pi]}


def _year(root: etree._Element) -> int | None:
    """The year of the first reporting period of the document, as CMS's converter takes it; None where none is said."""
    for act in root.iter(names.in_hl7("act")):
        if extensions_of(act, names.PARAMETERS):
            low = act.find("v:effectiveTime/v:low", PATHS)
            digits = ((low.get("value") or "") if low is not None else "")[:4]
            return int(digits) if digits.isascii() and digits.isdigit() else None
    return None


def _check_header(root: etree._Element, found: Found) -> None:
    for path, what in _HEADER:
        if (count := len(root.findall(path, PATHS))) != 1:
            found.not_once(root, "document", f"{what} in the header", count)
    if root.find("v:author/v:assignedAuthor", PATHS) is None:
        found.not_once(root, "document", "an author in the header", 0)


def _check_version(root: etree._Element, version: Version | None, year: int | None, found: Found) -> None:
    stated = extensions_of(root, names.DOCUMENT)
    remedy = "Make the file anew for its year; CMS refuses another version."
    if year is not None and version is None:
        found.told(unknown_year(year), root)
    elif version is not None and stated != [version.document]:
        needed = f'{version.year} needs the extension "{version.document}"'
        message = f"Template {names.DOCUMENT}: {needed}, got {in_words(stated)}."
        found.fault(findings.VERSION_OTHER, root, "version", message, remedy, version.ruling)
    if version is not None:
        found.check_extension(root, names.BASE, version.base)


def _section(root: etree._Element, found: Found) -> etree._Element | None:
    sections = root.findall("v:component/v:structuredBody/v:component/v:section", PATHS)
    ours = [section for section in sections if extensions_of(section, names.PI_SECTION)]
    for section in sections:
        if section not in ours:
            templates = (template.get("root") or "" for template in section.findall("v:templateId", PATHS))
            named = (names.OTHER_SECTIONS[root] for root in templates if root in names.OTHER_SECTIONS)
            found.not_read.append(f"section {next(named, 'of another kind')} (line {section.sourceline})")
    if len(ours) != 1:
        found.not_once(ours[-1] if ours else root, "section", "a Promoting Interoperability section", len(ours))
    for section in ours:
        found.check_extension(section, names.PI_SECTION, versions().section["section"])
    return ours[0] if ours else None


def _period(section: etree._Element, found: Found) -> dict[str, object]:
    """The first and last day of the section's reporting period, as far as they can be read."""
    subject = findings.PERFORMANCE_PERIOD
    acts = [act for act in section.findall("v:entry/v:act", PATHS) if extensions_of(act, names.PARAMETERS)]
    if len(acts) != 1:
        found.not_once(acts[-1] if acts else section, subject, "a reporting period in the section", len(acts))
    if not acts:
        return {}
    found.at(subject, acts[0])
    found.check_extension(acts[0], names.PARAMETERS, versions().section["parameters"])
    days = {"performanceStart": "low", "performanceEnd": "high"}
    read = {key: _day(acts[0], end, found) for key, end in days.items()}
    return {key: day for key, day in read.items() if day}


def _day(act: etree._Element, end: str, found: Found) -> str | None:
    """A day as YYYY-MM-DD; of a timestamp its day, as CMS's converter cuts it."""
    stated = act.findall(f"v:effectiveTime/v:{end}", PATHS)
    if len(stated) != 1:
        found.not_once(act, findings.PERFORMANCE_PERIOD, f"{end} of the reporting period", len(stated))
        return None
    digits = (stated[0].get("value") or "")[:8]
    if len(digits) == 8 and digits.isascii() and digits.isdigit():
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    message = f"The {end} of the reporting period: expected a day as YYYYMMDD, got another text."
    found.fault(
        findings.FIELD_UNREADABLE, stated[0], findings.PERFORMANCE_PERIOD, message, "Correct the reporting period."
    )
    return None
