"""What reading a document found: faults with their lines, where things stand, and what was not read."""

from collections import defaultdict
from dataclasses import dataclass, field
from re import ASCII, fullmatch

from lxml import etree

from scoring import findings
from scoring.findings import FindingKind
from scoring.model import Finding
from scoring.rulings import Ruling
from smartapp.exports.imported import Placed
from smartapp.exports.qrda3.names import HL7

PATHS = {"v": HL7}
"""The prefix of HL7's namespace in all paths."""


def extensions_of(element: etree._Element, template: str) -> list[str]:
    """The extensions with which an element claims a template, empty for one without; no entry when it does not."""
    stated = element.findall("v:templateId", PATHS)
    return [one.get("extension") or "" for one in stated if one.get("root") == template]


@dataclass(slots=True)
class Found:
    """Collects while a document is read; `places` has the lines of each subject in the order of the document."""

    faults: list[Placed] = field(default_factory=list)
    places: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    not_read: list[str] = field(default_factory=list)

    def at(self, subject: str, element: etree._Element) -> None:
        """Remember where something stands."""
        self.places[subject].append(_place(element))

    def extension(self, element: etree._Element, subject: str) -> str | None:
        """What an id says, remembered as the place of its subject; None, and a fault, where it cannot be printed."""
        self.places[subject] = [_place(element)]
        value = element.get("extension") or ""
        if value.isprintable():
            return value
        message = f"{subject}: expected letters and digits, got characters that cannot be printed."
        self.fault(findings.FIELD_UNREADABLE, element, subject, message, "Correct the id; it was left out.")
        return None

    def fault(
        self, kind: FindingKind, element: etree._Element, subject: str, message: str, remedy: str, *rulings: Ruling
    ) -> None:
        """Remember what is wrong at an element."""
        self.told(kind.about(subject, message, remedy, *rulings), element)

    def told(self, finding: Finding, element: etree._Element) -> None:
        """Remember a finding about an element."""
        self.faults.append(Placed(finding, _place(element)))

    def not_once(self, element: etree._Element, subject: str, what: str, count: int) -> None:
        """Remember that something is not there exactly once."""
        message = f"Expected {what} once, got {count or 'none'}."
        self.fault(findings.PART_NOT_ONCE, element, subject, message, "Make the file anew by the guide of its year.")

    def check_extension(self, element: etree._Element, template: str, expected: str) -> None:
        """Remember a template that is claimed with another extension than the guides ask for."""
        stated = extensions_of(element, template)
        if stated != [expected]:
            message = f'Template {template}: expected the extension "{expected}", got {in_words(stated)}.'
            remedy = "Make the file anew by the guide of its year."
            self.fault(findings.TEMPLATE_OTHER, element, "template", message, remedy)


def in_words(extensions: list[str]) -> str:
    """The first extension if it is a day, as versions are; any other text of a document stays in it."""
    if not extensions or not extensions[0]:
        return "nothing"
    return f'"{extensions[0]}"' if fullmatch(r"\d{4}-\d{2}-\d{2}", extensions[0], ASCII) else "another text"


def _place(element: etree._Element) -> str:
    return f"line {element.sourceline}, {etree.QName(element).localname}"
