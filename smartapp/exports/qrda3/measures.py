"""The measures of a Promoting Interoperability section, in the order of the document, as QPP JSON has them."""

from re import fullmatch

from lxml import etree

from scoring import findings
from scoring.submission import is_measure_id
from smartapp.exports.qrda3 import names
from smartapp.exports.qrda3.found import PATHS, Found, extensions_of
from smartapp.exports.qrda3.versions import versions

_ANSWERS = {"Y": True, "N": False}
_REMEDY = "Correct the value; it was left out."


def read_measures(section: etree._Element, found: Found) -> list[dict[str, object]]:
    """Every measurement that can be read; what cannot is a fault."""
    measurements: list[dict[str, object]] = []
    for organizer in section.findall("v:entry/v:organizer", PATHS):
        name = _measure_id(organizer, found)
        value = _value(organizer, name or "measurements", found)
        if name is not None and value is not None:
            measurements.append({"measureId": name, "value": value})
    found.at("measurements", section)
    return measurements


def _measure_id(organizer: etree._Element, found: Found) -> str | None:
    """The id that the reference gives, under whatever root, as CMS's converter takes it."""
    stated = organizer.findall("v:reference/v:externalDocument/v:id", PATHS)
    ids = [one for one in stated if one.get("extension")]
    if len(ids) != 1:
        found.not_once(organizer, "measurements", "the id of a measure in a reference", len(ids))
    if not ids:
        return None
    name = ids[0].get("extension") or ""
    if not is_measure_id(name):
        message = "Expected a measure id, got another text."
        found.fault(findings.VALUE_UNREADABLE, ids[0], "measurements", message, _REMEDY)
        return None
    if ids[0].get("root") != names.MEASURE_ID:
        message = f"The id of a measure: expected the root {names.MEASURE_ID}, got another."
        found.fault(findings.PART_NOT_ONCE, ids[0], name, message, "Correct the root.")
    found.at(name, organizer)
    return name


def _value(organizer: etree._Element, name: str, found: Found) -> bool | dict[str, int] | None:
    extensions = versions().section
    if extensions_of(organizer, names.PROPORTION):
        found.check_extension(organizer, names.PROPORTION, extensions["proportion"])
        numerator = _count(organizer, name, "numerator", found)
        denominator = _count(organizer, name, "denominator", found)
        if numerator is None or denominator is None:
            return None
        return {"numerator": numerator, "denominator": denominator}
    if extensions_of(organizer, names.PERFORMED):
        found.check_extension(organizer, names.PERFORMED, extensions["performed"])
        return _answer(organizer, name, found)
    message = f"A measure is of neither template, {names.PROPORTION} or {names.PERFORMED}."
    found.fault(findings.TEMPLATE_OTHER, organizer, name, message, _REMEDY)
    return None


_POPULATIONS = {"numerator": (names.NUMERATOR, "NUMER"), "denominator": (names.DENOMINATOR, "DENOM")}


def _count(organizer: etree._Element, name: str, which: str, found: Found) -> int | None:
    """A whole number, possibly below 0; None, and a fault, where there is none or more than one."""
    template, code = _POPULATIONS[which]
    data = _observations(organizer, template)
    if len(data) != 1:
        found.not_once(organizer, name, f"a {which} of the measure", len(data))
        return None
    found.check_extension(data[0], template, versions().section[which])
    stated = data[0].find("v:value", PATHS)
    if stated is None or stated.get("code") != code:
        found.fault(findings.VALUE_UNREADABLE, data[0], name, f"The {which} is not marked {code}.", _REMEDY)
        return None
    return _aggregate(data[0], name, which, found)


def _aggregate(data: etree._Element, name: str, which: str, found: Found) -> int | None:
    counts = [
        one for one in data.findall("v:entryRelationship/v:observation", PATHS) if extensions_of(one, names.COUNT)
    ]
    if len(counts) != 1:
        found.not_once(data, name, f"a count of the {which}", len(counts))
        return None
    values = counts[0].findall("v:value", PATHS)
    text = (values[0].get("value") or "") if len(values) == 1 else ""
    if fullmatch(r"-?[0-9]{1,9}", text) is None:
        message = f"The {which}: expected one whole number of at most nine digits, got another value."
        found.fault(findings.VALUE_UNREADABLE, counts[0], name, message, _REMEDY)
        return None
    return int(text)


def _answer(organizer: etree._Element, name: str, found: Found) -> bool | None:
    answers = _observations(organizer, names.ANSWER)
    if len(answers) != 1:
        found.not_once(organizer, name, "an answer of the measure", len(answers))
        return None
    found.check_extension(answers[0], names.ANSWER, versions().section["answer"])
    values = answers[0].findall("v:value", PATHS)
    code = (values[0].get("code") or "") if len(values) == 1 else ""
    if code not in _ANSWERS:
        found.fault(findings.VALUE_UNREADABLE, answers[0], name, "Expected Y or N, got another code.", _REMEDY)
    return _ANSWERS.get(code)


def _observations(organizer: etree._Element, template: str) -> list[etree._Element]:
    observations = organizer.findall("v:component/v:observation", PATHS)
    return [one for one in observations if extensions_of(one, template)]
