"""What the verbs that read a server share: how it is reached and signed in at, and how a reading ends."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from extractors.errors import Unreachable
from extractors.gateway import USUAL_RATE
from extractors.sources.queries import SignInNeeded
from smartapp.cli.backends import BACKEND, backend_of
from smartapp.cli.options import INTERRUPTED, PARAMETERS, PLACE, SIGN_IN_REFUSED, UNREACHABLE, named_values
from smartapp.printed import console
from smartapp.reading.crawling import PACE_FILE, Crawling, Manners

Command = TypeVar("Command", bound=Callable[..., Any])

AS_WHOM = (
    click.option("--token-file", type=PLACE, help="File with a bearer token, read anew when the server refuses it."),
    *BACKEND,
    click.option("--site", type=PLACE, help="Site settings, a TOML file."),
    click.option("--profile", help="Evidence profile: a name or a TOML file. [default: the site file's, else generic]"),
    click.option("--zone", help="The practice's time zone. [default: the site file's, else America/New_York]"),
    PARAMETERS,
)
WHERE = (
    click.option("--ca", type=PLACE, help="Bundle of certificate authorities to trust instead (PEM)."),
    click.option("--private-range", "ranges", multiple=True, help="Range of private addresses to allow: 10.20.0.0/16."),
)
RATE = click.option(
    "--rate",
    type=click.IntRange(0),
    default=USUAL_RATE,
    show_default=True,
    help="Requests a minute, over all processes of this user; 0: no limit.",
)
_NAMED = ("base", "out", "token_file", "site", "profile", "zone", "aliases", "ca", "ranges")


def with_options(options: Iterable[Callable[[Any], Any]]) -> Callable[[Command], Command]:
    """Give a verb many options, in the order in which its help lists them."""

    def add(command: Command) -> Command:
        for option in reversed([*options]):
            command = option(command)
        return command

    return add


def manners_of(lanes: int, rate: int) -> Manners:
    """How the server is treated: requests at a time, and a minute over all processes of this user; 0 is no limit."""
    return Manners(lanes=lanes, rate=rate or None, pace_file=Path.home() / PACE_FILE if rate else None)


def crawling_of(manners: Manners, **options: Any) -> Crawling:
    """What the options of `AS_WHOM` and `WHERE`, with `base`, `out`, `cohort` and `aliases`, ask for.

    Raises:
        UsageError: they contradict each other.
    """
    return Crawling(
        cohort=options["cohort"],
        backend=backend_of(**options),
        parameters=named_values(options["parameters"]),
        manners=manners,
        **{name: options[name] for name in _NAMED},
    )


@contextmanager
def told_endings() -> Iterator[None]:
    """Tell why a reading ended early, and exit with the code for it; what was read is kept."""
    try:
        yield
    except KeyboardInterrupt:
        console.note("pi180: interrupted. What was read is kept; the same command goes on from there.")
        sys.exit(INTERRUPTED)
    except Unreachable as problem:
        console.note(f"pi180: {problem}")
        sys.exit(UNREACHABLE)
    except SignInNeeded as problem:
        console.note(f"pi180: {problem}")
        sys.exit(SIGN_IN_REFUSED)
