from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import responses
from launching import APP, Browser, Registered, Site, site_of, small_practice

from scoring.model import MeasureId, Origin, Proportion
from scoring.rulebook import load
from smartapp import paths
from smartapp.attesting.attestations import Reported, read_attestations
from smartapp.kept.publish import publish
from smartapp.scored import score_reading
from smartapp.usecases import Source, read


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_practice(tmp_path_factory.mktemp("practice") / "records")


@pytest.fixture(scope="session")
def results(practice: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pi180 run --out` leaves for the small practice."""
    out, rules = tmp_path_factory.mktemp("results"), load(2026)
    attested = read_attestations(paths.fixture("solo-2026") / "attestations.toml", rules)
    assert attested.period
    with read(Source(practice, practice / "site.toml"), rules, attested.period) as reading:
        publish(score_reading(reading, attested), out)
    return out


@pytest.fixture(scope="session")
def whole_results(practice: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with totals of the EHR's report for whatever the records do not show, so that there is a score."""
    out, rules = tmp_path_factory.mktemp("whole"), load(2026)
    attested = read_attestations(paths.fixture("solo-2026") / "attestations.toml", rules)
    assert attested.period
    counts = {"PI_EP_1": (940, 1000), "PI_HIE_1": (12, 30), "PI_HIE_4": (27, 38)}
    totals = {
        MeasureId(name): Reported(Proportion(met, of, origin=Origin.REPORTED), "PI report", date(2026, 11, 20))
        for name, (met, of) in counts.items()
    }
    with read(Source(practice, practice / "site.toml"), rules, attested.period) as reading:
        publish(score_reading(reading, replace(attested, reported=totals)), out)
        group = replace(attested, reported=totals, reporter=replace(attested.reporter, npi=None))
        publish(score_reading(reading, group), out)
    return out


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture(scope="session")
def known_sites() -> Iterator[dict[tuple[object, ...], Site]]:
    """The sites of all tests by their settings: setting one up takes longer than most tests."""
    known: dict[tuple[object, ...], Site] = {}
    yield known
    for site in known.values():
        site.service.launches._engine.dispose()


@pytest.fixture
def make_site(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    practice: Path,
    wire: responses.RequestsMock,
    known_sites: dict[tuple[object, ...], Site],
) -> Iterator[Callable[..., Site]]:
    """Sets up the app and its EHRs; `fresh` for a test that spoils more than a launch or writes a run."""
    fresh_ones: list[Site] = []

    def make(
        *registered: Registered,
        fresh: bool = False,
        results: Path | None = None,
        address: str = APP,
        signing: bool = False,
    ) -> Site:
        if fresh:
            made = site_of(tmp_path, practice, wire, *registered, results=results, address=address, signing=signing)
            fresh_ones.append(made)
            return fresh_ones[-1]
        settings = (registered, results, address)
        if settings not in known_sites:
            folder = tmp_path_factory.mktemp("site")
            known_sites[settings] = site_of(folder, practice, wire, *registered, results=results, address=address)
        else:
            known_sites[settings].begin(wire)
        return known_sites[settings]

    yield make
    for site in fresh_ones:
        site.service.launches._engine.dispose()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()
