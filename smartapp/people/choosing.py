"""What a person may look at: runs, years, reporters and periods, and the one that an address asks for.

Everything is told from folders, without opening a run. The newest run of a year that knows a reporter is the one that
is shown for them; a clinician's own first look stands in only where no run of the practice knows them.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from scoring.model import Period, Reporter
from smartapp.errors import UsageError
from smartapp.kept.archive import FINGERPRINT, named_period
from smartapp.kept.runs import period_name, score_name
from smartapp.people.access import Access, Act, allowed, may
from smartapp.people.reporters import who_reports

_WHO = re.compile("[0-9a-f]{12}")
_YEAR = re.compile("[0-9]{4}")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
BEST = "best"
"""In an address, as `period`: the best one, which is looked for only then."""


class NotOffered(Exception):  # noqa: N818  # the word says it
    """What was asked for is not there, or not for this person; the two are never told apart."""


class NotAPeriod(UsageError):  # noqa: N818
    """What was typed is no period of the year; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Held:
    """A run as its folders tell of it: of which year, when it was written, and which periods it was counted for."""

    place: Path
    year: int
    written: datetime
    counted: tuple[Period, ...]
    first_look: bool

    @property
    def fingerprint(self) -> str:
        """The run's name."""
        return self.place.name

    @property
    def reporters(self) -> frozenset[Reporter]:
        """Everyone for whom something is counted, and groups; no one without both numbers.

        An NPI without a TIN is there only where no case of theirs has a TIN.
        """
        return _reporters(tuple(_tallies_of(self.place, period) for period in self.counted))

    def scores(self, reporter: Reporter) -> tuple[Path, ...]:
        """The folders of the scores that were written for a reporter, the newest first."""
        places = (self.place / period_name(period) / score_name(reporter) for period in self.counted)
        found = [(written, place) for place in places if (written := _written(place / "score.json")) is not None]
        return tuple(place for _, place in sorted(found, key=lambda one: (one[0], str(one[1])), reverse=True))


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for, as it stands there; empty where it says nothing."""

    year: str = ""
    start: str = ""
    end: str = ""
    who: str = ""
    period: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """From the query of an address; what stands there beside is passed over."""
        return cls(**{name: query.get(name, "").strip()[:40] for name in ("year", "start", "end", "who", "period")})


@dataclass(frozen=True, slots=True)
class Offer:
    """A run for a reporter; `key` stands for them in an address."""

    reporter: Reporter
    held: Held
    key: str


class Offers:
    """All that one person may look at in one registration.

    Args:
        runs: the practice's runs, and those of clinicians' own readings.
        access: who looks.
        key: the server's, by which reporters are named in addresses.
        open_years: those that can still be handed in, the one to open first at the beginning.
    """

    def __init__(self, runs: tuple[Path, Path], access: Access, key: bytes, open_years: tuple[int, ...] = ()) -> None:
        self._access, self._key, self._open_years = access, key, open_years
        self._offers: dict[int, dict[Reporter, Offer]] = {}
        practice, looks = runs
        for held in (*held_runs(practice), *held_runs(looks, first_look=True)):
            for reporter in held.reporters - self._offers.get(held.year, {}).keys():
                if self._may_see(held, reporter):
                    self._offers.setdefault(held.year, {})[reporter] = self._offer(reporter, held)

    def _may_see(self, held: Held, reporter: Reporter) -> bool:
        """A first look is of one clinician and for them alone, until a run of the practice knows them.

        It counts for colleagues too, of whom it read only patients of that clinician: it is theirs whom it scored.
        """
        if not held.first_look:
            return may(self._access, Act.SEE_SCORE, reporter)
        is_own = reporter.npi is not None and reporter.npi == self._access.npi and bool(held.scores(reporter))
        return is_own and not self._is_known(held.year)

    def _is_known(self, year: int) -> bool:
        found = self._offers.get(year, {}).values()
        return any(one.reporter.npi == self._access.npi and not one.held.first_look for one in found)

    def _offer(self, reporter: Reporter, held: Held) -> Offer:
        return Offer(reporter, held, who_key(self._key, reporter))

    @property
    def years(self) -> tuple[int, ...]:
        """The years that there is anything of, the latest first."""
        return tuple(sorted(self._offers, reverse=True))

    def of(self, year: int) -> tuple[Offer, ...]:
        """Who can be looked at in a year: clinicians by their numbers, then groups."""
        found = self._offers.get(year, {}).values()
        return tuple(sorted(found, key=lambda o: (o.reporter.npi is None, o.reporter.tin or "", o.reporter.npi or "")))

    def year(self, asked: Asked) -> int:
        """The year that is asked for; where none is, the first that can still be handed in, else the latest.

        Raises:
            NotOffered: there is nothing of that year, or of any.
        """
        if not asked.year and self._offers:
            return next((year for year in self._open_years if year in self._offers), self.years[0])
        if not _YEAR.fullmatch(asked.year) or int(asked.year) not in self._offers:
            raise NotOffered
        return int(asked.year)

    def named(self, year: int, asked: Asked) -> Offer | None:
        """The reporter that is asked for; where none is, the person's own with the newest score.

        Returns:
            None where nobody is named and the person has no score of their own: then they have to choose.

        Raises:
            NotOffered: whoever is named is not there, or not for this person.
        """
        offers = self.of(year)
        if asked.who:
            found = [one for one in offers if hmac.compare_digest(one.key.encode(), asked.who.encode())]
            if not (_WHO.fullmatch(asked.who) and found):
                raise NotOffered
            return found[0]
        own = [one for one in offers if self._access.npi and one.reporter.npi == self._access.npi]
        return max(own, key=_newest, default=None)

    def acts(self, reporter: Reporter) -> frozenset[Act]:
        """What this person may do with a reporter's numbers."""
        return allowed(self._access, reporter)


def _newest(offer: Offer) -> tuple[bool, datetime, str]:
    scores = offer.held.scores(offer.reporter)
    written = _written(scores[0] / "score.json") if scores else None
    return written is not None, written or offer.held.written, offer.reporter.tin or ""


def who_key(key: bytes, reporter: Reporter) -> str:
    """What stands for a reporter in an address, and tells nothing of them (R84)."""
    named = json.dumps(["who", reporter.tin, reporter.npi]).encode()
    return hmac.new(key, named, hashlib.sha256).hexdigest()[:12]


def own_period(offer: Offer) -> Period:
    """The period to begin with: of the newest score that the run holds, else the last that it was counted for."""
    scores = offer.held.scores(offer.reporter)
    named = named_period(scores[0].parent.name) if scores else None
    return named or offer.held.counted[-1]


def presets(offer: Offer) -> tuple[tuple[str, Period], ...]:
    """Periods to choose with one click, by their names, without the best one, which has to be looked for."""
    year, own = offer.held.year, own_period(offer)
    usual = (
        ("First half", Period(date(year, 1, 1), date(year, 6, 30))),
        ("Second half", Period(date(year, 7, 1), date(year, 12, 31))),
        ("Whole year", Period(date(year, 1, 1), date(year, 12, 31))),
    )
    is_usual = own in [period for _, period in usual]
    return usual if is_usual else (("The run's own period", own), *usual)


def period_asked(asked: Asked, year: int) -> Period | None:
    """The period that was typed; None where nothing was.

    Raises:
        NotAPeriod: a day is missing, is no day, lies outside of the year, or the end comes before the start.
    """
    if not (asked.start or asked.end):
        return None
    start, end = _day(asked.start, "First day"), _day(asked.end, "Last day")
    if end < start:
        raise NotAPeriod("The last day comes before the first. Swap them.")
    if start.year != year or end.year != year:
        raise NotAPeriod(
            f"A performance period never leaves its year. Choose days from January 1 to December 31, {year}."
        )
    return Period(start, end)


def period_of(document: Mapping[str, Any], year: int) -> Period | None:
    """The period that saved answers name; None where they name none of this year."""
    named = document.get("period")
    if not isinstance(named, Mapping):
        return None
    try:
        return period_asked(Asked(start=str(named.get("start")), end=str(named.get("end"))), year)
    except NotAPeriod:
        return None


def _day(text: str, name: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise NotAPeriod(f"{name}: type a day of the calendar as year-month-day, such as 2026-01-31.")


def held_runs(folder: Path, *, first_look: bool = False) -> tuple[Held, ...]:
    """The runs in a folder that pages can open, the newest first; whatever else lies there is passed over."""
    try:
        places = [one for one in folder.iterdir() if FINGERPRINT.fullmatch(one.name)]
    except OSError:
        return ()
    found = [held for held in (_held(one, first_look=first_look) for one in places) if held is not None]
    return tuple(sorted(found, key=lambda held: (held.written, held.fingerprint), reverse=True))


def _held(place: Path, *, first_look: bool) -> Held | None:
    written = _written(place / "run.json")
    counted = sorted(_counted(place), key=lambda one: (one.start, one.end)) if written else []
    if written is None or not counted or len({one.start.year for one in counted}) > 1:
        return None
    return Held(place, counted[0].start.year, written, tuple(counted), first_look)


def _counted(place: Path) -> Iterator[Period]:
    for file in place.glob("*/tallies.json"):
        period = named_period(file.parent.name)
        if period is not None:
            yield period


def _written(file: Path) -> datetime | None:
    """When a file was written by the file system's clock, since a run keeps none (docs/adr/0005); None: not there."""
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return None


def _tallies_of(run: Path, period: Period) -> tuple[Path, int]:
    """A file of tallies, and what tells whether it is still the same."""
    file = run / period_name(period) / "tallies.json"
    try:
        return file, file.stat().st_mtime_ns
    except OSError:
        return file, 0


@lru_cache(maxsize=512)
def _reporters(files: tuple[tuple[Path, int], ...]) -> frozenset[Reporter]:
    return who_reports(one for file in files for one in _named_in(file))


@lru_cache(maxsize=1024)
def _named_in(file: tuple[Path, int]) -> frozenset[Reporter]:
    """Whoever has a tally in a file."""
    try:
        tallies = json.loads(file[0].read_text(encoding="utf-8"))["tallies"]
        return frozenset(Reporter(one["tin"], one["npi"]) for one in tallies)
    except (OSError, ValueError, LookupError, TypeError):  # opening the run says what is wrong with it
        return frozenset()
