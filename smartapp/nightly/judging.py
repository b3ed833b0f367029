"""The reports of one reading: which days, what they score, what is wrong, and the files, beside their place yet."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from extractors.cases import tally
from extractors.sources.crawled import not_whole_of
from extractors.tallies import Tallies
from scoring.model import Period
from smartapp import __version__
from smartapp.ahead.assumed import Answered
from smartapp.ahead.best_period import PeriodSearch
from smartapp.attesting.attestations import Attestations, read_attestations
from smartapp.kept.publish import publish
from smartapp.kept.runs import holds, period_name, write_period
from smartapp.nightly.alerts import Alert, fallen, not_compared, standing_alerts
from smartapp.nightly.config import Clinic, Report, Wanted
from smartapp.nightly.state import Committed
from smartapp.nightly.status import Counted, Ledger, Reported
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Reading, period_within


@dataclass(frozen=True, slots=True)
class Judged:
    """One report that is ready: what it says, what is wrong with it, and the folder in which its files wait."""

    reported: Reported
    alerts: tuple[Alert, ...]
    staged: Path


def identity_of(reading: Reading, clinic: Clinic) -> str:
    """A digest of all that decides the results: where it is the same, they are. Places in files are left out."""
    asked = [[one.folder, str(one.period), one.attestations.read_text(encoding="utf-8")] for one in clinic.reports]
    quarantine = {name: getattr(reading.quarantine, name) for name in ("count", "of", "patients")}
    said = [__version__, reading.fingerprint, asked, quarantine, list(reading.ledger)]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def ledger_of(reading: Reading) -> Ledger:
    """How whole a reading is."""
    not_whole = {str(row["type"]): str(row["state"]) for row in not_whole_of(reading.ledger)}
    return Ledger(reading.quarantine.count, reading.quarantine.of, not_whole)


def judge(reading: Reading, clinic: Clinic, report: Report, before: Committed | None, staged: Path) -> Judged:
    """Score one report and write its files into `staged`, its run into the results.

    Raises:
        UsageError, AttestationError: the answers do not go with the data.
    """
    attested = read_attestations(report.attestations, reading.rules)
    counted = counted_in(reading, days_of(report, attested, reading))
    scored = score_reading(counted, attested)
    run = publish(scored, staged, runs=clinic.out / "runs").run
    alerts = standing_alerts(scored, report.folder)
    return Judged(_reported(scored, report), (*alerts, *_fallen(scored, run, report, before)), staged)


def days_of(report: Report, attested: Attestations, reading: Reading) -> Period:
    """The performance period of a report.

    Raises:
        UsageError: it leaves the year.
    """
    if isinstance(report.period, Period):
        return report.period
    if report.period is Wanted.BEST:
        return PeriodSearch(reading).best(Answered(attested)).best.period
    if report.period is Wanted.ATTESTED and attested.period is not None:
        return period_within(reading.rules.year, attested.period.start, attested.period.end)
    return _so_far(reading)


def _so_far(reading: Reading) -> Period:
    """From 1 January to the last day that the data reach: never by the clock, so that the same data give the same."""
    year = reading.rules.year
    first, last = date(year, 1, 1), date(year, 12, 31)
    days = [date.fromisoformat(day) for day in _case_days(reading) if first.isoformat() <= day <= last.isoformat()]
    reach = reading.site.data_until or max(days, default=last)
    return Period(first, min(max(reach, first), last))


def _case_days(reading: Reading) -> Iterator[str]:
    days = reading.engine.table("cases", "1")["occurred"].unique().to_pylist()
    return (day for day in days if day is not None and len(day) == len("2026-01-01"))


def counted_in(reading: Reading, period: Period) -> Reading:
    """Another period of the same year; the engine holds the cases of this one from now on."""
    counted = Tallies(tally(reading.engine, period, reading.site.numerator_window))
    return replace(reading, period=period, tallies=counted)


def _reported(scored: Scored, report: Report) -> Reported:
    score, period = scored.score, scored.reading.period
    return Reported(
        folder=report.folder,
        start=period.start.isoformat(),
        end=period.end.isoformat(),
        points=score.points if score.determinable else None,
        before_gate=score.before_gate,
        up_to=score.up_to,
        determinable=score.determinable,
        gate_shut=score.gate_shut,
        measures=tuple(_counted(scored)),
    )


def _counted(scored: Scored) -> Iterator[Counted]:
    for measure, proportion in scored.submission.proportions.items():
        yield Counted(str(measure), proportion.readable, proportion.met, proportion.denominator, proportion.unknown)


def _fallen(scored: Scored, run: Path, report: Report, before: Committed | None) -> tuple[Alert, ...]:
    """What fell since the run before, over its days, which are counted here, too, where they are other days."""
    then = before.report(report.folder) if before else None
    if before is None or then is None or before.run == run.name:
        return ()
    earlier = run.parent / before.run
    if not then.start.startswith(str(scored.reading.rules.year)):
        return ()
    period = Period(date.fromisoformat(then.start), date.fromisoformat(then.end))
    if not holds(earlier, period):
        return (not_compared(before.run, report.folder),)
    if period != scored.reading.period:
        write_period(run, counted_in(scored.reading, period))
    return fallen(earlier, run, period_name(period), scored, report.folder)
