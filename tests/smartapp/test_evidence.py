"""The rows behind a number: one path for the page and the spreadsheet, for a clinician and for a group."""

import json
from datetime import date
from pathlib import Path

from scoring.model import Period
from scoring.rulebook import load
from smartapp.opened.evidence import case_rows, rows_of
from smartapp.usecases import Source, read
from tests.acceptance.deck_rows import FIRST_VISIT, NPIS, Practice

YEAR = Period(date(2024, 1, 1), date(2024, 12, 31))


def test_a_document_can_count_for_the_clinician_and_not_for_the_group(tmp_path: Path) -> None:
    """The patient is new to one clinician and known to her partner (fhir-mapping 15.77)."""
    practice = Practice()
    practice.visit(NPIS[1], "p", "2023-05-01")
    practice.visit(NPIS[0], "p", FIRST_VISIT)
    ccda = [{"attachment": {}, "format": {"code": "urn:hl7-org:sdwg:ccda-structuredBody:2.1"}}]
    document = practice.add("DocumentReference", status="current", subject={"reference": "Patient/p"}, content=ccda)
    practice.state("summary-received", document, NPIS[0])
    (tmp_path / "all.ndjson").write_text("\n".join(map(json.dumps, practice.resources)))
    (tmp_path / "site.toml").write_text("history_from = 2020-01-01")

    with read(Source(tmp_path, tmp_path / "site.toml"), load(2024), YEAR) as reading:
        rows = case_rows(reading)
        tallies = {tally.npi: tally for tally in reading.tallies if tally.measure == "PI_HIE_4"}
        own = list(rows_of(rows, tallies[NPIS[0]]))

    assert (tallies[NPIS[0]].denominator, [row.counts for row in own]) == (1, ["counts"])
    assert None not in tallies
    assert [row.counts_in_group for row in rows if row.measure == "PI_HIE_4"] == ["left out"]
