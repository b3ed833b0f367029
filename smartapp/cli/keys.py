"""Verbs about the keys that pi180 signs in with by itself: keys new, jwks, rotate, check."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from extractors.errors import GatewayError
from extractors.gateway import Gateway, Network
from smartapp.cli.options import NOT_WHOLE, PLACE, WRONG_USAGE, stated_failures
from smartapp.errors import UsageError
from smartapp.printed import console
from smartapp.smart.assertion import ALGORITHMS, SigningKeyError
from smartapp.smart.keys import (
    PUBLIC,
    USUAL_CACHE,
    Ring,
    Step,
    new_ring,
    problems,
    problems_published,
    read_ring,
    replace_at_once,
    rotate,
    write_public,
)

_FOLDER = click.argument("folder", type=PLACE)
_ONLINE = click.option("--online", is_flag=True, help="Look at the address where the public keys are published, too.")
_OK = 200


@click.group()
def keys() -> None:
    """Keys for signing in without a person (SMART Backend Services): a folder for its owner alone."""


@keys.command()
@_FOLDER
@click.option("--alg", type=click.Choice(ALGORITHMS), default="ES384", show_default=True, help="As the vendor asks.")
@click.option("--url", help="Where the public keys will be published (https); it goes into each assertion as jku.")
@click.option(
    "--cache-hours",
    type=click.IntRange(1, 24 * 30),
    default=int(USUAL_CACHE.total_seconds()) // 3600,
    show_default=True,
    help="The longest time for which a server keeps a copy of the published keys.",
)
def new(folder: Path, alg: str, url: str | None, cache_hours: int) -> None:
    """Make FOLDER with a first key, and the file to publish or register."""
    with _stated():
        ring = new_ring(folder, alg, url, timedelta(hours=cache_hours), _now())
    click.echo(f"{folder / PUBLIC}: publish it{f' at {url}' if url else ''}, or register it with the vendor.")
    console.note(f"Sign in with: --key {ring.folder}. Its private keys are for their owner alone: back them up apart.")


@keys.command()
@_FOLDER
@click.option("--write", is_flag=True, help="Write jwks.json of the folder anew instead of printing.")
def jwks(folder: Path, write: bool) -> None:
    """Print the public keys as a key set, to publish or register."""
    with _stated():
        ring = read_ring(folder)
        text = f"{write_public(ring)}\n" if write else json.dumps(ring.public(), indent=2) + "\n"
    click.echo(text, nl=False)


@keys.command("rotate")
@_FOLDER
@_ONLINE
@click.option("--compromised", is_flag=True, help="Replace all keys at once, for somebody may know them.")
def rotate_verb(folder: Path, online: bool, compromised: bool) -> None:
    """Go one step on in replacing the key, if its time has come: publish, sign, drop. Run it as often as you like.

    The new key is published for twice the longest cache before it signs, and the old one stays published until
    caches have passed: no token request fails meanwhile.
    """
    with _stated():
        _tell(replace_at_once(folder, _now()) if compromised else rotate(folder, _now(), _shown_ids(folder, online)))


def _tell(step: Step) -> None:
    due = f" (next step from {step.due:%Y-%m-%d %H:%M} UTC)" if step.due else ""
    click.echo(f"{step.done}; {step.next}{due}.")


@keys.command()
@_FOLDER
@_ONLINE
def check(folder: Path, online: bool) -> None:
    """Say what is wrong with the keys, here and with --online where they are published. Exit code 8 if anything is."""
    with _stated():
        ring = read_ring(folder)
        found = problems(ring) + (problems_published(ring, _shown(ring)) if online else [])
    for problem in found:
        console.note(f"pi180: {problem}")
    if found:
        sys.exit(NOT_WHOLE)
    click.echo(f"{len(ring.keys)} keys, sound.")


@contextmanager
def _stated() -> Iterator[None]:
    with stated_failures():
        try:
            yield
        except SigningKeyError as problem:
            console.note(f"pi180: {problem}")
            sys.exit(WRONG_USAGE)


def _shown_ids(folder: Path, online: bool) -> frozenset[str] | None:
    if not online:
        return None
    shown = _shown(read_ring(folder)).get("keys") or []
    return frozenset(str(key.get("kid")) for key in shown if isinstance(key, dict))


def _shown(ring: Ring) -> dict[str, Any]:
    """The key set at the published address, asked for as a server would: without redirects."""
    if ring.url is None:
        raise UsageError(f"--online: {ring.folder} does not know where its keys are published. State it in keys.json.")
    try:
        answer = Gateway(network=Network()).get(ring.url)
        if answer.status != _OK:
            raise UsageError(f"{ring.url}: expected a key set, got status {answer.status}. Publish {PUBLIC} there.")
        return answer.document()
    except GatewayError as problem:
        raise UsageError(f"--online: {problem}") from None


def _now() -> datetime:
    return datetime.now(UTC)
