"""The first score without an export: read over the demo EHR, counted like an export, and stopped by any gap."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import responses
from flask import Flask

from extractors.directory import TYPES
from extractors.gateway import ONCE, Credential, Gateway
from extractors.profile import load_profile
from extractors.site import load_site
from extractors.sources.search import LiveServer, WrongPatient
from extractors.vocabulary import EventKind
from scoring.model import Period
from scoring.rulebook import load
from smartapp import paths
from smartapp.demo_ehr import Faults, create_demo_ehr
from smartapp.kept.archive import latest, open_score
from smartapp.long_work import Paused
from smartapp.reading.own_patients import Panel, ReadingStopped, read_own_patients
from smartapp.smart.scopes import granted
from smartapp.usecases import Source
from smartapp.usecases import read as read_source
from tests.demo_ehr.signing_in import BASE, FHIR, PUBLIC, READ_ALL, signed_in
from tests.smartapp.ehr_bridge import serve

NPI, YEAR = "1234567893", 2026
WHOLE_YEAR = Period(date(YEAR, 1, 1), date(YEAR, 12, 31))
SOLO = paths.fixture("solo-2026")
FEW = tuple(f"sample-{number:03}" for number in range(1, 13))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def few_patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve patients of the synthetic practice with all that belongs to them."""
    folder = tmp_path_factory.mktemp("few")
    for file in SOLO.glob("*.ndjson"):
        lines = file.read_text(encoding="utf-8").splitlines()
        (folder / file.name).write_text("".join(f"{line}\n" for line in lines if belongs(line)), encoding="utf-8")
    return folder


def belongs(line: str) -> bool:
    of_nobody = json.loads(line)["resourceType"] in ("Organization", "Practitioner", "PractitionerRole", "Provenance")
    return of_nobody or any(f'{patient}"' in line for patient in FEW)


@dataclass
class Ehr:
    app: Flask
    faults: Faults
    told: list[tuple[int, int]]

    def server(self, scope: str = READ_ALL) -> LiveServer:
        return LiveServer(FHIR, Gateway(patience=ONCE), Bearer(signed_in(self.app, scope)["access_token"]))

    def panel(self, tmp_path: Path, scope: str = READ_ALL) -> Panel:
        return Panel(
            user="Practitioner/internist",
            npi=NPI,
            pages=tmp_path / "pages",
            site=load_site(SOLO / "site.toml"),
            profile=load_profile("generic"),
            granted=granted(scope),
            year=YEAR,
            runs=tmp_path / "runs",
            tell=lambda done, total: self.told.append((done, total)),
            now=NOW,
        )


class Bearer:
    def __init__(self, token: str) -> None:
        self._token = token

    def credential(self, refused: Credential | None = None) -> Credential:
        assert refused is None
        return Credential(f"Bearer {self._token}", FHIR)


@pytest.fixture
def ehr(few_patients: Path) -> Iterator[Ehr]:
    faults = Faults()
    app = create_demo_ehr(few_patients, BASE, [PUBLIC], faults)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        serve(wire, app, BASE)
        yield Ehr(app, faults, [])


def stop_at(number: int, panel: Panel) -> Panel:
    """The same reading, stopped when so many patients are read."""

    def tell(done: int, total: int) -> None:
        panel.tell(done, total)
        if done == number:
            raise Paused

    return replace(panel, tell=tell)


def patients_asked(ehr: Ehr, since: int = 0) -> list[str]:
    return [seen.query["patient"] for seen in ehr.faults.seen[since:] if seen.path == "/fhir/Immunization"]


@pytest.mark.requirement("R116")
def test_her_own_patients_read_live_count_like_the_export_also_when_the_reading_was_broken_off(
    ehr: Ehr, few_patients: Path, tmp_path: Path
) -> None:
    ehr.faults.watching = True
    with pytest.raises(Paused):
        read_own_patients(ehr.server(), stop_at(9, ehr.panel(tmp_path)))
    read, since = patients_asked(ehr), len(ehr.faults.seen)
    run = read_own_patients(ehr.server(), ehr.panel(tmp_path))
    with read_source(Source(few_patients, SOLO / "site.toml"), load(YEAR), WHOLE_YEAR) as exported:
        expected = [tally for tally in exported.tallies if tally.npi == NPI]

    assert (len(read), len(patients_asked(ehr, since))) == (9, len(FEW) - 9)
    assert sorted({*read, *patients_asked(ehr, since)}) == list(FEW)
    assert {tally.measure for tally in expected} >= {"PI_EP_1", "PI_EP_2", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1"}
    assert sum(tally.denominator for tally in expected) > 40
    (kept,) = latest(tmp_path / "runs", NPI)
    with open_score(kept.place) as scored:
        assert [tally for tally in scored.reading.tallies if tally.npi == NPI] == expected
        assert scored.score.gate_shut
    assert kept.place.is_relative_to(run)


def test_the_pages_are_removed_and_the_progress_is_told_to_the_end(ehr: Ehr, tmp_path: Path) -> None:
    read_own_patients(ehr.server(), ehr.panel(tmp_path))

    assert not (tmp_path / "pages").exists()
    assert ehr.told[0] == (0, len(FEW))
    assert ehr.told[-1] == (len(FEW), len(FEW))


@pytest.mark.parametrize(
    ("kind", "status", "after"),
    [("MedicationRequest", 500, 5), ("Task", 403, 3), ("Encounter", 500, 0), ("PractitionerRole", 500, 0)],
)
def test_what_cannot_be_read_whole_stops_the_reading_and_leaves_nothing(
    ehr: Ehr, tmp_path: Path, kind: str, status: int, after: int
) -> None:
    ehr.faults.add("fhir", status=status, resource_type=kind, after=after)

    with pytest.raises(ReadingStopped, match=kind):
        read_own_patients(ehr.server(), ehr.panel(tmp_path))
    assert not (tmp_path / "pages").exists()
    assert not (tmp_path / "runs").exists()


def test_a_type_that_was_not_granted_is_not_asked_for_and_reads_as_not_shown(ehr: Ehr, tmp_path: Path) -> None:
    types = ("Encounter", "MedicationRequest", "ServiceRequest", "Patient", "Practitioner", "PractitionerRole",
        "DocumentReference", "Communication", "Provenance", "Organization")  # fmt: skip
    scope = " ".join(["launch", "openid", "fhirUser", *(f"user/{name}.rs" for name in types)])
    read_own_patients(ehr.server(scope), ehr.panel(tmp_path, scope))

    assert not [seen for seen in ehr.faults.seen if seen.path == "/fhir/Task"]
    (kept,) = latest(tmp_path / "runs", NPI)
    with open_score(kept.place) as scored:
        assert "Task" not in {row["type"] for row in scored.reading.ledger}


@pytest.mark.requirement("R23")
def test_another_patients_record_stops_the_reading(ehr: Ehr, tmp_path: Path) -> None:
    def of_somebody_else(page: dict[str, Any]) -> dict[str, Any]:
        for entry in page.get("entry", []):
            if entry["resource"]["resourceType"] == "Encounter":
                entry["resource"]["subject"] = {"reference": "Patient/sample-200"}
        return page

    ehr.faults.add("fhir", change=of_somebody_else, resource_type="Encounter", after=4)
    with pytest.raises(WrongPatient):
        read_own_patients(ehr.server(), ehr.panel(tmp_path))
    assert not (tmp_path / "runs").exists()


def test_a_clinician_with_nothing_on_record_gets_no_score(ehr: Ehr, tmp_path: Path) -> None:
    with pytest.raises(ReadingStopped, match="nothing of yours"):
        read_own_patients(ehr.server(), replace(ehr.panel(tmp_path), user="Practitioner/office-staff"))


@pytest.mark.requirement("R22", "R72")
@pytest.mark.parametrize("ungranted", ["Provenance", "Task", "Communication"])
def test_what_was_not_granted_is_unknown_although_the_site_vouches_that_absence_proves(
    ehr: Ehr, tmp_path: Path, ungranted: str
) -> None:
    types = {*load_profile("generic").selectors, *TYPES} - {ungranted}
    scope = " ".join(["launch", "openid", "fhirUser", *(f"user/{name}.rs" for name in sorted(types))])
    kinds = frozenset({EventKind.PRESCRIPTION_TRANSMITTED, EventKind.RECEIPT_CONFIRMED})
    panel = ehr.panel(tmp_path, scope)
    read_own_patients(ehr.server(scope), replace(panel, site=replace(panel.site, closed_world=kinds)))
    (kept,) = latest(tmp_path / "runs", NPI)
    with open_score(kept.place) as scored:
        assert scored.reading.site.closed_world.isdisjoint(
            kind for kind in kinds if any(s.resource == ungranted for s in panel.profile.carriers(kind))
        )


WITHOUT_DAYS = """
name = "no-days"
version = "1"
about = "a server that does not search orders by day"
extends = "generic"
search = { never_send = ["MedicationRequest.authoredon", "ServiceRequest.authored"] }
"""


@pytest.mark.case(98)
def test_a_parameter_that_the_server_does_not_have_is_never_sent_and_the_days_are_sorted_out_afterwards(
    ehr: Ehr, tmp_path: Path
) -> None:
    ehr.faults.watching = True
    (tmp_path / "no-days.toml").write_text(WITHOUT_DAYS)
    profile = load_profile(str(tmp_path / "no-days.toml"))
    read_own_patients(ehr.server(), ehr.panel(tmp_path))
    kept, sent = latest(tmp_path / "runs", NPI)[0], len(ehr.faults.seen)
    with open_score(kept.place) as scored:
        expected = scored.reading.tallies
    patients = ehr.told[-1]

    read_own_patients(ehr.server(), replace(ehr.panel(tmp_path), profile=profile, runs=tmp_path / "again"))

    asked = [seen.query for seen in ehr.faults.seen[sent:]]
    assert any("requester" in query for query in asked)
    assert not {"authoredon", "authored"} & {name for query in asked for name in query}
    assert ehr.told[-1] == patients
    (again,) = latest(tmp_path / "again", NPI)
    with open_score(again.place) as scored:
        assert scored.reading.tallies == expected


@pytest.mark.case(98)
def test_where_nobody_is_found_by_clinician_the_reading_stops_before_anything_is_asked(
    ehr: Ehr, tmp_path: Path
) -> None:
    ehr.faults.watching = True
    server = ehr.server()
    before = len(ehr.faults.seen)
    with pytest.raises(ReadingStopped, match=r"oracle-health: this server does not search by Encounter\.participant"):
        read_own_patients(server, replace(ehr.panel(tmp_path), profile=load_profile("oracle-health")))
    assert len(ehr.faults.seen) == before
