"""The forms of the steps as flat fields, and back: what stands in a document, and what a form would set in it.

A field that a form does not send is left as it is; one that it sends empty takes the answer away.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scoring.evidence_rules import load_evidence
from scoring.model import AgencyRequest, MeasureId, Metric
from scoring.year import Choice, Measure, RuleBook, Status
from smartapp.attesting.attestations import VARIANTS, Attestations
from smartapp.attesting.entries import PERIOD, Entry

Fields = Mapping[str, str]
WORDS = {"yes": True, "no": False, "": None}
_SAID = {True: "yes", False: "no", None: ""}
_ASKED_YES_OR_NO = (Status.ATTESTATION, Status.REQUIRED, Status.BONUS, Status.OPTIONAL)
_TOTAL = {"met": "numerator", "of": "denominator", "report": "report", "on": "date"}
NO_STATUS = "none"
"""The word for having no special status, which is not the same as not having said."""


def questions(rules: RuleBook) -> tuple[Measure, ...]:
    """The measures that are answered yes or no for themselves, in CMS's order: no exclusion, no level, no path."""
    found = (m for m in rules.measures.values() if m.metric is Metric.BOOLEAN and m.status in _ASKED_YES_OR_NO)
    return tuple(measure for measure in found if rules.choice_of(measure.id) is None)


def proportions(rules: RuleBook) -> tuple[Measure, ...]:
    """The measures that are counted, in CMS's order."""
    return tuple(measure for measure in rules.measures.values() if measure.metric is Metric.PROPORTION)


def road_of(choice: Choice, answers: Mapping[MeasureId, bool]) -> str:
    """The path that answers take, as its field says it; the last one where none is answered."""
    taken = next((path for path in choice.paths if any(answers.get(m) for m in path.measures)), choice.paths[-1])
    return "+".join(taken.measures)


def requests_in(fields: Fields, measure: str) -> list[int]:
    """The numbers under which a form holds requests of an agency, in order."""
    start = f"asked-{measure}-"
    numbers = (name.removeprefix(start) for name in fields if name.startswith(start))
    return sorted(int(number) for number in numbers if re.fullmatch("[0-9]{1,3}", number, re.ASCII))


def fields_of(attested: Attestations, rules: RuleBook) -> dict[str, str]:
    """Everything that is answered, as the fields of the forms hold it; a field that is not here is empty."""
    return {
        **dict(_technology(attested)),
        **dict(_eligibility(attested)),
        **dict(_answered(attested, rules)),
        **dict(_dated(attested)),
        **dict(_totals(attested)),
        "period": f"{attested.period.start} {attested.period.end}" if attested.period else "",
        "controlled": next(word for word, variant in VARIANTS.items() if variant == attested.variant),
    }


def _technology(attested: Attestations) -> Iterator[tuple[str, str]]:
    dates = attested.dates
    yield "cehrt-id", attested.cehrt_id or ""
    yield "in-use-from", dates.in_use_from.isoformat() if dates.in_use_from else ""
    yield "certified-on", dates.certified_on.isoformat() if dates.certified_on else ""
    yield "products", "\n".join(attested.products)


def _eligibility(attested: Attestations) -> Iterator[tuple[str, str]]:
    said = attested.eligible
    yield "type", said.type or ""
    for status in said.statuses or ():
        yield f"status-{status}", "yes"
    if said.statuses == frozenset():
        yield f"status-{NO_STATUS}", "yes"
    yield "below-threshold", _SAID[said.below_threshold]
    yield "shared-savings", _SAID[said.shared_savings]
    yield "hardship", said.hardship.value
    yield "hardship-reason", said.hardship_reason or ""


def _answered(attested: Attestations, rules: RuleBook) -> Iterator[tuple[str, str]]:
    answers = attested.answers
    for measure in questions(rules):
        yield f"answer-{measure.id}", _SAID[answers.get(measure.id)]
    for measure in rules.measures.values():
        if measure.exclusions:
            yield f"claim-{measure.id}", next((one for one in measure.exclusions if answers.get(one)), "")
        if levels := rules.levels_of(measure.id):
            yield f"level-{measure.id}", next((one.id for one in levels if answers.get(one.id)), "")
    for choice in rules.choices:
        yield f"road-{choice.objective}", road_of(choice, answers)
    for name, person in attested.people.items():
        yield f"people-{name}", person


def _dated(attested: Attestations) -> Iterator[tuple[str, str]]:
    dates = attested.dates
    for what, days in (("done", dates.done), ("managed", dates.managed), ("registered", dates.registered)):
        yield from ((f"{what}-{name}", day.isoformat()) for name, day in days.items())
    yield from ((f"edition-{name}", edition) for name, edition in dates.editions.items())
    for name, requests in dates.requests.items():
        for number, request in enumerate(requests):
            yield from _request(f"{name}-{number}", request)


def _request(key: str, request: AgencyRequest) -> Iterator[tuple[str, str]]:
    yield f"asked-{key}", request.asked.isoformat()
    yield f"answered-{key}", request.answered.isoformat() if request.answered else ""
    yield f"missed-{key}", "yes" if request.missed else ""


def _totals(attested: Attestations) -> Iterator[tuple[str, str]]:
    for name, total in attested.reported.items():
        yield f"met-{name}", str(total.proportion.met)
        yield f"of-{name}", str(total.proportion.denominator)
        yield f"report-{name}", total.report
        yield f"on-{name}", total.on.isoformat()


def cehrt_entries(form: Fields) -> tuple[Entry, ...]:
    """What the form of the CEHRT step would set."""
    named = {"cehrt-id": "id", "in-use-from": "in_use_from", "certified-on": "certified_on"}
    found = [Entry(field, {("cehrt", key): _text(form, field)}) for field, key in named.items() if field in form]
    if "products" in form:
        lines = [line.strip() for line in form["products"].splitlines() if line.strip()]
        found.append(Entry("products", {("cehrt", "products"): lines or None}))
    return tuple(found)


def requirement_entries(form: Fields) -> tuple[Entry, ...]:
    """What the form of the requirements step would set."""
    at, found = "eligibility", []
    if "type" in form:
        found.append(Entry("type", {(at, "type"): _text(form, "type")}))
    for field, key in (("below-threshold", "below_threshold"), ("shared-savings", "shared_savings")):
        if field in form:
            found.append(Entry(field, {(at, key): WORDS.get(form[field], form[field])}))
    if "asks-statuses" in form:
        found.append(Entry("statuses", {(at, "statuses"): _statuses(form)}))
    if "hardship" in form:
        status = form["hardship"] if form["hardship"] != "none" else None
        reason = _text(form, "hardship-reason")
        found.append(Entry("hardship", {(at, "hardship"): status, (at, "hardship_reason"): reason}))
    return tuple(found)


def _statuses(form: Fields) -> list[str] | None:
    marked = sorted(name.removeprefix("status-") for name in form if name.startswith("status-"))
    if marked == [NO_STATUS]:
        return []
    return marked or None


def answer_entries(form: Fields, rules: RuleBook) -> tuple[Entry, ...]:
    """What the form of the statements would set."""
    return (
        *_question_entries(form, rules),
        *_road_entries(form, rules),
        *(entry for measure in rules.measures.values() for entry in _measure_entries(form, measure, rules)),
        *_choice_entries(form),
    )


def _question_entries(form: Fields, rules: RuleBook) -> Iterator[Entry]:
    for measure in questions(rules):
        field = f"answer-{measure.id}"
        if field in form:
            yield Entry(field, {("answers", measure.id): WORDS.get(form[field], form[field])})


def _road_entries(form: Fields, rules: RuleBook) -> Iterator[Entry]:
    for choice in rules.choices:
        field = f"road-{choice.objective}"
        taken = form.get(field, "").split("+")
        if any(list(path.measures) == taken for path in choice.paths):
            yield road_entry(choice, tuple(MeasureId(name) for name in taken), rules)


def road_entry(choice: Choice, taken: tuple[MeasureId, ...], rules: RuleBook) -> Entry:
    """What taking a path sets: its own yes, and no answer of any other path."""
    named = (m for path in choice.paths for m in path.measures if rules.measures[m].metric is Metric.BOOLEAN)
    puts: dict[tuple[str, ...], bool | None] = {("answers", str(n)): True if n in taken else None for n in named}
    return Entry(f"road-{choice.objective}", puts)


def _measure_entries(form: Fields, measure: Measure, rules: RuleBook) -> Iterator[Entry]:
    name = measure.id
    one_of = {"claim": measure.exclusions, "level": tuple(level.id for level in rules.levels_of(name))}
    for what, known in one_of.items():
        field = f"{what}-{name}"
        if known and field in form:
            yield Entry(field, {("answers", str(one)): True if one == form[field] else None for one in known})
    texts = {
        "done": "done",
        "managed": "managed",
        "edition": "editions",
        "registered": "registered",
        "people": "people",
    }
    for what, table in texts.items():
        if f"{what}-{name}" in form:
            yield Entry(f"{what}-{name}", {(table, str(name)): _text(form, f"{what}-{name}")})
    if any(f"{key}-{name}" in form for key in _TOTAL):
        yield Entry(f"met-{name}", {("reported", str(name)): _total(form, name)})
    if requests_in(form, name):
        yield Entry(f"asked-{name}-0", {("requests", str(name)): _requests(form, name)})


def _total(form: Fields, name: str) -> dict[str, Any] | None:
    given = {key: text for what, key in _TOTAL.items() if (text := form.get(f"{what}-{name}", "").strip())}
    return {key: _number(text) if key in ("numerator", "denominator") else text for key, text in given.items()} or None


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _requests(form: Fields, name: str) -> list[dict[str, Any]] | None:
    return [given for number in requests_in(form, name) if (given := _request_given(form, f"{name}-{number}"))] or None


def _request_given(form: Fields, key: str) -> dict[str, Any]:
    days = {what: text for what in ("asked", "answered") if (text := form.get(f"{what}-{key}", "").strip())}
    return {**days, **({"missed": True} if form.get(f"missed-{key}") else {})}


def _choice_entries(form: Fields) -> Iterator[Entry]:
    if form.get("period"):
        start, _, end = form["period"].partition(" ")
        yield Entry(PERIOD, {("period", "start"): start, ("period", "end"): end})
    if "controlled" in form:
        yield Entry("controlled", {("choices", "controlled_substances"): form["controlled"]})


def _text(form: Fields, field: str) -> str | None:
    return form.get(field, "").strip() or None


def field_of_management(measure: MeasureId, year: int) -> str | None:
    """The field for the day of a measure's second part; None where it has none in the year."""
    return f"managed-{measure}" if measure in load_evidence().managed_in(year) else None
