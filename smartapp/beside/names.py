"""How EHR reports name measures, columns, yes and no: the aliases of `names.toml`, without case or punctuation."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from scoring.model import MeasureId

_NOISE = re.compile(r"[\W_]+", re.ASCII)


def measure_named(text: str) -> MeasureId | None:
    """The measure that a report means; None for a name that is not known."""
    return _measures().get(_plain(text))


def column_named(text: str) -> str | None:
    """What a column of a report holds, by our name for it; None for a column that says nothing that is compared."""
    return _aliases("column").get(_plain(text))


def yes_or_no(text: str) -> bool | None:
    """What a cell answers; None for a word that is neither."""
    found = _aliases("word").get(_plain(text))
    return None if found is None else found == "yes"


def columns() -> tuple[str, ...]:
    """Our names of the columns, in the order of the documentation."""
    return tuple(_document()["column"])


def _plain(text: str) -> str:
    return _NOISE.sub("", text.lower())


@cache
def _measures() -> dict[str, MeasureId]:
    return {alias: MeasureId(measure) for alias, measure in _aliases("measure").items()}


@cache
def _aliases(table: str) -> dict[str, str]:
    named: dict[str, list[str]] = _document()[table]
    return {_plain(alias): name for name, aliases in named.items() for alias in (name, *aliases)}


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads((files("smartapp.beside") / "names.toml").read_text(encoding="utf-8"))
