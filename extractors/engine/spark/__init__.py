"""The same run on Apache Spark: extraction spread over executors, the same SQL for the cases.

The only door to `pyspark`, which is an extra: `pip install 'pi180[spark]'`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from zoneinfo import ZoneInfo

from extractors.engine import Engine
from extractors.engine.cluster import Cluster
from extractors.errors import EngineError
from extractors.events import Facts
from extractors.profile import Profile
from extractors.sources.chosen import Source
from extractors.sources.folder import Folder


@contextmanager
def gathered_on_spark(
    source: Source, profile: Profile, zone: ZoneInfo, cluster: Cluster
) -> Iterator[tuple[Facts, Engine]]:
    """Read a folder on Spark; its rows and the engine for them are there as long as the context is open.

    Raises:
        EngineError: Spark is not installed, does not start or gives up, or the source is no plain folder of files.
    """
    if find_spec("pyspark") is None:
        raise EngineError("the Spark engine is not installed here. Install it: pip install 'pi180[spark]'.")
    if not isinstance(source, Folder):
        raise EngineError(
            "a crawl, or a bulk export that pi180 made, is read in the order of its journal, by one process. Leave out "
            "--engine spark for it."
        )
    from extractors.engine.spark.reading import extract_on_spark
    from extractors.engine.spark.tables import SparkEngine

    with SparkEngine(cluster) as engine:
        yield extract_on_spark(source, profile, zone, engine), engine
