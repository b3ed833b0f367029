"""Options that say how much of the machine a reading may take; what it counts does not depend on them."""

from functools import wraps
from pathlib import Path
from typing import Any

import click

from extractors.errors import StagingError
from extractors.staging.work import MEMORY, checked_memory, work_of
from smartapp.cli.options import PLACE, Command


class Memory(click.ParamType[str]):
    """`512MB` or `2GB`."""

    name = "SIZE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The size, or a refusal that shows the form."""
        try:
            return checked_memory(str(value))
        except StagingError as problem:
            self.fail(str(problem), param, ctx)


_WORKERS = click.option(
    "--workers", type=click.IntRange(min=1), help="Processes that read, about 200 MB each. [default: all cores]"
)
_MEMORY = click.option(
    "--memory",
    type=Memory(),
    help=f"What the database may hold before it goes on on the disk; reading is not part of it. [default: {MEMORY}]",
)
_REUSE = click.option(
    "--reuse", type=PLACE, help="Folder that keeps what was extracted, so that the next run reads only what changed."
)


def working(command: Command) -> Command:
    """Add the options to a verb that reads a folder; it gets `work`, None where nothing was asked for."""

    @wraps(command)
    def asked(workers: int | None, memory: str | None, reuse: Path | None, **others: Any) -> Any:
        given = (workers, memory, reuse)
        work = None if given == (None, None, None) else work_of(*given)
        return command(work=work, **others)

    for option in (_REUSE, _MEMORY, _WORKERS):
        asked = option(asked)
    return asked  # type: ignore[return-value]  # the same command, with other options
