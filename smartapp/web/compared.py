"""The pages that set numbers beside each other: roads, exclusions, a group and its clinicians, and runs over time."""

from flask import Blueprint, Response, request

from scoring.model import Reporter
from smartapp.ahead.hie import roads_of
from smartapp.ahead.limits import limits_of
from smartapp.attesting.owed import owed
from smartapp.attesting.proposed import propose
from smartapp.attesting.roads import choose_path
from smartapp.errors import UsageError
from smartapp.kept.trend import Since, Trend, gaps_of, since_before, trend_of
from smartapp.people.access import Act, may
from smartapp.people.eligibility import Standing
from smartapp.people.group_rollup import rollup_of
from smartapp.report.exclusion_limits import limits_shown
from smartapp.report.group import Around, group_shown
from smartapp.report.hie import roads_shown
from smartapp.report.page import page_of
from smartapp.report.pages import app_page
from smartapp.report.trend import trend_shown
from smartapp.store import Launch, StaleDraft
from smartapp.web.answering import Seen, keep
from smartapp.web.chosen import chosen_score, offers_of
from smartapp.web.framing import access_of, known
from smartapp.web.pages import check_form, page, signed_in
from smartapp.web.requirements import members_of
from smartapp.web.service import current_service

routes = Blueprint("compared", __name__, url_prefix="/l/<launch_id>")

_STALE = "Somebody saved other answers since this page was opened. Nothing was saved; look at the roads anew."


@routes.get("/hie")
@signed_in
def hie(launch: Launch) -> Response:
    """The roads to health information exchange beside each other."""
    with chosen_score(launch) as (scored, choice, frame):
        return page(_roads(Seen(launch, scored, choice, frame)))


@routes.post("/hie")
@signed_in
def take_road(launch: Launch) -> Response:
    """Choose one road as a new version of the answers; two at once are refused."""
    check_form(current_service(), launch)
    with chosen_score(launch, Act.ANSWER) as (scored, choice, frame):
        seen = Seen(launch, scored, choice, frame)
        problem = _taken(seen)
        if problem:
            return page(_roads(seen, problem), 400)
        return Response("", 303, {"Location": f"{frame.home}/hie{frame.choice}"})


def _taken(seen: Seen) -> str:
    """Save the road that the form names; what is wrong with it in words, empty if it was saved."""
    measures = tuple(name for road in request.form.getlist("road") for name in road.split("+"))
    if request.form.get("based-on", "") != _version(seen):
        return _STALE
    try:
        proposed = propose(seen.scored, choose_path(seen.scored, measures).entries)
        if proposed.can_be_kept and proposed.changed:
            keep(seen, proposed, request.form.get("reason", ""))
        return " ".join(proposed.problems.values())
    except UsageError as problem:
        return f"Two roads at once are refused: {problem}"
    except StaleDraft:
        return _STALE


def _roads(seen: Seen, problem: str = "") -> str:
    shown = tuple(roads_shown(seen.scored, one) for one in roads_of(seen.scored))
    base, can = _version(seen), Act.ANSWER in seen.choice.can
    about = page_of(seen.scored, ())
    return app_page("hie", seen.frame, page=about, shown=shown, problem=problem, based_on=base, may_answer=can)


def _version(seen: Seen) -> str:
    return str(seen.choice.draft.number) if seen.choice.draft else ""


@routes.get("/exclusions")
@signed_in
def exclusions(launch: Launch) -> Response:
    """Each exclusion against its limit, seen from today."""
    with chosen_score(launch) as (scored, choice, frame):
        about = page_of(scored, ())
        shown = limits_shown(scored, limits_of(scored, frame.today or choice.period.end))
        return page(app_page("exclusions", frame, page=about, shown=shown))


@routes.get("/group")
@signed_in
def group(launch: Launch) -> Response:
    """A group beside those of its clinicians whom this person may see."""
    with chosen_score(launch) as (scored, choice, frame):
        seen = Seen(launch, scored, choice, frame)
        access = access_of(current_service(), launch, known(current_service(), launch))
        found = rollup_of(scored, lambda who: may(access, Act.SEE_SCORE, who))
        shown = group_shown(found, _around(seen)) if found else None
        return page(app_page("group", frame, page=page_of(scored, ()), shown=shown))


def _around(seen: Seen) -> Around:
    """Where the numbers of a group lead: only to numbers of the same run, which are the same."""
    service, choice = current_service(), seen.choice
    offers = offers_of(service, seen.launch, known(service, seen.launch)).of(choice.year)
    days = f"&start={choice.period.start}&end={choice.period.end}"
    same = [one for one in offers if one.held.place == choice.run and one.reporter.tin == choice.reporter.tin]
    queries = {one.reporter.npi or "": f"?year={choice.year}{days}&who={one.key}" for one in same}
    return Around(seen.frame.home, queries, Act.SEE_CASES in choice.can, _owes(seen))


def _owes(seen: Seen) -> dict[str, Standing]:
    found = owed(seen.scored, members_of(seen), seen.frame.today)
    return {one.npi or "": one for one in (found.own, *found.members)}


@routes.get("/trend")
@signed_in
def trend(launch: Launch) -> Response:
    """The scores of the kept runs, and what the newest has otherwise than the one before."""
    with chosen_score(launch) as (scored, choice, frame):
        found = trend_of(choice.run.parent, choice.reporter, choice.year)
        since, zone = _since(found, choice.reporter), scored.reading.site.zone_info
        gaps = current_service().remembered.once(("gaps", choice.key), lambda: gaps_of(scored))
        shown = trend_shown(found, since, choice.period, zone, gaps)
        return page(app_page("trend", frame, page=page_of(scored, ()), shown=shown))


def _since(found: Trend, reporter: Reporter) -> Since | None:
    """Compared once: runs that are kept do not change."""
    last = tuple((one.fingerprint, one.written, one.period) for one in found.kept[-2:])
    return current_service().remembered.once(("since", reporter, last), lambda: since_before(found, reporter))
