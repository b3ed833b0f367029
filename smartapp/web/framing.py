"""The layout around a page of a launch: who looks, what they may open, and the choice that every link carries on."""

import re
from typing import NoReturn
from urllib.parse import urlencode

from flask import g, request

from smartapp.people.access import MAY, Access, Act, Role, may, may_see_patient
from smartapp.report.frame import Frame, Link
from smartapp.report.words import moment
from smartapp.smart.session import SignInNeeded
from smartapp.store import Deed, Launch, Person
from smartapp.web.problems import STYLESHEET, Shown
from smartapp.web.service import Service, current_service

_CARRIED = {"year": "[0-9]{4}", "start": "[0-9-]{10}", "end": "[0-9-]{10}", "who": "[0-9a-f]{12}"}
_NEEDS = {"runs": Act.START_RUN, "people": Act.MANAGE_PEOPLE, "trail": Act.SEE_TRAIL}
"""Pages of the whole registration, and what opens them."""

_UNTOLD = (
    "The EHR did not say who is signed in, or does not permit reading it. Your IT has to grant openid, fhirUser and "
    "reading Practitioner to pi180."
)

_NOT_YOURS = {Act.SEE_SCORE: "There are no numbers here that you may see: choose again."}
_NOT_YOUR_ROLE = "Your role here does not include it."


def known(service: Service, launch: Launch) -> Person:
    """Who is signed in.

    Raises:
        Shown: the EHR does not say it, or no longer.
    """
    try:
        person = service.person(launch)
    except SignInNeeded as problem:
        raise Shown(403, "The EHR's permission has run out", str(problem)) from None
    if person is None:
        raise Shown(403, "pi180 cannot tell who you are", _UNTOLD)
    return person


def access_of(service: Service, launch: Launch, person: Person | None) -> Access:
    """What somebody may do, looked up once a request; the trail tells the roles from then on."""
    known_as = launch.id, person
    if g.get("access_of") != known_as:
        g.access_of, g.access = known_as, service.access(launch, person)
        g.role = ", ".join(g.access.roles) or None
    found: Access = g.access
    return found


def demand(launch: Launch, act: Act) -> Person:
    """Who is signed in, if they may do something of the whole registration.

    Raises:
        Shown: they may not; it is audited.
    """
    service = current_service()
    person = known(service, launch)
    if not may(access_of(service, launch, person), act, None):
        denied(service, launch, act)
    return person


def denied(service: Service, launch: Launch, act: Act) -> NoReturn:
    """Refuse, in words that do not tell whether what was asked for is there."""
    service.note(Deed.CHOICE_DENIED, launch, detail=f"may not {act}: {request.endpoint}")
    links = (Link("My score, with what you may choose among", f"/l/{launch.id}/score"),)
    raise Shown(403, "You may not see this", _NOT_YOURS.get(act, _NOT_YOUR_ROLE), links=links)


def frame_of(launch: Launch, person: Person | None) -> Frame:
    """The layout of a page that shows no score; what was chosen before is carried on as it stands in the address."""
    service = current_service()
    registration = service.ehr(launch).registration
    access = access_of(service, launch, person)
    return Frame(
        stylesheet=STYLESHEET,
        home=f"/l/{launch.id}",
        user=person.name if person else "Signed in",
        npi=person.npi if person else None,
        ehr=registration.name,
        launched=moment(launch.created.astimezone(registration.site.zone_info)),
        csrf=service.sessions.form_token(request, launch.id),
        has_patient=_has_patient(launch, access if person else None),
        today=service.today(registration),
        choice=_carried(),
        offers=frozenset(page for page, act in _NEEDS.items() if _opens(access, act)) | _of_files(access),
        role=roles_in_words(access),
    )


def _has_patient(launch: Launch, access: Access | None) -> bool:
    """Whether the launch is about a patient whom this person may see; access None: it is not known yet who they are."""
    is_about_one = launch.context is not None and launch.context.patient is not None
    return is_about_one and (access is None or may_see_patient(access))


def _opens(access: Access, act: Act) -> bool:
    """A clinician starts a reading of their own patients, and nothing of the whole registration."""
    return may(access, act, None) or (act is Act.START_RUN and access.npi is not None)


def _of_files(access: Access) -> frozenset[str]:
    """Documents are offered to whoever may add or open some of anybody's."""
    can = frozenset[Act]().union(*(MAY[role] for role in access.roles))
    return frozenset({"documents"}) if can & {Act.ATTACH, Act.DOWNLOAD} else frozenset()


def roles_in_words(access: Access) -> str:
    """The roles that somebody was given; empty for none. A clinician is told by the NPI."""
    return " and ".join(role for role in access.roles if role is not Role.CLINICIAN)


def _carried() -> str:
    """The choice in the address of this request; what does not look like one is dropped."""
    kept = {name: given for name, form in _CARRIED.items() if re.fullmatch(form, given := request.args.get(name, ""))}
    return f"?{urlencode(kept)}" if kept else ""
