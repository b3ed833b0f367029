"""The body of an answer, unpacked by what it is rather than by what its header says, within its limits (R48, R65)."""

import zlib
from collections.abc import Callable, Iterator
from itertools import chain

from extractors.errors import GatewayError, Oversized, Unreachable
from extractors.gateway.answers import Limits
from extractors.unpacking import GZIP, MAGIC, RAW, ZLIB, Unpacker

_PLAIN, _GZIP, _DEFLATE = {"", "identity"}, {"gzip", "x-gzip"}, "deflate"
_DEFLATED, _METHOD, _CHECK = 8, 0x0F, 31


class Unasked(GatewayError):  # noqa: N818  # the word says it: a packing, not an error of ours
    """A body that is packed in a way that was not asked for."""


def read_body(arriving: Iterator[bytes], encoding: str, limits: Limits) -> tuple[bytes, bool]:
    """The body in memory, and whether the end of its packing proves it whole; see `pass_on`."""
    body = bytearray()
    packed = pass_on(arriving, encoding, limits, body.extend)
    return bytes(body), packed


def pass_on(arriving: Iterator[bytes], encoding: str, limits: Limits, keep: Callable[[bytes], object]) -> bool:
    """Give the unpacked body away piece by piece; whether the end of its packing proves it whole (False: not packed).

    Args:
        arriving: the bytes as they travel.
        encoding: the header Content-Encoding.
        limits: of the whole answer.
        keep: is called with each piece.

    Raises:
        Oversized: it exceeds a limit; the rest is not read.
        Unreachable: it is damaged, or its packing does not end.
        Unasked: it is packed in another way than gzip or deflate.
    """
    travelled = _Counted(arriving, limits.packed)
    first = _beginning(travelled)
    wrapping = _wrapping(first, encoding) if first else None
    if wrapping is None:
        _within(chain((first,), travelled), travelled, limits, keep)
        return False
    unpacker = Unpacker(wrapping)
    try:
        pieces = (piece for block in chain((first,), travelled) for piece in unpacker.feed(block))
        _within(pieces, travelled, limits, keep)
    except zlib.error:
        raise Unreachable("its answer is damaged") from None
    if not unpacker.whole:
        raise Unreachable("the answer broke off")
    return True


class _Counted:
    """Counts what travels, up to a limit."""

    def __init__(self, arriving: Iterator[bytes], most: int) -> None:
        self._arriving, self._most, self.bytes = arriving, most, 0

    def __iter__(self) -> "_Counted":
        return self

    def __next__(self) -> bytes:
        block = next(self._arriving)
        self.bytes += len(block)
        if self.bytes > self._most:
            raise Oversized(f"its answer exceeds {self._most} bytes as it travels. Ask for less at a time.")
        return block


def _beginning(blocks: Iterator[bytes]) -> bytes:
    """Enough to tell packings apart, or all there is."""
    first = b""
    while len(first) < len(MAGIC) and (block := next(blocks, b"")):
        first += block
    return first


def _within(pieces: Iterator[bytes], travelled: _Counted, limits: Limits, keep: Callable[[bytes], object]) -> None:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limits.size:
            raise Oversized(f"its answer exceeds {limits.size} bytes. Ask for less at a time.")
        if size > max(limits.loose, limits.ratio * travelled.bytes):
            raise Oversized(f"its answer unpacks to more than {limits.ratio} times what travelled.")
        keep(piece)


def _wrapping(first: bytes, encoding: str) -> int | None:
    """How a body is packed, None: it is not. Headers are wrong both ways; gzip and JSON begin unmistakably."""
    if first.startswith(MAGIC):
        return GZIP
    named = {word.strip().lower() for word in encoding.split(",")} - _PLAIN
    if first.startswith(b"{") or named <= _GZIP:
        return None
    if named != {_DEFLATE}:
        raise Unasked("its answer is packed in a way that was not asked for.")
    zlib_head = first[0] & _METHOD == _DEFLATED and int.from_bytes(first[:2], "big") % _CHECK == 0
    return ZLIB if zlib_head else RAW
