"""One cookie a launch, each with a secret of its own: what one tab may see, another launch's cookie never opens.

Over https the cookies are `__Host-`, Secure and HttpOnly; where the EHR shows pi180 in a frame, also
SameSite=None and Partitioned. On this machine's own http address, which serves only the demo, they are Lax.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime

from flask import Request, Response

from smartapp.settings import Settings
from smartapp.smart.issuers import Registration
from smartapp.store import Launch, Launches, Phase

MOST_PENDING = 10
"""Launches that one browser may have waiting for their EHR (security requirement R6)."""
_LAUNCH_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


class Sessions:
    """Finds the launch that a request is for, and writes and removes its cookie."""

    def __init__(self, settings: Settings, launches: Launches, clock: Callable[[], datetime]) -> None:
        self._secure = settings.place.scheme == "https"
        self._prefix = "__Host-pi180-" if self._secure else "pi180-"
        self.start_cookie = "__Host-start-pi180" if self._secure else "start-pi180"
        self._over_cookie = "__Host-over-pi180" if self._secure else "over-pi180"
        self._launches, self._clock = launches, clock

    def launch_of(self, request: Request, launch_id: str) -> Launch | None:
        """The live launch whose secret this browser holds; None for any other."""
        secret = request.cookies.get(self._prefix + launch_id)
        return self._launches.enter(launch_id, secret, self._clock()) if secret else None

    def glimpse(self, request: Request, launch_id: str) -> Launch | None:
        """The same without being seen: the session rests on."""
        secret = request.cookies.get(self._prefix + launch_id)
        return self._launches.look(launch_id, secret, self._clock()) if secret else None

    def keep(self, response: Response, launch_id: str, secret: str, registration: Registration) -> None:
        """Give the browser the cookie of a launch."""
        framed = self._secure and bool(registration.frame_ancestors)
        response.set_cookie(
            self._prefix + launch_id,
            secret,
            secure=self._secure,
            httponly=True,
            samesite="None" if framed else "Lax",
            partitioned=framed,
        )

    def forget(self, response: Response, launch_id: str, registration: Registration) -> None:
        """Take the cookie of a launch back."""
        framed = self._secure and bool(registration.frame_ancestors)
        response.delete_cookie(
            self._prefix + launch_id,
            secure=self._secure,
            httponly=True,
            samesite="None" if framed else "Lax",
            partitioned=framed,
        )

    def drop_kept_pages(self, response: Response) -> None:
        """Have the browser let go of the pages that it keeps whole for its back button, no-store or not.

        Chromium lets go of them when a cookie changes, but looks at no partitioned one; and Clear-Site-Data comes
        before the page that is being left is kept. So a cookie that means nothing changes.
        """
        value = secrets.token_urlsafe(8)
        response.set_cookie(self._over_cookie, value, secure=self._secure, httponly=True, samesite="Lax")

    def make_room(self, request: Request, response: Response, registration: Registration) -> None:
        """For one more launch: end the oldest that wait in this browser, and take back the cookies of those over."""
        held = self._held(request)
        looked = [self._launches.look(launch_id, secret, self._clock()) for launch_id, secret in held.items()]
        waiting = sorted((one for one in looked if one and one.phase is not Phase.OPEN), key=lambda one: one.created)
        for launch in waiting[: max(0, len(waiting) + 1 - MOST_PENDING)]:
            self._launches.end(launch.id)
        for launch_id in held:
            if self._launches.find(launch_id, self._clock()) is None:
                self.forget(response, launch_id, registration)

    def _held(self, request: Request) -> dict[str, str]:
        """The secrets that this browser holds, by launch id."""
        own = {
            n.removeprefix(self._prefix): value for n, value in request.cookies.items() if n.startswith(self._prefix)
        }
        return {launch_id: secret for launch_id, secret in own.items() if _LAUNCH_ID.fullmatch(launch_id)}

    def form_token(self, request: Request, launch_id: str) -> str:
        """What a form of this launch must bring back; only this browser's pages can know it (R81)."""
        return form_token(request.cookies.get(self._prefix + launch_id, ""))


def form_token(secret: str) -> str:
    """A token for forms, made from what only one browser holds."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def is_same(token: str, given: str) -> bool:
    """Whether a form brought its token back; compared as bytes, because what is sent may be no ASCII."""
    return hmac.compare_digest(token.encode(), given.encode())


def is_own_form(request: Request, settings: Settings) -> bool:
    """Whether a form was sent by a page of ours, as far as the browser tells (R81).

    Browsers say `Sec-Fetch-Site`; older ones say `Origin`, which our own Referrer-Policy makes `null`.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site == "same-origin"
    return origin in (None, "null", settings.address)
