"""What an uploaded file is, judged by its content; nothing but the allow-list is kept (R86).

A file that is two things at once (a PDF that is also an archive, a picture with a PDF behind it) is refused:
what one program shows harmlessly another would run.
"""

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from smartapp.store.errors import StoreError

MOST_BYTES = 10 * 1024 * 1024
"""The largest file that is kept."""

_PDF, _PNG, _JPEG, _TEXT, _CSV = "application/pdf", "image/png", "image/jpeg", "text/plain", "text/csv"
SUFFIXES = {_PDF: (".pdf",), _PNG: (".png",), _JPEG: (".jpg", ".jpeg"), _TEXT: (".txt",), _CSV: (".csv",)}
"""The allowed types, each with the endings of a name that fit it; the first is the one it is downloaded with."""

_HEAD, _TAIL = 1024, 65_557  # where readers look for a PDF header; where an archive's end record may stand
_ARCHIVE_END, _PNG_HEAD = b"PK\x05\x06", b"\x89PNG\r\n\x1a\n"
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\<>:"|?*\u202a-\u202e\u2066-\u2069]')
_LONGEST_NAME = 120


class DocumentRefused(StoreError):  # noqa: N818  # the word says it
    """A file is not kept; the message says why and what to do."""


def judged(name: str, data: bytes) -> str:
    """The media type of a file that may be kept.

    Raises:
        DocumentRefused: too large, empty, none of the allowed types, two types at once, or named as another one.
    """
    if not data:
        raise DocumentRefused("The file is empty. Choose another.")
    if len(data) > MOST_BYTES:
        raise DocumentRefused(f"The file is larger than {MOST_BYTES // 2**20} MB. Attach the pages that matter.")
    found = next((kind for kind, is_one in _TESTS.items() if is_one(data)), None)
    if found is None:
        raise DocumentRefused(
            "The file is no whole PDF, PNG, JPEG, plain text or CSV. Save it as a PDF and attach that."
        )
    _check_single(found, data)
    ending = PurePosixPath(name.lower()).suffix
    if found == _TEXT and ending in SUFFIXES[_CSV]:
        return _CSV
    if ending not in SUFFIXES[found]:
        raise DocumentRefused(f"The file is {found}, but its name does not end in {SUFFIXES[found][0]}. Rename it.")
    return found


def cleaned(name: str) -> str:
    """The last part of a file's name without what could mislead a reader or a system."""
    last = _UNSAFE.sub("", re.split(r"[/\\]", name)[-1]).strip(". ")
    return last[-_LONGEST_NAME:] or "document"


def _check_single(found: str, data: bytes) -> None:
    second = b"%PDF-" in data[:_HEAD] if found != _PDF else False
    if second or _ARCHIVE_END in data[-_TAIL:]:
        raise DocumentRefused("The file is two kinds of file at once. Print it to a new PDF and attach that.")


def _is_pdf(data: bytes) -> bool:
    return data.startswith(b"%PDF-") and b"%%EOF" in data[-_HEAD:]


def _is_png(data: bytes) -> bool:
    """Whether the whole file is one chain of PNG chunks that ends with IEND and nothing behind it."""
    at = len(_PNG_HEAD)
    while data.startswith(_PNG_HEAD) and at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        at += length + 12
        if kind == b"IEND":
            return at == len(data)
    return False


def _is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff") and data.rstrip(b"\x00").endswith(b"\xff\xd9")


def _is_text(data: bytes) -> bool:
    try:
        return not data.startswith(b"%PDF-") and _CONTROLS.search(data.decode("utf-8-sig")) is None
    except UnicodeDecodeError:
        return False


_TESTS: dict[str, Callable[[bytes], bool]] = {_PDF: _is_pdf, _PNG: _is_png, _JPEG: _is_jpeg, _TEXT: _is_text}
