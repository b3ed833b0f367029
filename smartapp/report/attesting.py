"""The statements of a year for a page, in CMS's order: what is asked, what an answer does, and what bears it out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from extractors.cases import Tally
from scoring.evidence_rules import load_evidence
from scoring.model import Finding, MeasureId, Metric, Origin, Severity
from scoring.year import Measure, Status
from smartapp.attesting.consequences import Consequence
from smartapp.attesting.engagement import Engagement, ledger
from smartapp.attesting.proposed import field_of
from smartapp.attesting.readiness import Place, Readiness
from smartapp.report.engagement import LedgerShown, ledger_shown
from smartapp.report.options import Likely, Option, answers, claims, levels, roads
from smartapp.report.steps import Form
from smartapp.report.words import day, objective_title
from smartapp.scored import Scored
from smartapp.store import Draft

_ROLES = {
    Status.ATTESTATION: "must be yes",
    Status.REQUIRED: "required",
    Status.BONUS: "bonus",
    Status.OPTIONAL: "optional",
}
_SHOWN = tuple(_ROLES)


@dataclass(frozen=True, slots=True)
class DayField:
    """A day that may be given beside an answer."""

    name: str
    label: str
    hint: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One measure of the page.

    `ours` is what was counted from the data, in words, where it is a counted measure; `needs_document` says that the
    answer rests on nothing in the data. `wrong` are findings about it.
    """

    measure: str
    title: str
    summary: str
    role: str
    counted: bool
    options: tuple[Option, ...]
    claims: tuple[Option, ...]
    levels: tuple[Option, ...]
    ledger: LedgerShown | None
    days: tuple[DayField, ...]
    edition: str
    signer: str
    ours: str
    total: str
    needs_document: str
    places: tuple[Place, ...]
    wrong: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Objective:
    """The statements of one objective, and its paths where one of several is taken."""

    anchor: str
    title: str
    road: str
    roads: tuple[Option, ...]
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Attesting:
    """The whole page. `controlled` says who chose how controlled substances count, and both counts."""

    objectives: tuple[Objective, ...]
    controlled: tuple[Option, ...]
    controlled_by: str
    answered: int
    asked: int


@dataclass(frozen=True, slots=True)
class Material:
    """What the page is made of: the score, what answers would do, the files, and the form as it stands.

    `history` are the saved versions, the newest first; `began` says whether controlled substances counted before any.
    """

    scored: Scored
    likely: Sequence[Consequence]
    ready: Readiness
    form: Form
    as_of: date | None
    history: Sequence[Draft] = ()
    began: str = "include"


def attesting(material: Material) -> Attesting:
    """Everything that the page of statements shows."""
    scored, rules = material.scored, material.scored.reading.rules
    likely = {(one.measure, one.answer): one for one in material.likely}
    engaged = {one.measure.id: one for one in ledger(scored)}
    shown = [measure for measure in rules.measures.values() if measure.status in _SHOWN]
    statements = {m.id: _statement(m, material, likely, engaged.get(m.id)) for m in shown}
    objectives = dict.fromkeys(measure.objective for measure in shown)
    asked = _asked(material)
    return Attesting(
        objectives=tuple(
            _objective(one, material, [statements[m.id] for m in shown if m.objective == one]) for one in objectives
        ),
        controlled=_controlled(scored),
        controlled_by=_chosen_by(material.history, material.began, scored.reading.site.zone_info),
        answered=len(asked) - len(unanswered(scored)),
        asked=len(asked),
    )


def _asked(material: Material) -> list[Measure]:
    return [m for m in material.scored.reading.rules.measures.values() if _has_to_be_answered(m, material.scored)]


def _has_to_be_answered(measure: Measure, scored: Scored) -> bool:
    needed = measure.status in (Status.ATTESTATION, Status.REQUIRED) and measure.metric is Metric.BOOLEAN
    return needed and scored.reading.rules.choice_of(measure.id) is None


def unanswered(scored: Scored) -> tuple[Measure, ...]:
    """The statements that have to be answered and are not, nor excluded, in CMS's order."""
    given = scored.attestations.answers
    asked = (m for m in scored.reading.rules.measures.values() if _has_to_be_answered(m, scored))
    return tuple(m for m in asked if m.id not in given and not any(given.get(one) for one in m.exclusions))


def _objective(name: str, material: Material, statements: Sequence[Statement]) -> Objective:
    rules = material.scored.reading.rules
    choice = next((one for one in rules.choices if one.objective == name), None)
    return Objective(
        anchor=f"objective-{name}",
        title=objective_title(rules, name),
        road=f"road-{name}" if choice else "",
        roads=roads(choice, rules) if choice else (),
        statements=tuple(statements),
    )


def _statement(measure: Measure, material: Material, likely: Likely, engaged: Engagement | None) -> Statement:
    scored, rules = material.scored, material.scored.reading.rules
    counted, on_road = measure.metric is Metric.PROPORTION, rules.choice_of(measure.id) is not None
    stands = scored.attestations.answers.get(measure.id)
    return Statement(
        measure=measure.id,
        title=" ".join(measure.title.split()),
        summary=measure.summary or "",
        role=_ROLES[measure.status],
        counted=counted,
        options=() if counted or on_road else answers(measure, stands, likely),
        claims=claims(measure, scored) if measure.exclusions else (),
        levels=levels(measure, rules) if engaged else (),
        ledger=ledger_shown(engaged, material.form, material.as_of) if engaged else None,
        days=tuple(_days(measure, rules.year)),
        edition=measure.edition or "",
        signer=_signer(measure.id, scored),
        ours=_ours(measure.id, scored) if counted else "",
        total=_total(measure.id, scored),
        needs_document=_needs_document(measure, scored, material.ready),
        places=tuple(one for one in material.ready.places if measure.id in _about(one)),
        wrong=tuple(_wrong(measure, scored)),
    )


def _about(place: Place) -> tuple[MeasureId, ...]:
    return (place.measure,) if place.measure else place.slot.of


def _days(measure: Measure, year: int) -> Iterator[DayField]:
    hint = f"A day of {year}, in the performance period or not."
    if measure.within_year:
        yield DayField(f"done-{measure.id}", "Done on", hint)
    managed = load_evidence().managed_in(year).get(measure.id)
    if managed:
        yield DayField(f"managed-{measure.id}", f"{managed.title}: done on", f"{managed.text} {hint}")


def _signer(measure: MeasureId, scored: Scored) -> str:
    signer = load_evidence().signer(measure)
    return signer.individual if scored.submission.reporter.npi else signer.group


def _tally(measure: str, scored: Scored, variant: str = "all") -> Tally | None:
    who = scored.submission.reporter
    found = (one for one in scored.reading.tallies if (one.measure, one.tin, one.npi) == (measure, who.tin, who.npi))
    return next((one for one in found if one.variant == variant), None)


def _ours(measure: MeasureId, scored: Scored) -> str:
    """The count of the data, whatever was typed beside it."""
    found = scored.tallies.get(measure)
    if scored.reading.unseen(measure) and (found is None or not found.met):
        return "cannot be read from this server"
    return _count_in_words(found)


def _count_in_words(found: Tally | None) -> str:
    if found is None:
        return "nothing was counted in this period"
    text = f"{found.met:,} of {found.denominator:,} met"
    return f"{text}, {found.unknown:,} not visible" if found.unknown else text


def _total(measure: MeasureId, scored: Scored) -> str:
    total = scored.attestations.reported.get(measure)
    if total is None:
        return ""
    counted = total.proportion
    return f"{counted.met:,} of {counted.denominator:,}, {Origin.REPORTED}: {total.report}, {day(total.on)}"


def _needs_document(measure: Measure, scored: Scored, ready: Readiness) -> str:
    """Where a yes rests on nothing in the data, a document has to bear it out."""
    asked = [one for one in ready.places if one.slot.id == "pdmp-query" and measure.id in one.slot.of]
    if not asked:
        return ""
    found = _tally(measure.id, scored)
    shown = f"{found.denominator:,} qualifying in the period, {found.met:,} with a query on record" if found else ""
    if found is not None and found.met:
        return f"On record: {shown}. One is enough."
    lack = f"On record: {shown}." if shown else "No qualifying record is on record in this period."
    wanted = "" if asked[0].documents else " Attach a document that shows a query for one of them."
    return f"{lack} A yes rests on what is attached.{wanted}"


def _wrong(measure: Measure, scored: Scored) -> Iterator[Finding]:
    mine = {f"{what}-{measure.id}" for what in ("answer", "claim", "level", "done", "managed", "edition", "registered")}
    mine |= {f"asked-{measure.id}-0"}
    rules = scored.reading.rules
    about = [
        one for one in scored.score.findings if one.severity is not Severity.NOTE and one.subject in rules.measures
    ]
    yield from (one for one in about if field_of(one, scored.attestations, rules) in mine)


def _controlled(scored: Scored) -> tuple[Option, ...]:
    words = {"include": "Controlled substances are counted", "exclude": "Controlled substances are left out"}
    variants = {"include": "controlled-included", "exclude": "controlled-excluded"}
    return tuple(
        Option(word, text, f"Counted so: {_count_in_words(_tally('PI_EP_1', scored, variants[word]))}.")
        for word, text in words.items()
    )


def _chosen_by(history: Sequence[Draft], began: str, zone: tzinfo) -> str:
    """Who last changed how controlled substances count, and when; empty where nobody did here."""
    before, told = began, ""
    for one in reversed(history):
        now = one.document.get("choices", {}).get("controlled_substances", "include")
        if now != before:
            told = f"Chosen by {one.by} on {day(one.at.astimezone(zone).date())}, version {one.number}."
        before = now
    return told
