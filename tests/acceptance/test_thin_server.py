"""The scenario thin-server: what has US Core and no more shows denominators; every numerator is unknown, never zero."""

import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import responses

from extractors.cases import Tally
from extractors.gateway import ONCE, Gateway
from extractors.ledger import Sight
from extractors.profile import load_profile
from extractors.site import load_site
from extractors.sources.search import LiveServer
from extractors.vocabulary import EventKind
from scoring.model import Period
from scoring.rulebook import load
from smartapp.attesting.attestations import read_attestations
from smartapp.demo_ehr import Faults, create_demo_ehr
from smartapp.demo_ehr.search_parameters import Kind
from smartapp.kept.archive import latest, open_score
from smartapp.opened.evidence import case_rows
from smartapp.reading.own_patients import Panel, read_own_patients
from smartapp.reading.patient import PatientView, Reads, patient_view
from smartapp.report.pages import render
from smartapp.scored import Scored, score_reading
from smartapp.smart.scopes import granted
from smartapp.usecases import Reading, Source, read
from tests.demo_ehr.signing_in import BASE, FHIR, PUBLIC, READ_ALL, get, signed_in
from tests.smartapp.chart import Bearer
from tests.smartapp.ehr_bridge import serve

FIXTURES = Path(__file__).parents[2] / "fixtures" / "fhir"
THIN = FIXTURES / "thin-server"
EXPECT: Mapping[str, Any] = tomllib.loads((THIN / "expect.toml").read_text())
PERIODS = {p["name"]: Period(p["start"], p["end"]) for p in EXPECT["period"]}
TIN, NPI, RULES = EXPECT["tin"], EXPECT["npi"], load(2026)
MEASURES = frozenset({"PI_EP_1", "PI_EP_2", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1"})
NUMERATORS = (
    EventKind.PRESCRIPTION_TRANSMITTED,
    EventKind.PDMP_QUERIED,
    EventKind.SUMMARY_SENT,
    EventKind.RECEIPT_CONFIRMED,
    EventKind.SUMMARY_RECEIVED,
    EventKind.MEDICATIONS_RECONCILED,
    EventKind.ALLERGIES_RECONCILED,
    EventKind.PROBLEMS_RECONCILED,
    EventKind.ACCESS_VDT,
    EventKind.ACCESS_API,
)
NOT_READABLE = {"PI_EP_1", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1"}
SEEN = date(2026, 11, 20)

Place = tuple[str, str, str | None]


def counts(row: Mapping[str, Any] | Tally) -> tuple[int, ...]:
    names = ("denominator", "met", "unknown", "undecided")
    return tuple(row[name] if isinstance(row, Mapping) else getattr(row, name) for name in names)


def of_measures(tallies: Iterable[Tally]) -> list[Tally]:
    """Those of the measures themselves, without the counts behind exclusions."""
    return [tally for tally in tallies if tally.measure in MEASURES]


def expected(period: str) -> dict[Place, tuple[int, ...]]:
    rows = [cell for cell in EXPECT["cell"] if cell["period"] == period]
    return {(c["measure"], c["variant"], NPI if c["reporter"] == "npi" else None): counts(c) for c in rows}


@pytest.fixture(scope="module", params=PERIODS)
def reading(request: pytest.FixtureRequest) -> Iterator[tuple[str, Reading]]:
    with read(Source(THIN, THIN / "site.toml"), RULES, PERIODS[request.param]) as found:
        yield request.param, found


@pytest.fixture(scope="module")
def attested() -> Iterator[Reading]:
    with read(Source(THIN, THIN / "site.toml"), RULES, PERIODS["attested"]) as found:
        yield found


def scored(found: Reading, file: str = "attestations.toml") -> Scored:
    return score_reading(found, read_attestations(THIN / file, RULES))


def test_making_the_scenario_again_gives_the_same_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-B", str(FIXTURES / "make_thin_server.py"), str(tmp_path)], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {p.name: p.read_bytes() for p in THIN.iterdir() if p.name in made or p.suffix == ".ndjson"}
    assert {name for name in made if made[name] != kept.get(name)} == set()
    assert kept.keys() == made.keys()


def test_every_tally_is_what_the_books_say(reading: tuple[str, Reading]) -> None:
    period, found = reading
    assert {(t.measure, t.variant, t.npi): counts(t) for t in of_measures(found.tallies)} == expected(period)
    assert {t.tin for t in found.tallies} == {TIN}


def test_every_numerator_is_unknown_and_none_is_zero(reading: tuple[str, Reading]) -> None:
    for tally in of_measures(reading[1].tallies):
        assert tally.met == 0
        assert tally.unknown == tally.denominator
        assert tally.unknown + tally.undecided > 0


def test_no_case_is_said_to_be_not_met(attested: Reading) -> None:
    answers = {case["met"] for case in attested.engine.rows("cases") if case["measure"] in MEASURES}
    assert answers == {"unknown"}


@pytest.mark.parametrize("kind", NUMERATORS)
def test_the_source_is_said_not_to_show_a_fact_that_numerators_need(attested: Reading, kind: EventKind) -> None:
    assert attested.sights[kind] in (Sight.NOT_MATCHED, Sight.NOT_RECEIVED)


def test_a_provenance_that_names_a_transmitter_is_no_transmission(attested: Reading) -> None:
    assert (THIN / "Provenance.ndjson").read_text().count('"code":"transmitter"') > 20
    assert attested.sights[EventKind.PRESCRIPTION_TRANSMITTED] is Sight.NOT_MATCHED


def test_no_type_that_us_core_lacks_is_among_what_was_received(attested: Reading) -> None:
    received = {row["type"] for row in attested.ledger if row["state"] == "read"}
    assert received.isdisjoint({"Task", "Communication", "AuditEvent", "Consent"})


@pytest.mark.parametrize("row", EXPECT["not_counted"])
def test_a_resource_that_must_not_count_is_no_case(attested: Reading, row: str) -> None:
    keys = set(EXPECT["not_counted"][row])
    assert keys <= attested.places.keys()
    assert keys & {case["focus"] for case in attested.engine.rows("cases")} == set()


def test_the_score_is_a_range_and_not_a_zero(attested: Reading) -> None:
    score = scored(attested).score
    lines = {str(line.measure): line for line in score.lines}
    assert {name for name, line in lines.items() if line.earned is None} == {
        "PI_EP_1",
        "PI_HIE_1",
        "PI_HIE_4",
        "PI_PEA_1",
    }
    assert (score.determinable, score.gate_shut) == (False, False)
    assert (score.before_gate, score.up_to) == (40, 100)


def test_the_report_says_what_this_source_does_not_show(attested: Reading) -> None:
    found = scored(attested)
    page = render(found, case_rows(found.reading))
    assert "cannot be read from this server" in page
    assert page.count("Not determinable: none of") == 3
    for kind in ("prescription-transmitted", "receipt-confirmed", "summary-received", "access-api"):
        assert any(f"{kind}: {sight}" in page for sight in (Sight.NOT_MATCHED, Sight.NOT_RECEIVED))


def test_totals_of_the_ehrs_report_stand_in_and_are_named_as_such(attested: Reading) -> None:
    found = scored(attested, "attestations-reported.toml")
    assert found.score.determinable
    assert {str(p.origin) for p in found.submission.proportions.values()} == {"from the EHR's report"}
    assert [tally.met for tally in found.tallies.values() if tally] == [0, 0, 0]


def live(tmp_path: Path, faults: Faults) -> tuple[list[Tally], list[str]]:
    """Her tallies as read patient by patient over the demo EHR, and the paths that were asked for."""
    app = create_demo_ehr(THIN, BASE, [PUBLIC], faults)
    panel = Panel(
        user="Practitioner/internist", npi=NPI, pages=tmp_path / "pages", site=load_site(THIN / "site.toml"),
        profile=load_profile("generic"), granted=granted(READ_ALL), year=2026, runs=tmp_path / "runs",
        tell=lambda *_: None, now=datetime(2026, 11, 21, tzinfo=UTC),
    )  # fmt: skip
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        serve(wire, app, BASE)
        read_own_patients(
            LiveServer(FHIR, Gateway(patience=ONCE), Bearer(signed_in(app, READ_ALL)["access_token"])), panel
        )
    (kept,) = latest(tmp_path / "runs", NPI)
    with open_score(kept.place) as found:
        tallies = [tally for tally in found.reading.tallies if tally.npi == NPI]
    return tallies, [one.query["_id"] for one in faults.saw("fhir") if one.path == "/fhir/Patient"]


def ignoring_dates() -> Faults:
    faults = Faults()
    faults.add("fhir", unheeded=Kind.DATE)
    return faults


def test_a_server_that_ignores_date_filters_gives_the_tallies_of_the_folder(tmp_path: Path) -> None:
    faults = ignoring_dates()
    tallies, patients = live(tmp_path, faults)

    dated = [one for one in faults.saw("fhir") if {"date", "authoredon", "authored"} & one.query.keys()]
    assert len(dated) > 2
    assert len(patients) == len(set(patients)) == 60
    assert {(t.measure, t.variant, t.npi): counts(t) for t in of_measures(tallies)} == {
        place: cell for place, cell in expected("year").items() if place[2] == NPI
    }


def test_the_dialect_really_ignores_the_dates_and_confirms_them() -> None:
    faults = Faults()
    app = create_demo_ehr(THIN, BASE, [PUBLIC], faults)
    tokens, search = signed_in(app), "/fhir/Encounter?date=ge2026-11-01&status=finished"
    honest = get(app, search, tokens).json
    faults.add("fhir", unheeded=Kind.DATE)
    thin = get(app, search, tokens).json

    assert 0 < honest["total"] < thin["total"]
    assert thin["link"][0] == honest["link"][0]
    assert {entry["resource"]["status"] for entry in thin["entry"]} == {"finished"}


def seen(faults: Faults, patient: str) -> PatientView:
    app = create_demo_ehr(THIN, BASE, [PUBLIC], faults)
    site, profile = load_site(THIN / "site.toml"), load_profile("generic")
    reads = Reads(profile, site, granted(READ_ALL), "Practitioner/internist", None, SEEN)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        serve(wire, app, BASE)
        return patient_view(
            LiveServer(FHIR, Gateway(patience=ONCE), Bearer(signed_in(app)["access_token"])), patient, reads
        )


@pytest.mark.parametrize("patient", ["sample-001", "sample-033"])
def test_this_patient_reads_the_same_whether_dates_are_heeded_or_not(patient: str) -> None:
    heeded, ignored = seen(Faults(), patient), seen(ignoring_dates(), patient)
    assert heeded.tasks == ignored.tasks
    assert heeded.banner == ignored.banner


def test_nothing_of_a_patient_is_certainly_open_where_evidence_cannot_be_seen() -> None:
    items = [item for task in seen(ignoring_dates(), "sample-001").tasks for item in task.items]
    assert items
    assert [item for item in items if item.certain] == []
