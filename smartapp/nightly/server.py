"""The `[server]` table of a run's settings: where to read, by which credential, whose records, and how gently."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from extractors.gateway import LANES, MOST_LANES, ONCE, USUAL_RATE
from extractors.places import place_of
from extractors.sources.bulk_request import Form, Level
from extractors.sources.cohort import Cohort, Rule, checked_id, listed_in
from smartapp.nightly.problems import ConfigError, Problems
from smartapp.reading.crawling import PACE_FILE, Backend, Crawling, Manners, connection_of, statement_of, token_may_fail
from smartapp.reading.fetch_terms import MANIFEST_MB
from smartapp.reading.fetching import Choice, Fetching, Renew
from smartapp.settings import read_secret
from smartapp.smart.assertion import SigningKeyError
from smartapp.smart.keys import signing_key

_TABLE: dict[str, Any] = {
    "base": str,
    "data": str,
    "client_id": str,
    "key_file": str,
    "token_url": str,
    "alg": str,
    "kid": str,
    "scope_version": str,
    "token_file": str,
    "read": str,
    "level": str,
    "form": str,
    "manifest_mb": int,
    "all": bool,
    "group": str,
    "patients": str,
    "appointments": list,
    "encounters": list,
    "parameters": dict,
    "aliases": list,
    "lanes": int,
    "rate": int,
    "ca": str,
    "private_ranges": list,
}
_COHORTS = ("group", "patients", "appointments", "encounters", "all")
_SCOPES = ("v1", "v2")
_Word = TypeVar("_Word", bound=StrEnum)


def server_of(table: Mapping[str, Any], below: Path, at: str, problems: Problems) -> Fetching | None:
    """What to ask of the server, by no site file or profile yet; None where something is wrong, which is then noted.

    Args:
        table: as it was read.
        below: the folder that paths are relative to.
        at: where the table stands, for messages.
        problems: where to note what is wrong.
    """
    before = len(problems.found)
    problems.keys(table, _TABLE, ("base", "data"), at)
    if len(problems.found) > before:
        return None
    problems.of(lambda: place_of(table["base"]))
    manners = problems.of(lambda: _manners(table, at))
    cohort = problems.of(lambda: _cohort(table, below, at))
    backend = problems.of(lambda: _backend(table, below, at))
    token = problems.of(lambda: _token(table, below, at))
    choice = problems.of(lambda: _word(table, "read", Choice, Choice.BEST, at))
    level = problems.of(lambda: _word(table, "level", Level, None, at))
    if level is not None and cohort is not None:
        problems.of(lambda: _fits(level, cohort, at))
    most = problems.of(lambda: _manifest_mb(table, at))
    form = problems.of(lambda: _word(table, "form", Form, Form.GET, at))
    if (
        len(problems.found) > before
        or most is None
        or form is None
        or cohort is None
        or manners is None
        or choice is None
    ):
        return None
    crawling = Crawling(
        base=table["base"],
        out=below / table["data"],
        cohort=cohort,
        token_file=token,
        backend=backend,
        parameters={str(name): str(value) for name, value in table.get("parameters", {}).items()},
        aliases=tuple(table.get("aliases", ())),
        ca=below / table["ca"] if "ca" in table else None,
        ranges=tuple(table.get("private_ranges", ())),
        manners=manners,
    )
    return Fetching(crawling, choice, Renew.CHANGES, level, form, manifest_mb=most)


def reachable(crawling: Crawling) -> None:
    """Ask a server once what it is, and sign in there where a client is named.

    Raises:
        ExtractionError: it does not answer, or refuses.
    """
    with token_may_fail():
        connection = connection_of(replace(crawling, manners=replace(crawling.manners, patience=ONCE)))
        statement_of(connection.server)
        connection.bearer.credential()


def _cohort(table: Mapping[str, Any], below: Path, at: str) -> Cohort:
    given = [name for name in _COHORTS if name in table]
    if len(given) != 1:
        raise ConfigError(f"{at}: whose records? Expected one of {', '.join(_COHORTS)}.")
    if given == ["group"]:
        return Cohort(Rule.GROUP, group=checked_id(table["group"], f"{at}, group"))
    if given == ["all"]:
        return _everybody(table["all"], at)
    if given == ["patients"]:
        file = below / table["patients"]
        return Cohort(Rule.LIST, listed=listed_in(file.read_text(encoding="utf-8-sig"), file.name))
    start, end = _days(table[given[0]], f"{at}, {given[0]}")
    return Cohort(Rule(given[0]), start=start, end=end)


def _everybody(said: bool, at: str) -> Cohort:
    if not said:
        raise ConfigError(f"{at}, all: expected true, or a cohort.")
    return Cohort(Rule.ALL)


def _days(days: list[Any], at: str) -> tuple[date, date]:
    if len(days) != 2 or any(type(day) is not date for day in days) or days[1] < days[0]:
        raise ConfigError(f"{at}: expected two days, the first before the last: [2026-01-01, 2026-12-31].")
    return days[0], days[1]


def _backend(table: Mapping[str, Any], below: Path, at: str) -> Backend | None:
    """How pi180 signs in by itself; None where no client is named."""
    if "client_id" not in table:
        for name in ("key_file", "token_url", "alg", "kid", "scope_version"):
            if name in table:
                raise ConfigError(f"{at}, {name}: expected client_id beside it.")
        return None
    if "key_file" not in table:
        raise ConfigError(f"{at}, client_id: expected key_file beside it. Make keys: pi180 keys new")
    key = below / table["key_file"]
    try:
        signing_key(key, table.get("alg"), table.get("kid"))
    except SigningKeyError as problem:
        raise ConfigError(f"{at}, key_file: {problem}") from None
    version = table.get("scope_version", "v2")
    if version not in _SCOPES:
        raise ConfigError(f"{at}, scope_version: expected {' or '.join(_SCOPES)}, got {version!r}.")
    named: dict[str, Any] = {name: table.get(name) for name in ("token_url", "alg", "kid")}
    return Backend(client_id=table["client_id"], key_file=key, scopes="v1" if version == "v1" else "v2", **named)


def _token(table: Mapping[str, Any], below: Path, at: str) -> Path | None:
    if "token_file" not in table:
        return None
    if "client_id" in table:
        raise ConfigError(f"{at}: expected one of client_id and token_file.")
    read_secret(below / table["token_file"])
    return below / str(table["token_file"])


def _word(table: Mapping[str, Any], name: str, words: type[_Word], usual: _Word | None, at: str) -> _Word | None:
    if name not in table:
        return usual
    if table[name] not in list(words):
        raise ConfigError(f"{at}, {name}: expected one of {', '.join(words)}, got {table[name]!r}.")
    return words(table[name])


def _fits(level: Level, cohort: Cohort, at: str) -> None:
    """Refuse an export of other records than those of the cohort."""
    if (level is Level.GROUP) != (cohort.rule is Rule.GROUP) or cohort.rule not in (Rule.GROUP, Rule.ALL):
        raise ConfigError(f"{at}, level: expected group beside group, or patient or system beside all, got {level}.")


def _manifest_mb(table: Mapping[str, Any], at: str) -> int:
    most: int = table.get("manifest_mb", MANIFEST_MB)
    if most < 1:
        raise ConfigError(f"{at}, manifest_mb: expected megabytes, 1 or more, got {most}.")
    return most


def _manners(table: Mapping[str, Any], at: str) -> Manners:
    lanes, rate = table.get("lanes", LANES), table.get("rate", USUAL_RATE)
    if not 1 <= lanes <= MOST_LANES:
        raise ConfigError(f"{at}, lanes: expected 1 to {MOST_LANES}, got {lanes}.")
    if rate < 0:
        raise ConfigError(f"{at}, rate: expected requests a minute, or 0 for no limit, got {rate}.")
    for name in ("aliases", "private_ranges"):
        if not all(isinstance(one, str) for one in table.get(name, ())):
            raise ConfigError(f"{at}, {name}: expected a list of texts.")
    return Manners(lanes=lanes, rate=rate or None, pace_file=Path.home() / PACE_FILE if rate else None)
