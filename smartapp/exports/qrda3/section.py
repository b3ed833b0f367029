"""The Promoting Interoperability section: its text for a reader, an entry for each measure, and the period."""

from uuid import UUID, uuid5

from lxml import etree

from scoring.model import MeasureId, Period, Submission
from scoring.submission import written_measurements
from scoring.year import RuleBook
from smartapp.exports.qrda3 import names
from smartapp.exports.qrda3.tree import add, add_code, add_template, add_value
from smartapp.exports.qrda3.versions import versions

_HEAD = ("Measure", "Title", "Reported")


def add_section(
    parent: etree._Element, submission: Submission, rules: RuleBook, period: Period, identity: UUID
) -> None:
    """Add the section.

    Args:
        parent: the component of the body.
        submission: what is reported.
        rules: titles and order of the measures.
        period: the performance period.
        identity: the id of the document, of which those of the entries are made.
    """
    section, values = add(parent, "section"), written_measurements(submission, rules)
    add_template(section, names.MEASURE_SECTION)
    add_template(section, names.PI_SECTION, versions().section["section"])
    add_code(section, "code", "55186-1", names.LOINC, "Measure Section")
    add(section, "title", "Measure Section")
    titles = {name: _title(rules, name) for name in values}
    _add_text(section, [(name, titles[name], _in_words(value)) for name, value in values.items()])
    for name, value in values.items():
        organizer = _add_organizer(section, name, value, uuid5(identity, name))
        _add_reference(organizer, name, titles[name])
        _add_result(organizer, value)
    _add_parameters(section, period, uuid5(identity, "parameters"))


def _title(rules: RuleBook, name: MeasureId) -> str:
    """The title of a measure on one line; one of CMS's holds a line break."""
    return " ".join(rules.measures[name].title.split())


def _in_words(value: bool | tuple[int, int]) -> str:
    if isinstance(value, tuple):
        return f"numerator {value[0]}, denominator {value[1]}"
    return "yes" if value else "no"


def _add_text(section: etree._Element, rows: list[tuple[str, str, str]]) -> None:
    table = add(add(section, "text"), "table")
    heads, body = add(add(table, "thead"), "tr"), add(table, "tbody")
    for head in _HEAD:
        add(heads, "th", head)
    for row in rows:
        cells = add(body, "tr")
        for cell in row:
            add(cells, "td", cell)


def _add_organizer(
    section: etree._Element, name: MeasureId, value: bool | tuple[int, int], identity: UUID
) -> etree._Element:
    extensions = versions().section
    organizer = add(add(section, "entry"), "organizer", classCode="CLUSTER", moodCode="EVN")
    add_template(organizer, names.MEASURE_REFERENCE)
    if isinstance(value, tuple):
        add_template(organizer, names.PROPORTION, extensions["proportion"])
    else:
        add_template(organizer, names.PERFORMED, extensions["performed"])
    add(organizer, "id", root=str(identity), extension=name)
    add(organizer, "statusCode", code="completed")
    return organizer


def _add_reference(organizer: etree._Element, name: MeasureId, title: str) -> None:
    reference = add(organizer, "reference", typeCode="REFR")
    document = add(reference, "externalDocument", classCode="DOC", moodCode="EVN")
    add(document, "id", root=names.MEASURE_ID, extension=name)
    add(document, "text", title)


def _add_result(organizer: etree._Element, value: bool | tuple[int, int]) -> None:
    if isinstance(value, tuple):
        _add_count(organizer, (names.NUMERATOR, versions().section["numerator"]), "NUMER", value[0])
        _add_count(organizer, (names.DENOMINATOR, versions().section["denominator"]), "DENOM", value[1])
    else:
        answer = _add_assertion(organizer, (names.ANSWER, versions().section["answer"]))
        add_value(answer, "CD", code="Y" if value else "N", codeSystem=names.YES_NO)


def _add_assertion(organizer: etree._Element, template: tuple[str, str]) -> etree._Element:
    observation = add(add(organizer, "component"), "observation", classCode="OBS", moodCode="EVN")
    add_template(observation, *template)
    add_code(observation, "code", "ASSERTION", names.ACT_CODE, "Assertion")
    add(observation, "statusCode", code="completed")
    return observation


def _add_count(organizer: etree._Element, template: tuple[str, str], population: str, count: int) -> None:
    data = _add_assertion(organizer, template)
    add_value(data, "CD", code=population, codeSystem=names.ACT_CODE)
    relation = add(data, "entryRelationship", typeCode="SUBJ", inversionInd="true")
    observation = add(relation, "observation", classCode="OBS", moodCode="EVN")
    add_template(observation, names.COUNT)
    add_code(observation, "code", "MSRAGG", names.ACT_CODE, "rate aggregation")
    add(observation, "statusCode", code="completed")
    add_value(observation, "INT", value=str(count))
    add_code(observation, "methodCode", "COUNT", "2.16.840.1.113883.5.84", "Count")


def _add_parameters(section: etree._Element, period: Period, identity: UUID) -> None:
    act = add(add(section, "entry", typeCode="DRIV"), "act", classCode="ACT", moodCode="EVN")
    add_template(act, names.PARAMETERS, versions().section["parameters"])
    add(act, "id", root=str(identity))
    add_code(act, "code", "252116004", names.SNOMED, "Observation Parameters")
    days = add(act, "effectiveTime")
    add(days, "low", value=f"{period.start:%Y%m%d}")
    add(days, "high", value=f"{period.end:%Y%m%d}")
