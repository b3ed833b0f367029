"""The words in which the schemas of what pi180 writes are said: JSON Schema 2020-12, every member required."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
YES_NO: Schema = {"type": "boolean"}


def object_of(**properties: Schema) -> dict[str, Any]:
    """An object of these members and no others."""
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def list_of(items: Schema) -> dict[str, Any]:
    """A list, which may be empty."""
    return {"type": "array", "items": items}


def or_none(found: Schema) -> dict[str, Any]:
    """The same, or null."""
    return {"anyOf": [found, {"type": "null"}]}


def one_of(words: type[StrEnum]) -> dict[str, Any]:
    """One word of a closed set."""
    return {"enum": [word.value for word in words]}
