"""Options of the steps' forms, each with what it would do to the score."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scoring.exclusions import Exclusion, Standing
from scoring.model import MeasureId
from scoring.year import Choice, Measure, RuleBook
from smartapp.attesting.consequences import Consequence
from smartapp.report.steps import points_in_words
from smartapp.report.words import day
from smartapp.scored import Scored

_TAGS = {
    Standing.AVAILABLE: "tag-ok",
    Standing.NOT_AVAILABLE: "tag-error",
    Standing.UNDECIDED: "tag-open",
    Standing.UNCOUNTED: "tag-unread",
}

Likely = Mapping[tuple[MeasureId, bool | None], Consequence]
"""By measure and answer, what the answer would do."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of several answers; `note` says what it does or means, `tag` what data say of it.

    `anchor` is where a link to this very answer leads, empty for one that nothing links to.
    """

    value: str
    text: str
    note: str = ""
    tag: str = ""
    tag_class: str = ""
    anchor: str = ""


def answers(measure: Measure, stands: bool | None, likely: Likely) -> tuple[Option, ...]:
    """Yes, no, and no answer, each with its consequence."""
    words = {True: "Yes", False: "No"}
    found = [_answer(words[answer], answer, stands, likely.get((measure.id, answer))) for answer in words]
    return (*found, Option("", "Not answered", "So it stands." if stands is None else ""))


def _answer(text: str, answer: bool, stands: bool | None, likely: Consequence | None) -> Option:
    value = "yes" if answer else "no"
    if answer is stands:
        return Option(value, text, "So it stands.")
    return Option(value, text, _told(likely) if likely else "It cannot be said beside a total that is typed in.")


def _told(likely: Consequence) -> str:
    shut = likely.difference.shut_by
    text = points_in_words(likely.difference)
    if shut:
        text += f" It shuts the gate: {shut[0].message}"
    elif likely.difference.opened:
        text += " One thing less shuts the gate."
    return text


def claims(measure: Measure, scored: Scored) -> tuple[Option, ...]:
    """No exclusion, and each exclusion of a measure with its count against its limit."""
    found = {one.exclusion: one for one in scored.exclusions}
    rules = scored.reading.rules
    options = [_claim(rules, name, found.get(name)) for name in measure.exclusions]
    return (Option("", "No exclusion is claimed"), *options)


def _claim(rules: RuleBook, name: MeasureId, one: Exclusion | None) -> Option:
    measure = rules.measures[name]
    text = f"{measure.title} ({name}): {measure.summary or 'as CMS words it'}"
    if one is None:
        return Option(name, text, anchor=f"answer-{name}")
    return Option(name, text, _counted(one), str(one.standing), _TAGS.get(one.standing, ""), f"answer-{name}")


def _counted(one: Exclusion) -> str:
    if one.fewer_than is None:
        return f"{one.count} {one.what}. {one.text}" if one.count and one.what else one.text
    limit = "no" if one.fewer_than == 1 else f"fewer than {one.fewer_than}"
    counted = f"counted: {one.count}" if one.count else "this source shows nothing that would count"
    basis = f" ({one.count.basis})" if one.count and one.count.basis else ""
    return f"Limit: {limit} {one.what}; {counted}{basis}. {one.text}".strip()


def roads(choice: Choice, rules: RuleBook) -> tuple[Option, ...]:
    """The paths of an objective; exactly one is taken."""
    return tuple(_road(path.measures, rules) for path in choice.paths)


def _road(measures: tuple[MeasureId, ...], rules: RuleBook) -> Option:
    titles = " and ".join(" ".join(rules.measures[name].title.split()) for name in measures)
    counted = any(rules.measures[name].metric == "proportion" for name in measures)
    note = "Counted from cases." if counted else "Taking it answers yes: its statements have to be true all the period."
    return Option("+".join(measures), f"{titles} ({', '.join(measures)})", note)


def levels(measure: Measure, rules: RuleBook) -> tuple[Option, ...]:
    """The levels of active engagement, with CMS's identifiers."""
    return (Option("", "No level answered"), *_levels(measure, rules))


def _levels(measure: Measure, rules: RuleBook) -> Iterator[Option]:
    words = {1: "Level 1: registered with the agency, or testing", 2: "Level 2: validated, sending in production"}
    for level in rules.levels_of(measure.id):
        doubt = " ".join(level.ruling.doubts)
        text = f"{words.get(level.level or 0, level.title)} ({level.id})"
        yield Option(level.id, text, doubt, anchor=f"answer-{level.id}")


def periods(scored: Scored) -> tuple[Option, ...]:
    """The period of the answers and that of the page; none where they are the same."""
    kept, looked_at = scored.attestations.period, scored.reading.period
    if kept is None or kept == looked_at:
        return ()
    words = {one: f"{day(one.start)} to {day(one.end)}" for one in (kept, looked_at)}
    return (
        Option(f"{kept.start} {kept.end}", f"{words[kept]}, as it stands"),
        Option(f"{looked_at.start} {looked_at.end}", f"{words[looked_at]}, which this page shows"),
    )
