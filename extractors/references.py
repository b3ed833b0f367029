"""FHIR references in all their forms, as keys that can be joined.

A key is `Type/id`. A resource of a self-contained Bundle has the Bundle's name before it (`bundle!Type/id`),
a contained resource its parent's key (`Type/id#part`), and a reference by identifier is its own key
(`Practitioner?identifier=system|value`) until the directory knows whose identifier that is. Any other search,
and any text that is no reference, may hold a name: its key tells it apart by a hash and shows nothing of it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from extractors.decode import schema_of

_LITERAL = re.compile(r"(?:\S*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[^/?#|\s]+)(?:/_history/[^/\s]+)?$")
_SEARCH = re.compile(r"(?:\S*/)?(?P<type>[A-Z][A-Za-z]+)\?(?P<query>.*)$", re.DOTALL)
_URN = re.compile(r"urn:(?:uuid|oid):[0-9A-Za-z.-]+$")
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a reference stands: the resource that holds it and the Bundle around that, if any.

    `prefix` is empty outside self-contained Bundles; `full_urls` maps every fullUrl, and every `Type/id`
    of a self-contained Bundle, to the key of its entry. A literal reference never leaves a self-contained
    Bundle, whether or not its target is in there; a reference by identifier does, for it carries no prefix.
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
    if type(text) is not str or not text:
        return _identified(reference)
    if text[0] == "#":
        return f"{holder}{text}" if len(text) > 1 else holder
    if text in scope.full_urls:
        return scope.full_urls[text]
    key, is_literal = _read(text)
    return scope.full_urls.get(key, scope.prefix + key) if is_literal else key


def _identified(reference: Mapping[str, object]) -> str | None:
    identifier = reference.get("identifier")
    if isinstance(identifier, Mapping) and identifier.get("value"):
        return identifier_key(str(reference.get("type") or ""), identifier)
    return None


def identifier_key(resource_type: str, identifier: Mapping[str, object]) -> str:
    """The key of a reference by identifier: `Type?identifier=system|value`."""
    return f"{resource_type}?identifier={identifier.get('system') or ''}|{identifier['value']}"


@lru_cache(maxsize=16384)
def _read(text: str) -> tuple[str, bool]:
    """The key that a text names by itself, and whether it is one that a Bundle around it may hold."""
    kind, _, identity = text.partition("/")
    if identity.replace("-", "").replace(".", "").isalnum() and schema_of(kind) is not None:
        return text, True
    search = _SEARCH.match(text)
    if search and schema_of(search["type"]) is not None:
        return _search_key(search["type"], search["query"]), False
    literal = _LITERAL.match(text)
    if literal is None or schema_of(literal["type"]) is None:
        return (text if _URN.match(text) else f"(text, {_hash(text)})"), False
    return f"{literal['type']}/{literal['id']}", True


def _search_key(kind: str, query: str) -> str:
    """The key of a conditional reference: by its one identifier, else by a hash of what is searched for."""
    parameters = [parameter.partition("=") for parameter in query.split("&")]
    tokens = [unquote(value) for name, _, value in parameters if name == "identifier" and value]
    return f"{kind}?identifier={tokens[0]}" if len(tokens) == 1 else f"{kind}?(search, {_hash(query)})"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
