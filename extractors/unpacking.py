"""Undoing gzip and deflate: all members, a bounded piece at a time, with the end proven.

ISA-L unpacks three times as fast as zlib does.
"""

import zlib
from collections.abc import Iterator
from typing import Any

from isal import isal_zlib

GZIP, ZLIB, RAW = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS
"""The three wrappings, as zlib takes them: gzip, deflate as RFC 9110 means it, and deflate as some servers do it."""
MAGIC = b"\x1f\x8b"
_PIECE = 1024 * 1024
_PLAIN = (b"\x00", b"\x04", b"\x08", b"\x10")
"""Flags of a gzip header with one optional part at most. Others are zlib's: cut into pieces, ISA-L misreads them."""


class Unpacker:
    """Takes packed bytes as they come. `whole` says whether they ended where the packing says that it ends."""

    def __init__(self, wrapping: int = GZIP) -> None:
        self._wrapping = wrapping
        self._member: Any = None
        self._ended = False

    @property
    def whole(self) -> bool:
        """Whether at least one member was unpacked and none is open; gzip's checksums held."""
        return self._ended and self._member is None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What some more bytes unpack to, at most a megabyte at a time; zeros after a gzip member are padding.

        Raises:
            zlib.error: damaged, or followed by something else.
        """
        full = False
        while data or full:
            member = self._member or self._next(data := data.lstrip(b"\0") if self._ended else data)
            if member is None:
                return
            piece = _unpacked(member, data)
            yield piece
            data, full = member.unconsumed_tail, len(piece) == _PIECE
            if member.eof:
                data, full, self._member, self._ended = member.unused_data, False, None, True

    def _next(self, data: bytes) -> Any:
        if not data:
            return None
        if self._ended and self._wrapping != GZIP:
            raise zlib.error("data after its end")
        plain = self._wrapping != GZIP or data[3:4] in _PLAIN
        self._member = (isal_zlib if plain else zlib).decompressobj(wbits=self._wrapping)
        return self._member


def _unpacked(member: Any, data: bytes) -> bytes:
    try:
        piece: bytes = member.decompress(data, _PIECE)
    except isal_zlib.error as problem:  # type: ignore[misc]  # a class, which its stub calls a value
        raise zlib.error(str(problem)) from None
    return piece
