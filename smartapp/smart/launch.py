"""SMART App Launch 2.2 from the first request to signed in: EHR launch and standalone launch.

Each launch is a session of its own and shares nothing with any other in the same browser (R4). What the
browser brings back is compared before anything else of it is read (R12); whatever does not fit ends the launch.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from extractors.directory import TYPES
from extractors.gateway import ONCE, Gateway
from smartapp.smart.discovery import Discovery
from smartapp.smart.errors import SmartError
from smartapp.smart.identity import Identity, UnknownKey, fhir_user_reference, validate
from smartapp.smart.issuers import Registration, registered
from smartapp.smart.scopes import requested
from smartapp.smart.tokens import TokenAnswer, TokenEndpoint
from smartapp.store import AuditEvent, Context, Deed, Grant, Launch, Launches, Pending, Trail

LONGEST_ISS, LONGEST_LAUNCH = 2048, 8192
"""Characters of the two parameters of an EHR launch (R3)."""
_STATE_BYTES = _VERIFIER_BYTES = 32
_FHIR_ID_CHARACTERS = 256

_ERRORS = {
    "access_denied": "access was denied at the EHR",
    "invalid_scope": "the EHR does not permit the scopes that pi180 asks for: its IT has to allow them",
    "unauthorized_client": "the EHR does not let pi180 sign anybody in: its IT has to compare pi180's registration",
    "server_error": "the EHR's sign-in is out of order",
    "temporarily_unavailable": "the EHR's sign-in is out of order",
}
"""What the error of an answer means (RFC 6749, 4.1.2.1); its own words are never shown."""

Clock = Callable[[], datetime]


class LaunchRefused(SmartError):  # noqa: N818
    """A launch does not begin or does not go on; the message says why without repeating what was sent."""


class Ehr:
    """One registered EHR with what is needed to talk to it."""

    def __init__(self, registration: Registration, address: str, clock: Clock) -> None:
        self.registration = registration
        self.gateway = Gateway(ca=registration.ca, network=registration.network, patience=ONCE)
        self.discovery = Discovery(registration, self.gateway)
        self._redirect_uri, self._clock = f"{address}/cb/{registration.id}", clock

    def tokens(self) -> TokenEndpoint:
        """Its token endpoint, as its metadata now says."""
        endpoints = self.discovery.endpoints(self._clock())
        return TokenEndpoint(self.registration, endpoints, self.gateway, self._redirect_uri, self._clock)

    def scope(self, *, from_ehr: bool) -> str:
        """What to ask for: what the registration says, else the least that its profile reads (R38)."""
        if self.registration.scopes is not None:
            return " ".join(self.registration.scopes)
        types = {*self.registration.profile.asked, *TYPES}
        extra = ["openid", "fhirUser", *(["launch"] if from_ehr else []), *self._offline()]
        return requested(types, version=self.registration.scope_version, extra=extra)

    def _offline(self) -> list[str]:
        return ["offline_access"] if self.registration.offline else []


class Launching:
    """Begins launches, sends browsers to their EHR, and takes its answer."""

    def __init__(self, ehrs: Sequence[Ehr], launches: Launches, trail: Trail, clock: Clock) -> None:
        self.ehrs = {ehr.registration.id: ehr for ehr in ehrs}
        self._launches, self._trail, self._clock = launches, trail, clock

    def begin(self, iss: str, launch: str) -> tuple[Launch, str]:
        """An EHR launch, with the secret for its cookie.

        Raises:
            LaunchRefused: the FHIR base is not registered; nothing was asked of it (R1).
        """
        fits = 0 < len(iss) <= LONGEST_ISS and 0 < len(launch) <= LONGEST_LAUNCH
        registration = registered((ehr.registration for ehr in self.ehrs.values()), iss) if fits else None
        if registration is None:
            self._note(Deed.LAUNCH_REFUSED, detail="the FHIR base is not registered")
            raise LaunchRefused(
                "this EHR is not registered here. Your IT compares iss in the launch address with issuers.toml"
            )
        return self._create(registration, Pending(iss, launch))

    def begin_standalone(self, registration_id: str) -> tuple[Launch, str]:
        """A launch that starts here, at a registered EHR (R5).

        Raises:
            LaunchRefused: there is no such registration.
        """
        if registration_id not in self.ehrs:
            self._note(Deed.LAUNCH_REFUSED, detail="no such registration")
            raise LaunchRefused("this EHR is not registered here")
        registration = self.ehrs[registration_id].registration
        return self._create(registration, Pending(registration.iss, None))

    def begin_again(self, launch_id: str) -> tuple[Launch, str]:
        """The same launch anew, for a window that keeps its own cookie (R16); the one before ends.

        Raises:
            LaunchRefused: it is over, or somebody is signed in with it.
        """
        before = self._launches.find(launch_id, self._clock())
        if before is None or before.pending is None:
            raise LaunchRefused("this launch is over")
        ehr = self.ehrs.get(before.registration)
        if ehr is None:
            raise LaunchRefused("this EHR is not registered here any more")
        self._launches.end(launch_id)
        return self._create(ehr.registration, Pending(before.pending.iss, before.pending.launch))

    def authorization_url(self, launch: Launch) -> str:
        """Where the browser goes to be authorized, with a fresh state, nonce and PKCE verifier; once per launch.

        Raises:
            LaunchRefused: it was asked already.
            SmartError: the EHR's metadata cannot be had or believed.
        """
        ehr, pending = self.ehrs[launch.registration], launch.pending
        if pending is None:
            raise LaunchRefused("this launch was used already")
        state, nonce = secrets.token_urlsafe(_STATE_BYTES), secrets.token_urlsafe(_STATE_BYTES)
        asked = replace(pending, verifier=secrets.token_urlsafe(_VERIFIER_BYTES), nonce=nonce)
        more = {"nonce": nonce, "aud": pending.iss, "scope": ehr.scope(from_ehr=pending.launch is not None)}
        more |= {"launch": pending.launch} if pending.launch is not None else {}
        url = ehr.tokens().authorization_url(state, asked.verifier, **more)
        if not self._launches.ask(launch.id, state, asked):
            raise LaunchRefused("this launch was used already")
        return url

    def waiting(self, registration_id: str, state: str) -> Launch:
        """The launch that an answer is for.

        Raises:
            LaunchRefused: none waits for this state at this address (R12, R14).
        """
        launch = self._launches.by_state(registration_id, state, self._clock()) if state else None
        if launch is None:
            self._note(Deed.SIGN_IN_REFUSED, detail="no launch waits for this state")
            raise LaunchRefused("no launch of this browser waits for this answer")
        return launch

    def finish(self, launch: Launch, answer: Mapping[str, Sequence[str]]) -> str:
        """Take the EHR's answer for a launch whose own browser brought it.

        Args:
            launch: found by `waiting` and entered with its secret.
            answer: the parameters of the callback with every value of each; only one that stands once counts.

        Returns:
            The new secret for the cookie.

        Raises:
            SmartError: it does not sign anybody in; the launch is over.
        """
        if not self._launches.use_state(launch.id):
            raise LaunchRefused("this answer was used already")
        try:
            return self._sign_in(launch, _each_once(answer))
        except SmartError as problem:
            self._launches.end(launch.id)
            self._note(Deed.SIGN_IN_REFUSED, launch=launch, detail=str(problem))
            raise

    def _sign_in(self, launch: Launch, answer: Mapping[str, str]) -> str:
        ehr, pending = self.ehrs[launch.registration], launch.pending
        assert pending is not None  # noqa: S101  # by_state finds only launches that wait
        self._check_issuer(ehr, answer.get("iss"))
        if "error" in answer:
            raise LaunchRefused(_ERRORS.get(answer["error"], "the EHR did not authorize the launch"))
        if not answer.get("code"):
            raise LaunchRefused("the EHR's answer holds no code")
        said = ehr.tokens().exchange(answer["code"], pending.verifier)
        identity = self._identity(ehr, said, pending)
        context = _context(identity, said, ehr.registration.iss)
        self._note(Deed.SIGNED_IN, launch=launch, context=context)
        secret = self._launches.open(launch.id, context, grant_of(said, self._clock()), self._clock())
        if secret is None:
            raise LaunchRefused("this launch is over")
        return secret

    def _check_issuer(self, ehr: Ehr, named: str | None) -> None:
        """RFC 9207: an issuer that is named must be the registered one; one that was promised must be named (R14)."""
        promised = ehr.discovery.endpoints(self._clock()).names_issuer
        if named is None and not promised:
            return
        if named != ehr.registration.issuer:
            raise LaunchRefused("the answer does not come from the registered authorization server")

    def _identity(self, ehr: Ehr, said: TokenAnswer, pending: Pending) -> Identity:
        if said.id_token is None:
            raise LaunchRefused("the EHR did not say who is signed in (no id_token)")
        try:
            return self._validated(ehr, said.id_token, pending.nonce, again=False)
        except UnknownKey:
            return self._validated(ehr, said.id_token, pending.nonce, again=True)

    def _validated(self, ehr: Ehr, id_token: str, nonce: str, *, again: bool) -> Identity:
        now, registration = self._clock(), ehr.registration
        return validate(
            id_token,
            ehr.discovery.keys(now, again=again),
            issuer=registration.issuer,
            client_id=registration.client_id,
            nonce=nonce if registration.needs_nonce else None,
            algorithms=registration.id_token_algorithms,
            now=now,
        )

    def _create(self, registration: Registration, pending: Pending) -> tuple[Launch, str]:
        launch, secret = self._launches.create(registration.id, pending, self._clock())
        self._note(Deed.LAUNCHED, launch=launch)
        return launch, secret

    def _note(
        self, deed: Deed, launch: Launch | None = None, context: Context | None = None, detail: str | None = None
    ) -> None:
        user = context.user if context else None
        event = AuditEvent(
            event=deed,
            registration=launch.registration if launch else None,
            launch=launch.id if launch else None,
            user=user,
            patient=context.patient if context else None,
            detail=detail,
        )
        self._trail.add(event, self._clock())


def _each_once(answer: Mapping[str, Sequence[str]]) -> dict[str, str]:
    if any(len(values) != 1 for values in answer.values()):
        raise LaunchRefused("the EHR's answer says something twice")
    return {name: values[0] for name, values in answer.items()}


def _context(identity: Identity, said: TokenAnswer, fhir_base: str) -> Context:
    if said.patient is not None and (
        not said.patient or len(said.patient) > _FHIR_ID_CHARACTERS or "/" in said.patient
    ):
        raise LaunchRefused("the EHR's answer names no usable patient")
    issuer, subject = identity.user_key
    return Context(
        issuer=issuer,
        base=fhir_base,
        subject=subject,
        fhir_user=fhir_user_reference(identity.fhir_user, fhir_base),
        patient=said.patient,
        encounter=said.encounter,
        needs_banner=said.needs_banner,
    )


def grant_of(said: TokenAnswer, now: datetime, before: Grant | None = None) -> Grant:
    """What to keep of a token response; what a renewal leaves out stays as it was before."""
    return Grant(
        access_token=said.access_token,
        refresh_token=said.refresh_token or (before.refresh_token if before else None),
        received=now,
        expires=now + timedelta(seconds=said.lifetime),
        scope=said.scope if said.scope is not None or before is None else before.scope,
        version=before.version + 1 if before else 0,
    )
