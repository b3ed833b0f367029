"""A page for each measure of each year: what earns its points, what excludes it, until when, what is in doubt."""

from collections.abc import Sequence
from datetime import date

from markup import Notes, items, page, section, table

from scoring.conditions import DeadlineId
from scoring.model import MeasureId, Metric
from scoring.year import Combination, Measure, Reallocation, RuleBook, Status
from smartapp.report.words import objective_title

_PART_OF_ANOTHER = (Status.EXCLUSION, Status.ENGAGEMENT)
_ANSWERED = {Metric.PROPORTION: "a numerator and a denominator", Metric.BOOLEAN: "yes or no"}


def has_page(measure: Measure) -> bool:
    """Whether an id has a page of its own; exclusions and levels stand on that of their measure."""
    return measure.status not in _PART_OF_ANOTHER


def named(measure: Measure) -> str:
    """A measure as a person reads it."""
    return f"{' '.join(measure.title.split())} ({measure.id})"


def line_name(book: RuleBook, line: str) -> str:
    """A measure or an objective that holds points, as a person reads it."""
    measure = book.measures.get(MeasureId(line))
    return named(measure) if measure else f"the objective {objective_title(book, line)}"


def measure_page(book: RuleBook, measure: Measure, others: tuple[int, ...]) -> str:
    """Everything that the year rules for one measure.

    Args:
        book: the year.
        measure: one that has a page.
        others: the other years that have a page for this id.
    """
    provisional, notes = book.conditions.provisional, Notes()
    years = ", ".join(f"[{year}](../{year}/{measure.id}.md)" for year in others)
    parts = [
        f"> {provisional.text}" if provisional else "",
        f"All rules of the year: [{book.year}](../../rules-{book.year}.md)."
        + (f" The same measure in other years: {years}." if years else ""),
        _facts(book, measure, notes),
        section("When any answer earns credit", _suppressed(book, measure, notes)),
        section("Paths", _paths(book, measure, notes)),
        section("Exclusions", items([_exclusion(book, book.measures[one], notes) for one in measure.exclusions])),
        section("Active engagement", _levels(book, measure, notes)),
        section("Where points go", _moves(book, measure, notes)),
        section("By when", items(_dates(book, measure, notes))),
    ]
    return page(
        f"{named(measure)} in {book.year}",
        *parts,
        section("In doubt", notes.doubts()),
        section("Sources", notes.sources()),
    )


def _facts(book: RuleBook, measure: Measure, notes: Notes) -> str:
    criteria = [entry for entry in book.conditions.criteria if measure.id in entry.measures]
    rows = [
        ("Objective", objective_title(book, measure.objective)),
        ("What it asks for", measure.summary or ""),
        ("Answered with", _ANSWERED[measure.metric]),
        ("Status", f"{measure.status} {notes.on(measure.ruling)}"),
        ("Points", _points(book, measure, notes)),
        ("Edition of the guide", measure.edition or ""),
        ("Reported instead of", ", ".join(measure.substitutes)),
        ("Certified to (45 CFR)", "; ".join(f"{', '.join(e.criteria)} {notes.on(e.ruling)}" for e in criteria)),
    ]
    return table(("what", "rule"), [row for row in rows if row[1]])


def _points(book: RuleBook, measure: Measure, notes: Notes) -> str:
    joint = next((joint for joint in book.joints if measure.id in joint.measures), None)
    if joint:
        others = " and ".join(name for name in joint.measures if name != measure.id)
        text = f"{joint.points} together with {others}; none when one of them is neither answered nor excluded"
        return f"{text} {notes.on(joint.ruling)}"
    if measure.points is not None:
        return f"{measure.points}{', more when an exclusion moves points here' if _receives(book, measure) else ''}"
    if measure.status is Status.BONUS:
        level = notes.on(book.bonus.ruling, *([book.bonus.level] if measure.requires_level else []))
        return f"{book.bonus.points} once, however many bonus measures are answered yes {level}"
    if measure.id in book.gate.attestations:
        return f"none; without a yes the whole category is 0 {notes.on(book.gate.ruling)}"
    return "none; the answer changes nothing"


def _receives(book: RuleBook, measure: Measure) -> bool:
    choice = book.choice_of(measure.id)
    lines = {measure.id, choice.objective if choice else measure.id}
    return any(step.target in lines for step in book.reallocations)


def _suppressed(book: RuleBook, measure: Measure, notes: Notes) -> str:
    suppression = book.suppression_of(measure.id)
    found = [suppression.ruling, suppression.level] if suppression else []
    text = f"In {book.year} yes, no and an exclusion earn the same; only leaving it out makes the category 0."
    return f"{text} {notes.on(*found)}" if found else ""


def _paths(book: RuleBook, measure: Measure, notes: Notes) -> str:
    choice = book.choice_of(measure.id)
    if choice is None:
        return ""
    told = []
    for path in choice.paths:
        names = " and ".join(named(book.measures[name]) for name in path.measures)
        without = f", not together with {' or '.join(path.refuses)}" if path.refuses else ""
        told.append(f"{names}{without} {notes.on(path.ruling)}")
    return f"{choice.title} is worth {choice.points} points by exactly one of these:\n\n{items(told)}"


def _exclusion(book: RuleBook, exclusion: Measure, notes: Notes) -> str:
    said = [f"**{exclusion.id}**: {exclusion.summary or exclusion.title} {notes.on(exclusion.ruling)}."]
    for limit in (one for one in book.thresholds if one.exclusion == exclusion.id):
        takes = "A count can take it away and never give it" if limit.refutes_only else "A count decides it"
        said.append(f"{takes}: fewer than {limit.fewer_than} {limit.what} {notes.on(limit.ruling)}.")
    said += [f"{hint.text} {notes.on(hint.ruling)}" for hint in book.hints if exclusion.id in hint.exclusions]
    return " ".join(said)


def _levels(book: RuleBook, measure: Measure, notes: Notes) -> str:
    if not measure.requires_level:
        return ""
    rule = book.conditions.engagement
    head = (
        f"A yes needs exactly one level beside it. Level 1 is a registration within {rule.register_within_days} days "
        f"after the period begins, an earlier one included, and requests of the agency answered within "
        f"{rule.answer_within_days} days ({rule.failures} that are not fail the measure); "
        f"level 2 is validated production {notes.on(rule.ruling)}."
    )
    levels = [f"**{one.id}**: level {one.level} {notes.on(one.ruling)}" for one in book.levels_of(measure.id)]
    return f"{head}\n\n{items(levels)}"


def _moves(book: RuleBook, measure: Measure, notes: Notes) -> str:
    choice = book.choice_of(measure.id)
    joint = next((one.objective for one in book.joints if measure.id in one.measures), measure.id)
    mine = {measure.id, joint, choice.objective if choice else measure.id}
    steps = [step for step in book.reallocations if measure.id in step.excluded or step.target in mine]
    combined = [one for one in book.combinations if measure.id in one.excluded or mine & set(one.lines)]
    return items([*(_step(book, one, notes) for one in steps), *(_combined(book, one, notes) for one in combined)])


def _step(book: RuleBook, step: Reallocation, notes: Notes) -> str:
    sources = _and([_short(book, line) for line in step.sources])
    verb, target = "is" if len(step.excluded) == 1 else "are", line_name(book, step.target)
    whose = f"When {_and(step.excluded)} {verb} excluded, the points of {sources}"
    return f"{whose} move to {target} {notes.on(step.ruling)}."


def _combined(book: RuleBook, one: Combination, notes: Notes) -> str:
    unless = f" and {' or '.join(one.unless)} is not" if one.unless else ""
    lines = _and([_short(book, line) for line in one.lines])
    case = f"When {_and(one.excluded)} are excluded together{unless}"
    return f"{case}, the points of {lines} are less sure {notes.on(one.ruling)}."


def _short(book: RuleBook, line: str) -> str:
    return line if line in book.measures else line_name(book, line)


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _dates(book: RuleBook, measure: Measure, notes: Notes) -> list[str]:
    closes = book.conditions.deadlines[DeadlineId.SUBMISSION_CLOSES]
    if measure.within_year:
        first = f"Done on any day from {date(book.year, 1, 1)} to {date(book.year, 12, 31)}, whatever the period."
    else:
        first = f"The period starts on {book.period.last_start} at the latest {notes.on(book.period.ruling)}."
    rule = book.conditions.technology
    behind = f"Functions in use by the {rule.functions_by}; product certified by the {rule.certified_by}"
    criteria = [f"{behind} {notes.on(rule.ruling)}."] if book.conditions.criteria_of(measure.id) else []
    return [first, *criteria, f"{closes.title}: {closes.day} {notes.on(closes.ruling)}."]
