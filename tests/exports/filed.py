"""Submissions to make files of, the files, and how a test asks for them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from lxml import etree

from scoring.model import Reporter, Submission
from scoring.rulebook import load
from scoring.submission import write
from smartapp.cli import main
from smartapp.exports.checking import Checked, check
from smartapp.exports.qpp_json import read_qpp_json
from smartapp.exports.qrda3.names import HL7
from smartapp.exports.qrda3.reading import read_qrda3
from smartapp.exports.qrda3.versions import versions
from smartapp.exports.qrda3.writing import write_qrda3
from tests.scoring.reported import complete

SAMPLES = Path(__file__).parent / "samples"
MADE = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
PATHS = {"v": HL7}
CODES = [(year, program.code) for year, version in versions().by_year.items() for program in version.programs]
_WHO = {"individual": Reporter("000777777", "1234567893"), "group": Reporter("000777777", None)}


def pi180(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


def reported(year: int, code: str) -> Submission:
    """A complete submission to a program."""
    program = versions().by_year[year].program(code)
    assert program is not None
    who = _WHO.get(program.entity, Reporter(None, None, "X1234"))
    return replace(complete(year), reporter=who, entity_type=program.entity, program=program.name)


def document(submission: Submission | None = None) -> dict[str, Any]:
    """The submission object of QPP JSON."""
    found = submission or complete(2026)
    return write(found, load(found.year))


def xml_of(submission: Submission, code: str) -> str:
    program = versions().by_year[submission.year].program(code)
    assert program is not None
    return write_qrda3(submission, load(submission.year), program, MADE)


def tree() -> etree._Element:
    """A valid document of 2026 to spoil."""
    return etree.fromstring(xml_of(reported(2026, "MIPS_GROUP"), "MIPS_GROUP").encode())


def checked_xml(root: etree._Element | str) -> Checked:
    data = root.encode() if isinstance(root, str) else etree.tostring(root)
    return check(read_qrda3(data))


def checked_json(stated: object) -> Checked:
    return check(read_qpp_json(json.dumps(stated).encode()))


def codes_of(checked: Checked, *severities: str) -> list[str]:
    wanted = severities or ("error", "warning", "note")
    return [one.finding.code for one in checked.found if one.finding.severity in wanted]


def only(root: etree._Element, path: str) -> etree._Element:
    (found,) = root.findall(path, PATHS)
    return found


def organizer(root: etree._Element, measure: str) -> etree._Element:
    """The entry of a measure."""
    (found,) = [one for one in organizers(root) if _measure(one) == measure]
    return found


def organizers(root: etree._Element) -> Iterator[etree._Element]:
    return root.iter(f"{{{HL7}}}organizer")


def _measure(found: etree._Element) -> str | None:
    return only(found, "v:reference/v:externalDocument/v:id").get("extension")


def pi_set(stated: dict[str, Any]) -> dict[str, Any]:
    (found,) = [one for one in stated["measurementSets"] if one["category"] == "pi"]
    return dict(found)
