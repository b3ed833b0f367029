from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from flask import Flask

from smartapp import paths
from smartapp.demo_ehr import DemoClient, Faults, create_demo_ehr
from tests.demo_ehr.signing_in import BASE, BASIC, POST, PUBLIC, Time


@pytest.fixture(scope="session")
def few_patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine patients of the synthetic practice, and all who work there: for tests that are not about its records."""
    folder = tmp_path_factory.mktemp("few")
    for file in paths.fixture("solo-2026").glob("*.ndjson"):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        staff = file.stem in ("Organization", "Practitioner", "PractitionerRole")
        (folder / file.name).write_text("".join(one for one in lines if staff or "sample-00" in one), encoding="utf-8")
    return folder


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def records() -> Path:
    """What the EHR holds, unless a test says otherwise."""
    return paths.fixture("solo-2026")


@pytest.fixture
def build(records: Path, clock: Time, faults: Faults) -> Callable[..., Flask]:
    def building(scenario: Path | None = None, clients: Sequence[DemoClient] = (PUBLIC, BASIC, POST)) -> Flask:
        return create_demo_ehr(scenario or records, BASE, clients, faults, clock)

    return building


@pytest.fixture
def ehr(build: Callable[..., Flask]) -> Flask:
    return build()
