"""Verbs about evidence profiles: profiles (check, show, new) and probe."""

import sys
from pathlib import Path
from typing import Any

import click

from extractors.profile import load_profile, profile_names
from smartapp.cli.options import AS_JSON, DIFFERENT, NOT_WHOLE, PLACE, WRONG_USAGE, from_source, stated_failures
from smartapp.printed import console
from smartapp.printed import profiles as printed_profiles
from smartapp.usecases import Source
from smartapp.vendors import profiling
from smartapp.written import as_json


@click.group()
def profiles() -> None:
    """Look at evidence profiles: what they read, whether they are sound, and a new one."""


@profiles.command()
@click.argument("names", nargs=-1)
@click.option("--samples", type=PLACE, help="Folder of NDJSON with resources that your rules match and reject.")
@AS_JSON
def check(names: tuple[str, ...], samples: Path | None, in_json: bool) -> None:
    """Check profiles, by NAME or FILE.toml; without one, all of the product's.

    Exit code 2 if one is not usable or names an element that R4 does not have, 7 if samples do not prove a rule or
    something else should be looked at.
    """
    with stated_failures():
        found = profiling.check_profiles(names, samples)
        text = as_json(profiling.check_document(found)) if in_json else printed_profiles.checks_text(found)
        click.echo(text, nl=False)
    if any(one.faults for one in found):
        sys.exit(WRONG_USAGE)
    sys.exit(DIFFERENT if any(one.warnings for one in found) else 0)


@profiles.command()
@click.argument("name")
@AS_JSON
def show(name: str, in_json: bool) -> None:
    """Show what a profile (NAME or FILE.toml) reads for each kind of fact, and what the server does not show."""
    with stated_failures():
        found = load_profile(name)
        text = as_json(profiling.profile_document(found)) if in_json else printed_profiles.profile_text(found)
        click.echo(text, nl=False)


@profiles.command()
@click.argument("file", type=PLACE)
@click.option("--from", "base", type=click.Choice(profile_names()), default="generic", show_default=True)
def new(file: Path, base: str) -> None:
    """Write a small commented profile FILE.toml that extends one of the product's."""
    with stated_failures():
        profiling.new_profile(file, base)
    console.note(f"{file}: say what differs, then: pi180 profiles check {file}")


@click.command()
@from_source
@AS_JSON
def probe(in_json: bool, **source: Any) -> None:
    """Try every rule of a profile on a folder of FHIR, and count what it made of it.

    A rule that matched 0 of 500 should be understood before its zero is believed.
    """
    with stated_failures():
        asked = Source(**source)
        found = profiling.probe_folder(asked, lambda _: None)
        text = as_json(profiling.probe_document(found)) if in_json else printed_profiles.probe_text(found)
        click.echo(text, nl=False)
    sys.exit(0 if any(rule.of for rule in found.rules) else NOT_WHOLE)
