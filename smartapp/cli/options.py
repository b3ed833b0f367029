"""What the verbs share: options, exit codes, and how a failure that a person can mend is told."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from extractors.errors import ExtractionError
from scoring.errors import RuleError, SubmissionError
from smartapp.errors import Mendable, UsageError
from smartapp.printed import console

WRONG_USAGE, NOT_DERIVABLE, GATE_SHUT, SIGN_IN_REFUSED, UNREACHABLE, DIFFERENT, NOT_WHOLE = 2, 3, 4, 5, 6, 7, 8
INTERRUPTED, STOPPED = 130, 143

_EXPECTED = (Mendable, ExtractionError, RuleError, SubmissionError)
PLACE = click.Path(path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])


class Days(click.ParamType[tuple[date, date]]):
    """`2026-01-01..2026-06-29`, both days included."""

    name = "A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[date, date]:
        """Both days, or a refusal that shows the form."""
        start, _, end = str(value).partition("..")
        try:
            return date.fromisoformat(start), date.fromisoformat(end)
        except ValueError:
            self.fail(f"expected two days as 2026-01-01..2026-06-29, got {value!r}.", param, ctx)


class Day(click.ParamType[date]):
    """`2026-11-22`."""

    name = "DAY"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day, or a refusal that shows the form."""
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"expected a day as 2026-11-22, got {value!r}.", param, ctx)


class Digits(click.ParamType[str]):
    """An identifier of so many digits, as a TIN or an NPI."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self._number = name, number

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The digits, or a refusal that says how many are expected and does not repeat what was typed."""
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) == self._number):
            self.fail(f"expected {self._number} digits, got {len(text)} characters that are not.", param, ctx)
        return text


TIN, NPI = Digits("TIN", 9), Digits("NPI", 10)
YEAR = click.option("--year", type=int, required=True, help="Performance year.")
RULES = click.option("--rules", type=PLACE, help="Folder of py<year>.toml rule files. [default: the product's own]")
AS_OF = click.option("--as-of", type=Day(), help="Say from this day how far off each printed deadline is.")
PARAMETERS = click.option("--parameter", "parameters", multiple=True, help="NAME=VALUE to send with every search.")
AS_JSON = click.option("--json", "in_json", is_flag=True, help="Print one JSON document.")
_SETTINGS = (
    click.option("--site", type=PLACE, help="Site settings, a TOML file."),
    click.option("--profile", help="Evidence profile: a name or a TOML file. [default: generic]"),
    click.option("--zone", help="The practice's time zone. [default: the site file's, else America/New_York]"),
    click.option("--drugs", type=PLACE, help="Folder of refreshed drug tables. [default: the site file's, else ours]"),
)


def named_values(texts: Iterable[str]) -> dict[str, str]:
    """What `PARAMETERS` gave, by name.

    Raises:
        UsageError: one is not NAME=VALUE.
    """
    return dict(map(_pair, texts))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise UsageError(f"--parameter: expected NAME=VALUE, got {text!r}.")
    return name, value


def from_source(command: Command) -> Command:
    """Add the options of every verb that reads a folder of FHIR."""
    return source_options(command, required=True)


def source_options(command: Command, required: bool) -> Command:
    """The same, the folder itself required or not."""
    for option in reversed(_SETTINGS):
        command = option(command)
    told = "Folder of FHIR NDJSON or of a crawl."
    return click.option("--from", "folder", type=PLACE, required=required, help=told)(command)


@contextmanager
def stated_failures() -> Iterator[None]:
    """Turn what a person can mend into one message and exit code 2."""
    try:
        yield
    except _EXPECTED as problem:
        console.note(f"pi180: {problem}")
        sys.exit(WRONG_USAGE)
    except OSError as problem:
        console.note(
            f"pi180: {problem.filename or 'a file'}: {problem.strerror}. Name a place that can be read or written."
        )
        sys.exit(WRONG_USAGE)
