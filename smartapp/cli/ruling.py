"""Verbs about the rules themselves: rules check, rules diff, rules show, eligibility."""

import sys
from datetime import date
from pathlib import Path

import click

from scoring.changes import changes
from scoring.eligibility_rules import Framework, eligibility_in
from scoring.rulebook import load
from smartapp.cli.options import AS_JSON, AS_OF, DIFFERENT, PLACE, RULES, WRONG_USAGE, YEAR, stated_failures
from smartapp.people.eligibility import Question, eligibility_document, entity_score, standings
from smartapp.people.roster import read_roster
from smartapp.printed import rules as printed_rules
from smartapp.rulebooks import check_rules, entries_document, entries_of
from smartapp.written import as_json

FRAMEWORKS = click.Choice([framework.value for framework in Framework])


@click.group()
def rules() -> None:
    """Check the rule files, compare two years, show what holds for one measure."""


@rules.command("check")
@click.argument("folder", type=PLACE, required=False)
def check(folder: Path | None) -> None:
    """Read every year strictly, those of FOLDER or the product's own. Exit code 2 if one is refused."""
    with stated_failures():
        found = check_rules(folder)
    click.echo(printed_rules.checked_table(found))
    sys.exit(WRONG_USAGE if any(one.fault for one in found) else 0)


@rules.command("diff")
@click.argument("first", type=int)
@click.argument("second", type=int)
@RULES
@AS_JSON
def diff(first: int, second: int, rules: Path | None, in_json: bool) -> None:
    """Name every rule that differs between two performance years. Exit code 7 if any does."""
    with stated_failures():
        found = changes(load(first, rules), load(second, rules))
    document = [{"where": one.where, str(first): one.before, str(second): one.after} for one in found]
    click.echo(
        as_json({"changes": document}) if in_json else f"{printed_rules.changes_table(first, second, found)}\n",
        nl=False,
    )
    sys.exit(DIFFERENT if found else 0)


@rules.command("show")
@click.argument("measure")
@click.option("--year", type=int, help="Only this performance year. [default: every year]")
@RULES
@AS_JSON
def show(measure: str, year: int | None, rules: Path | None, in_json: bool) -> None:
    """Show what the years rule for MEASURE: points, exclusions, sources, confidence, doubts.

    MEASURE is an id (PI_EP_1) or an objective (electronicPrescribing).
    """
    with stated_failures():
        found = entries_of(measure, year, rules)
    click.echo(
        as_json(entries_document(found)) if in_json else f"{printed_rules.entries_text(found)}\n",
        nl=False,
    )


@click.command()
@click.argument("roster", type=PLACE)
@YEAR
@RULES
@click.option("--framework", type=FRAMEWORKS, default="traditional", show_default=True,
              help="Weights of traditional MIPS and MVPs, or of APP and APP Plus.")  # fmt: skip
@AS_OF
@AS_JSON
def eligibility(roster: Path, year: int, rules: Path | None, framework: str, as_of: date | None, in_json: bool) -> None:
    """Say for each clinician of ROSTER (CSV) and each group: must I report, what is it worth, by when."""
    with stated_failures():
        across = eligibility_in(rules)
        question = Question(load(year, rules), across, Framework(framework), as_of)
        groups = read_roster(roster, across)
        found, entity = standings(question, groups), entity_score(question, groups)
    click.echo(
        as_json(eligibility_document(question, found, entity))
        if in_json
        else f"{printed_rules.standings_table(question, found, entity)}\n",
        nl=False,
    )
