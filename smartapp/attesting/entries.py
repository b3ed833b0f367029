"""What a form sets in a document of answers, each entry for itself, judged by the one reader of such documents."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from scoring.rulebook import RuleBook
from smartapp.attesting.attestation_errors import AttestationError
from smartapp.attesting.attestations import from_document
from smartapp.errors import UsageError
from smartapp.usecases import period_within

Document = Mapping[str, Any]
_FORM = "the form"
PERIOD = "period"
"""The field of the performance period."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Values that a form sets together. `field` is where a message about them stands.

    `puts` are values by the path on which they stand in the document; None takes away what stands there.
    """

    field: str
    puts: Mapping[tuple[str, ...], Any]


def with_entries(document: Document, entries: Iterable[Entry]) -> dict[str, Any]:
    """A document with the values of entries in their places; tables that become empty are left out."""
    changed = deepcopy(dict(document))
    for entry in entries:
        for path, value in entry.puts.items():
            _put(changed, path, value)
    return {name: value for name, value in changed.items() if value != {}}


def _put(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *above, last = path
    table = document
    for name in above:
        table = table.setdefault(name, {})
    if value is None:
        table.pop(last, None)
    else:
        table[last] = value


def changed_by(document: Document, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries that would change something."""
    before = with_entries(document, ())
    return tuple(entry for entry in entries if with_entries(document, (entry,)) != before)


def faults(document: Document, entries: Iterable[Entry], rules: RuleBook) -> dict[str, str]:
    """What cannot be kept of a form, by field; a message says what was expected and what came. None: all can be."""
    found: dict[str, str] = {}
    for entry in entries:
        try:
            period = from_document(with_entries(document, (entry,)), _FORM, rules).period
            if period is not None and entry.field == PERIOD:
                period_within(rules.year, period.start, period.end)
        except (AttestationError, UsageError) as problem:
            found[entry.field] = _beside_field(str(problem))
    return found


def _beside_field(message: str) -> str:
    """A message without the place, which the field already tells."""
    text = message.partition(": ")[2] or message
    return text[:1].upper() + text[1:]
