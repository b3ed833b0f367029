from collections.abc import Iterator

import pytest

from tests.bulk.exporter import Exporter, Json, exporter
from tests.extractors.practice import prescription, ref, resource, staff, transmission, visit


def practice() -> list[Json]:
    """Two patients of C: p with two orders, one of them sent, and a visit, q with one order."""
    people = [resource("Patient", name) for name in ("p", "q")]
    records = [
        prescription("rx-1"),
        prescription("rx-2", on="2026-03-03T10:00:00-05:00"),
        prescription("rx-q", subject=ref("Patient/q")),
        transmission("rx-1"),
        visit("seen"),
    ]
    return [*staff(), *people, *records]


@pytest.fixture
def server() -> Iterator[Exporter]:
    """A server that exports them."""
    with exporter(practice()) as found:
        yield found
