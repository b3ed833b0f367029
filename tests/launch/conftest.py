from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest
import responses
from joserfc.jwk import RSAKey
from launching import Browser, Site, site_of, small_practice

from scoring.rulebook import load
from smartapp import paths
from smartapp.attestations import read_attestations
from smartapp.publish import publish
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


@pytest.fixture(scope="session", autouse=True)
def two_keys() -> Iterator[None]:
    """The EHRs of all tests sign with two keys by turns: making one takes a tenth of a second."""
    make = RSAKey.generate_key
    keys = cycle([make(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True) for _ in range(2)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RSAKey, "generate_key", lambda *_, **__: next(keys))
        yield


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def make_site(tmp_path: Path, practice: Path, wire: responses.RequestsMock) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(*registered: object, **more: object) -> Site:
        site = site_of(tmp_path, practice, wire, *registered, **more)  # type: ignore[arg-type]
        made.append(site)
        return site

    yield make
    for site in made:
        site.service.launches._engine.dispose()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()
