from pathlib import Path

import pytest
from report_page import PERIOD, RULES, Shown, report_of, shown

from smartapp import paths
from smartapp.attesting.attestations import read_attestations
from smartapp.kept.publish import publish
from smartapp.scored import score_reading
from smartapp.usecases import Source, read


@pytest.fixture(scope="session")
def solo_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shown, Path]:
    """The synthetic practice's score, and the folder to which it was published; nobody may change it."""
    folder, out = paths.fixture("solo-2026"), tmp_path_factory.mktemp("solo")
    attested = read_attestations(folder / "attestations.toml", RULES)
    with read(Source(folder, folder / "site.toml"), RULES, attested.period or PERIOD) as reading:
        scored = score_reading(reading, attested)
        publish(scored, out)
        return shown(scored), out


@pytest.fixture(scope="session")
def solo(solo_run: tuple[Shown, Path]) -> Shown:
    return solo_run[0]


@pytest.fixture(scope="session")
def solo_out(solo_run: tuple[Shown, Path]) -> Path:
    return solo_run[1]


@pytest.fixture(scope="session")
def prescriptions() -> Shown:
    return report_of(paths.fixture("onc-deck") / "scenario-1" / "rt1")
