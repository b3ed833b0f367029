"""The verb that looks at a server before anything is read from it: preflight."""

import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import click

from extractors.errors import Unreachable
from extractors.preflight import Gradeability
from extractors.preflight_sample import FEW, SignInRefused
from scoring.rulebook import load, years
from smartapp.cli.options import (
    AS_JSON,
    NOT_DERIVABLE,
    NOT_WHOLE,
    PARAMETERS,
    PLACE,
    RULES,
    SIGN_IN_REFUSED,
    UNREACHABLE,
    named_values,
    stated_failures,
)
from smartapp.errors import UsageError
from smartapp.printed import console
from smartapp.printed import preflight as printed_preflight
from smartapp.settings import read_secret
from smartapp.smart.errors import SmartError, Unavailable
from smartapp.smart.login import PORT, Client
from smartapp.vendors.preflight import Asked, Found
from smartapp.vendors.preflight import preflight as examined
from smartapp.vendors.preflight_document import document
from smartapp.written import as_json

_OPTIONS = (
    click.argument("url"),
    click.option("--year", type=int, help="Performance year. [default: this year, or the last that has rules]"),
    RULES,
    click.option("--measure", "only", multiple=True, help="Judge this measure alone; may be given again."),
    click.option("--profile", help="Evidence profile: a name or a TOML file. [default: the site file's, else generic]"),
    click.option("--site", type=PLACE, help="Site settings, a TOML file."),
    click.option("--zone", help="The practice's time zone. [default: the site file's, else America/New_York]"),
    click.option("--patients", type=PLACE, help="File with ids of patients to look at, one a line."),
    click.option("--group", help="Id of a Group whose patients to look at."),
    click.option("--most", type=click.IntRange(1), default=FEW, show_default=True, help="Look at no more patients."),
    PARAMETERS,
    click.option("--token-file", type=PLACE, help="File that holds a bearer token for this server."),
    click.option("--login", is_flag=True, help="Sign in with a browser (SMART, authorization code with PKCE)."),
    click.option("--client-id", help="With --login: the id that the server gave to pi180."),
    click.option("--client-secret-file", type=PLACE, help="With --login: the client's secret; public without."),
    click.option(
        "--scope-version", type=click.Choice(["v1", "v2"]), default="v2", show_default=True, help="How to spell scopes."
    ),
    click.option("--port", type=int, default=PORT, show_default=True, help="With --login: of the redirect address."),
    click.option("--no-browser", is_flag=True, help="With --login: print the address and open nothing."),
    click.option("--ca", type=PLACE, help="Bundle of certificate authorities to trust instead (PEM)."),
    click.option("--private-range", "ranges", multiple=True, help="Range of private addresses to allow: 10.20.0.0/16."),
    AS_JSON,
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@_with_options
def preflight(in_json: bool, **options: Any) -> None:
    """Say which measures the FHIR server at URL can show, and what each of the others lacks.

    A bounded sample of patients is read, judged, and forgotten. URL is the FHIR base, such as
    https://ehr.example.org/fhir. With --login, register http://127.0.0.1:PORT/cb/preflight as redirect address.

    Exit code 3 if a required measure cannot be derived, 8 if of one it is not known, 5 if the sign-in is refused, 6 if
    the server does not answer.
    """
    with stated_failures(), _stated_refusals():
        found = examined(_asked(**options), _told())
        text = as_json(document(found)) if in_json else printed_preflight.preflight_text(found)
        click.echo(text, nl=False)
    if said := printed_preflight.verdict(found):
        console.note(f"pi180: {said}.")
    sys.exit(exit_code(found))


def exit_code(found: Found) -> int:
    """3 where a required measure cannot be derived, else 8 where one is not known, else 0."""
    if found.required(Gradeability.ATTEST_ONLY):
        return NOT_DERIVABLE
    return NOT_WHOLE if found.required(Gradeability.NOT_KNOWN) else 0


@contextmanager
def _stated_refusals() -> Iterator[None]:
    try:
        yield
    except (Unreachable, Unavailable) as problem:
        console.note(f"pi180: {problem}")
        sys.exit(UNREACHABLE)
    except (SignInRefused, SmartError) as problem:
        console.note(f"pi180: {problem}")
        sys.exit(SIGN_IN_REFUSED)


def _asked(**options: Any) -> Asked:
    """The options as one question."""
    year, folder = options["year"], options["rules"]
    if options["token_file"] is not None and options["login"]:
        raise UsageError("--token-file and --login: expected one of them.")
    if options["patients"] is not None and options["group"] is not None:
        raise UsageError("--patients and --group: expected one of them.")
    known = years(folder)
    return Asked(
        base=options["url"],
        rules=load(year or min(max(date.today().year, known[0]), known[-1]), folder),  # noqa: DTZ011  # a year will do
        parameters=named_values(options["parameters"]),
        client=_client(**options) if options["login"] else None,
        **{
            name: options[name]
            for name in ("site", "profile", "zone", "token_file", "patients", "group", "most", "only", "ca", "ranges")
        },
    )


def _client(**options: Any) -> Client:
    if not options["client_id"]:
        raise UsageError("--login: expected --client-id, the id that the server gave to pi180.")
    secret = options["client_secret_file"]
    return Client(
        base=options["url"],
        client_id=options["client_id"],
        show=_printed if options["no_browser"] else _opened,
        secret=read_secret(secret) if secret is not None else None,
        port=options["port"],
        scope_version=options["scope_version"],
        ca=options["ca"],
        ranges=options["ranges"],
    )


def _printed(address: str) -> None:
    console.note(f"Sign in here: {address}")


def _opened(address: str) -> None:
    _printed(address)
    webbrowser.open(address)


def _told() -> Callable[[int, int], None]:
    """A note at each tenth of the searches."""

    def tell(done: int, total: int) -> None:
        if done * 10 // total > (done - 1) * 10 // total:
            console.note(f"asked {done} of {total}")

    return tell
