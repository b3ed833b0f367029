"""The versions of the answers for a page: who saved what and why, and what each changed, with the old and the new."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from itertools import pairwise

from scoring.year import RuleBook
from smartapp.attesting.attestations import Attestations, from_document
from smartapp.attesting.fields import fields_of
from smartapp.attesting.proposed import differing
from smartapp.report.steps import Version, label_of
from smartapp.report.words import moment
from smartapp.store import Draft

BROUGHT = "brought"
"""The key of the answers that came with the run, before anybody saved any here."""
_TOTAL = ("met-", "of-", "report-", "on-")


def versions(
    history: Sequence[Draft], brought: Attestations | None, rules: RuleBook, zone: tzinfo
) -> tuple[Version, ...]:
    """The saved versions in words, the newest first, and last the answers as the run brought them.

    Args:
        history: the saved versions, the newest first.
        brought: the answers that came with the run; None: it brought none.
        rules: of the year.
        zone: of the site, for the time of each version.

    Returns:
        Nothing where nothing was saved: then those that came with the run stand.
    """
    if not history:
        return ()
    start = fields_of(brought, rules) if brought else {}
    states = [*(fields_of(from_document(one.document, "the saved answers", rules), rules) for one in history), start]
    found = [
        Version(
            key=str(one.number),
            name=str(one.number),
            at=moment(one.at.astimezone(zone)),
            by=one.by,
            reason=one.reason,
            changes=tuple(_changes(before, after, rules)),
            stands=number == 0,
        )
        for number, (one, (after, before)) in enumerate(zip(history, pairwise(states), strict=True))
    ]
    if brought:
        found.append(Version(BROUGHT, "As the run brought them", "with the run", "", "", (), stands=False))
    return tuple(found)


def _changes(before: Mapping[str, str], after: Mapping[str, str], rules: RuleBook) -> Iterator[str]:
    """What differs, a total with its parts in one; nothing is told of a start that had no answers at all."""
    if not before:
        return
    told = (_change(field, before, after, rules) for field in differing(before, after))
    yield from dict.fromkeys(told)


def _change(field: str, before: Mapping[str, str], after: Mapping[str, str], rules: RuleBook) -> str:
    if field.startswith(_TOTAL):
        measure = field.partition("-")[2]
        return f"{label_of(f'met-{measure}', rules)}: {_total(measure, before)} -> {_total(measure, after)}"
    return f"{label_of(field, rules)}: {_value(before.get(field, ''))} -> {_value(after.get(field, ''))}"


def _total(measure: str, fields: Mapping[str, str]) -> str:
    if f"met-{measure}" not in fields:
        return "none"
    met, of, report, day = (fields.get(f"{part}{measure}", "") for part in _TOTAL)
    return f"{met} of {of} ({report}, {day})"


def _value(text: str) -> str:
    return ", ".join(text.splitlines()) or "none"
