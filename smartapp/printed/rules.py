"""The rule book and eligibility as text for a terminal."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby

from scoring.changes import Change
from scoring.eligibility_rules import Framework
from scoring.findings import cites_of
from scoring.rounding import in_words
from smartapp.people.eligibility import Question, Standing
from smartapp.printed.terminal import columns, wrapped
from smartapp.rulebooks import ChangedEntry, Checked, Entry, Fate, changed_entries

_FRAMEWORKS = {Framework.TRADITIONAL: "traditional MIPS and MVPs", Framework.APP: "the APP and APP Plus"}


def checked_table(found: Sequence[Checked]) -> str:
    """One line for each year: in order with its digest, or the fault."""
    return "\n".join(f"{one.name}  {one.fault or f'in order, SHA-256 {one.digest}'}" for one in found)


def changes_table(first: int, second: int, found: Sequence[Change]) -> str:
    """What differs by table and entry: `+` came, `-` went, otherwise each value as it was and as it is."""
    entries = changed_entries(found)
    many = f"{len(found)} differences from {first} to {second}, in {len(entries)} entries"
    lines = wrapped(f"{many}; sources and addresses of specifications are left out.", "")
    for table, of_table in groupby(entries, key=lambda entry: entry.table):
        lines += ["", table, *(line for entry in of_table for line in _changed(entry))]
    return "\n".join(lines)


def _changed(entry: ChangedEntry) -> list[str]:
    if entry.fate is not Fate.CHANGED:
        sign = "+" if entry.fate is Fate.ADDED else "-"
        said = [(value.where, value.after or value.before or "") for value in entry.values]
        texts = [f"{key}: {text}" for key, text in said if text not in (entry.name, entry.name.replace(" ", ", "))]
        name = f"{entry.name}:" if entry.name else ""
        return wrapped(" ".join(filter(None, (sign, name, "; ".join(texts)))), "  ", "      ")
    head = [f"  {entry.name}"] if entry.name else []
    return [*head, *(line for value in entry.values for line in _value(value))]


def _value(change: Change) -> list[str]:
    if ", " in (change.before or "") and ", " in (change.after or ""):
        return _list_value(change.where, (change.before or "").split(", "), (change.after or "").split(", "))
    text = f"{change.where}: {change.before or '(none)'} -> {change.after or '(none)'}"
    return wrapped(text, "    ", "      ")


def _list_value(key: str, before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Of two lists only what one has and the other has not; of two sentences with a comma, both."""
    came, went = [one for one in after if one not in before], [one for one in before if one not in after]
    if any(" " in one for one in (*came, *went)):
        return wrapped(f"{key}: {', '.join(before)} -> {', '.join(after)}", "    ", "      ")
    told = [*(f"+ {one}" for one in came), *(f"- {one}" for one in went)] or ["the same in another order"]
    return wrapped(f"{key}: {', '.join(told)}", "    ", "      ")


def entries_text(found: Sequence[Entry]) -> str:
    """What each year rules for an id, with its sources and doubts."""
    return "\n\n".join("\n".join(_entry(entry)) for entry in found)


def _entry(entry: Entry) -> list[str]:
    measure, lines = entry.measure, []
    lines.append(f"{entry.rules.year}  {measure.id}  {' '.join(measure.title.split())}")
    facts = [
        ("objective", measure.objective),
        ("answered as", measure.metric.value),
        ("status", measure.status.value),
        ("points", "" if measure.points is None else str(measure.points)),
        ("applies when", measure.summary or ""),
        ("exclusions", ", ".join(measure.exclusions)),
        ("instead of", ", ".join(measure.substitutes)),
        ("available", f"fewer than {entry.threshold.fewer_than} {entry.threshold.what}" if entry.threshold else ""),
        ("this year", "suppressed: any answer earns credit, none does not" if entry.suppressed else ""),
        ("certified to", ", ".join(entry.criteria)),
        ("confidence", measure.ruling.confidence.value),
    ]
    lines += [line for name, text in facts if text for line in wrapped(f"{name}: {text}", "  ", "    ")]
    lines += [line for cite in cites_of(measure.ruling) for line in wrapped(f"source: {cite.text}", "  ", "    ")]
    return lines + [line for doubt in entry.doubts for line in wrapped(f"in doubt: {doubt}", "  ", "    ")]


def standings_table(question: Question, found: Sequence[Standing], entity: Fraction | None) -> str:
    """For each TIN and NPI whether the category is owed, what it weighs, why, and by when."""
    head = ("TIN", "NPI", "Promoting Interoperability", "Weight", "Adds to the final score")
    rows = [(one.tin, one.npi or "(group)", one.verdict.duty.value, _percent(one), _adds(one)) for one in found]
    lines = [f"Performance year {question.rules.year}, weights of {_FRAMEWORKS[question.framework]}"]
    if (provisional := question.rules.conditions.provisional) is not None:
        lines += wrapped(provisional.text, "")
    lines.append("")
    table = columns([head, *rows])
    lines.append(table[0])
    for row, standing in zip(table[1:], found, strict=True):
        lines += [row, *wrapped(standing.verdict.because, "    ")]
        if standing.shared_savings is not None:
            duty, because = standing.shared_savings.duty.value, standing.shared_savings.because
            lines += wrapped(f"Shared Savings Program: {duty}: {because}", "    ")
    return "\n".join([*lines, "", *_entity(question, entity), *_dates(found), *_doubts(found)])


def _entity(question: Question, entity: Fraction | None) -> list[str]:
    if entity is None:
        return []
    text = f"APM Entity that submits nothing itself: {float(entity):.2f} of 100. {question.across.entity_mean.text}"
    doubts = (f"In doubt: {doubt}" for doubt in question.across.entity_mean.ruling.doubts)
    return [line for part in (text, *doubts) for line in wrapped(part, "")]


def _adds(standing: Standing) -> str:
    return "" if standing.adds is None else f"{in_words(standing.adds)} points"


def _percent(standing: Standing) -> str:
    return "not stated" if standing.weight is None else f"{int(standing.weight * 100)} %"


def _dates(found: Sequence[Standing]) -> list[str]:
    return list(dict.fromkeys(date for standing in found for date in standing.dates))


def _doubts(found: Sequence[Standing]) -> list[str]:
    verdicts = [verdict for one in found for verdict in (one.verdict, one.shared_savings) if verdict is not None]
    doubts = [doubt for verdict in verdicts for ruling in verdict.rulings for doubt in ruling.doubts]
    return [line for doubt in dict.fromkeys(doubts) for line in wrapped(f"In doubt: {doubt}", "", "    ")]
