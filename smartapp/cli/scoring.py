"""The verb that scores submission files: score."""

import sys
from datetime import date
from pathlib import Path

import click

from scoring.explain import as_document
from smartapp.cli.options import AS_JSON, AS_OF, GATE_SHUT, PLACE, RULES, stated_failures
from smartapp.printed.points import category_table, score_table
from smartapp.submissions import score_document, score_several
from smartapp.written import as_json


@click.command()
@click.argument("submission", type=PLACE, nargs=-1, required=True)
@RULES
@AS_OF
@AS_JSON
def score(submission: tuple[Path, ...], rules: Path | None, as_of: date | None, in_json: bool) -> None:
    """Score a QPP submission object (JSON) line by line, with what would make it zero.

    Several files are several submissions of one reporter: each is scored by itself, then what the year makes of them.
    """
    with stated_failures():
        if len(submission) > 1:
            category = score_several(submission, rules)
            text = as_json(category.as_document()) if in_json else category_table(category, as_of)
            shut = not any(one.qualifying and not one.score.gate_shut for one in category.submissions)
        else:
            found = score_document(submission[0], rules)
            text = as_json(as_document(found)) if in_json else f"{score_table(found, as_of)}\n"
            shut = found.gate_shut
        click.echo(text, nl=False)
    sys.exit(GATE_SHUT if shut else 0)
