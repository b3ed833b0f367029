"""Event tables in Spark, and the plain SQL of `extractors/sql` over them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from py4j.protocol import Py4JError
from pyarrow import parquet
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame

from extractors.engine import written_table
from extractors.engine.cluster import Cluster
from extractors.engine.ordering import full_order
from extractors.engine.spark.session import opened, remove
from extractors.engine.statements import Statement, Waiting, read_often
from extractors.errors import EngineError, TableError

_SHIPPED_AT_ONCE = 4 * 1024 * 1024
"""Bytes of a table from this process that every statement may carry along; a larger one is laid down once."""


_OURS = re.compile(rf"{EngineError.__module__}\.{EngineError.__name__}: (.*)")
"""What an executor says itself, within all that Spark says of it."""
_FOR_FEW_ROWS = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
}
_IN_SMALL_PARTS = {
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.adaptive.coalescePartitions.enabled": "true",
    "spark.sql.adaptive.coalescePartitions.initialPartitionNum": "2000",
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": "4MB",
    "spark.sql.execution.rangeExchange.sampleSizePerPartition": "10",
    "spark.sql.files.minPartitionNum": "1",
    "spark.sql.files.maxPartitionBytes": "2GB",
}
"""For what is brought here in order: the driver holds a part whole, and before that the rows by which parts are cut. A
file is read in one piece, for pieces would come in another order."""


class SparkEngine:
    """A session of event tables in Spark. Use it as a context; what it laid down is removed at its end.

    Statements make other statements' tables again and again unless something cuts them. So a table that is read more
    than once is kept, where the loss of an executor does not reach it: as Parquet in the stage, or in this process if
    rows are few.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._open = ExitStack()
        self._waiting = Waiting(self._create)
        self._kept, self._few = 0, False

    def __enter__(self) -> "SparkEngine":
        self.session, self.stage = self._open.enter_context(opened(self._cluster))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def expect_few_rows(self) -> None:
        """Prepare for small data: compiling a statement costs more than running it, and one task is enough."""
        self._few = True
        for name, value in _FOR_FEW_ROWS.items():
            self.session.conf.set(name, value)

    def load(self, name: str, table: pa.Table) -> None:
        """Take an Arrow table in under a name, in place of what had that name."""
        self._waiting.replace(name)
        frame = self.session.createDataFrame(table)
        frame = self._laid_anew(name, frame) if table.nbytes > _SHIPPED_AT_ONCE else frame
        frame.createOrReplaceTempView(name)

    def load_files(self, name: str, schema: pa.Schema, files: Sequence[Path]) -> None:
        """Take in a table from Parquet files of this machine; raises as `read` does."""
        self.load(name, pa.concat_tables([schema.empty_table(), *map(written_table, files)]))

    def take(self, name: str, frame: DataFrame) -> None:
        """Take in under a name what Spark holds, in place of what had that name."""
        self._waiting.replace(name)
        frame.createOrReplaceTempView(name)

    def read(self, name: str, path: Path) -> None:
        """Take in under a name what `write` left on this machine, in place of what had that name.

        Raises:
            TableError: the file is missing or is no Parquet table.
        """
        self.load(name, written_table(path))

    def run(self, file: str) -> None:
        """Have the statements of one SQL file, each as a table of its name, made when it is read."""
        self._waiting.add(file)

    def table(self, name: str, order: str = "ALL") -> pa.Table:
        """A whole table, brought to this process in a fixed order.

        Raises:
            TableError: a table or column that its statement reads is not there.
            EngineError: Spark gave up.
        """
        self._waiting.need(name)
        with faults(name):
            found: pa.Table = self._ordered(name, order).toArrow()
        return found

    def batches(self, name: str, order: str = "ALL") -> Iterator[pa.RecordBatch]:
        """A whole table in a fixed order, a part at a time, so that this process never holds it; raises as `table`."""
        if self._few:
            yield from self.table(name, order).to_batches()
            return
        self._waiting.need(name)
        with faults(name), self._under(_IN_SMALL_PARTS):
            for part in self._parts(name, order):
                yield from part.to_batches()

    def rows(self, name: str, order: str = "ALL") -> list[dict[str, Any]]:
        """A whole table as records, in a fixed order; raises as `table` does."""
        return list(self.table(name, order).to_pylist())

    def forget(self, *names: str) -> None:
        """Let go of tables that nobody reads any more; others are passed over."""
        for name in names:
            if not self._waiting.is_read(name):
                self.session.catalog.dropTempView(name)

    def write(self, name: str, path: Path) -> None:
        """Write a table as Parquet on this machine, in a fixed order; raises as `table` does.

        Raises:
            OSError: the file cannot be written.
        """
        parquet.write_table(self.table(name), path)

    def computed(self, _what: str, _of: Sequence[str], compute: Callable[[], Any]) -> Any:
        """What Python makes of whole tables; nothing is kept from run to run."""
        return compute()

    @contextmanager
    def _under(self, settings: Mapping[str, str]) -> Iterator[None]:
        """Settings of the session for as long as the context is open."""
        conf = self.session.conf
        before = {name: conf.get(name, None) for name in settings}
        try:
            for name, value in settings.items():
                conf.set(name, value)
            yield
        finally:
            for name, value in before.items():
                conf.unset(name) if value is None else conf.set(name, value)

    def _parts(self, name: str, order: str) -> Iterator[pa.Table]:
        """A whole table in order, laid down as files that are brought one by one.

        Spark's own way to bring one part after the other (`toLocalIterator`) keeps each in the driver to its end.
        """
        self._kept += 1
        place = f"{name}-in-order-{self._kept}"
        whole = self.laid(place, self._ordered(name, order))
        try:
            for file in sorted(address.rpartition("/")[2] for address in whole.inputFiles()):
                yield self.session.read.schema(whole.schema).parquet(f"{self.stage}/{place}/{file}").toArrow()
        finally:
            remove(self.session, f"{self.stage}/{place}")

    def _ordered(self, name: str, order: str) -> DataFrame:
        items = full_order(order, self.session.table(name).columns).split(", ")
        return self.session.sql(f"SELECT * FROM {name} ORDER BY {', '.join(map(_null_last, items))}")  # noqa: S608

    def _create(self, found: Statement) -> None:
        """Make the table of a statement; raises as `table` does."""
        with faults(f"{found.file}, {found.name}"):
            frame = self.session.sql(found.text)
            frame = self._cut(found.name, frame) if found.name in read_often() else frame
            frame.createOrReplaceTempView(found.name)

    def _cut(self, name: str, frame: DataFrame) -> DataFrame:
        """The same rows, which are not made again when they are read."""
        return self.session.createDataFrame(frame.toArrow()) if self._few else self._laid_anew(name, frame)

    def _laid_anew(self, name: str, frame: DataFrame) -> DataFrame:
        self._kept += 1
        return self.laid(f"{name}-{self._kept}", frame)

    def laid(self, place: str, frame: DataFrame, by: str | None = None) -> DataFrame:
        """What a frame holds, made once and written below the stage, with a folder for each value of a column."""
        address = f"{self.stage}/{place}"
        writer = frame.write.option("compression", "zstd")
        (writer.partitionBy(by) if by else writer).parquet(address)
        return self.session.read.schema(frame.schema).parquet(address)


def _null_last(item: str) -> str:
    return item if " NULLS " in item else f"{item} NULLS LAST"


@contextmanager
def faults(what: str) -> Iterator[None]:
    """Say what failed without what Spark says of it, which may hold values of rows."""
    try:
        yield
    except AnalysisException as problem:
        raise TableError(f"{what}: expected the tables that it reads, got: {problem.getCondition()}") from None
    except (PySparkException, Py4JError) as problem:
        if ours := _OURS.search(str(problem)):
            raise EngineError(f"{what}: {ours[1]}") from None
        said = problem.getCondition() if isinstance(problem, PySparkException) else type(problem).__name__
        raise EngineError(f"{what}: Spark gave up ({said}). Its own logs say why.") from None
