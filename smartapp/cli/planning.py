"""Verbs that look ahead: plan, what-if."""

import re
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from scoring.model import MeasureId, Period
from scoring.rulebook import RuleBook
from smartapp.ahead.plan_document import plan_document
from smartapp.ahead.planning import Asked, observed_part, planned
from smartapp.ahead.typed import Typed, what_if
from smartapp.attesting.attestations import VARIANTS, Attestations, read_attestations
from smartapp.cli.options import AS_JSON, GATE_SHUT, PLACE, RULES, YEAR, Day, Days, stated_failures
from smartapp.cli.origins import from_source_or_run, origin_of, stop_if_broken
from smartapp.errors import UsageError
from smartapp.printed.plan import plan_text, what_if_text
from smartapp.usecases import period_within
from smartapp.written import as_json

_Value = TypeVar("_Value")
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
            form = "expected PI_HIE_1=90/96, two whole numbers of at most nine digits"
            self.fail(f"{form}, got {value!r}.", param, ctx)
        return MeasureId(found[1]), (int(found[2]), int(found[3]))


@click.command()
@from_source_or_run
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

    The text names no case unless --cases is given; the JSON names them. Exit code 4 if no plan opens the gate.
    """
    period, as_of = asked.pop("period"), asked.pop("as_of")
    target, without = asked.pop("target"), frozenset(asked.pop("without"))
    with stated_failures():
        origin = origin_of(year, rules, asked)
        attested = read_attestations(attestations, origin.rules)
        wish = Asked(_days(origin.rules, period, attested), as_of or origin.today(), target, without)
        with origin.reading(observed_part(wish)) as reading:
            stop_if_broken(reading, in_json)
            found = planned(reading, attested, wish)
            click.echo(as_json(plan_document(found)) if in_json else plan_text(found, with_cases), nl=False)
    sys.exit(GATE_SHUT if found.plan.after.gate_shut else 0)


@click.command("what-if")
@from_source_or_run
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
    """Score with values typed here, beside the score of the data. Nothing typed is kept.

    Exit code 4 if the gate is shut with what was typed.
    """
    period = asked.pop("period")
    with stated_failures():
        answers, counts = _once(asked.pop("answers"), "--answer"), _once(asked.pop("counts"), "--count")
        typed = Typed(answers, counts, asked.pop("cehrt_id"), asked.pop("controlled"))
        origin = origin_of(year, rules, asked)
        attested = read_attestations(attestations, origin.rules)
        with origin.reading(_days(origin.rules, period, attested)) as reading:
            stop_if_broken(reading, in_json)
            found = what_if(reading, attested, typed)
            click.echo(as_json(found.as_document()) if in_json else what_if_text(found), nl=False)
    sys.exit(GATE_SHUT if found.changed.score.gate_shut else 0)


def _once(given: Iterable[tuple[MeasureId, _Value]], option: str) -> dict[MeasureId, _Value]:
    """What was typed by measure; a measure typed twice is refused, since nobody knows which one was meant."""
    pairs = tuple(given)
    twice = [name for name, number in Counter(name for name, _ in pairs).items() if number > 1]
    if twice:
        raise UsageError(f"{option}: {', '.join(twice)} is typed more than once. Type it once.")
    return dict(pairs)


def _days(rules: RuleBook, period: tuple[date, date] | None, attested: Attestations) -> Period:
    if period is not None:
        return period_within(rules.year, *period)
    if attested.period is None:
        raise UsageError("no performance period: give --period A..B, or [period] in the attestation file.")
    return attested.period
