"""URLs compared by their parts, never by a string's beginning: whose server a link leads to, and whether it may.

An origin is scheme, host and effective port; a place is an origin and a path, compared by whole segments
(RFC 3986). What two readers could understand differently (user names in a URL, backslashes, control
characters, dots that climb) is refused instead of guessed.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from extractors.errors import LinkRefused

_PORTS = {"https": 443, "http": 80}
_LOOPBACK_NAME = "localhost"
_OWN_NUMBERS = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"[a-z0-9._:-]+")
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL points: scheme, host (lower case, IDNA), port, and the segments of its path, decoded."""

    scheme: str
    host: str
    port: int
    segments: tuple[str, ...]

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and effective port."""
        return self.scheme, self.host, self.port

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine by name or number; plain http is allowed nowhere else."""
        return is_this_machine(self.host)

    def holds(self, other: "Place") -> bool:
        """Whether another place has the same origin and lies at or below this path, segment by segment."""
        return self.origin == other.origin and other.segments[: len(self.segments)] == self.segments


def is_this_machine(host: str) -> bool:
    """Whether a host, lower case, is this machine by its own name or number."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == _LOOPBACK_NAME
    return any(address in own for own in _OWN_NUMBERS if own.version == address.version)


def place_of(url: str) -> Place:
    """The place that a URL names; its query and fragment do not matter.

    One slash at the end of the path is not told apart from none.

    Raises:
        LinkRefused: not http or https, plain http to another machine, or a form that readers understand
            differently.
    """
    split = _split(url)
    scheme = split.scheme.lower()
    if scheme not in _PORTS:
        raise LinkRefused("a link is refused: expected https.")
    place = Place(scheme, _host(split), _port(split) or _PORTS[scheme], _segments(split.path))
    if scheme == "http" and not place.is_loopback:
        raise LinkRefused(f"{place.host}: expected https, got plain http.")
    return place


def _split(url: str) -> SplitResult:
    if len(url) > _LONGEST or _AMBIGUOUS.search(url):
        raise LinkRefused("a link is refused: too long, or with a character that no URL may hold.")
    try:
        split = urlsplit(url)
    except ValueError:
        raise LinkRefused("a link is refused: it is no URL.") from None
    if "@" in split.netloc:
        raise LinkRefused("a link is refused: it names a user before its host.")
    return split


def _host(split: SplitResult) -> str:
    try:
        host = (split.hostname or "").encode("idna").decode().lower()
    except UnicodeError:
        host = ""
    if not _HOST.fullmatch(host):
        raise LinkRefused("a link is refused: its host is no name and no address.")
    return host


def _port(split: SplitResult) -> int | None:
    try:
        return split.port
    except ValueError:
        raise LinkRefused("a link is refused: its port is no number.") from None


def _segments(path: str) -> tuple[str, ...]:
    decoded = tuple(unquote(segment) for segment in path.removesuffix("/").split("/")[1:])
    if any(map(_is_devious, decoded)):
        raise LinkRefused("a link is refused: its path climbs or hides a slash.")
    return decoded


def _is_devious(segment: str) -> bool:
    """Whether some reader takes a segment for a dot that climbs, perhaps less its `;parameters`, or for several."""
    parts = re.split(r"[/\\]", unquote(segment))
    return len(parts) > 1 or parts[0].partition(";")[0] in (".", "..")


def resolved(link: str, fetched: str) -> str:
    """An absolute URL for a link that a server sent: absolute, host-relative or path-relative (RFC 3986).

    Args:
        link: as the server wrote it.
        fetched: the URL whose answer held it.

    Raises:
        LinkRefused: it resolves to no place.
    """
    if _AMBIGUOUS.search(link):
        raise LinkRefused("a link is refused: it holds a character that no URL may hold.")
    try:
        url = urljoin(fetched, link)
    except ValueError:
        raise LinkRefused("a link is refused: it is no URL.") from None
    place_of(url)
    return url


def next_page(link: str, fetched: str, base: str, aliases: tuple[str, ...] = ()) -> str:
    """The URL of a further page: on the server's own base or an alias that its registration lists.

    Raises:
        LinkRefused: it leads elsewhere; nothing is fetched there and no credential goes there.
    """
    url = resolved(link, fetched)
    if not any(place_of(known).holds(place_of(url)) for known in (base, *aliases)):
        raise LinkRefused(f"the next page is refused: it leads to {place_of(url).host}, off the registered server.")
    return url


def reference_url(reference: str, base: str) -> str | None:
    """The URL at which a reference may be read: relative, or absolute on the same base; None for any other.

    A reference elsewhere is data to record, never an address to fetch.
    """
    try:
        url = resolved(reference, base.rstrip("/") + "/")
        return url if place_of(base).holds(place_of(url)) and place_of(url) != place_of(base) else None
    except LinkRefused:
        return None
