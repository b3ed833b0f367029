"""The binder's one page: what a reader of the binder needs, in the order of its folders, as plain records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from scoring.evidence_rules import Slot
from smartapp.attesting.submission_guide import NOTICE
from smartapp.report.requirements import Requirements
from smartapp.report.words import day

RETENTION = (
    "CMS may ask for what supports a submission for 6 years from the end of the performance period (42 CFR 414.1390, "
    "414.1400). Some advisers say 10 years, because of the False Claims Act."
)


@dataclass(frozen=True, slots=True)
class FileShown:
    """A file of the binder: its name from the page on, bytes, SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SlotShown:
    """A place for evidence, and the files that are there; in a copy under pseudonyms only their digests."""

    title: str
    what: str
    fresh: str
    files: tuple[FileShown, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """What the numbers rest on beside rules and settings: software, files that were read, what stays outside."""

    software: tuple[tuple[str, str], ...]
    read: tuple[FileShown, ...]
    outside: tuple[FileShown, ...]


@dataclass(frozen=True, slots=True)
class BinderShown:
    """The parts of the page that a report does not have.

    `signature` says who signed what is attested, or that nobody did; `signed_with` is the fingerprint of the key used
    for it (empty for none), `key` that of the key that the binder is signed with. `difference` is the comparison with
    the EHR's report as text, empty for none.
    """

    signature: str
    state: str
    statement: str
    signed_with: str
    key: str
    keep_until: date
    pseudonyms: bool
    required: Requirements
    slots: tuple[SlotShown, ...]
    beside_slots: tuple[FileShown, ...]
    submitted: tuple[FileShown, ...]
    measures: tuple[str, ...]
    difference: str
    basis: Basis
    files: tuple[FileShown, ...]

    @property
    def kept_until(self) -> str:
        """The last day on which the binder must be there, in words."""
        return day(self.keep_until)

    @property
    def notice(self) -> str:
        """What pi180 is not."""
        return NOTICE

    @property
    def retention(self) -> str:
        """Why until then."""
        return RETENTION


def slots_shown(places: Sequence[tuple[Slot, str, Sequence[FileShown]]]) -> tuple[SlotShown, ...]:
    """Each place with its files; the text names the measure that it is for, empty for all."""
    return tuple(
        SlotShown(f"{slot.title}{f', {measure}' if measure else ''}", slot.what, slot.fresh, tuple(files))
        for slot, measure, files in places
    )
