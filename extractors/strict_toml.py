"""Strict reading of TOML that people write: unknown keys, missing keys and wrong types are refused by place."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any


def read_toml(path: Path, what: str, error: type[Exception]) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a TOML file and what they say.

    Args:
        path: the file.
        what: what the file is to a user, for the message.
        error: raised with where, what, expected and got.
    """
    try:
        data = path.read_bytes()
        return data, tomllib.loads(data.decode())
    except OSError:
        raise error(f"{path}: expected {what}, but it cannot be read. Name an existing TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise error(f"{path.name}: expected TOML, got: {problem}. Mend the file.") from None


def check_keys(
    table: object,
    required: Mapping[str, Any],
    optional: Mapping[str, Any],
    at: str,
    error: type[Exception],
) -> None:
    """Refuse what is no table, unknown keys, missing keys and values of the wrong type, naming the place.

    Raises:
        error: with where, what, expected and got.
    """
    if not isinstance(table, dict):
        raise error(f"{at}: expected a table, got {table!r}.")
    known = {**required, **optional}
    for key, value in table.items():
        if key not in known:
            raise error(f"{at}: unknown key {key!r}. Expected one of: {', '.join(sorted(known))}.")
        if not _is(value, known[key]):
            raise error(f"{at}, {key}: expected {_type_name(known[key])}, got {value!r}.")
    for key in required:
        if key not in table:
            raise error(f"{at}: {key!r} is missing. Add it.")


def _is(value: object, kind: Any) -> bool:
    """Whether a value is of a kind as people mean it: true is no number, and a time of day is no day."""
    confused = (kind is int and isinstance(value, bool)) or (kind is date and isinstance(value, datetime))
    return isinstance(value, kind) and not confused


_KINDS = {
    str: "text in quotation marks",
    int: "a whole number",
    date: "a day such as 2026-01-01 without quotation marks",
    list: "a list",
    dict: "a table",
    bool: "true or false",
}


def _type_name(kind: Any) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(_KINDS[one] for one in kinds)
