"""A source read and its rows put before an engine: on this machine, or on Spark where somebody asks for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from extractors.engine import Engine
from extractors.engine.local import LocalEngine
from extractors.engine.spark import gathered_on_spark
from extractors.events import Facts
from extractors.profile import Profile
from extractors.sources.chosen import Source
from extractors.staging.derived import kept_tables
from extractors.staging.staged import gathered
from extractors.staging.work import Work


@contextmanager
def carried_out(source: Source, profile: Profile, zone: ZoneInfo, work: Work) -> Iterator[tuple[Facts, Engine]]:
    """What a source holds, and an empty engine that takes it; both are there as long as the context is open.

    Raises:
        ExtractionError: see `extractors.staging.staged.gathered` and `extractors.engine.spark.gathered_on_spark`.
    """
    if work.cluster is not None:
        with gathered_on_spark(source, profile, zone, work.cluster) as (found, engine):
            yield found, engine
        return
    with (
        gathered(source, profile, zone, work) as found,
        kept_tables(work.reuse) as kept,
        LocalEngine(work.memory, work.threads, kept) as engine,
    ):
        yield found, engine
