"""What requests need, put together once from settings and registrations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from flask import current_app, g, has_request_context, request

from extractors.sources.search import LiveServer
from smartapp.jobs import FILE as QUEUE
from smartapp.jobs import JobQueue
from smartapp.kept.open_runs import OpenRuns, Remembered
from smartapp.own_store import store_of
from smartapp.people.access import Access, Assigned, Role
from smartapp.reading.patient import PatientView, Reads, patient_view
from smartapp.reading.person import person_of
from smartapp.settings import Settings
from smartapp.smart.issuers import Registration
from smartapp.smart.launch import Clock, Ehr, Launching, LaunchRefused
from smartapp.smart.scopes import granted
from smartapp.smart.session import TokenInUse
from smartapp.store import (
    AuditEvent,
    Author,
    Deed,
    Drafts,
    Jobs,
    Launch,
    Launches,
    Person,
    Store,
    Trail,
)
from smartapp.web.sessions import Sessions

READINGS = "readings"


def now() -> datetime:
    """The present, aware."""
    return datetime.now(UTC)


_MOST_OPENED = 4
"""Measures that are kept with all their cases, for who goes from one filter to the next."""


@dataclass(frozen=True, slots=True)
class Service:
    """The use cases of the app, for every request. `as_of` None: today, in the practice's zone."""

    settings: Settings
    launching: Launching
    store: Store
    queue: JobQueue
    sessions: Sessions
    clock: Clock
    as_of: date | None
    open_runs: OpenRuns = field(default_factory=OpenRuns)
    remembered: Remembered = field(default_factory=Remembered)
    opened: Remembered = field(default_factory=lambda: Remembered(_MOST_OPENED))

    @property
    def launches(self) -> Launches:
        """The launches that are kept."""
        return self.store.launches

    @property
    def trail(self) -> Trail:
        """The audit trail."""
        return self.store.trail

    @property
    def drafts(self) -> Drafts:
        """The answers that were saved here."""
        return self.store.drafts

    @property
    def jobs(self) -> Jobs:
        """The jobs that are kept; `queue` says to a worker which to do."""
        return self.store.jobs

    def ehr(self, launch: Launch) -> Ehr:
        """The EHR of a launch.

        Raises:
            LaunchRefused: it is registered no longer, or its registration is for another server now.
        """
        found, context = self.launching.ehrs.get(launch.registration), launch.context
        signed_in_at = (context.base, context.issuer) if context else None
        if found is None or signed_in_at not in (None, (found.registration.iss, found.registration.issuer)):
            raise LaunchRefused("this EHR is not registered here any more")
        return found

    def token(self, launch: Launch) -> TokenInUse:
        """The tokens of a launch."""
        return TokenInUse(launch, self.ehr(launch), self.launches, self.trail, self.clock)

    def server(self, launch: Launch) -> LiveServer:
        """The FHIR server of a launch, read with its own token."""
        ehr = self.ehr(launch)
        return LiveServer(ehr.registration.iss, ehr.gateway, self.token(launch), ehr.registration.aliases)

    def person(self, launch: Launch) -> Person | None:
        """Who is signed in: read from the EHR the first time, kept from then on. None: it does not say."""
        if launch.person is not None or launch.context is None:
            return launch.person
        found = person_of(self.server(launch), launch.context.fhir_user)
        if found is not None:
            self.launches.know(launch.id, found)
        return found

    def access(self, launch: Launch, person: Person | None) -> Access:
        """What a person may do: as the clinician that the EHR states, by assignment, or as an admin of the settings."""
        users, registration = users_of(launch), self.ehr(launch).registration
        assigned = [
            Assigned(Role(one.role), None if one.tins is None else frozenset(one.tins))
            for one in self.store.people.of(registration.id, *users)
        ]
        if set(users) & set(registration.admins):
            assigned.append(Assigned(Role.ADMIN))
        return Access(person.npi if person else None, tuple(assigned))

    def author(self, launch: Launch) -> Author:
        """Who does something, for what keeps it."""
        name = launch.person.name if launch.person else "not named"
        return Author(name, launch.context.user if launch.context else "")

    def patient(self, launch: Launch, patient: str) -> PatientView:
        """What is open for the patient of a launch, read now."""
        registration, context = self.ehr(launch).registration, launch.context
        reads = Reads(
            profile=registration.profile,
            site=registration.site,
            granted=granted(self.token(launch).scope()),
            user=context.fhir_user if context else None,
            person=self.person(launch),
            today=self.today(registration),
            needs_banner=context.needs_banner if context else None,
        )
        return patient_view(self.server(launch), patient, reads)

    def today(self, registration: Registration) -> date:
        """The day in the practice's zone."""
        return self.as_of or self.clock().astimezone(registration.site.zone_info).date()

    def note(
        self, deed: Deed, launch: Launch | None = None, patient: str | None = None, detail: str | None = None
    ) -> None:
        """Write to the audit trail; in what role and from where, as far as a request tells."""
        user = launch.context.user if launch and launch.context else None
        where = (launch.registration, launch.id) if launch else (None, None)
        event = AuditEvent(deed, where[0], where[1], user, patient, detail)
        if has_request_context():
            event = replace(event, role=g.get("role"), origin=request.remote_addr)
        self.trail.add(event, self.clock())


def users_of(launch: Launch) -> tuple[str, ...]:
    """The ways in which the EHR names the signed-in user, by each of which a role may be given."""
    context = launch.context
    return tuple(one for one in (context.fhir_user, context.user) if one) if context else ()


def service_of(
    settings: Settings,
    registrations: Sequence[Registration],
    clock: Callable[[], datetime] = now,
    as_of: date | None = None,
) -> Service:
    """Everything connected; the store's file is made in the data folder when it is not there yet."""
    store = store_of(settings)
    store.launches.sweep(clock())
    ehrs = [Ehr(registration, settings.address, clock) for registration in registrations]
    return Service(
        settings=settings,
        launching=Launching(ehrs, store.launches, store.trail, clock),
        store=store,
        queue=JobQueue(settings.data / QUEUE),
        sessions=Sessions(settings, store.launches, clock),
        clock=clock,
        as_of=as_of,
    )


def current_service() -> Service:
    """The service of the app that answers the current request."""
    service: Service = current_app.extensions["pi180"]
    return service
