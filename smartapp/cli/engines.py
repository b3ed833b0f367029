"""Options that say where a reading is carried out: on this machine, or on a Spark."""

from dataclasses import replace
from functools import wraps
from typing import Any

import click

from extractors.engine.cluster import Cluster
from extractors.staging.work import Work
from smartapp.cli.options import Command

_SPARK = "spark"
_OPTIONS = (
    click.option(
        "--engine",
        type=click.Choice(["local", _SPARK]),
        default="local",
        show_default=True,
        help="Where to read and count; the counts are the same.",
    ),
    click.option("--master", help="Of --engine spark: its address. [default: what spark-submit says]"),
    click.option(
        "--stage",
        help="Of --engine spark: a folder that all of it can write, for the time of the run. s3a://... will do.",
    ),
)


def on_engine(command: Command) -> Command:
    """Add the options to a verb that gets `work`."""

    @wraps(command)
    def asked(engine: str, master: str | None, stage: str | None, work: Work | None = None, **others: Any) -> Any:
        if engine == _SPARK:
            if work is not None:
                raise click.UsageError(
                    "--workers, --memory and --reuse are of --engine local; Spark has its own settings."
                )
            work = replace(Work(), cluster=Cluster(master, stage))
        elif master or stage:
            raise click.UsageError("--master and --stage are of --engine spark. Name that too, or leave them out.")
        return command(work=work, **others)

    for option in reversed(_OPTIONS):
        asked = option(asked)
    return asked  # type: ignore[return-value]  # the same command, with other options
