"""What goes into a request and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from extractors.decode import MAXIMUM_LINE, Json, Unreadable, read_object
from extractors.errors import GatewayError
from extractors.places import place_of

LANES, MOST_LANES = 4, 8
"""Connections to one host at a time: as a rule, and at most (R49)."""
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer may take.

    `connect`, `idle`, `total`: seconds to connect, between two arrivals, and for the whole answer. `head`,
    `packed`, `size`: bytes of its headers, of its body as it travels, and of its body unpacked; a body that
    unpacks to more than `loose` bytes may be at most `ratio` times what travelled. `lanes`: connections to one
    host at a time, 1 to 8. `slowest`: bytes that have to come within each `idle` seconds, so that nothing drips for
    hours. Source of the numbers: security requirements R40, R48 and R49.
    """

    connect: float = 10
    idle: float = 60
    total: float = 180
    head: int = 64 * 1024
    packed: int = 50 * _MEGABYTE
    size: int = MAXIMUM_LINE
    loose: int = 10 * _MEGABYTE
    ratio: int = 200
    lanes: int = LANES
    slowest: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.lanes <= MOST_LANES:
            raise ValueError(f"lanes: expected 1 to {MOST_LANES}, got {self.lanes}.")


@dataclass(frozen=True, slots=True)
class Credential:
    """The value of an Authorization header, and the base (origin and path) that alone may see it."""

    header: str = field(repr=False)
    base: str


class Proof(StrEnum):
    """What shows that a body came whole (R58)."""

    LENGTH = "its announced length"
    CHUNKS = "its last chunk"
    PACKING = "the end of its packing"
    NONE = "nothing"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: status, headers by lower-case name, unpacked body, and the URL asked.

    `proof` NONE: the connection just ended. A JSON object then still proves itself by its last bracket; anything
    else of it may be cut.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    proof: Proof = Proof.NONE

    def document(self) -> Json:
        """The body as one JSON object.

        Raises:
            GatewayError: it is none; the message says how, without its content.
        """
        try:
            return read_object(self.body)
        except Unreadable as problem:
            raise GatewayError(f"{place_of(self.url).host}: expected JSON, got {problem}.") from None
