"""Where Spark runs: its session, and the private place where tables of a run lie while it lasts."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pyspark.errors import PySparkRuntimeError
from pyspark.find_spark_home import _find_spark_home
from pyspark.sql import SparkSession

import extractors
from extractors.engine.cluster import Cluster
from extractors.errors import EngineError

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
    with tempfile.TemporaryDirectory(prefix="pi180-spark-", ignore_cleanup_errors=True) as private:
        session = found.newSession() if found else _started(cluster, Path(private))
        for name, value in _SAME_AS_EMBEDDED.items():
            session.conf.set(name, value)
        stage = f"{cluster.stage or private}/run-{os.urandom(8).hex()}"
        try:
            yield session, stage
        finally:
            _remove(session, stage)
            if not found:
                session.stop()


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
    except PySparkRuntimeError as problem:
        raise EngineError(f"Spark did not start ({problem.getCondition()}). It needs Java 17 or newer.") from None


def _settings(cluster: Cluster, private: Path) -> Mapping[str, str]:
    if cluster.master is None:
        return {}
    if not cluster.is_here:
        return _QUIET
    ours = str(Path(extractors.__file__).parents[1])
    return {
        **_QUIET,
        **_THIS_MACHINE_ALONE,
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


def _remove(session: SparkSession, stage: str) -> None:
    """Remove a folder wherever Spark can write."""
    context = session.sparkContext
    place = context._jvm.org.apache.hadoop.fs.Path(stage)
    place.getFileSystem(context._jsc.hadoopConfiguration()).delete(place, True)
