"""One Spark for all tests here: two workers, each an own process with one core, on this machine."""

from collections.abc import Iterator

import pytest

from extractors.engine.cluster import Cluster

TWO_WORKERS = Cluster("local-cluster[2,1,1100]")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Every engine opened on it is a session of its own in the one Spark."""
    from extractors.engine.spark.tables import SparkEngine

    with SparkEngine(TWO_WORKERS):
        yield TWO_WORKERS
