"""What is packed unpacks to the same wherever it is cut into pieces."""

import struct
import zlib

import pytest

from extractors.unpacking import Unpacker

TEXT = b'{"resourceType":"Patient","id":"p"}\n' * 20
EXTRA, NAME, COMMENT, CHECKED = 4, 8, 16, 2


def member(flags: int) -> bytes:
    """A gzip member with the optional parts of a header that its flags name (RFC 1952)."""
    header = b"\x1f\x8b\x08" + bytes([flags]) + bytes(5) + b"\xff"
    header += struct.pack("<H", 6) + b"BC\x02\x00\x10\x00" if flags & EXTRA else b""
    header += b"Patient.ndjson\x00" if flags & NAME else b""
    header += b"a comment\x00" if flags & COMMENT else b""
    header += struct.pack("<H", zlib.crc32(header) & 0xFFFF) if flags & CHECKED else b""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return header + packer.compress(TEXT) + packer.flush() + struct.pack("<II", zlib.crc32(TEXT), len(TEXT))


@pytest.mark.parametrize(
    "flags", [0, EXTRA, NAME, EXTRA | NAME, NAME | COMMENT, CHECKED, EXTRA | NAME | COMMENT | CHECKED]
)
def test_members_with_any_header_unpack_wherever_they_are_cut(flags: int) -> None:
    data = member(flags) * 2
    for cut in range(1, len(data)):
        unpacker = Unpacker()
        assert b"".join(piece for part in (data[:cut], data[cut:]) for piece in unpacker.feed(part)) == TEXT * 2, cut
        assert unpacker.whole
