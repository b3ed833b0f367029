"""Texts, paths and columns as they are written in SQL."""

import re
from collections.abc import Mapping
from pathlib import Path


def path_text(file: Path) -> str:
    """A path as SQL, none of whose characters stands for other files; `name=value` in it is a name, not a column."""
    return quoted(re.sub(r"[*?\[]", r"[\g<0>]", str(file)))


def quoted(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def typed(types: Mapping[str, str]) -> str:
    """Columns as SQL, each of a type."""
    return ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in types.items())
