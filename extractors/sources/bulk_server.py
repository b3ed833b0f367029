"""One server as a client of bulk exports asks it: start, look how far it is, fetch, and let it forget.

The token goes to the server's own host, and to others only where its registration lists them (R59); a file elsewhere,
such as one with a signed address, is asked for without.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from extractors.errors import GatewayError, LinkRefused, Oversized
from extractors.gateway import Answer, Asked, Credential, Gateway
from extractors.places import place_of, resolved
from extractors.sources.bulk_request import Form, Request
from extractors.sources.queries import SignInNeeded
from extractors.sources.search import Bearer

OK, ACCEPTED, UNAUTHORIZED, FORBIDDEN, TOO_MANY, FAULT = 200, 202, 401, 403, 429, 500
GONE, NOT_IMPLEMENTED = (404, 410), 501
_NDJSON = "application/fhir+ndjson, application/ndjson, */*;q=0.5"
Sink = Callable[[], Callable[[bytes], None]]


@dataclass(frozen=True, slots=True)
class Hosts:
    """The server's base, and other bases that are the same server by its registration."""

    base: str
    aliases: tuple[str, ...] = ()

    def origin_of(self, url: str) -> str | None:
        """The root of the host that a URL is on, if it is the server's; None for any other."""
        place = place_of(url)
        for known in (self.base, *self.aliases):
            if place_of(known).origin == place.origin:
                return f"{place.scheme}://{'[' + place.host + ']' if ':' in place.host else place.host}:{place.port}"
        return None


class BulkServer:
    """Asks one server about exports; `gateway` also bounds manifests, `files` is that for what may be large."""

    def __init__(self, hosts: Hosts, gateway: Gateway, files: Gateway, bearer: Bearer) -> None:
        self._hosts, self._gateway, self._files, self._bearer = hosts, gateway, files, bearer

    def start(self, request: Request, form: Form) -> Answer:
        """Kick an export off: once, or once more with a new token where the old one was refused.

        Raises:
            SignInNeeded: the credential is refused.
            GatewayError: no answer; whether an export was started is then not known.
        """
        asked = request.kick_off(form)
        return self._let_in(asked.url, lambda credential: self._gateway.send(asked, credential))

    def status_of(self, answer: Answer) -> str:
        """Where to ask how an export goes, as the server says it: to be kept before it is judged by `own`.

        Raises:
            GatewayError: the server does not say.
        """
        location = answer.headers.get("content-location", "")
        if not location:
            raise GatewayError("the server took the export, but did not say where to ask for it")
        try:
            return resolved(location, answer.url)
        except LinkRefused:
            return location

    def own(self, link: str, said_at: str) -> str:
        """An absolute address on this server.

        Raises:
            LinkRefused: it leads elsewhere.
        """
        url = resolved(link, said_at)
        if self._hosts.origin_of(url) is None:
            raise LinkRefused(
                f"an address of the export leads to {place_of(url).host}, off the registered server. If it is the same "
                "server by another name, state it: --alias."
            )
        return url

    def poll(self, status: str) -> Answer:
        """How an export goes, or its manifest.

        Raises:
            SignInNeeded: the credential is refused.
            Oversized: the manifest is larger than it may be.
            GatewayError: no answer.
        """
        self.own(status, status)
        try:
            return self._let_in(status, lambda credential: self._gateway.get(status, credential))
        except Oversized:
            raise Oversized(
                f"{place_of(status).host}: the export's list of files is larger than it may be. Let it be larger: "
                "manifest_mb in the settings, --manifest-mb. The export stays, and the same command goes on with it."
            ) from None

    def needs_token(self, url: str, stated: bool | None) -> bool:
        """Whether a file is asked for with the token: as the manifest says, else if it is on the server itself."""
        return stated if stated is not None else self._hosts.origin_of(url) is not None

    def fetch(self, url: str, *, token: bool, begin: Sink) -> Answer:
        """A file, its body given away piece by piece.

        Raises:
            SignInNeeded: the credential is refused.
            LinkRefused: the file wants the token at a host that is not the server's.
            GatewayError: it did not come whole.
        """
        if not token:
            return self._files.download(url, begin, None, _NDJSON)
        self.own(url, url)
        return self._let_in(url, lambda credential: self._files.download(url, begin, credential, _NDJSON))

    def forget(self, status: str) -> Answer:
        """Let the server delete an export, or cancel it.

        Raises:
            SignInNeeded: the credential is refused.
            GatewayError: no answer.
        """
        self.own(status, status)
        return self._let_in(status, lambda credential: self._gateway.send(Asked("DELETE", status), credential))

    def _let_in(self, url: str, ask: Callable[[Credential | None], Answer]) -> Answer:
        """Ask with the credential; once more with a newer one, if the server refuses it and there is one (R28)."""
        credential = self._bearer.credential()
        answer = ask(self._at(url, credential))
        if answer.status == UNAUTHORIZED and (newer := self._bearer.credential(credential)) != credential:
            answer = ask(self._at(url, newer))
        if answer.status == UNAUTHORIZED:
            raise SignInNeeded(
                "the server wants a sign-in, or does not take this token (any more). Give the same command again with "
                "a good one: what was read is kept, and the export goes on."
            )
        return answer

    def _at(self, url: str, credential: Credential | None) -> Credential | None:
        origin = self._hosts.origin_of(url)
        return replace(credential, base=origin) if credential is not None and origin is not None else credential
