"""Every kind of odd input, what becomes of it, and that the good lines around it count."""

import gzip
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from extractors.cases import derive
from extractors.decode import MAXIMUM_LINE
from extractors.engine.local import LocalEngine
from extractors.events import Extract, extract
from extractors.ledger import quarantine_of
from extractors.sources.folder import FileRecord, Folder
from tests.extractors.odd_input import ODDITIES, Odd, file_of
from tests.extractors.practice import GENERIC, OPEN, lines, prescription, staff


@dataclass(frozen=True)
class Outcome:
    """What one reading of all odd inputs gave."""

    extract: Extract
    records: dict[str, FileRecord]
    members: dict[str, str]
    """How each order is counted in PI_EP_1, by its key: in (dated within the period) or undecided."""
    keys: dict[str, list[str]]
    """The keys of the resources of each file."""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    root = tmp_path_factory.mktemp("odd")
    for odd in ODDITIES:
        (root / odd.name).write_bytes(file_of(odd))
    folder = Folder(root)
    found = extract([*lines(staff()), *folder.lines()], GENERIC, OPEN.zone_info)
    with LocalEngine() as engine:
        derive(found, OPEN, engine)
        members = {row["focus"]: _member(row) for row in engine.rows("cases") if row["measure"] == "PI_EP_1"}
    keys: dict[str, list[str]] = {}
    for row in found.resources:
        keys.setdefault(row["file"], []).append(row["key"])
    return Outcome(found, {record.file: record for record in folder.records}, members, keys)


def _member(row: dict[str, Any]) -> str:
    within = row["occurred"] is not None and row["occurred"] >= "2026-01-01" and row["occurred_to"] <= "2026-06-29"
    return "counted" if row["member"] == "yes" and within and row["npi"] else "undecided"


def good(odd: Odd, place: str) -> str:
    return f"MedicationRequest/{odd.name}-{place}"


EVERY = pytest.mark.parametrize("odd", ODDITIES, ids=lambda odd: odd.name)


@pytest.mark.requirement("R66", "R67", "R69")
@EVERY
def test_the_good_lines_around_an_odd_one_count(outcome: Outcome, odd: Odd) -> None:
    found = {place for place in ("before", "after") if outcome.members.get(good(odd, place)) == "counted"}
    assert found == {"before", "after"} - set(odd.lost)


@pytest.mark.requirement("R67", "R69")
@EVERY
def test_an_odd_line_is_counted_or_undecided_or_neither(outcome: Outcome, odd: Odd) -> None:
    own = [key for key in outcome.keys.get(odd.name, []) if key not in (good(odd, "before"), good(odd, "after"))]
    expected = [odd.becomes] if odd.becomes in ("counted", "undecided") else []
    assert [outcome.members.get(key) for key in own] == expected


@EVERY
def test_what_is_set_aside_bears_its_line_and_reason(outcome: Outcome, odd: Odd) -> None:
    rows = [row for row in quarantine_of(outcome.extract).rows if row["file"] == odd.name]
    expected = [odd.at] if odd.becomes == "set aside" else []
    assert [row["line"] for row in rows] == expected
    assert [row["reason"] for row in rows if not (odd.reason and row["reason"].startswith(odd.reason))] == []


@EVERY
def test_what_is_not_read_is_counted_by_what_it_is(outcome: Outcome, odd: Odd) -> None:
    counted = {what: number for (file, what), number in outcome.extract.not_read.items() if file == odd.name}
    assert counted == ({odd.not_read_as: 1} if odd.becomes == "not read" else {})


@EVERY
def test_the_record_of_its_file_says_what_became_of_it(outcome: Outcome, odd: Odd) -> None:
    assert outcome.records[odd.name].state == odd.state


@pytest.mark.requirement("R66")
def test_nothing_that_was_received_is_lost_without_a_trace(outcome: Outcome) -> None:
    """R72: every line of every file is a resource, or set aside, or counted as not read."""
    found = outcome.extract
    accounted = Counter(row["file"] for row in (*found.resources, *found.quarantine))
    accounted.update({file: number for (file, _), number in found.not_read.items()})
    assert {file: record.lines for file, record in outcome.records.items() if record.lines} == {
        file: number for file, number in accounted.items() if file != "export.ndjson"
    }


def test_no_content_of_an_odd_line_stands_in_a_reason(outcome: Outcome) -> None:
    reasons = " ".join(row["reason"] for row in outcome.extract.quarantine)
    assert [word for word in ("Patient/p", "979492", "entered-in-error", "José", "Gateway") if word in reasons] == []


def test_so_much_set_aside_gives_no_score(outcome: Outcome) -> None:
    assert quarantine_of(outcome.extract).over_limit


def test_a_line_over_the_limit_is_set_aside_alike_however_its_file_is_packed(tmp_path: Path) -> None:
    whole = b'{"a":"' + b"x" * (MAXIMUM_LINE + 5000) + b'"}\n'
    for name, data in (("packed", gzip.compress(whole)), ("plain", whole), ("within", ORDER + b"\n" + whole + ORDER)):
        (tmp_path / name).write_bytes(data)
    found = extract(Folder(tmp_path).lines(), GENERIC, OPEN.zone_info)
    assert len(found.quarantine) == 3
    assert len({row["hash"] for row in found.quarantine}) == 1


ORDER = json.dumps(prescription()).encode()
