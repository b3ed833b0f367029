"""What a finished export consists of, as its server says: STU1 to STU3, and later members passed over (R57)."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from extractors.decode import Json, Unreadable, read_object, type_of
from extractors.errors import GatewayError

UNKNOWN_TYPE = "unknown"
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
_MEMBERS = (("output", "output"), ("error", "error"), ("outcome", "error"), ("deleted", "deleted"))


class Content(StrEnum):
    """What a file of an export holds: records, the server's own account of trouble, or what was deleted."""

    OUTPUT = "output"
    ERROR = "error"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Listed:
    """One file as a manifest lists it. `type` is a FHIR type or `unknown`; `count` None where none is stated."""

    content: Content
    type: str
    url: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One page of a manifest.

    Attributes:
        files: in the server's order.
        moment: transactionTime as it stands there; empty if it is missing.
        needs_token: requiresAccessToken; None where it is not said.
        next: link of the next page, None if this is the last.
    """

    files: tuple[Listed, ...]
    moment: str
    needs_token: bool | None
    next: str | None

    @property
    def since(self) -> str | None:
        """The moment, if a later export may be asked for what changed since; None if it is no instant."""
        return self.moment if is_instant(self.moment) else None


def read_manifest(body: bytes) -> Manifest:
    """Read one page of a manifest, however long: what bounds it is the answer that it came in.

    Raises:
        GatewayError: it is none: no JSON object, no list of files, or a file without an address.
    """
    try:
        document = read_object(body, len(body))
    except Unreadable as problem:
        raise GatewayError(f"expected the manifest of an export, got {problem}") from None
    if not isinstance(document.get("output"), list):
        raise GatewayError("expected the manifest of an export, got a document without output")
    moment, needs = document.get("transactionTime"), document.get("requiresAccessToken")
    return Manifest(
        files=tuple(_files(document)),
        moment=moment if isinstance(moment, str) else "",
        needs_token=needs if isinstance(needs, bool) else None,
        next=_next(document),
    )


def told_apart(files: Iterable[Listed]) -> tuple[str, ...]:
    """What tells each file from the others, also when they are listed anew: a digest for each, all different.

    The query of an address is left out, for a signature there changes; unless only the query tells two files apart.
    """
    files = tuple(files)
    short = [_digest(one, one.url.partition("?")[0]) for one in files]
    often = Counter(short)
    seen = Counter[str]()
    found = []
    for one, digest in zip(files, short, strict=True):
        name = digest if often[digest] == 1 else _digest(one, one.url)
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return tuple(found)


def _digest(one: Listed, url: str) -> str:
    return hashlib.sha256(json.dumps([one.content, one.type, url, one.count]).encode()).hexdigest()


def _files(document: Json) -> Iterator[Listed]:
    for member, content in _MEMBERS:
        found = document.get(member) or []
        if not isinstance(found, list):
            raise GatewayError(f"the manifest's {member}: expected a list")
        for one in found:
            yield _listed(one, Content(content), member)


def _listed(one: object, content: Content, member: str) -> Listed:
    if not isinstance(one, dict) or not isinstance(one.get("url"), str) or not one["url"]:
        raise GatewayError(f"the manifest's {member}: expected a file with an address")
    kind, count = one.get("type"), one.get("count")
    known = isinstance(kind, str) and kind.isalpha() and type_of(kind) is not None
    counted = isinstance(count, int) and not isinstance(count, bool) and count >= 0
    return Listed(content, str(kind) if known else UNKNOWN_TYPE, one["url"], count if counted else None)


def is_instant(text: str) -> bool:
    """Whether text is a FHIR instant: to the second at least, with an offset."""
    if not _INSTANT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True


def _next(document: Json) -> str | None:
    links = document.get("link")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None
