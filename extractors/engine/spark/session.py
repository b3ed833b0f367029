"""Where Spark runs: its session, and the private place where tables of a run lie while it lasts."""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark.errors import PySparkRuntimeError
from pyspark.find_spark_home import _find_spark_home
from pyspark.sql import SparkSession

import extractors
from extractors.engine.cluster import Cluster
from extractors.errors import EngineError
from extractors.staging.private import private_folder

_LOGGING = """\
rootLogger.level = error
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
"""
_QUIET = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
_THIS_MACHINE_ALONE = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.io.encryption.enabled": "true",
}
_LEAVES_LITTLE_BEHIND = {
    "spark.driver.memory": "2g",
    "spark.ui.retainedJobs": "10",
    "spark.ui.retainedStages": "10",
    "spark.ui.retainedTasks": "1000",
    "spark.sql.ui.retainedExecutions": "2",
    "spark.cleaner.periodicGC.interval": "1min",
}
"""What Spark keeps of a statement for a web page that is turned off fills the driver, as plans are large."""
_WORKERS = re.compile(r"local-cluster\[ *\d+ *, *\d+ *, *(\d+) *\]")
"""Workers on this machine: how many, their cores, the MB of each. Unless told, an executor takes 1,024 of them."""
_SAME_AS_EMBEDDED = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.session.timeZone": "UTC",
}
"""What a site may have set otherwise, and the meaning of the SQL rests on."""


@contextmanager
def opened(cluster: Cluster) -> Iterator[tuple[SparkSession, str]]:
    """A session of its own, and the address of an empty folder for its tables, which is removed at the end.

    Raises:
        EngineError: Spark cannot be started, or `stage` is lacking.
    """
    found = SparkSession.getActiveSession()
    if not (cluster.stage or cluster.is_here):
        raise EngineError(
            "a cluster needs a folder that all of it can write, for the tables of the run. Name one with --stage, "
            "for instance s3a://bucket/folder; or let Spark run on this machine with --master 'local[2]'."
        )
    with private_folder() as private, ExitStack() as ending:
        session = found.newSession() if found else _started(cluster, private)
        if not found:
            ending.callback(session.stop)
        for name, value in _SAME_AS_EMBEDDED.items():
            session.conf.set(name, value)
        stage = f"{cluster.stage or private}/run-{os.urandom(8).hex()}"
        with _removed(session, stage):
            yield session, stage


@contextmanager
def _removed(session: SparkSession, stage: str) -> Iterator[None]:
    """Remove the stage at the end; where that fails, what went wrong before it is the first to be told."""
    try:
        yield
    except BaseException:
        with suppress(Py4JError, OSError):
            remove(session, stage)
        raise
    try:
        remove(session, stage)
    except (Py4JError, OSError):
        raise EngineError(f"{stage}: could not be removed. Remove it: it holds rows of patients' records.") from None


def _started(cluster: Cluster, private: Path) -> SparkSession:
    _check_java()
    builder = SparkSession.builder.appName("pi180")
    for name, value in _settings(cluster, private).items():
        builder = builder.config(name, value)
    if cluster.master:
        builder = builder.master(cluster.master)
    try:
        with _environment(cluster, private):
            return builder.getOrCreate().newSession()
    except (PySparkRuntimeError, Py4JError) as problem:
        said = problem.getCondition() if isinstance(problem, PySparkRuntimeError) else type(problem).__name__
        raise EngineError(
            f"Spark did not start ({said}). It needs Java 17 or newer, and an address in --master that Spark knows, "
            "such as local[2]."
        ) from None


def _settings(cluster: Cluster, private: Path) -> Mapping[str, str]:
    if cluster.master is None:
        return {}
    if not cluster.is_here:
        return _QUIET
    ours = str(Path(extractors.__file__).parents[1])
    workers = _WORKERS.fullmatch(cluster.master)
    return {
        **({"spark.executor.memory": f"{workers[1]}m"} if workers else {}),
        **_QUIET,
        **_THIS_MACHINE_ALONE,
        **_LEAVES_LITTLE_BEHIND,
        "spark.local.dir": str(private / "local"),
        "spark.sql.warehouse.dir": str(private / "warehouse"),
        "spark.executorEnv.PYTHONPATH": os.pathsep.join([ours, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
    }


@contextmanager
def _environment(cluster: Cluster, private: Path) -> Iterator[None]:
    """Spark on this machine runs this Python, on the loopback alone, and keeps its logs in a private folder."""
    if not cluster.is_here:
        yield
        return
    home = private / "home"
    wanted = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(home)}
    lacking = {name: value for name, value in wanted.items() if name not in os.environ}
    if "SPARK_HOME" in lacking:
        _link_home(Path(_find_spark_home()), home)
    os.environ.update(lacking)
    try:
        yield
    finally:
        for name in lacking:
            del os.environ[name]


def _link_home(installed: Path, home: Path) -> None:
    """A Spark whose programs are the installed ones; its work folder, which has what executors print, is private."""
    home.mkdir()
    for entry in installed.iterdir():
        if entry.name not in ("conf", "work"):
            (home / entry.name).symlink_to(entry)
    (home / "conf").mkdir()
    (home / "conf" / "log4j2.properties").write_text(_LOGGING)


def _check_java() -> None:
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise EngineError(
            "Spark needs Java 17 or newer, and none was found. Install it, for instance: apt-get install "
            "openjdk-17-jre-headless; or set JAVA_HOME."
        )


def remove(session: SparkSession, address: str) -> None:
    """Remove a folder wherever Spark can write."""
    context = session.sparkContext
    place = context._jvm.org.apache.hadoop.fs.Path(address)
    place.getFileSystem(context._jsc.hadoopConfiguration()).delete(place, True)
