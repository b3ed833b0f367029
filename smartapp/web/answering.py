"""The forms of the steps: shown, tried, saved as a new version of the answers, or refused with what was typed.

What a person saves is based on the version that they saw. Where somebody saved in between, both are shown and nothing
is lost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flask import Response, request
from werkzeug.exceptions import NotFound

from scoring.model import Reporter
from scoring.year import RuleBook
from smartapp.attesting.attestations import Attestations, from_document
from smartapp.attesting.entries import Entry
from smartapp.attesting.fields import fields_of
from smartapp.attesting.proposed import Proposed, in_place, propose
from smartapp.attesting.readiness import Readiness, readiness
from smartapp.kept.answered import brought_answers
from smartapp.kept.archive import counted_periods
from smartapp.people.access import Act
from smartapp.people.choosing import Held
from smartapp.report.frame import Frame
from smartapp.report.steps import Form, Sides, changed_in_words, looked_at, refused, stale_of
from smartapp.report.versions import BROUGHT, versions
from smartapp.scored import Scored
from smartapp.store import Deed, Draft, Launch, StaleDraft
from smartapp.web.chosen import Choice, chosen_score
from smartapp.web.pages import check_form, page
from smartapp.web.service import current_service

_LONGEST_REASON = 300
_CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Seen:
    """One request to a step: whose, and the score with its answers that it is about."""

    launch: Launch
    scored: Scored
    choice: Choice
    frame: Frame

    @property
    def rules(self) -> RuleBook:
        """The rules of the year."""
        return self.scored.reading.rules

    def history(self) -> tuple[Draft, ...]:
        """Every version that was saved, the newest first."""
        return current_service().drafts.history(self.choice.filing)

    def ready(self) -> Readiness:
        """The files that the answers ask for, and those that are there."""
        return readiness(self.scored, current_service().store.documents.of(self.choice.filing))

    def before_drafts(self, reporter: Reporter | None = None) -> Attestations | None:
        """The answers that stood before any draft, for its reporter or another; None where there were none."""
        choice = self.choice
        held = Held(choice.run, choice.year, choice.written, counted_periods(choice.run), choice.first_look)
        return brought_answers(held, reporter or choice.reporter, self.rules)


@dataclass(frozen=True, slots=True)
class Step:
    """One step with a form: the page's name, what its fields would set, and the page with the form as it stands."""

    name: str
    entries: Callable[[Mapping[str, str], RuleBook], tuple[Entry, ...]]
    render: Callable[[Seen, Form], str]


def shown(launch: Launch, step: Step) -> Response:
    """The page of a step with the answers as they are."""
    with chosen_score(launch) as (scored, choice, frame):
        seen = Seen(launch, scored, choice, frame)
        return page(step.render(seen, _form(seen, fields_of(seen.scored.attestations, seen.rules))))


def taken(launch: Launch, step: Step) -> Response:
    """What a form brings: shown in its effect, saved, or refused."""
    check_form(current_service(), launch)
    with chosen_score(launch, Act.ANSWER) as (scored, choice, frame):
        seen, sent = Seen(launch, scored, choice, frame), request.form.to_dict()
        if sent.get("based-on", "") != _number(choice.draft):
            return _stale(seen, step, sent, choice.draft)
        proposed = propose(seen.scored, step.entries(sent, seen.rules))
        form = refused(_form(seen, _typed(seen, sent)), proposed.problems, seen.rules)
        if not proposed.can_be_kept:
            return page(step.render(seen, form), 400)
        if sent.get("do") == "look":
            return page(step.render(seen, replace(form, looked=looked_at(proposed))))
        return _saved(seen, step, sent, proposed)


def restored(launch: Launch, step: Step) -> Response:
    """An earlier version of the answers, saved once more as the newest; refused as any other answers are."""
    check_form(current_service(), launch)
    with chosen_score(launch, Act.ANSWER) as (scored, choice, frame):
        seen, sent = Seen(launch, scored, choice, frame), request.form.to_dict()
        if sent.get("based-on", "") != _number(choice.draft):
            return _stale(seen, step, {}, choice.draft)
        earlier = _earlier(seen, sent.get("version", ""))
        if earlier is None:
            raise NotFound
        proposed = in_place(scored, earlier)
        if not proposed.can_be_kept:
            return page(step.render(seen, refused(_form(seen, _typed(seen, {})), proposed.problems, seen.rules)), 400)
        return _saved(seen, step, {"reason": _restored_words(sent["version"])}, proposed)


def _earlier(seen: Seen, version: str) -> Attestations | None:
    if version == BROUGHT:
        return seen.before_drafts()
    found = next((one for one in seen.history() if str(one.number) == version), None)
    return from_document(found.document, "the saved answers", seen.rules) if found else None


def _restored_words(version: str) -> str:
    return f"Restored: {'the answers as the run brought them' if version == BROUGHT else f'version {version}'}."


def keep(seen: Seen, proposed: Proposed, reason: str) -> Draft:
    """Save proposed answers as the next version; the trail says it first.

    Raises:
        StaleDraft: somebody saved in between.
    """
    service, based_on = current_service(), seen.choice.draft.number if seen.choice.draft else None
    told = reason.strip()[:_LONGEST_REASON] or changed_in_words(proposed.changed, seen.rules)
    service.note(Deed.ANSWERS_SAVED, seen.launch, detail=f"version {(based_on or 0) + 1} of {seen.choice.year}")
    author, now = service.author(seen.launch), service.clock()
    return service.drafts.save(seen.choice.filing, proposed.document, author, now, based_on, told)


def _saved(seen: Seen, step: Step, sent: Mapping[str, str], proposed: Proposed) -> Response:
    number = _number(seen.choice.draft)
    if proposed.changed:
        try:
            number = _number(keep(seen, proposed, sent.get("reason", "")))
        except StaleDraft as problem:
            current_service().note(Deed.DENIED, seen.launch, detail="answers not saved: somebody saved in between")
            return _stale(seen, step, sent, problem.newest)
    here = f"{seen.frame.home}/{step.name}{seen.frame.choice}"
    return Response("", 303, {"Location": f"{here}&saved={number or 'nothing'}"})


def _stale(seen: Seen, step: Step, sent: Mapping[str, str], newest: Draft | None) -> Response:
    """The form with what was saved in between and what was typed, and nothing saved."""
    if newest is None:  # the answers were wiped, or the form is of another reporter
        gone = {"reason": "The answers that this form started from are not there any more. Look it over, then save."}
        return page(step.render(seen, refused(_form(seen, _typed(seen, sent)), gone, seen.rules)), _CONFLICT)
    sides = Sides(
        base=_fields(seen, _version(seen, sent.get("based-on", ""))),
        theirs=_fields(seen, from_document(newest.document, "the saved answers", seen.rules)),
        typed={name: text for name, text in sent.items() if name not in ("csrf", "do", "based-on", "reason")},
    )
    zone = seen.scored.reading.site.zone_info
    form = _form(seen, {**sides.merged(), "reason": sent.get("reason", "")})
    form = replace(form, based_on=_number(newest), stale=stale_of(newest, zone, sides, seen.rules))
    return page(step.render(seen, form), _CONFLICT)


def _version(seen: Seen, number: str) -> Attestations | None:
    """The answers that a form started from."""
    found = next((one for one in seen.history() if str(one.number) == number), None)
    if found is None:
        return seen.before_drafts()
    return from_document(found.document, "the saved answers", seen.rules)


def _fields(seen: Seen, attested: Attestations | None) -> dict[str, str]:
    return fields_of(attested, seen.rules) if attested else {}


def _typed(seen: Seen, sent: Mapping[str, str]) -> dict[str, str]:
    """What stands in the form: what was sent, and the rest as it is; a box that was unticked is not sent."""
    kept = fields_of(seen.scored.attestations, seen.rules)
    boxes = ("status-", "missed-")
    return {**{name: text for name, text in kept.items() if not name.startswith(boxes)}, **sent}


def _form(seen: Seen, fields: Mapping[str, str]) -> Form:
    number = _number(seen.choice.draft)
    return Form(
        fields=fields,
        may_edit=Act.ANSWER in seen.choice.can,
        based_on=number,
        history=versions(seen.history(), seen.before_drafts(), seen.rules, seen.scored.reading.site.zone_info),
        saved=_SAVED.get(request.args.get("saved", ""), "") or _saved_words(number),
    )


_SAVED = {"nothing": "Nothing was changed, so nothing was saved."}


def _saved_words(number: str) -> str:
    return f"Saved as version {number}." if number and request.args.get("saved") == number else ""


def _number(draft: Draft | None) -> str:
    return str(draft.number) if draft else ""
