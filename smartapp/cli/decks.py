"""The verb for ONC's certification deck: deck."""

import sys
from pathlib import Path

import click

from smartapp.cli.options import AS_JSON, DIFFERENT, PLACE, stated_failures
from smartapp.errors import UsageError
from smartapp.printed import console
from smartapp.printed.deck import comparison_table
from smartapp.vendors.deck import SCENARIOS, Deck, Rendering, load_deck
from smartapp.vendors.deck_comparison import as_document, compare_deck
from smartapp.vendors.deck_files import expected_of, write_deck
from smartapp.written import as_json


@click.command()
@click.option("--out", type=PLACE, help="Write the deck into this new or empty folder.")
@click.option("--compare", "run", type=PLACE, help="Compare this run over the sandbox's data with the deck.")
@click.option("--scenario", type=click.Choice(SCENARIOS), default="scenario-1", show_default=True)
@click.option(
    "--rendering",
    type=click.Choice([str(one) for one in Rendering]),
    default=str(Rendering.ASSERTED),
    show_default=True,
    help="What numerators rest on: asserted evidence, or carriers that a standard defines.",
)
@AS_JSON
def deck(out: Path | None, run: Path | None, scenario: str, rendering: str, in_json: bool) -> None:
    """Write ONC's certification deck for a sandbox, or compare a run over the sandbox with it.

    Exit code 7 if any cell differs. RUN is a folder runs/<fingerprint>, or one given with --out that holds one run.
    """
    with stated_failures():
        if (out is None) == (run is None):
            raise UsageError("expected one of --out DIR (write the deck) and --compare RUN (check a run).")
        found = load_deck(scenario, Rendering(rendering))
        code = _write(found, out, in_json) if out is not None else _compare(found, run or Path(), in_json)
    sys.exit(code)


def _write(found: Deck, out: Path, in_json: bool) -> int:
    files = write_deck(found, out)
    if in_json:
        click.echo(as_json({**expected_of(found), "files": list(files)}), nl=False)
    else:
        console.note(f"{len(files)} files below {out}: README.md says how to load them.")
    return 0


def _compare(found: Deck, run: Path, in_json: bool) -> int:
    compared = compare_deck(found, run)
    click.echo(as_json(as_document(found, compared)) if in_json else comparison_table(compared), nl=False)
    return 0 if all(one.same for one in compared) else DIFFERENT
