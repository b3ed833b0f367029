import pytest

from tests.unattended.nights import Practice, copy_of, orders, practice

BEFORE, AFTER = [True] * 4, [True, True, True, False, True, True]


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """A practice after its first night; nobody may change it."""
    made = practice(tmp_path_factory.mktemp("first"), *BEFORE)
    made.night()
    made.export(orders(*AFTER))
    return made


@pytest.fixture(scope="session")
def unbroken(first: Practice, tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """The same after a second night that nothing disturbed; its points are those of that night."""
    made = copy_of(first, tmp_path_factory.mktemp("unbroken"))
    made.night()
    return made
