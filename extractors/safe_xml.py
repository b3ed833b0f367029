"""Read XML that may come from anywhere: no document type, no entities, nothing loaded, and only so large (R112)."""

from typing import Any

from lxml import etree

MAXIMUM = 8 * 1024 * 1024
"""Bytes of a document above which it is not read."""

_DOCTYPE = b"<!DOCTYPE"


class NotReadError(ValueError):
    """Why a document was not read, without a word of its content; `place` is a line, None if none is known."""

    def __init__(self, why: str, place: str | None = None) -> None:
        super().__init__(why)
        self.why, self.place = why, place


def parse(data: bytes) -> etree._Element:
    """The root element, without comments and processing instructions.

    Raises:
        NotReadError: it is too large, declares a document type, or is no XML.
    """
    if len(data) > MAXIMUM:
        raise NotReadError(f"larger than {MAXIMUM} bytes")
    if _DOCTYPE in data.replace(b"\0", b""):  # in UTF-16 as well
        raise NotReadError("it declares a document type, which may hide entities")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as fault:
        raise NotReadError("no XML", f"line {fault.lineno}" if fault.lineno else None) from None
    except (ValueError, LookupError):
        raise NotReadError("no XML") from None
    declared: Any = root.getroottree().docinfo  # the stubs know no doctype
    if declared.doctype:
        raise NotReadError("it declares a document type, which may hide entities")
    return root
