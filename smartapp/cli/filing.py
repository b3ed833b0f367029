"""The verb that makes files which leave the building: export."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from smartapp.cli.options import GATE_SHUT, PLACE, RULES, stated_failures
from smartapp.errors import UsageError
from smartapp.exports.making import Asked, Format, make
from smartapp.printed import console
from smartapp.printed.made import made_text
from smartapp.written import write_text


@click.command()
@click.argument("file_format", metavar="FORMAT", type=click.Choice([one.value for one in Format]))
@click.argument("submission", type=PLACE)
@click.option("-o", "--out", type=PLACE, required=True, help="File to make; an existing one is never overwritten.")
@click.option("--program", help="Program code, such as MIPS_GROUP. [default: by entityType and programName]")
@RULES
def export(file_format: str, submission: Path, out: Path, program: str | None, rules: Path | None) -> None:
    """Make a file for CMS, or to type in from, of a submission: qpp-json, qrda3, measure-report or worksheet.

    SUBMISSION is a QPP submission object (JSON), as a run leaves it, or QRDA III. A worksheet is a page or a table by
    the suffix of -o, .html or .csv. Refused with exit code 4, and nothing written, while an error stands. Nothing is
    sent to CMS.
    """
    with stated_failures():
        if out.exists():
            raise UsageError(f"{out}: exists already and is left as it is. Name another file.")
        asked = Asked(Format(file_format), out.suffix.lower(), program, datetime.now(UTC).replace(microsecond=0))
        made = make(submission, asked, rules)
        for line in made_text(made):
            console.note(line)
        if made.text is not None:
            write_text(out, made.text)
    if made.text is None:
        console.note(f"pi180: {out.name} was not made: correct the errors first.")
        sys.exit(GATE_SHUT)
    console.note(f"{out} was made. Nothing was sent to CMS.")
