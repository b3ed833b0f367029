"""The statements of a year for a page, in CMS's order: what is asked, what an answer does, and what bears it out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from scoring.evidence_rules import load_evidence
from scoring.model import Finding, MeasureId, Metric, Origin, ScoreLine, Severity
from scoring.year import Measure, Status
from smartapp.ahead.carried import cut_short
from smartapp.attesting.consequences import Consequence
from smartapp.attesting.engagement import Engagement, ledger
from smartapp.attesting.fields import road_of
from smartapp.attesting.proposed import field_of
from smartapp.attesting.readiness import Place, Readiness
from smartapp.report.engagement import LedgerShown, ledger_shown
from smartapp.report.folds import open_folds
from smartapp.report.measure_list import status_of
from smartapp.report.options import Likely, Option, answers, claims, levels, periods, roads
from smartapp.report.ours import Ours, both_ways, on_record, ours_of, tally_of
from smartapp.report.steps import Form
from smartapp.report.words import day, objective_title, plural
from smartapp.scored import Scored
from smartapp.store import Draft

_ROLES = {
    Status.ATTESTATION: "must be yes",
    Status.REQUIRED: "required",
    Status.BONUS: "bonus",
    Status.OPTIONAL: "optional",
}
_SHOWN = tuple(_ROLES)
_QUERY = "pdmp-query"
"""The slot for a query that the data do not show."""
_CONTROLLED = (
    Option("include", "Controlled substances are counted"),
    Option("exclude", "Controlled substances are left out"),
)


@dataclass(frozen=True, slots=True)
class DayField:
    """A day that may be given beside an answer."""

    name: str
    label: str
    hint: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One measure of the page.

    `counted` says that it is counted, `ours` what was counted from the data, whatever was typed beside it; None where
    they cannot be read from this server. `evidence` says what a yes rests on that is asked for in the data. `wrong`
    are findings about it. `state` says what became of it, `points` what it earns by itself, empty for none. `opened`
    are the parts of its form that stand open.
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
    signer_doubts: tuple[str, ...]
    ours: Ours | None
    total: str
    evidence: str
    on_record: Ours | None
    places: tuple[Place, ...]
    wrong: tuple[Finding, ...]
    state: str
    points: str
    opened: frozenset[str]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that shut the gate."""
        return tuple(one for one in self.wrong if one.severity is Severity.ERROR)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """The other findings."""
        return tuple(one for one in self.wrong if one.severity is not Severity.ERROR)


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
    """The whole page. `controlled_by` says who chose how controlled substances count, `both` counts either way.

    `periods` are those of the answers and of the page, empty where they are the same.
    """

    objectives: tuple[Objective, ...]
    controlled: tuple[Option, ...]
    controlled_by: str
    both: tuple[tuple[str, Ours], ...]
    periods: tuple[Option, ...]
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
        controlled=_CONTROLLED,
        controlled_by=_chosen_by(material.history, material.began, scored.reading.site.zone_info),
        both=tuple(both_ways(scored)),
        periods=periods(scored),
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
    line = next((one for one in scored.score.lines if one.measure == measure.id), None)
    ours = ours_of(measure.id, scored) if counted else None
    pointed_to = {field_of(one, scored.attestations, rules) for one in scored.score.findings}
    opened = open_folds(measure.id, material.form, pointed_to)
    return Statement(
        measure=measure.id,
        title=" ".join(measure.title.split()),
        summary=measure.summary or "",
        role=_role(measure, scored),
        counted=counted,
        options=() if counted or on_road else answers(measure, stands, likely),
        claims=claims(measure, scored) if measure.exclusions else (),
        levels=levels(measure, rules) if engaged else (),
        ledger=ledger_shown(engaged, material.form, material.as_of) if engaged else None,
        days=tuple(_days(measure, rules.year)),
        edition=measure.edition or "",
        signer=_signer(measure.id, scored),
        signer_doubts=load_evidence().signer(measure.id).ruling.doubts,
        ours=ours,
        total=_total(measure.id, scored),
        evidence=_evidence(measure.id, scored, material.ready),
        on_record=on_record(measure.id, scored) if _asks_for_query(measure.id, material.ready) else None,
        places=tuple(one for one in material.ready.places if measure.id in _about(one)),
        wrong=tuple(_wrong(measure, scored)),
        state=status_of(scored, measure, in_score=line is not None),
        points=_points(line) if line and not scored.reading.faults else "",
        opened=opened | {"total"} if counted and line and ours is None else opened,
    )


def _points(line: ScoreLine) -> str:
    earned = "not determinable," if line.earned is None else str(line.earned)
    return f"{earned} of {plural(line.available, 'point', 'points')}"


def _role(measure: Measure, scored: Scored) -> str:
    choice = scored.reading.rules.choice_of(measure.id)
    if choice is None:
        return _ROLES[measure.status]
    taken = road_of(choice, scored.attestations.answers).split("+")
    return "on the path that is reported" if measure.id in taken else "on another path"


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


def _total(measure: MeasureId, scored: Scored) -> str:
    total = scored.attestations.reported.get(measure)
    if total is None:
        return ""
    counted = total.proportion
    told = f"{counted.met:,} of {counted.denominator:,}, {Origin.REPORTED}: {total.report}, {day(total.on)}"
    short = cut_short(total, scored.reading.period)
    return f"{told}. {short} Run that report again when the period is over." if short else told


def _asks_for_query(measure: MeasureId, ready: Readiness) -> Place | None:
    return next((one for one in ready.places if one.slot.id == _QUERY and measure in one.slot.of), None)


def _evidence(measure: MeasureId, scored: Scored, ready: Readiness) -> str:
    """What a yes rests on: a record with a query, or else what is attached."""
    place, found = _asks_for_query(measure, ready), tally_of(measure, scored)
    if place is None:
        return ""
    if found is not None and found.met:
        return "A query is on record; one is enough."
    lack = "No query is on record" if found and found.denominator else "Nothing that qualifies is on record"
    wanted = "" if place.documents else " Attach a document that shows a query for one qualifying prescription."
    return f"{lack} in this period, so a yes rests on what is attached.{wanted}"


def _wrong(measure: Measure, scored: Scored) -> Iterator[Finding]:
    mine = {f"{what}-{measure.id}" for what in ("answer", "claim", "level", "done", "managed", "edition", "registered")}
    mine |= {f"asked-{measure.id}-0"}
    rules = scored.reading.rules
    about = [
        one for one in scored.score.findings if one.severity is not Severity.NOTE and one.subject in rules.measures
    ]
    yield from (one for one in about if field_of(one, scored.attestations, rules) in mine)


def _chosen_by(history: Sequence[Draft], began: str, zone: tzinfo) -> str:
    """Who last changed how controlled substances count, and when; empty where nobody did here."""
    before, told = began, ""
    for one in reversed(history):
        now = one.document.get("choices", {}).get("controlled_substances", "include")
        if now != before:
            told = f"Chosen by {one.by} on {day(one.at.astimezone(zone).date())}, version {one.number}."
        before = now
    return told
