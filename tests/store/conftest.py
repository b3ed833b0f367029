from collections.abc import Iterator
from pathlib import Path

import pytest

from smartapp.store import Store, Vault, open_store
from tests.store.stores import KEY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder of a server."""
    made = tmp_path / "data"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    made = open_store(folder, Vault(KEY))
    yield made
    made.close()


@pytest.fixture
def file(folder: Path) -> Path:
    return folder / "pi180.sqlite"
