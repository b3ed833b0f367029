"""Verbs that look ahead: plan, what-if."""

import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from extractors.site import load_site
from scoring.model import MeasureId, Period
from scoring.rulebook import RuleBook, load
from smartapp.attestations import VARIANTS, Attestations, read_attestations
from smartapp.cli.counting import reading_of
from smartapp.cli.options import AS_JSON, NOT_WHOLE, PLACE, RULES, YEAR, Day, Days, from_source, stated_failures
from smartapp.plan_document import plan_document
from smartapp.planning import Asked, observed_part, planned
from smartapp.printed_plan import plan_text, what_if_text
from smartapp.runs import as_json
from smartapp.typed import Typed, what_if
from smartapp.usecases import Reading, Source, UsageError, period_within

_ANSWERS = {"yes": True, "no": False, "none": None}
_PERIOD = click.option("--period", type=Days(), help="Performance period. [default: the attestation file's]")
_ATTESTATIONS = click.option(
    "--attestations", type=PLACE, required=True, help="Attestation file; make one with: pi180 attest --new."
)


class Answer(click.ParamType[tuple[MeasureId, bool | None]]):
    """`PI_PPHI_1=yes`, `=no`, or `=none` to take an answer away."""

    name = "ID=yes|no|none"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[MeasureId, bool | None]:
        """The measure and its answer, or a refusal that shows the form."""
        name, _, answer = str(value).partition("=")
        if not name or answer not in _ANSWERS:
            self.fail(f"expected PI_PPHI_1=yes, =no or =none, got {value!r}.", param, ctx)
        return MeasureId(name), _ANSWERS[answer]


class Counts(click.ParamType[tuple[MeasureId, tuple[int, int]]]):
    """`PI_HIE_1=90/96`: met of denominator."""

    name = "ID=MET/OF"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[MeasureId, tuple[int, int]]:
        """The measure and its two numbers, or a refusal that shows the form."""
        found = re.fullmatch(r"(\w+)=([0-9]{1,9})/([0-9]{1,9})", str(value), re.ASCII)
        if found is None:
            self.fail(f"expected PI_HIE_1=90/96, got {value!r}.", param, ctx)
        return MeasureId(found[1]), (int(found[2]), int(found[3]))


@click.command()
@from_source
@YEAR
@RULES
@_PERIOD
@_ATTESTATIONS
@click.option("--as-of", type=Day(), help="The day from which to plan. [default: today, in the practice's zone]")
@click.option("--target", type=click.IntRange(1, 100), help="Points to reach. [default: the most]")
@click.option("--without", multiple=True, metavar="ACTION", help="Leave an action out, by its name; repeat for more.")
@click.option("--cases", "with_cases", is_flag=True, help="Print the keys of the cases: for inside the building only.")
@AS_JSON
def plan(year: int, rules: Path | None, attestations: Path, with_cases: bool, in_json: bool, **asked: Any) -> None:
    """List the least work that reaches a score, with last days, and what can no longer change.

    The text names no case unless --cases is given; the JSON names them.
    """
    period, as_of = asked.pop("period"), asked.pop("as_of")
    target, without = asked.pop("target"), frozenset(asked.pop("without"))
    with stated_failures():
        book, source = load(year, rules), Source(**asked)
        attested = read_attestations(attestations, book)
        wish = Asked(_days(book, period, attested), as_of or _today(source), target, without)
        with reading_of(source, book, observed_part(wish)) as reading:
            stop_if_broken(reading, in_json)
            found = planned(reading, attested, wish)
            click.echo(as_json(plan_document(found)) if in_json else plan_text(found, with_cases), nl=False)


@click.command("what-if")
@from_source
@YEAR
@RULES
@_PERIOD
@_ATTESTATIONS
@click.option("--answer", "answers", type=Answer(), multiple=True, help="Suppose an answer; repeat for more.")
@click.option("--count", "counts", type=Counts(), multiple=True, help="Suppose a count; repeat for more.")
@click.option("--cehrt-id", help="Suppose a CMS EHR Certification ID.")
@click.option("--controlled", type=click.Choice(list(VARIANTS)), help="Suppose controlled substances in or out.")
@AS_JSON
def what_if_verb(year: int, rules: Path | None, attestations: Path, in_json: bool, **asked: Any) -> None:
    """Score with values typed here, beside the score of the data. Nothing typed is kept."""
    period = asked.pop("period")
    answers, counts = dict(asked.pop("answers")), dict(asked.pop("counts"))
    typed = Typed(answers, counts, asked.pop("cehrt_id"), asked.pop("controlled"))
    with stated_failures():
        book = load(year, rules)
        attested = read_attestations(attestations, book)
        with reading_of(Source(**asked), book, _days(book, period, attested)) as reading:
            stop_if_broken(reading, in_json)
            found = what_if(reading, attested, typed)
            click.echo(as_json(found.as_document()) if in_json else what_if_text(found), nl=False)


def _days(rules: RuleBook, period: tuple[date, date] | None, attested: Attestations) -> Period:
    if period is not None:
        return period_within(rules.year, *period)
    if attested.period is None:
        raise UsageError("no performance period: give --period A..B, or [period] in the attestation file.")
    return attested.period


def _today(source: Source) -> date:
    zone = load_site(source.site, source.profile, source.zone, source.drugs).zone_info
    return datetime.now(UTC).astimezone(zone).date()


def stop_if_broken(reading: Reading, in_json: bool) -> None:
    """No plan rests on an input that is not whole; why it is not was noted while it was read."""
    if reading.faults:
        if in_json:
            click.echo(as_json({"schema": "pi180/blocked/1", "blocked": list(reading.faults)}), nl=False)
        sys.exit(NOT_WHOLE)
