"""Who reports to which program, as the header says it."""

from lxml import etree

from scoring import findings
from smartapp.exports.qrda3 import names
from smartapp.exports.qrda3.found import PATHS, Found
from smartapp.exports.qrda3.versions import Program, Version, versions

_PERFORMERS = "v:documentationOf/v:serviceEvent/v:performer"
_PLAIN_MIPS = "MIPS"
_REMEDY = "Name the program and its reporter as the guide of the year does."


def read_reporter(root: etree._Element, version: Version | None, found: Found) -> tuple[dict[str, object], str | None]:
    """The entityType and the identifiers as QPP JSON has them, and the programName; None where no program is told."""
    code = _code(root, version, found)
    program = _program_of(code)
    if program is None:
        return {}, None
    performers = root.findall(_PERFORMERS, PATHS)
    if code.startswith(_PLAIN_MIPS):
        _check_performers(root, program, performers, found)
    found.at("entityType", performers[0] if performers else root)
    return {"entityType": program.entity, **_identifiers(program, performers, found)}, _name(root, program, found)


def _code(root: etree._Element, version: Version | None, found: Found) -> str:
    stated = [
        one
        for one in root.findall("v:informationRecipient/v:intendedRecipient/v:id", PATHS)
        if one.get("root") == names.PROGRAM_ID
    ]
    if len(stated) != 1:
        found.not_once(root, "program", "a program code in informationRecipient", len(stated))
    if not stated:
        return ""
    code = stated[0].get("extension") or ""
    known = [program.code for program in (version or versions()).programs]
    if code not in known:
        message = f"The program code: expected one of {', '.join(known)}; got another."
        found.fault(findings.PROGRAM_CODE_UNKNOWN, stated[0], "program", message, _REMEDY)
    found.at("programName", stated[0])
    return code


def _program_of(code: str) -> Program | None:
    """The program with a code, of whatever year; CMS's converter reads plain MIPS as that of an individual."""
    wanted = "MIPS_INDIV" if code == _PLAIN_MIPS else code
    return next((program for program in versions().programs if program.code == wanted), None)


def _name(root: etree._Element, program: Program, found: Found) -> str | None:
    """The programName: that of the program, or the MVP that a participant names."""
    for one in root.findall("v:participant/v:associatedEntity/v:id", PATHS):
        if program.name == "mips" and one.get("root") == names.MVP_ID and one.get("extension"):
            return found.extension(one, "programName")
    return program.name


def _identifiers(program: Program, performers: list[etree._Element], found: Found) -> dict[str, object]:
    ids = [one for performer in performers for one in performer.iter(names.in_hl7("id"))]
    if program.entity in names.ENTITY_ID:
        wanted = {"entityId": names.ENTITY_ID[program.entity]}
    else:
        wanted = {"taxpayerIdentificationNumber": names.TIN_ID}
        wanted |= {"nationalProviderIdentifier": names.NPI_ID} if program.entity == "individual" else {}
    read = {key: _only(key, root, ids, found) for key, root in wanted.items()}
    return {key: value for key, value in read.items() if value is not None}


def _only(key: str, root: str, ids: list[etree._Element], found: Found) -> str | None:
    """The first identifier of a kind; a second one that differs is a fault."""
    stated = [one for one in ids if one.get("root") == root and one.get("extension")]
    if len({one.get("extension") for one in stated}) > 1:
        found.not_once(stated[-1], key, f"an id of the root {root}", len(stated))
    return found.extension(stated[0], key) if stated else None


def _check_performers(root: etree._Element, program: Program, performers: list[etree._Element], found: Found) -> None:
    """The guides allow the MIPS codes one performer, and an NPI to individuals alone."""
    if len(performers) != 1:
        found.not_once(performers[-1] if performers else root, "performer", "a performer", len(performers))
    for performer in performers:
        for one in performer.findall("v:assignedEntity/v:id", PATHS):
            if program.entity != "individual" and one.get("root") == names.NPI_ID and one.get("extension"):
                message = f"{program.code} is reported without an NPI, and the performer has one."
                found.fault(findings.IDENTITY_UNFIT, one, "nationalProviderIdentifier", message, _REMEDY)


def read_cehrt_id(root: etree._Element, found: Found) -> str | None:
    """The CMS EHR Certification ID that a participant names; None where none does."""
    found.at(findings.CEHRT_ID, root)
    ids = root.findall("v:participant/v:associatedEntity/v:id", PATHS)
    return _only(findings.CEHRT_ID, names.CEHRT_ID, ids, found)
