"""FHIR references in all their forms, as keys that can be joined.

A key is `Type/id`. A resource of a self-contained Bundle has the Bundle's name before it (`bundle!Type/id`),
a contained resource its parent's key (`Type/id#part`), and a reference by identifier is its own key
(`Practitioner?identifier=system|value`) until the directory knows whose identifier that is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_LITERAL = re.compile(r"(?:.*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[^/?#|]+)(?:/_history/[^/]+)?$")
_SEARCH = re.compile(r"(?:.*/)?(?P<type>[A-Z][A-Za-z]+)\?identifier=(?P<token>.+)$")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a reference stands: the resource that holds it and the Bundle around that, if any.

    `prefix` is empty outside self-contained Bundles; `full_urls` maps every fullUrl, and every `Type/id`
    of a self-contained Bundle, to the key of its entry.
    """

    prefix: str = ""
    full_urls: Mapping[str, str] = field(default_factory=dict)


def reference_key(reference: Mapping[str, object], holder: str, scope: Scope) -> str | None:
    """The key a Reference points to; None when it has only a display.

    Args:
        reference: a FHIR Reference object.
        holder: key of the resource that holds the reference (contained references hang on it).
        scope: the Bundle around it.
    """
    text = reference.get("reference")
    if isinstance(text, str) and text:
        return _literal_key(text, holder, scope)
    identifier = reference.get("identifier")
    if isinstance(identifier, Mapping) and identifier.get("value"):
        return identifier_key(str(reference.get("type") or ""), identifier)
    return None


def identifier_key(resource_type: str, identifier: Mapping[str, object]) -> str:
    """The key of a reference by identifier: `Type?identifier=system|value`."""
    return f"{resource_type}?identifier={identifier.get('system') or ''}|{identifier['value']}"


def _literal_key(text: str, holder: str, scope: Scope) -> str:
    if text.startswith("#"):
        return f"{holder}{text}" if len(text) > 1 else holder
    if text in scope.full_urls:
        return scope.full_urls[text]
    search = _SEARCH.match(text)
    if search:
        return f"{search['type']}?identifier={search['token']}"
    literal = _LITERAL.match(text)
    if literal is None:
        return text
    key = f"{literal['type']}/{literal['id']}"
    return scope.full_urls.get(key, scope.prefix + key)
