"""A submission file as it was read, whatever its format: the QPP submission object, and what is wrong with the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scoring.findings import FILE_UNREADABLE
from scoring.model import Finding


class Form(StrEnum):
    """The formats in which CMS takes a submission."""

    QPP_JSON = "QPP JSON"
    QRDA3 = "QRDA III"


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding and where in the file it is: a line of XML, a path of JSON; None where there is no place."""

    finding: Finding
    place: str | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file says.

    `document` is what stands for a QPP submission object; it says nothing where `was_read` is False. `places` gives for
    each of its `pi` sets the place of what a finding may be about, by the finding's subject. `not_read` names what else
    the file holds.
    """

    form: Form
    document: object
    faults: tuple[Placed, ...] = ()
    places: tuple[Mapping[str, str], ...] = ()
    not_read: tuple[str, ...] = ()
    was_read: bool = True


def unreadable(form: Form, why: str, place: str | None) -> Imported:
    """A file of which nothing could be read."""
    finding = FILE_UNREADABLE.about("file", why, "Mend the file, or make it anew.")
    return Imported(form, None, (Placed(finding, place),), was_read=False)
