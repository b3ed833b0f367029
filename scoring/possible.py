"""What can still be done about what is reported, seen from a day: answers, exclusions, paths, the basis of a count.

Nothing here is done for anyone: an action that rests on what only a person knows says on which condition it may be
counted. What can no longer count is not offered.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from re import ASCII, fullmatch

from scoring.actions import Action, Change, Pool, Situation
from scoring.deadlines import closing_day
from scoring.efforts import ActionKind, ActionRule, Efforts
from scoring.exclusions import Exclusion, Standing
from scoring.findings import CEHRT_ID
from scoring.model import MeasureId, Metric, Proportion
from scoring.plan import Open
from scoring.requirements import has_level
from scoring.year import Choice, Measure, Path, RuleBook, Status


@dataclass(frozen=True, slots=True)
class OtherBasis:
    """How a measure counts on the basis that was not chosen, `title` in words, with what follows from that."""

    measure: MeasureId
    title: str
    proportion: Proportion
    exclusions: tuple[Exclusion, ...]
    pools: tuple[Pool, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a plan may draw on besides what is reported.

    `as_of` is the day of the plan. `counted` holds what was counted of every measure, reported or not. `unsafe` says
    for an exclusion why a claim is not safe yet. `ruled_out` are ids of actions that a person does not want.
    """

    as_of: date
    efforts: Efforts
    counted: Mapping[MeasureId, Proportion] = field(default_factory=dict)
    other: OtherBasis | None = None
    unsafe: Mapping[MeasureId, str] = field(default_factory=dict)
    ruled_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """A claim that a plan does not count on, with the reason."""

    action: Action
    why: str


def possible(situation: Situation, known: Known) -> Open:
    """Every action that can still be done, but for open cases."""
    view = _View(situation, known)
    gate = (*view.attestations(), *view.certification())
    choices = (view.kept(view.about(measure)) for measure in view.required())
    return Open(
        gate=view.kept(gate),
        choices=tuple(found for found in (*choices, *map(view.kept, view.paths())) if found),
        bonus=view.kept(view.bonus()),
    )


def held_back(situation: Situation, known: Known) -> tuple[Held, ...]:
    """Exclusions that are not counted on: not safe yet, undecided, or a matter of what no data show."""
    view = _View(situation, known)
    found = (view.held(measure, one) for measure in view.reported() for one in view.exclusions_of(measure))
    return tuple(held for held in found if held is not None)


@dataclass(frozen=True, slots=True)
class _View:
    """One situation and what is known of it."""

    situation: Situation
    known: Known

    @property
    def rules(self) -> RuleBook:
        return self.situation.rules

    @property
    def answers(self) -> Mapping[MeasureId, bool]:
        return self.situation.submission.answers

    @property
    def closes(self) -> date:
        return closing_day(self.rules)

    def kept(self, actions: Iterable[Action]) -> tuple[Action, ...]:
        """Those that are in time and not ruled out."""
        return tuple(a for a in actions if a.by >= self.known.as_of and a.id not in self.known.ruled_out)

    def rule(self, kind: ActionKind, measure: str) -> ActionRule:
        return self.known.efforts.rule(kind, measure)

    def attestations(self) -> Iterator[Action]:
        """What the gate asks to be answered yes."""
        for name in self.rules.gate.attestations:
            rule, measure = self.rule(ActionKind.ANSWER, name), self.rules.measures[name]
            if self.answers.get(name) is not True and self._may_answer(name, rule):
                yield Action(name, rule, self._answered_by(measure), Change({name: True}))

    def _may_answer(self, name: MeasureId, rule: ActionRule) -> bool:
        return rule.after_no or name not in self.answers

    def _answered_by(self, measure: Measure) -> date:
        """What has to be done within the year is due at its end; whether it was done can be answered afterwards."""
        year_end = date(self.rules.year, 12, 31)
        still_to_do = self.known.as_of <= year_end or self.answers.get(measure.id) is False
        return year_end if measure.within_year and still_to_do else self.closes

    def certification(self) -> Iterator[Action]:
        """A CEHRT ID where none is given or its shape is wrong; planned with one that stands for it."""
        cehrt, given = self.rules.gate.cehrt, self.situation.submission.cehrt_id
        if given and fullmatch(cehrt.shape, given, ASCII):
            return
        stand_in = cehrt.prefixes[0].replace(".", "0").ljust(15, "0")
        if fullmatch(cehrt.shape, stand_in, ASCII):
            note = "The plan counts on an ID of the right shape; it never makes one up for a submission."
            rule = self.rule(ActionKind.CERTIFICATION, CEHRT_ID)
            yield Action(CEHRT_ID, rule, self.closes, Change(cehrt_id=stand_in), note=note)

    def required(self) -> tuple[Measure, ...]:
        """The measures of which one has to decide something."""
        return self.rules.with_status(Status.REQUIRED)

    def reported(self) -> Iterator[Measure]:
        """Required measures that are not excluded, on a path that is not another's."""
        for measure in self.required():
            if measure.exclusions and not self._claimed(measure) and self._is_on_path(measure):
                yield measure

    def _is_on_path(self, measure: Measure) -> bool:
        return measure.metric is Metric.BOOLEAN or measure.id in self.situation.submission.proportions

    def about(self, measure: Measure) -> Iterator[Action]:
        """What can be decided about one measure: answer it, exclude it, report it after all, count it otherwise."""
        if self._claimed(measure):
            yield from self._withdrawn(measure)
            return
        if measure.metric is Metric.BOOLEAN and self.rules.choice_of(measure.id) is None:
            yield from self._answered(measure)
        if self._is_on_path(measure):
            yield from (self.claim(measure, one) for one in self.exclusions_of(measure) if self._is_sure(one))
            yield from self._otherwise(measure)

    def _claimed(self, measure: Measure) -> list[MeasureId]:
        return [exclusion for exclusion in measure.exclusions if self.answers.get(exclusion) is True]

    def _withdrawn(self, measure: Measure) -> Iterator[Action]:
        rule = self.rule(ActionKind.WITHDRAW, measure.id)
        gone: dict[MeasureId, bool | None] = dict.fromkeys(self._claimed(measure))
        counted = self.known.counted.get(measure.id)
        if measure.metric is Metric.PROPORTION and counted is not None:
            yield Action(measure.id, rule, self.closes, Change(gone, {measure.id: counted}))
        elif measure.metric is Metric.BOOLEAN:
            yield from (replace(one, change=replace(one.change, answers={**gone, **one.change.answers}))
                        for one in self._answered(measure))  # fmt: skip

    def _answered(self, measure: Measure) -> Iterator[Action]:
        """The answer that a required measure lacks, with its level."""
        rule = self.rule(ActionKind.ANSWER, measure.id)
        if self.rules.is_suppressed(measure.id):
            if measure.id not in self.answers:
                note = "Any answer earns credit this year; the plan counts on a no."
                yield Action(measure.id, rule, self.closes, Change({measure.id: False}), note=note)
            return
        is_yes = self.answers.get(measure.id) is True
        if is_yes and has_level(self.rules, self.situation.submission, measure):
            return
        if is_yes or self._may_answer(measure.id, rule):
            yield self._yes(measure, rule)

    def _yes(self, measure: Measure, rule: ActionRule) -> Action:
        """Yes, with level 1 while one may still register for it, else with the highest level."""
        levels = self.rules.levels_of(measure.id)
        if not measure.requires_level or has_level(self.rules, self.situation.submission, measure):
            return Action(measure.id, rule, self.closes, Change({measure.id: True}))
        last, registered = self._last_registration(), self.situation.submission.dates.registered.get(measure.id)
        in_time = last is not None and (registered <= last if registered else self.known.as_of <= last)
        level = levels[0] if in_time else levels[-1]
        by = last if in_time and last is not None and registered is None else self.closes
        note = f"Counted with {level.id}. Level 1 needs a registration by {last}." if last else ""
        return Action(measure.id, rule, by, Change({measure.id: True, level.id: True}), note=note)

    def _last_registration(self) -> date | None:
        period = self.situation.submission.period
        days = self.rules.conditions.engagement.register_within_days
        return period.start + timedelta(days=days) if period else None

    def exclusions_of(self, measure: Measure) -> Iterator[Exclusion]:
        """What data say of the exclusions of a measure."""
        return (one for one in self.situation.exclusions if one.exclusion in measure.exclusions)

    def _is_sure(self, one: Exclusion) -> bool:
        return one.standing is Standing.AVAILABLE and one.exclusion not in self.known.unsafe

    def claim(self, measure: Measure, one: Exclusion) -> Action:
        """The measure left out, its exclusion in its place."""
        answers: dict[MeasureId, bool | None] = {measure.id: None, one.exclusion: True}
        answers.update({level.id: None for level in self.rules.levels_of(measure.id)})
        note = f"Fewer than {one.fewer_than} {one.what} are needed; counted: {one.count}." if one.fewer_than else ""
        rule = self.rule(ActionKind.CLAIM, one.exclusion)
        return Action(one.exclusion, rule, self.closes, Change(answers, {measure.id: None}), note=note)

    def held(self, measure: Measure, one: Exclusion) -> Held | None:
        """Why a claim is not counted on; None where it is, or where the counts refute it."""
        if one.standing is Standing.NOT_AVAILABLE or self._is_sure(one):
            return None
        why = {
            Standing.AVAILABLE: self.known.unsafe.get(one.exclusion, ""),
            Standing.UNDECIDED: f"Undecided: {one.count} counted; fewer than {one.fewer_than} are needed.",
            Standing.UNCOUNTED: "It cannot be counted from this source.",
            Standing.NOT_IN_DATA: one.text,
        }[one.standing]
        return Held(self.claim(measure, one), why)

    def _otherwise(self, measure: Measure) -> Iterator[Action]:
        """The measure counted on the other basis, which may make its exclusion available, too."""
        other = self.known.other
        if other is None or other.measure != measure.id:
            return
        change = Change({}, {measure.id: other.proportion}, None, other.exclusions, {measure.id: other.pools})
        rule = self.rule(ActionKind.CONTROLLED, measure.id)
        yield Action(measure.id, rule, self.closes, change, note=f"Counted with {other.title}.")

    def paths(self) -> Iterator[tuple[Action, ...]]:
        """For each choice, the paths that are not taken and that could be."""
        for choice in self.rules.choices:
            yield tuple(action for path in choice.paths for action in self._path(choice, path))

    def _path(self, choice: Choice, path: Path) -> Iterator[Action]:
        counted = {m: self.known.counted.get(m) for m in path.measures if self._is_counted(m)}
        submission = self.situation.submission
        taken = all(m in submission.proportions or self.answers.get(m) for m in path.measures if not self._excluded(m))
        if taken or None in counted.values():
            return
        rule = self.rule(ActionKind.PATH, path.measures[0])
        answered = [m for m in path.measures if m not in counted]
        if any(m in self.answers for m in answered) and not rule.after_no:
            return
        others = {m for other in choice.paths for m in other.measures} - set(path.measures)
        answers: dict[MeasureId, bool | None] = dict.fromkeys((*sorted(others), *path.refuses))
        answers.update(dict.fromkeys(answered, True))
        proportions: dict[MeasureId, Proportion | None] = {**dict.fromkeys(sorted(others)), **counted}
        yield Action(path.measures[0], rule, self.closes, Change(answers, proportions))

    def _is_counted(self, name: MeasureId) -> bool:
        return self.rules.measures[name].metric is Metric.PROPORTION

    def _excluded(self, name: MeasureId) -> bool:
        return bool(self._claimed(self.rules.measures[name]))

    def bonus(self) -> Iterator[Action]:
        """Every bonus measure that is not answered, while none is."""
        measures = self.rules.with_status(Status.BONUS)
        submission = self.situation.submission
        if any(self.answers.get(m.id) and has_level(self.rules, submission, m) for m in measures):
            return
        for measure in measures:
            rule = self.rule(ActionKind.BONUS, measure.id)
            if self.answers.get(measure.id) or self._may_answer(measure.id, rule):
                yield self._yes(measure, rule)
