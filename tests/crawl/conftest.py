from collections.abc import Iterator

import pytest

from tests.crawl.scripted import Scripted, scripted
from tests.extractors.practice import fulfilment, prescription, ref, resource, staff, transmission, visit


@pytest.fixture
def server() -> Iterator[Scripted]:
    """Two patients of C: p with two orders, one of them sent, and a visit, q with one order."""
    people = [resource("Patient", name) for name in ("p", "q", "stranger")]
    records = [
        prescription("rx-1"),
        prescription("rx-2", on="2026-03-03T10:00:00-05:00"),
        prescription("rx-q", subject=ref("Patient/q")),
        prescription("rx-stranger", subject=ref("Patient/stranger")),
        transmission("rx-1"),
        transmission("rx-q"),
        {**fulfilment("completed", of="rx-2"), "for": ref("Patient/p")},
        visit("seen"),
    ]
    with scripted([*staff(), *people, *records]) as found:
        yield found
