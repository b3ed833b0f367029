"""J23: one clinic by folder, search, bulk files and SMART session has the same counts, score and fingerprint."""

from pathlib import Path

import pytest
import responses

from extractors.gateway import ONCE, Gateway
from extractors.profile import load_profile
from extractors.site import load_site
from extractors.sources.search import LiveServer
from smartapp.demo_ehr import Faults, create_demo_ehr
from smartapp.kept.differences import differences
from smartapp.reading.own_patients import Panel, read_own_patients
from smartapp.smart.scopes import granted
from tests.bulk.exporter import exporter
from tests.crawl.scripted import scripted
from tests.demo_ehr.signing_in import BASE, FHIR, PUBLIC, READ_ALL, signed_in
from tests.extractors.practice import A as TIN
from tests.extractors.practice import C as NPI
from tests.extractors.practice import Json, organization, practitioner, resource, role
from tests.smartapp.chart import Bearer
from tests.smartapp.ehr_bridge import serve
from tests.smartapp.preflight_server import write
from tests.unattended.nights import MIDNIGHT, Practice, orders, practice

PEOPLE = [organization("a", TIN), practitioner("c", NPI), role("c", "a"), resource("Patient", "p")]
RECORDS = [*PEOPLE, *orders(True, True, False)]


def from_folder(root: Path, records: list[Json]) -> Practice:
    made = practice(root)
    made.export_only(records)
    made.night()
    return made


def by_search(root: Path, records: list[Json]) -> Practice:
    made = practice(root)
    with scripted(records) as server:
        made.reads(server.base, 'patients = "ids.txt"', 'read = "crawl"')
        made.night()
    return made


def in_bulk(root: Path, records: list[Json]) -> Practice:
    made = practice(root)
    with exporter(records) as server:
        made.reads(server.base, 'group = "panel"', 'read = "bulk"')
        made.night()
    return made


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Practice]:
    return [way(tmp_path_factory.mktemp(way.__name__), RECORDS) for way in (from_folder, by_search, in_bulk)]


def run_of(made: Practice) -> Path:
    return made.out / "runs" / made.status()["run"]


@pytest.fixture(scope="module")
def session(three: list[Practice], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the clinician's own patients, read from the demo EHR in her own SMART session."""
    root = tmp_path_factory.mktemp("session")
    app = create_demo_ehr(write(root / "chart", RECORDS), BASE, [PUBLIC], Faults())
    site = load_site(three[0].root / "site.toml")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        serve(wire, app, BASE)
        token = signed_in(app, patient="p", clinician="c")["access_token"]
        server = LiveServer(FHIR, Gateway(patience=ONCE), Bearer(token))
        panel = Panel(
            user="Practitioner/c",
            npi=NPI,
            pages=root / "pages",
            site=site,
            profile=load_profile(site.profile),
            granted=granted(READ_ALL),
            year=2026,
            runs=root / "runs",
            tell=lambda _done, _of: None,
            now=MIDNIGHT,
        )
        return read_own_patients(server, panel)


def test_her_own_session_gives_the_fingerprint_of_the_files_and_no_difference(
    three: list[Practice], session: Path
) -> None:
    assert session.name == three[0].status()["run"]
    assert differences(run_of(three[0]), session).none


def test_each_says_how_it_was_read(three: list[Practice]) -> None:
    assert [made.status()["way"] for made in three] == ["folder", "crawl", "bulk"]


def test_counts_score_and_fingerprint_are_the_same(three: list[Practice]) -> None:
    folder, search, bulk = (made.status() for made in three)

    assert folder["reports"][0]["measures"][0]["denominator"] == 3
    for name in ("run", "reports", "findings", "news", "exit_code"):
        assert folder[name] == search[name] == bulk[name]
    assert len({(made.out / "score.json").read_bytes() for made in three}) == 1
    assert len({(made.out / "submission.json").read_bytes() for made in three}) == 1


def test_diff_finds_nothing_between_any_two(three: list[Practice]) -> None:
    folder, search, bulk = map(run_of, three)

    assert differences(folder, search).none
    assert differences(search, bulk).none


def test_a_differing_resource_is_named(three: list[Practice], tmp_path: Path) -> None:
    other = in_bulk(tmp_path, [*PEOPLE, *orders(True, True, True)])
    found = differences(run_of(three[0]), run_of(other))

    assert [(one.key, one.how) for one in found.resources] == [("Provenance/rx-3-sent", "only in the second")]
    assert {one.measure for one in found.cases} == {"PI_EP_1"}
