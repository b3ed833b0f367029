"""The whole practice's numbers anew: read the export that IT refreshes, count the year, score with the newest answers.

The folder is read from its beginning each time; a reading that was broken off is worth nothing. What cannot be read
whole is not published, so that the numbers shown before stay: an export may be half written in this moment.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from extractors.site import Site
from scoring.model import Period, Reporter
from scoring.rulebook import RuleBook, load
from smartapp.attesting.attestations import Attestations
from smartapp.errors import UsageError
from smartapp.kept.archive import kept_answers, named_period
from smartapp.kept.publish import keep
from smartapp.long_work import Told
from smartapp.people.reporters import reporter_of, who_reports
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Reading, period_within, read_folder, recounted


class NotWhole(UsageError):  # noqa: N818  # the word says it
    """The export cannot be read whole; the message says what is wrong with it, and names no patient."""


Saved = Callable[[Reporter], Attestations | None]
"""Gives the answers that were saved for a reporter in the app; None where none were."""


@dataclass(frozen=True, slots=True)
class Practice:
    """What to read and where to leave it.

    `source` is a folder of FHIR, `runs` is where runs are kept. `tell` is called with bytes read and to read; when all
    are read, before each reporter who is scored.
    """

    source: Path
    site: Site
    year: int
    runs: Path
    saved: Saved
    tell: Told


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The run's folder, how many reporters were scored, and how many of earlier runs the export no longer knows."""

    run: Path
    scored: int
    unknown: int


def refresh(asked: Practice) -> Refreshed:
    """Read the practice's export, and score whoever has answers: saved in the app, or beside the newest score of a run.

    Where nobody has any, every clinician whom the data name is scored with nothing attested: the gate then lists what
    a person has to answer.

    Raises:
        NotWhole: something of the export is missing, cut or damaged; nothing was published.
        ExtractionError: it cannot be read at all.
        ArchiveError: the answers beside a score cannot be opened.
        AttestationError: saved answers say what the year does not know.
        UsageError: they name a period that leaves the year.
        Halted: `tell` would not have it go on.
    """
    if not asked.source.is_dir():
        raise NotWhole("the folder of the practice's export is not there")
    rules, told = load(asked.year), _Bytes(asked)
    year = Period(date(asked.year, 1, 1), date(asked.year, 12, 31))
    with read_folder(asked.source, asked.site, rules, year, told) as reading:
        if reading.faults:
            raise NotWhole(f"the practice's export is not whole: {'; '.join(reading.faults)}")
        return _score(asked, reading, told)


class _Bytes:
    """Tells bytes as they are read, at each whole percent."""

    def __init__(self, asked: Practice) -> None:
        self._tell, self._done = asked.tell, 0
        self._total = sum(file.stat().st_size for file in asked.source.rglob("*") if file.is_file())
        self._tell(0, self._total)

    def __call__(self, size: int) -> None:
        before, self._done = self._done, min(self._done + size, self._total)
        if self._total and 100 * before // self._total < 100 * self._done // self._total:
            self._tell(self._done, self._total)

    def whole(self) -> None:
        """Tell that everything is read."""
        self._tell(self._total, self._total)


def _score(asked: Practice, reading: Reading, told: _Bytes) -> Refreshed:
    """Score every reporter, then publish; whom the export does not know any more keeps the numbers of before."""
    known, lost = _answers(asked, reading)
    if not known:
        raise NotWhole("the practice's export knows none of the reporters")
    for scored in [_scored(reading, attested, told) for attested in known]:
        recounted(scored.reading, scored.reading.period)  # so that the engine holds the cases of these days again
        run = keep(scored, asked.runs)
    return Refreshed(run, len(known), lost)


def _scored(reading: Reading, attested: Attestations, told: _Bytes) -> Scored:
    told.whole()
    return score_reading(_within(reading, attested.period), attested)


def _answers(asked: Practice, reading: Reading) -> tuple[list[Attestations], int]:
    """The newest answers for each reporter whom the data know, and how many others earlier runs scored."""
    kept, lost = dict[Reporter, Attestations](), 0
    for attested in answers_kept(asked.runs, reading.rules):
        try:
            kept[reporter_of(reading, attested.reporter)] = attested
        except UsageError:
            lost += 1
    tallied = who_reports(Reporter(one.tin, one.npi) for one in reading.tallies)
    saved = {one: found for one in tallied | set(kept) if (found := asked.saved(one))}
    known = {**kept, **saved}
    if not (known or lost):
        known = {one: _unattested(one, asked.year) for one in tallied if one.npi}
    return [replace(known[one], reporter=one) for one in sorted(known, key=str)], lost


def _within(reading: Reading, period: Period | None) -> Reading:
    """The same reading counted for another period of its year; None leaves it at the whole year.

    Raises:
        UsageError: the period leaves the year: no page would open a run that holds it.
    """
    days = period or reading.period
    return recounted(reading, period_within(reading.rules.year, days.start, days.end))


def answers_kept(runs: Path, rules: RuleBook) -> tuple[Attestations, ...]:
    """The answers beside the newest score of each reporter in the runs of a year; `runs` may be missing.

    Raises:
        ArchiveError: some cannot be opened; going on without them would score a person's answers as not given.
    """
    newest: dict[str, tuple[float, Path]] = {}
    for place in _places(runs, rules.year):
        age = (place / "attestations.json").stat().st_mtime
        newest[place.name] = max(newest.get(place.name, (0.0, place)), (age, place))
    return tuple(kept_answers(place, rules) for _, (_, place) in sorted(newest.items()))


def _places(runs: Path, year: int) -> Iterator[Path]:
    for file in sorted(runs.glob("*/*/TIN-*/attestations.json")):
        period = named_period(file.parent.parent.name)
        if period is not None and period.start.year == year:
            yield file.parent


def _unattested(reporter: Reporter, year: int) -> Attestations:
    whole_year = Period(date(year, 1, 1), date(year, 12, 31))
    return Attestations(year, reporter, whole_year, None, {}, {}, "controlled-included")
