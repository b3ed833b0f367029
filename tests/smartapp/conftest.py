import pytest
from report_page import PERIOD, RULES, Shown, report_of, shown

from smartapp import paths
from smartapp.attestations import read_attestations
from smartapp.scored import score_reading
from smartapp.usecases import Source, read


@pytest.fixture(scope="session")
def solo() -> Shown:
    folder = paths.fixture("solo-2026")
    attested = read_attestations(folder / "attestations.toml", RULES)
    with read(Source(folder, folder / "site.toml"), RULES, attested.period or PERIOD) as reading:
        return shown(score_reading(reading, attested))


@pytest.fixture(scope="session")
def prescriptions() -> Shown:
    return report_of(paths.fixture("onc-deck") / "scenario-1" / "rt1")
