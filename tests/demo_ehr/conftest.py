from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from flask import Flask

from smartapp import paths
from smartapp.demo_ehr import DemoClient, Faults, create_demo_ehr
from tests.demo_ehr.signing_in import BASE, BASIC, POST, PUBLIC, Time


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def build(clock: Time, faults: Faults) -> Callable[..., Flask]:
    def building(scenario: Path | None = None, clients: Sequence[DemoClient] = (PUBLIC, BASIC, POST)) -> Flask:
        return create_demo_ehr(scenario or paths.fixture("solo-2026"), BASE, clients, faults, clock)

    return building


@pytest.fixture
def ehr(build: Callable[..., Flask]) -> Flask:
    return build()
