"""How the rows of the audit trail hold together (R100).

Each registration has a chain of its own; rows of none form one too. A row's code is an HMAC over the code before it in
its chain and over everything that it says, with a key that the store keeps sealed: whoever can write to the file
and has no key can neither change a row nor put one in, take one out or move one without it being found. Rows taken
from the end leave a shorter chain that is whole in itself; for that there are anchors, kept elsewhere.

Rows from before there were chains have no code. The first chained row, "chain begun", states a hash of all of them.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BEGUN = "chain begun"
FIELDS = (
    "number",
    "at",
    "event",
    "registration",
    "launch",
    "user",
    "patient",
    "detail",
    "role",
    "origin",
    "version",
    "link",
)
"""What a row says, in the order in which its code covers it."""

_UNCHAINED = FIELDS[:8]
_SAID = json.JSONEncoder(default=repr)


@dataclass(frozen=True, slots=True)
class Link:
    """One row as it is kept. `link` is its place in its chain, from 1; `code` is None for a row of no chain."""

    told: Mapping[str, Any]
    code: str | None

    @property
    def number(self) -> int:
        """The row's number."""
        return int(self.told["number"])

    @property
    def registration(self) -> str | None:
        """What chain it is in."""
        found: str | None = self.told["registration"]
        return found


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain at some time: so many rows, the last with this code."""

    registration: str | None
    link: int
    code: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is not as it was written. `number` None: a row that an anchor knows is not there."""

    number: int | None
    registration: str | None
    what: str


def code_of(key: bytes, before: str, told: Mapping[str, Any]) -> str:
    """The code of a row that follows a row with the code `before`; that is empty for the first of a chain."""
    said = _SAID.encode([before, *(told[name] for name in FIELDS)])
    return hmac.digest(key, said.encode(), "sha256").hex()


def digest_of(links: Iterable[Link]) -> str:
    """A hash of rows from before there were chains."""
    said = _SAID.encode([[link.told[name] for name in _UNCHAINED] for link in links])
    return hashlib.sha256(said.encode()).hexdigest()


def faults_in(key: bytes, links: Sequence[Link], anchors: Iterable[Head]) -> tuple[Fault, ...]:
    """Every fault of a trail, the first row first; one for each chain that an anchor shows to be cut comes last."""
    walk = _Walk(key)
    found = [fault for link in links for fault in walk.pass_by(link)]
    return (*_unchained(links), *found, *_missing(links, anchors))


@dataclass(slots=True)
class _Walk:
    """The state of a check on its way through the rows."""

    key: bytes
    ends: dict[str | None, Head] = field(default_factory=dict)

    def pass_by(self, link: Link) -> Iterable[Fault]:
        """Check one row against the one before it in its chain."""
        if link.code is None:
            if self.ends:
                yield Fault(link.number, link.registration, "was put in without a code")
            return
        before = self.ends.get(link.registration, Head(link.registration, 0, ""))
        self.ends[link.registration] = Head(link.registration, before.link + 1, link.code)
        if link.told["link"] != before.link + 1:
            self.ends[link.registration] = Head(link.registration, _whole(link.told["link"]), link.code)
            yield Fault(
                link.number, link.registration, "is not the next row of its chain: one before it is missing or moved"
            )
        elif not hmac.compare_digest(code_of(self.key, before.code, link.told), link.code):
            yield Fault(link.number, link.registration, "was changed, or the row before it was")


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _unchained(links: Sequence[Link]) -> Iterable[Fault]:
    """Whether rows from before there were chains are those that the first chained row hashed."""
    chained = next((place for place, link in enumerate(links) if link.code is not None), len(links))
    earlier = links[:chained]
    begun = [link for link in links if link.code is not None and link.told["event"] == BEGUN]
    stated = begun[0].told["detail"] if begun else digest_of([])
    if stated != digest_of(earlier):
        first = (earlier or links)[0]
        yield Fault(
            first.number, first.registration, "rows from before there were chains are not those that were hashed"
        )


def _missing(links: Sequence[Link], anchors: Iterable[Head]) -> Iterable[Fault]:
    held = {(link.registration, link.told["link"]): link.code for link in links}
    for head in anchors:
        if held.get((head.registration, head.link)) != head.code:
            name = head.registration or "no registration"
            yield Fault(
                None,
                head.registration,
                f"the chain of {name} had {head.link} rows; the last of them is gone or another",
            )
