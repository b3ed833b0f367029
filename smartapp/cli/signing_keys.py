"""Verbs about the practice's own key: signing-key new, show."""

from pathlib import Path

import click

from smartapp.cli.options import PLACE, stated_failures
from smartapp.printed import console
from smartapp.signing_key import PUBLIC_SUFFIX, in_groups, new_signing_key, read_public_key, read_signing_key

_FILE = click.argument("file", type=PLACE)


@click.group("signing-key")
def signing_key() -> None:
    """The practice's own key, with which attestations and binders are signed (Ed25519)."""


@signing_key.command("new")
@_FILE
def new(file: Path) -> None:
    """Make a key: FILE for its owner alone, and FILE.pub to give out."""
    with stated_failures():
        made = new_signing_key(file)
    click.echo(in_groups(made.public.fingerprint))
    console.note(f"{file}: keep it apart from the runs, for its owner alone, with a copy in a safe place.")
    console.note(f"{file}{PUBLIC_SUFFIX}: give it, or the fingerprint above, to whoever shall verify what is signed.")


@signing_key.command("show")
@_FILE
def show(file: Path) -> None:
    """Print the fingerprint of a key, private or public."""
    with stated_failures():
        public = read_public_key(file) if file.suffix == PUBLIC_SUFFIX else read_signing_key(file).public
    click.echo(in_groups(public.fingerprint))
