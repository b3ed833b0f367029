"""What changed between neighbouring years, in the words of a practice."""

from collections.abc import Sequence
from itertools import pairwise

from markup import items, page
from measure_pages import has_page, line_name, named

from scoring.changes import Change, changes
from scoring.model import MeasureId
from scoring.year import RuleBook, Status
from smartapp.rulebooks import ChangedEntry, Fate, changed_entries

_MEASURES, _DATES, _POINTS, _TECHNOLOGY, _PROGRAMS, _OPEN = (
    "What you report",
    "By when",
    "Points",
    "Certified technology",
    "Under which program",
    "What is in doubt, and how sure we are",
)
_TOPICS = {
    "measure": _MEASURES,
    "suppression": _MEASURES,
    "exclusion_threshold": _MEASURES,
    "exclusion_hint": _MEASURES,
    "engagement": _MEASURES,
    "gate": _MEASURES,
    "period": _DATES,
    "deadline": _DATES,
    "gate.cehrt": _TECHNOLOGY,
    "certified_technology": _TECHNOLOGY,
    "criteria": _TECHNOLOGY,
    "programs": _PROGRAMS,
    "route": _PROGRAMS,
    "way": _PROGRAMS,
    "provisional": _OPEN,
    "doubt": _OPEN,
    "reading": _OPEN,
}
"""Where an entry is told; what is not here is about points."""

_CERTAINTY = ("confidence", "doubts")
_KEYS = {
    "title": "the name",
    "summary": "what it asks for",
    "edition": "the edition of the guide",
    "last_start": "the last day on which a period may start",
    "prefixes": "how a CEHRT ID is expected to begin (`.` is any character)",
    "registrations": "the types of registration that CMS's list names",
    "substitutes": "what stands for the same and is not reported beside it",
    "day": "the day",
    "minimum_days": "the shortest period in days",
    "fewer_than": "the limit (fewer than)",
}


def what_changed(books: Sequence[RuleBook]) -> str:
    """The page, newest year first."""
    about = (
        "What is different for a practice from one performance year to the next, told from the rule files. Sources "
        "stand on the pages of the measures; every value that differs prints `pi180 rules diff 2025 2026`."
    )
    pairs = list(pairwise(books))
    return page("What changed for me", about, *(_between(old, new) for old, new in reversed(pairs)))


def _between(old: RuleBook, new: RuleBook) -> str:
    told: dict[str, list[str]] = {topic: [] for topic in (_MEASURES, _POINTS, _DATES, _TECHNOLOGY, _PROGRAMS, _OPEN)}
    for entry in filter(_is_news, changed_entries(changes(old, new))):
        told_elsewhere = (*_CERTAINTY, "title") if entry.table == "deadline" else _CERTAINTY
        rules = [value for value in entry.values if value.where.rpartition(".")[2] not in told_elsewhere]
        if rules:
            told[_TOPICS.get(entry.table, _POINTS)] += _told(old, new, entry, rules)
        if entry.fate is Fate.CHANGED:
            told[_OPEN] += [_surer(old, new, entry, value) for value in entry.values if value.where == "confidence"]
    parts = [f"### {topic}\n\n{items(texts)}" for topic, texts in told.items() if texts]
    head = f"## From {old.year} to {new.year}\n\nAll rules: [{old.year}](rules-{old.year}.md), "
    return "\n\n".join([f"{head}[{new.year}](rules-{new.year}.md).", *parts])


def _is_news(entry: ChangedEntry) -> bool:
    """A combination only says how sure we are, and a reading that is gone went with its doubt."""
    return entry.table != "combination" and (entry.table, entry.fate) != ("reading", Fate.GONE)


def _told(old: RuleBook, new: RuleBook, entry: ChangedEntry, rules: list[Change]) -> list[str]:
    whole = {
        "measure": _measure,
        "suppression": _suppression,
        "reallocation": _reallocation,
        "doubt": _doubt,
        "reading": _reading,
        "provisional": _provisional,
    }
    if entry.table in whole and (entry.fate is not Fate.CHANGED or entry.table == "suppression"):
        return [whole[entry.table](old, new, entry)]
    return [_value(_subject(old, new, entry), value) for value in rules]


def _subject(old: RuleBook, new: RuleBook, entry: ChangedEntry) -> str:
    measure = new.measures.get(MeasureId(entry.name)) or old.measures.get(MeasureId(entry.name))
    if measure is not None:
        words = _linked(new, entry.name) if measure.id in new.measures else f"**{named(measure)}**"
        return f"{words}: "
    deadlines = {one.id.value: one.title for one in new.conditions.deadlines.values()}
    return f"{deadlines[entry.name]}: " if entry.name in deadlines else f"{entry.name}: " if entry.name else ""


def _linked(book: RuleBook, name: str) -> str:
    measure = book.measures[MeasureId(name)]
    return f"[{named(measure)}](measures/{book.year}/{name}.md)" if has_page(measure) else f"**{name}**"


def _value(subject: str, change: Change) -> str:
    if change.where == "title":
        return f'{subject}was called "{" ".join((change.before or "").split())}".'
    what = _KEYS.get(change.where, change.where.replace("_", " "))
    if change.where in ("names", "registrations") and change.before and change.after:
        return f"{subject}{_listed(change)}"
    if change.where == "day":
        return f"{subject}{change.after} (the year before: {change.before})."
    before = f"; before: {change.before}" if change.before else ""
    text = f"{subject}{what} is now {change.after or 'not stated any more'}{before}."
    return text[:1].upper() + text[1:]


def _listed(change: Change) -> str:
    before, after = ((text or "").split(", ") for text in (change.before, change.after))
    came, went = [one for one in after if one not in before], [one for one in before if one not in after]
    new = f"new: {', '.join(f'`{one}`' for one in came)}" if came else ""
    old = f"no longer: {', '.join(f'`{one}`' for one in went)}" if went else ""
    return f"Program names {'; '.join(filter(None, (new, old)))}."


def _measure(old: RuleBook, new: RuleBook, entry: ChangedEntry) -> str:
    if entry.fate is Fate.GONE:
        return f"Gone: **{named(old.measures[MeasureId(entry.name)])}**."
    measure = new.measures[MeasureId(entry.name)]
    worth = f"; {new.bonus.points} points once for any bonus measure" if measure.status is Status.BONUS else ""
    return f"New: {_linked(new, entry.name)}, {measure.status}{worth}."


def _suppression(_: RuleBook, new: RuleBook, entry: ChangedEntry) -> str:
    if entry.fate is Fate.GONE:
        return f"{_linked(new, entry.name)} counts again: a no without an exclusion makes the category 0."
    return (
        f"{_linked(new, entry.name)} is suppressed: any answer earns credit, even no, but it still has to be "
        "answered; leaving it out makes the category 0."
    )


def _reallocation(old: RuleBook, new: RuleBook, entry: ChangedEntry) -> str:
    added = entry.fate is Fate.ADDED
    book = new if added else old
    step = next(one for one in book.reallocations if " ".join(one.excluded) == entry.name)
    to, sources = line_name(book, step.target), " and ".join(line_name(book, line) for line in step.sources)
    moves = "move" if added else "no longer move"
    return f"When {' and '.join(step.excluded)} are excluded, the points of {sources} {moves} to {to}."


def _doubt(old: RuleBook, new: RuleBook, entry: ChangedEntry) -> str:
    book, word = (new, "New") if entry.fate is Fate.ADDED else (old, "No longer")
    return f"{word}: {next(one.text for one in book.doubts if one.id == entry.name)}"


def _reading(_: RuleBook, new: RuleBook, entry: ChangedEntry) -> str:
    doubt = next(one.text for one in new.doubts if one.id == entry.name)
    return f"Where this changes a score, the score names the other reading, too: {doubt}"


def _provisional(_: RuleBook, new: RuleBook, __: ChangedEntry) -> str:
    now = new.conditions.provisional
    return f"**{now.text}**" if now else "The rules are final now."


def _surer(old: RuleBook, new: RuleBook, entry: ChangedEntry, value: Change) -> str:
    subject = _subject(old, new, entry).removesuffix(": ") or {"gate.cehrt": "The shape of the CEHRT ID"}.get(
        entry.table, entry.table
    )
    return f"{subject}: now {value.after} (the year before: {value.before})."
