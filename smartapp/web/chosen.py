"""The score that a request asks for: a run of the year, a period and a reporter that this person may see, and answers.

Every page of numbers goes through `chosen_score`. What was chosen stands in the query of its address and of every
link on it; whoever asks for what they may not see is told nothing of whether it is there (R84, R99).
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

from flask import request

from scoring.model import Period, Reporter
from smartapp.ahead.looking_ahead import periods_of
from smartapp.attesting.attestations import Attestations, as_document, from_document
from smartapp.kept.answered import brought_answers, newest_answers
from smartapp.kept.archive import named_period
from smartapp.people.access import Act
from smartapp.people.choosing import (
    BEST,
    Asked,
    NotAPeriod,
    NotOffered,
    Offer,
    Offers,
    own_period,
    period_asked,
    period_of,
    presets,
)
from smartapp.people.open_years import open_years
from smartapp.report.frame import Choosing, Frame, Link, Option
from smartapp.report.pages import app_page
from smartapp.report.words import day, plural, reporter_in_words
from smartapp.scored import Scored, score_reading
from smartapp.store import Deed, Draft, Filing, Launch, Person
from smartapp.usecases import Reading
from smartapp.web.first_score import FIRST_LOOK, no_score
from smartapp.web.framing import access_of, denied, frame_of, known, roles_in_words
from smartapp.web.problems import PageShown, Shown
from smartapp.web.service import Service, current_service
from smartapp.written import as_json

_NO_ROLE = "The EHR states no NPI for you, and nobody has given you a role in pi180, so nothing is shown."
_ASK = "Ask the administrator of pi180 in your practice for a role; it is given under People."


@dataclass(frozen=True, slots=True)
class Choice:
    """What a page shows: of which run, for which days and whom, with whose answers, and what this person may do.

    `written` is when the run was made. `draft` are the answers that were saved here; None: they are those of the newest
    score, or nobody gave any. `key` stands for everything that the numbers depend on, but for the day.
    """

    run: Path
    fingerprint: str
    year: int
    period: Period
    reporter: Reporter
    filing: Filing
    written: datetime
    first_look: bool
    draft: Draft | None
    can: frozenset[Act]
    key: str


@dataclass(frozen=True, slots=True)
class _Asking:
    """One request for numbers: who asks for what, and whom it is about."""

    service: Service
    launch: Launch
    person: Person
    offers: Offers
    offer: Offer
    asked: Asked
    filing: Filing
    draft: Draft | None

    @property
    def begins_with(self) -> Period:
        """The period of a page whose address names none: the one that was attested, here or before, else the run's."""
        attested = period_of(self.draft.document, self.offer.held.year) if self.draft else None
        kept = newest_answers(self.offer.held, self.offer.reporter)
        return attested or (named_period(kept.parent.name) if kept else None) or own_period(self.offer)

    def address(self, period: Period | None = None) -> str:
        """The query that chooses a period of this reporter."""
        days = {"start": str(period.start), "end": str(period.end)} if period else {}
        return f"?{urlencode({'year': str(self.offer.held.year), **days, 'who': self.offer.key})}"


@contextmanager
def chosen_score(launch: Launch, act: Act = Act.SEE_SCORE) -> Iterator[tuple[Scored, Choice, Frame]]:
    """The score that the request asks for, counted and scored anew; written to the trail before it is made.

    Args:
        launch: whose browser asks.
        act: what they want to do with it.

    Raises:
        Shown: they may not, or there is nothing to show.
        PageShown: they have to choose, or to choose otherwise.
        ArchiveError: the run's folder is not whole.
    """
    asking = _asking(launch)
    if act not in asking.offers.acts(asking.offer.reporter):
        denied(asking.service, launch, act)
    period = _period(asking)
    told = f"run {asking.offer.held.fingerprint[:12]}, {period.start} to {period.end}, reporter {asking.offer.key}"
    asking.service.note(Deed.SCORE_VIEWED, launch, detail=f"{told}, {request.endpoint}")
    with asking.service.open_runs.reading(asking.offer.held.place, period) as reading:
        scored = _scored(asking, reading)
        yield scored, _choice(asking, scored), _frame(asking, scored)


def offers_of(service: Service, launch: Launch, person: Person) -> Offers:
    """All that somebody may look at.

    Raises:
        Shown: they have no role here.
    """
    access = access_of(service, launch, person)
    if not access.roles:
        service.note(Deed.DENIED, launch, detail=f"no role here: {request.endpoint}")
        raise Shown(403, "You have no role here yet", f"You are signed in as {person.name}. {_NO_ROLE}", _ASK)
    registration = service.ehr(launch).registration
    named = f"reporters in addresses of {registration.id}".encode()
    key = hmac.new(service.settings.key, named, sha256).digest()
    years = open_years(service.today(registration))
    return Offers((registration.runs, registration.first_looks), access, key, years)


def _asking(launch: Launch) -> _Asking:
    service, asked = current_service(), Asked.of(request.args)
    person = known(service, launch)
    offers = offers_of(service, launch, person)
    if not offers.years and not asked.who:
        raise _nothing(service, launch, person)
    try:
        year = offers.year(asked)
        offer = offers.named(year, asked)
    except NotOffered:
        denied(service, launch, Act.SEE_SCORE)
    if offer is None:
        raise PageShown(_chooser(launch, person, offers.of(year), offers.years))
    filing = Filing(launch.registration, year, offer.reporter.tin, offer.reporter.npi)
    return _Asking(service, launch, person, offers, offer, asked, filing, service.drafts.current(filing))


def _nothing(service: Service, launch: Launch, person: Person) -> Shown:
    """There is no run that this person may see."""
    if person.npi:
        return no_score(service, launch, person)
    who = f"You are signed in as {person.name}, {roles_in_words(access_of(service, launch, person))}."
    return Shown(404, "No score yet", who, "No run of this practice lies here that your role may see.")


def _chooser(launch: Launch, person: Person, offers: tuple[Offer, ...], years: tuple[int, ...]) -> str:
    """Who can be looked at, for somebody who has no score of their own."""
    here, roles = request.path, roles_in_words(access_of(current_service(), launch, person))
    year = offers[0].held.year
    links = [(one.reporter.npi, Link(reporter_in_words(one.reporter), f"{here}?year={year}&who={one.key}"))
             for one in offers]  # fmt: skip
    return app_page(
        "choose",
        frame_of(launch, person),
        roles=roles,
        year=year,
        clinicians=tuple(link for npi, link in links if npi),
        groups=tuple(link for npi, link in links if not npi),
        years=tuple(Link(str(one), f"{here}?year={one}", one == year) for one in years),
    )


def _period(asking: _Asking) -> Period:
    """The days that are asked for.

    Raises:
        PageShown: what was typed is no period.
    """
    try:
        period = period_asked(asking.asked, asking.offer.held.year)
    except NotAPeriod as problem:
        raise PageShown(_mistyped(asking, str(problem)), 400) from None
    return period or (_best(asking) if asking.asked.period == BEST else asking.begins_with)


def _best(asking: _Asking) -> Period:
    """The best period with the answers as they are; where the input is not whole, the one to begin with."""
    begun = asking.begins_with
    with asking.service.open_runs.reading(asking.offer.held.place, begun) as reading:
        scored = _scored(asking, reading)
        key = _choice(asking, scored).key
        today = asking.service.today(asking.service.ehr(asking.launch).registration)
        periods = asking.service.remembered.once(("periods", key, today), lambda: periods_of(scored, today))
    return periods.found.best.period if periods else begun


def _scored(asking: _Asking, reading: Reading) -> Scored:
    """The answers keep the period that they attest; those that name none are taken to be of the one looked at."""
    attested = _answers(asking.offer, asking.draft, reading)
    days = attested.period or reading.period
    return score_reading(reading, replace(attested, reporter=asking.offer.reporter, period=days))


def _answers(offer: Offer, draft: Draft | None, reading: Reading) -> Attestations:
    """What was saved here, else what stands beside the newest score, else nothing."""
    if draft is not None:
        return from_document(draft.document, "the saved answers", reading.rules)
    brought = brought_answers(offer.held, offer.reporter, reading.rules)
    return brought or Attestations(reading.rules.year, None, None, None, {}, {}, "controlled-included")


def _choice(asking: _Asking, scored: Scored) -> Choice:
    held, reading = asking.offer.held, scored.reading
    depends_on = [reading.fingerprint, held.written.isoformat(), str(reading.period), as_document(scored.attestations)]
    return Choice(
        run=held.place,
        fingerprint=reading.fingerprint,
        year=held.year,
        period=reading.period,
        reporter=asking.offer.reporter,
        filing=asking.filing,
        written=held.written,
        first_look=held.first_look,
        draft=asking.draft,
        can=asking.offers.acts(asking.offer.reporter),
        key=sha256(as_json({"of": depends_on}).encode()).hexdigest(),
    )


def _frame(asking: _Asking, scored: Scored) -> Frame:
    period = scored.reading.period
    days = f"{day(period.start)} to {day(period.end)} ({plural(period.days, 'day', 'days')})"
    text = f"{asking.offer.held.year}, {days}, {reporter_in_words(asking.offer.reporter)}"
    form = _form(asking, text, (str(period.start), str(period.end)))
    first_look = (FIRST_LOOK,) if asking.offer.held.first_look else ()
    frame = frame_of(asking.launch, asking.person)
    notices = (*first_look, *_of_other_days(scored))
    return replace(frame, choice=asking.address(period), choosing=form, notices=notices)


def _of_other_days(scored: Scored) -> Iterator[str]:
    """That totals of the EHR's report are not of the days that are looked at: nobody can count them anew."""
    totals, of = scored.attestations.reported, scored.attestations.period
    if totals and of is not None and of != scored.reading.period:
        yield (
            f"The totals of the EHR's own report ({', '.join(totals)}) are of {day(of.start)} to {day(of.end)}, not of "
            "the days that this page shows. They stand here unchanged: run that report again for these days."
        )


def _mistyped(asking: _Asking, problem: str) -> str:
    """The form with what was typed and what is wrong with it, and no numbers."""
    text = f"{asking.offer.held.year}, {reporter_in_words(asking.offer.reporter)}"
    form = replace(_form(asking, text, (asking.asked.start, asking.asked.end)), problem=problem)
    return app_page("mistyped", replace(frame_of(asking.launch, asking.person), choice=asking.address(), choosing=form))


def _form(asking: _Asking, text: str, days: tuple[str, str]) -> Choosing:
    offer = asking.offer
    here = request.path if request.method == "GET" else f"/l/{asking.launch.id}/score"
    known = asking.offers.of(offer.held.year)
    return Choosing(
        text=text,
        action=here,
        year=offer.held.year,
        start=days[0],
        end=days[1],
        years=tuple(_year(asking, year, here) for year in asking.offers.years),
        presets=tuple(_presets(asking, days, here)),
        reporters=tuple(Option(one.key, reporter_in_words(one.reporter), one is offer) for one in known),
    )


def _year(asking: _Asking, year: int, here: str) -> Link:
    """Another year of the same reporter, if it knows them."""
    known = any(one.key == asking.offer.key for one in asking.offers.of(year))
    query = urlencode({"year": year} | ({"who": asking.offer.key} if known else {}))
    return Link(str(year), f"{here}?{query}", year == asking.offer.held.year)


def _presets(asking: _Asking, days: tuple[str, str], here: str) -> Iterator[Link]:
    usual = presets(asking.offer)
    attested = asking.begins_with
    named = (*(() if attested in dict(usual).values() else (("The attested period", attested),)), *usual)
    for name, period in named:
        yield Link(name, f"{here}{asking.address(period)}", days == (str(period.start), str(period.end)))
    yield Link("Best period", f"{here}{asking.address()}&period={BEST}")
