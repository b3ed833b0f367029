"""A binder's container: a zip of one form only, so that each of its bytes is either a file's or follows from them.

Files lie one after the other, uncompressed, with fixed dates and rights, nothing before, between or behind. Any zip
program opens it. Because the form leaves no choice, the container is checked by making it anew from its files: a byte
that is changed in a header is found like one in a file.
"""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST_FILES = 10_000
MOST_BYTES = 2**31 - 1
"""The largest binder. Below it, no reader needs the format's extension for large files."""

CONTAINER = "the container"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_LONGEST_NAME = 200
_LOCAL, _CENTRAL, _END = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I"), struct.Struct("<4s4H2IH")
_VERSION, _MADE_ON_UNIX, _FIRST_DAY = 20, 3 << 8 | 20, 0x21
_RIGHTS = 0o100644 << 16
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, ValueError, NotImplementedError, RuntimeError, OSError, EOFError,
    OverflowError, LookupError,
)  # fmt: skip


class NoBinder(Exception):  # noqa: N818  # the word says it
    """A file is no zip that can be looked into; the message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and with which file; `name` is `CONTAINER` where it is with none."""

    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


def packed(files: Mapping[str, bytes]) -> bytes:
    """The container of some files, in the order of their names; the same bytes for the same files.

    Raises:
        ValueError: a name is not plain, two differ by case alone, or it is too much.
    """
    odd = [name for name in files if not is_plain(name)]
    if odd or len({name.casefold() for name in files}) != len(files):
        raise ValueError(f"names that a container does not take: {', '.join(map(ascii, odd)) or 'two alike'}")
    if len(files) > MOST_FILES or sum(map(len, files.values())) > MOST_BYTES // 2:
        raise ValueError(f"a container takes {MOST_FILES} files and {MOST_BYTES // 2} bytes at most")
    return _laid_out(files)


def _laid_out(files: Mapping[str, bytes]) -> bytes:
    body, index = io.BytesIO(), io.BytesIO()
    for name, data in sorted(files.items()):
        written, crc, at = name.encode("ascii"), zlib.crc32(data), body.tell()
        about = (_VERSION, 0, 0, 0, _FIRST_DAY, crc, len(data), len(data), len(written))
        body.write(_LOCAL.pack(b"PK\x03\x04", *about, 0) + written)
        body.write(data)
        index.write(_CENTRAL.pack(b"PK\x01\x02", _MADE_ON_UNIX, *about, 0, 0, 0, 0, _RIGHTS, at) + written)
    size, start, count = index.tell(), body.tell(), len(files)
    body.write(index.getvalue())
    body.write(_END.pack(b"PK\x05\x06", 0, 0, count, count, size, start, 0))
    return body.getvalue()


def is_plain(name: str) -> bool:
    """Whether a name stays within its folder, on every system: ASCII letters, digits, dot, dash, underline, slash."""
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


def opened(data: bytes) -> tuple[dict[str, bytes], tuple[Fault, ...]]:
    """The files of a container, and all that is wrong with it; nothing is ever decompressed.

    Raises:
        NoBinder: it is no zip, or too large to be one of ours.
    """
    if len(data) > MOST_BYTES:
        raise NoBinder(f"is larger than a binder can be ({MOST_BYTES} bytes)")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _BROKEN as problem:
        raise NoBinder(f"is no zip that can be read: {problem}") from None
    with archive:
        infos = archive.infolist()
        faults = _dangers(infos, len(data))
        if faults:
            return {}, faults
        files, damaged = _read(archive, infos)
    return files, damaged or _off_form(files, data)


def _dangers(infos: Sequence[zipfile.ZipInfo], size: int) -> tuple[Fault, ...]:
    """What makes a container one that nobody should unpack."""
    if len(infos) > MOST_FILES or sum(info.file_size for info in infos) > size:
        return (Fault(CONTAINER, "says that it holds more than it can: it may be made to fill a disk"),)
    alike = Counter(info.filename.casefold() for info in infos)
    return tuple(
        Fault(ascii(info.filename)[1:-1], what)
        for info in infos
        if (what := _danger_of(info) or ("is there twice" if alike[info.filename.casefold()] > 1 else ""))
    )


def _danger_of(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link, not a file"
    if not is_plain(info.orig_filename) or info.orig_filename != info.filename:
        return "is no name of a binder's file: it could be unpacked outside of its folder"
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size or info.flag_bits:
        return "is compressed or encrypted, as no binder's file is: somebody packed the binder anew"
    return ""


def _read(archive: zipfile.ZipFile, infos: Sequence[zipfile.ZipInfo]) -> tuple[dict[str, bytes], tuple[Fault, ...]]:
    files, faults = {}, []
    for info in infos:
        try:
            files[info.filename] = archive.read(info)
        except _BROKEN:
            faults.append(Fault(info.filename, "was changed: its bytes are not those that were packed"))
    return files, tuple(faults)


def _off_form(files: Mapping[str, bytes], data: bytes) -> tuple[Fault, ...]:
    anew = _laid_out(files)
    if anew == data:
        return ()
    at = next((at for at, (one, other) in enumerate(zip(anew, data, strict=False)) if one != other), len(anew))
    return (Fault(CONTAINER, f"was changed at byte {at}: it is not the one that these files make"),)
