"""Tokens in use: the bearer for a launch, renewed in time and by one process at a time, and its end."""

import time
from datetime import timedelta

from extractors.gateway import Credential
from smartapp.smart.errors import SmartError
from smartapp.smart.launch import Clock, Ehr, grant_of
from smartapp.smart.tokens import TokenRefused, TokenUnavailable
from smartapp.store import AuditEvent, Deed, Grant, Launch, Launches, Trail

RENEWED_BEFORE = timedelta(seconds=60)
"""A token is renewed at 60 seconds left, or at 10 % of its life if that is later (R28)."""
_LATE_SHARE = 10
LEASE = timedelta(minutes=5)
"""How long one process may take to renew before another may try: longer than the gateway waits for an answer."""
PATIENCE = 10
"""Seconds that a request waits for another that renews."""
_LOOK_AGAIN = 0.05


class SignInNeeded(SmartError):  # noqa: N818
    """There is no token that works and none to be had: the user has to launch again."""


class TokenInUse:
    """The credential of one open launch, for as long as a page or a job reads with it."""

    def __init__(self, launch: Launch, ehr: Ehr, launches: Launches, trail: Trail, clock: Clock) -> None:
        self._launch, self._ehr, self._launches, self._trail, self._clock = launch, ehr, launches, trail, clock

    def credential(self, refused: Credential | None = None) -> Credential:
        """A bearer for the launch's FHIR base, and nowhere else.

        Args:
            refused: the one that the server just refused with 401; None on first use. It is renewed once; if
                somebody else renewed it meanwhile, theirs is taken.

        Raises:
            SignInNeeded: it cannot be renewed.
            TokenUnavailable: the token endpoint gives no answer now.
        """
        grant = self._kept()
        if self._is_late(grant) or (refused is not None and self._bearer(grant) == refused):
            grant = self._renewed(grant)
        return self._bearer(grant)

    def scope(self) -> str | None:
        """What was granted; None if the server did not say."""
        return self._kept().scope

    def end(self) -> None:
        """Sign out: forget the tokens here whatever happens, and ask the server to revoke them (R27)."""
        grant = self._launches.grant(self._launch.id)
        self._launches.end(self._launch.id)
        self._note(Deed.SIGNED_OUT)
        if grant is None:
            return
        try:
            endpoint = self._ehr.tokens()
        except SmartError:
            return
        for token in filter(None, (grant.refresh_token, grant.access_token)):
            endpoint.revoke(token)

    def _bearer(self, grant: Grant) -> Credential:
        return Credential(f"Bearer {grant.access_token}", self._ehr.registration.iss)

    def _kept(self) -> Grant:
        grant = self._launches.grant(self._launch.id)
        if grant is None:
            raise SignInNeeded("this launch is over. Launch pi180 from the EHR again.")
        return grant

    def _is_late(self, grant: Grant) -> bool:
        margin = min(RENEWED_BEFORE, (grant.expires - grant.received) / _LATE_SHARE)
        return self._clock() >= grant.expires - margin

    def _renewed(self, grant: Grant) -> Grant:
        """Renew, or wait for whoever is renewing: a refresh token may work only once (R25)."""
        if grant.refresh_token is None:
            raise SignInNeeded("the EHR's permission has run out. Launch pi180 from the EHR again.")
        given_up = time.monotonic() + PATIENCE
        while not self._launches.claim_renewal(self._launch.id, grant.version, self._clock(), LEASE):
            current = self._kept()
            if current.version != grant.version:
                return current
            if time.monotonic() > given_up:
                raise TokenUnavailable("the EHR's permission is being renewed. Try again in a moment.")
            time.sleep(_LOOK_AGAIN)
        return self._renew(grant, grant.refresh_token)

    def _renew(self, grant: Grant, refresh_token: str) -> Grant:
        """Keep what was renewed before anybody uses it: a token that was lost could not be renewed again."""
        try:
            newer = grant_of(self._ehr.tokens().renew(refresh_token), self._clock(), grant)
        except TokenRefused as problem:
            self._launches.end(self._launch.id)
            self._note(Deed.RENEWAL_REFUSED, problem.reason)
            raise SignInNeeded("the EHR no longer permits access. Launch pi180 from the EHR again.") from None
        except SmartError:
            self._launches.release_renewal(self._launch.id)
            raise
        if not self._launches.renew(self._launch.id, newer):
            raise SignInNeeded("this launch is over. Launch pi180 from the EHR again.")
        self._note(Deed.RENEWED)
        return newer

    def _note(self, deed: Deed, detail: str | None = None) -> None:
        context = self._launch.context
        user = context.user if context else None
        event = AuditEvent(deed, self._launch.registration, self._launch.id, user, None, detail)
        self._trail.add(event, self._clock())
