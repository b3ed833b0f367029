"""How a verb that reads a server is told to sign in by itself."""

from typing import Any

import click

from smartapp.cli.options import PLACE
from smartapp.errors import UsageError
from smartapp.reading.crawling import Backend
from smartapp.smart.assertion import ALGORITHMS

BACKEND = (
    click.option("--client-id", help="Sign in without a person as this client (SMART Backend Services)."),
    click.option("--key", "key_file", type=PLACE, help="Its private key: a folder of pi180 keys, a JWK or a PEM file."),
    click.option("--token-url", help="Where tokens are given. [default: what the server's SMART configuration says]"),
    click.option("--key-id", "kid", help="Id of the key in a PEM file, as registered."),
    click.option("--key-alg", "alg", type=click.Choice(ALGORITHMS), help="Algorithm of the key in a PEM file."),
    click.option(
        "--scope-version", "scopes", type=click.Choice(("v1", "v2")), default="v2", help="How scopes are written."
    ),
)


def backend_of(**options: Any) -> Backend | None:
    """How to sign in; None without a client id.

    Raises:
        UsageError: half of it is missing, or a token file is given too.
    """
    if options["client_id"] is None and options["key_file"] is None:
        return None
    if options["client_id"] is None or options["key_file"] is None:
        raise UsageError("--client-id and --key: expected both, to sign in without a person.")
    if options["token_file"] is not None:
        raise UsageError("--token-file and --client-id: expected one of them.")
    return Backend(**{name: options[name] for name in ("client_id", "key_file", "token_url", "alg", "kid", "scopes")})
