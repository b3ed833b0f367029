"""Codes of a resource, by the types that R4 gives its elements: text that is a code can be no name."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from extractors.fhirpath.reference import TYPES

_WITHOUT_NAME = ("", "BackboneElement", "Element")
_AS_TYPE = {"Code": "code", "Coding": "Coding", "CodeableConcept": "CodeableConcept"}
_WORD = re.compile(r"[A-Za-z][A-Za-z-]{0,31}")


def code_in(resource: Mapping[str, Any], text: str | None) -> str | None:
    """A text, if it is one word without digits that an element of type `code` of the resource holds; else None.

    Anything else may be a name or a number, even where a code belongs.
    """
    if text is None or not _WORD.fullmatch(text):
        return None
    return text if text in _codes(resource, str(resource.get("resourceType"))) else None


def _codes(value: Mapping[str, Any], at: str) -> Iterator[str]:
    for name, found in value.items():
        kind = _type_at(at, name)
        for item in found if isinstance(found, list) else [found]:
            if isinstance(item, Mapping):
                yield from _codes(item, f"{at}.{name}" if kind in _WITHOUT_NAME else kind)
            elif kind == "code" and isinstance(item, str):
                yield item


def _type_at(at: str, name: str) -> str:
    """The R4 type of an element, by its place or, for one of a choice, by the end of its name; "" if not known."""
    if name in ("extension", "modifierExtension"):
        return "Extension"
    if at == "Extension" and name.startswith("value"):
        return _AS_TYPE.get(name.removeprefix("value"), "")
    return str(TYPES.get(f"{at}.{name}") or "")
