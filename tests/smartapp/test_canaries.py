"""Where names, numbers and words of patients may stand, and where never: every text that FHIR allows has a canary.

What the product prints and logs holds none of them. Reports and exports hold resource ids, which an auditor needs to
open a case. The tables of a run hold record numbers, too, where a reference or a copy is told by one: they are the
practice's own and never leave the run's folder.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from canaries import Canaries, as_lines, damaged, practice
from click.testing import CliRunner

from smartapp import paths
from smartapp.cli import main

ROOT = Path(__file__).parents[2]
BORN, BEGINNING_OF_DOCUMENT = "1931-01-17", "PENsaW5pY2FsRG9jdW1lbnQ"
AGGREGATES = ("submission.json", "score.json", "tallies.json", "attestations.json", "run.json", "site.json")
SHOWN = ("report.html", "cases.csv")

CANARY = re.compile("Zq[0-9]{5}qz")
IDENTIFIERS, CODES, STATUS, IDS = "identifier", "code or its text", "status", "id"
HELD: Mapping[str, frozenset[str]] = {
    "event.parquet": frozenset({IDS, IDENTIFIERS, CODES, STATUS}),
    "current_directory.parquet": frozenset({IDS, IDENTIFIERS, CODES}),
    "reference.parquet": frozenset({IDS, IDENTIFIERS}),
    "cases.parquet": frozenset({IDS, IDENTIFIERS}),
    "case_name.parquet": frozenset({IDS, IDENTIFIERS}),
    "incoming_context.parquet": frozenset({IDS, IDENTIFIERS}),
    "received_context.parquet": frozenset({IDS, IDENTIFIERS}),
    "utc_day.parquet": frozenset({IDS, IDENTIFIERS}),
    "case_evidence.parquet": frozenset({IDS, IDENTIFIERS}),
    "current_place.parquet": frozenset({IDS}),
    "resource.parquet": frozenset({IDS}),
    "unattributed.parquet": frozenset({IDS}),
}
"""What the tables of a run may hold beside codes and days. A table that is not named holds none of it."""


_CODED = re.compile(r"(Medication|ServiceRequest)\.code\.|MedicationRequest\.medicationCodeableConcept\.")


def sort_of(place: str) -> str:
    """The sort of text that a canary is, by its place."""
    if place in (IDS, STATUS):
        return place
    if place == "medication.text" or _CODED.match(place):
        return CODES
    names = place.replace("masterIdentifier", "identifier").split(".")
    return IDENTIFIERS if place.endswith("by identifier") or names[-2:-1] == ["identifier"] else place


@dataclass(frozen=True)
class Left:
    """Everything that the verbs left: what they printed and logged, and every file, as text."""

    canaries: Canaries
    printed: dict[str, str]
    files: dict[Path, str]

    def sorts_in(self, text: str) -> set[str]:
        return {sort_of(self.canaries.places[canary]) for canary in set(CANARY.findall(text))}

    def named(self, *names: str) -> dict[Path, str]:
        return {path: text for path, text in self.files.items() if path.name in names}


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage() + str(record.exc_info or ""))


def _pi180(*words: str | Path) -> str:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code in (0, 2, 4, 7, 8), done.exception
    return done.output + str(done.exception or "")


def _as_text(file: Path) -> str:
    return str(pq.read_table(file).to_pylist()) if file.suffix == ".parquet" else file.read_text(encoding="utf-8")


def _bad_profile(root: Path) -> Path:
    """A profile that reads a note where it should read a day, so that every order is set aside."""
    text = (ROOT / "extractors" / "profiles" / "generic.toml").read_text()
    path = root / "odd-profile.toml"
    path.write_text(text.replace('occurred = "authoredOn"', 'occurred = "note.text"'))
    return path


def _verbs(root: Path) -> Iterator[tuple[str, str]]:
    whole, broken = root / "whole", root / "broken"
    answers = paths.fixture("solo-2026") / "attestations.toml"
    source = ("--from", whole, "--year", "2026")
    yield "extract", _pi180("extract", *source, "--out", root / "extracted")
    yield "extract --json", _pi180("extract", *source, "--json")
    yield "run", _pi180("run", *source, "--attestations", answers, "--out", root / "out")
    yield "run --json", _pi180("run", *source, "--attestations", answers, "--out", root / "again", "--json")
    damaged_source = ("--from", broken, "--year", "2026", "--attestations", answers)
    yield "run on damage", _pi180("run", *damaged_source, "--out", root / "damaged")
    yield "extract on damage", _pi180("extract", "--from", broken, "--year", "2026", "--json")
    for measure in ("PI_EP_1", "PI_EP_2", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1"):
        yield f"explain {measure}", _pi180("explain", root / "out", measure)
    yield "explain a case", _pi180("explain", root / "out", "MedicationRequest/told")
    yield "explain what is no case", _pi180("explain", root / "out", "Patient/p")
    yield "diff", _pi180("diff", root / "out", root / "damaged")
    yield "attest", _pi180("attest", "--new", root / "new.toml", "--year", "2026")
    yield "a bad profile", _pi180("extract", *source, "--profile", _bad_profile(root), "--json")
    (root / "site.toml").write_text('zone = "Mars/Olympus"\n')
    yield "a bad site", _pi180("extract", *source, "--site", root / "site.toml")
    yield "patients as settings", _pi180("extract", *source, "--site", whole / "all.ndjson")
    yield "patients as profile", _pi180("extract", *source, "--profile", whole / "all.ndjson")
    yield "patients as answers", _pi180("run", *source, "--attestations", whole / "all.ndjson", "--out", root / "o")
    yield "patients as a submission", _pi180("score", whole / "all.ndjson")


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    root, canaries, log = tmp_path_factory.mktemp("canaries"), Canaries(), _Log()
    lines = as_lines(practice(canaries))
    for name in ("whole", "broken"):
        (root / name).mkdir()
    (root / "whole" / "all.ndjson").write_bytes(lines)
    (root / "broken" / "all.ndjson").write_bytes(lines + b"\n".join(damaged(canaries)))
    logger = logging.getLogger()
    level = logger.level
    logger.addHandler(log)
    logger.setLevel(logging.DEBUG)
    try:
        printed = dict(_verbs(root))
    finally:
        logger.removeHandler(log)
        logger.setLevel(level)
    kept = [file for place in ("extracted", "out", "again", "damaged") for file in (root / place).rglob("*")]
    printed["the log"] = "\n".join(log.said)
    return Left(canaries, printed, {file: _as_text(file) for file in kept if file.is_file()})


LISTS_IDS = ("explain a case", "diff", "extract", "extract --json", "run", "run on damage", "extract on damage")
"""What names records one by one: a case, a difference, and what has no NPI or TIN."""


def test_nothing_printed_or_logged_holds_a_name_a_number_or_a_word_of_a_patient(left: Left) -> None:
    found = {verb: left.sorts_in(text) - ({IDS} if verb in LISTS_IDS else set()) for verb, text in left.printed.items()}
    assert {verb: sorts for verb, sorts in found.items() if sorts} == {}


def test_every_verb_that_was_asked_for_printed_something(left: Left) -> None:
    assert [verb for verb, text in left.printed.items() if not text.strip() and verb != "the log"] == []
    assert "set aside" in left.printed["run on damage"]
    assert "expected a FHIR date, got" in left.printed["a bad profile"]


def test_aggregates_hold_not_even_the_id_of_a_resource(left: Left) -> None:
    files = left.named(*AGGREGATES)
    assert {path.name for path in files} == set(AGGREGATES)
    assert {path.name: left.sorts_in(text) for path, text in files.items() if left.sorts_in(text)} == {}


def test_the_report_and_the_cases_hold_ids_and_no_more(left: Left) -> None:
    files = left.named(*SHOWN)
    assert {path.name: left.sorts_in(text) for path, text in files.items()} == {name: {IDS} for name in SHOWN}


def test_the_tables_of_a_run_hold_what_is_told_and_no_more(left: Left) -> None:
    tables = {path: text for path, text in left.files.items() if path.suffix == ".parquet"}
    beyond = {path.name: left.sorts_in(text) - HELD.get(path.name, set()) for path, text in tables.items()}
    assert {name: sorts for name, sorts in beyond.items() if sorts} == {}
    assert left.sorts_in(next(text for path, text in tables.items() if path.name == "event.parquet")) >= {IDENTIFIERS}


def test_no_birth_date_and_no_document_stands_anywhere(left: Left) -> None:
    everything = [*left.printed.values(), *left.files.values()]
    assert [text for text in everything if BORN in text or BEGINNING_OF_DOCUMENT in text] == []


def test_canaries_stand_in_names_addresses_numbers_narrative_and_notes() -> None:
    canaries = Canaries()
    practice(canaries)
    places = set(canaries.places.values())
    wanted = {"Patient.name.family", "Patient.address.line", "Patient.telecom.value", "Patient.identifier.value"}
    wanted |= {
        "Patient.text",
        "Patient.extension.url",
        "MedicationRequest.note.text",
        "Patient.contact.name.text",
    }
    wanted |= {"Encounter.contained.name", "DocumentReference.content.attachment.title", "Practitioner.name.given"}
    wanted |= {"C-CDA recordTarget", "MedicationRequest.subject.display", "Communication.payload.contentString"}
    assert wanted - places == set()
