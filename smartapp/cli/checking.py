"""The verb that checks a file before it leaves the building: check."""

import sys
from pathlib import Path

import click

from smartapp.cli.options import AS_JSON, GATE_SHUT, PLACE, RULES, stated_failures
from smartapp.exports.checking import check_file
from smartapp.printed.checked import checked_text
from smartapp.written import as_json


@click.command()
@click.argument("file", type=PLACE)
@RULES
@AS_JSON
def check(file: Path, rules: Path | None, in_json: bool) -> None:
    """Check a submission file that pi180 or a vendor made: QPP JSON, or the PI section of QRDA III.

    Exit code 4 if anything found would make CMS refuse the file or the category zero.
    """
    with stated_failures():
        checked = check_file(file, rules)
        click.echo(as_json(checked.as_document()) if in_json else checked_text(checked), nl=False)
    sys.exit(GATE_SHUT if checked.refused else 0)
