"""The settings of an unattended run: one TOML file, read strictly, with all that is wrong told at once.

Paths are relative to the file. No secret stands in it: keys and tokens are files of their own. Whatever can be known
before the first request is judged here, at `pi180 config check` and at the start of every run alike.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from extractors.drugs.table import tables as drug_tables
from extractors.profile import load_profile
from extractors.site import load_site
from extractors.staging.work import Work, work_of
from extractors.strict_toml import check_keys, read_toml
from scoring.model import Period
from scoring.rulebook import RuleBook, load
from smartapp.attesting.attestations import Attestations, read_attestations
from smartapp.nightly.elsewhere import check_waiting
from smartapp.nightly.problems import ConfigError, Problems
from smartapp.nightly.server import server_of
from smartapp.reading.fetching import Fetching
from smartapp.usecases import Source, check_reuse, period_within

WHAT = "the settings of a run"
FLOOR_MB = 500
_TOP: dict[str, Any] = {
    "year": int,
    "out": str,
    "from": str,
    "server": dict,
    "report": list,
    "site": str,
    "profile": str,
    "zone": str,
    "drugs": str,
    "rules": str,
    "least_free_mb": int,
    "workers": int,
    "memory": str,
    "reuse": str,
}
_NEEDED = ("year", "out", "report")
_REPORT: dict[str, Any] = {"attestations": str, "folder": str, "period": (str, dict)}


class Wanted(StrEnum):
    """How the performance period is found where no days are given."""

    ATTESTED = "attested"
    """The attestation file's; where it has none, the year so far."""
    SO_FAR = "year to date"
    """From 1 January to the last day that the data reach."""
    BEST = "best"
    """The period that earns most, of all that the year allows, with the answers as they are."""


@dataclass(frozen=True, slots=True)
class Report:
    """One reporter's report: whose answers, in which folder below the results ("." is that itself), for which days."""

    attestations: Path
    folder: str = "."
    period: Wanted | Period = Wanted.ATTESTED


@dataclass(frozen=True, slots=True)
class Clinic:
    """Settings that can be used.

    `source` says what to read and how; its folder is that of `fetching`, where a server is read into it first. `floor`
    is in bytes: less must never be free where the results are.
    """

    rules: RuleBook
    out: Path
    source: Source
    reports: tuple[Report, ...]
    fetching: Fetching | None = None
    floor: int = FLOOR_MB * 1_000_000


def load_clinic(path: Path) -> Clinic:
    """The settings in a file.

    Raises:
        ConfigError: something in it, or in a file that it names, cannot be used; all of that is told at once.
    """
    clinic, problems = judged(path)
    if clinic is None or problems:
        raise ConfigError("\n".join(problems))
    return clinic


def judged(path: Path) -> tuple[Clinic | None, tuple[str, ...]]:
    """The settings, None where they cannot be used, and everything that is wrong with them."""
    problems = Problems()
    document = problems.of(lambda: read_toml(path, WHAT, ConfigError)[1])
    if document is None:
        return None, tuple(problems.found)
    problems.keys(document, _TOP, _NEEDED, path.name)
    said = {key: value for key, value in document.items() if key in _TOP and _is_of_kind(key, value)}
    clinic = _clinic(said, path, problems)
    return (None if problems.found else clinic), tuple(problems.found)


def _is_of_kind(key: str, value: object) -> bool:
    return isinstance(value, _TOP[key]) and not isinstance(value, bool)


def _clinic(said: Mapping[str, Any], path: Path, problems: Problems) -> Clinic | None:
    below, at = path.parent, path.name
    rules = problems.of(lambda: load(said["year"], _place(said, "rules", below))) if "year" in said else None
    reports = tuple(_reports(said.get("report", []), rules, path, problems))
    source, fetching = _source(said, path, problems)
    problems.of(lambda: _check_settings(said, below))
    floor = said.get("least_free_mb", FLOOR_MB)
    if floor < 0:
        problems.found.append(f"{at}, least_free_mb: expected 0 or more, got {floor}.")
    if rules is None or source is None or "out" not in said:
        return None
    out = below / said["out"]
    problems.of(lambda: check_apart(out, source.folder, at))
    problems.of(lambda: check_reuse(_place(said, "reuse", below), source.folder))
    return Clinic(rules, out, source, reports, fetching, floor * 1_000_000)


def _place(said: Mapping[str, Any], key: str, below: Path) -> Path | None:
    return below / said[key] if key in said else None


def _check_settings(said: Mapping[str, Any], below: Path) -> None:
    """The site file, the profile that it or the settings name, and the drug tables."""
    site = load_site(_place(said, "site", below), _profile(said, below), said.get("zone"), _place(said, "drugs", below))
    load_profile(site.profile)
    _ = drug_tables(site.drug_tables).digest


def _profile(said: Mapping[str, Any], below: Path) -> str | None:
    """A profile's name, or its file as seen from the settings."""
    named = said.get("profile")
    return str(below / named) if named and named.endswith(".toml") else named


def _work(said: Mapping[str, Any], below: Path, problems: Problems) -> Work | None:
    """How a reading is carried out; None where a setting of it cannot be meant, each of which is told."""
    workers, memory = said.get("workers"), said.get("memory")
    apart = (problems.of(lambda: work_of(workers)), problems.of(lambda: work_of(memory=memory)))
    return None if None in apart else work_of(workers, memory, _place(said, "reuse", below))


def _source(said: Mapping[str, Any], path: Path, problems: Problems) -> tuple[Source | None, Fetching | None]:
    below, at = path.parent, path.name
    if ("from" in said) == ("server" in said):
        problems.found.append(f"{at}: expected one of from (a folder of FHIR) and [server].")
        return None, None
    site, profile, zone = _place(said, "site", below), _profile(said, below), said.get("zone")
    drugs = _place(said, "drugs", below)
    work = _work(said, below, problems)
    if "from" in said:
        folder = below / said["from"]
        if not folder.is_dir():
            problems.found.append(f"{at}, from: expected a folder of FHIR, but there is none at {folder}.")
        return Source(folder, site, profile, zone, drugs, work), None
    fetching = server_of(said["server"], below, f"{at}, server", problems)
    if fetching is None:
        return None, None
    problems.of(lambda: check_waiting(fetching, f"{at}, server"))
    crawling = replace(fetching.crawling, site=site, profile=profile, zone=zone)
    return Source(crawling.out, site, profile, zone, drugs, work), replace(fetching, crawling=crawling)


def _reports(tables: list[Any], rules: RuleBook | None, path: Path, problems: Problems) -> Iterator[Report]:
    if not tables:
        problems.found.append(f"{path.name}: expected one [[report]] or more, each with its attestation file.")
    folders: set[str] = set()
    for number, table in enumerate(tables, 1):
        at = f"{path.name}, report {number}"
        report = problems.of(lambda t=table, a=at: _report(t, path.parent, a, problems))  # type: ignore[misc]
        if report is None:
            continue
        if report.folder in folders:
            problems.found.append(
                f"{at}, folder: {report.folder!r} is another report's. Give each a folder of its own."
            )
        folders.add(report.folder)
        if rules is not None:
            problems.of(lambda r=report, b=rules: _check_report(r, b))  # type: ignore[misc]
        yield report


def _report(table: object, below: Path, at: str, problems: Problems) -> Report | None:
    if not isinstance(table, dict):
        raise ConfigError(f"{at}: expected [[report]], got {table!r}.")
    before = len(problems.found)
    problems.keys(table, _REPORT, ("attestations",), at)
    if len(problems.found) > before:
        return None
    folder = table.get("folder", ".")
    if folder != "." and (Path(folder).name != folder or folder.startswith(".") or folder == "runs"):
        raise ConfigError(f"{at}, folder: expected a plain name such as dr-adams, got {folder!r}.")
    return Report(below / table["attestations"], folder, _period(table.get("period", "attested"), at))


def _period(said: str | Mapping[str, Any], at: str) -> Wanted | Period:
    words = ", ".join(repr(str(word)) for word in Wanted)
    if isinstance(said, str):
        if said not in list(Wanted):
            raise ConfigError(f"{at}, period: expected {words}, or start and end, got {said!r}.")
        return Wanted(said)
    check_keys(said, {"start": date, "end": date}, {}, f"{at}, period", ConfigError)
    return Period(said["start"], said["end"])


def _check_report(report: Report, rules: RuleBook) -> Attestations:
    """The attestation file against the year, and the days."""
    attested = read_attestations(report.attestations, rules)
    if isinstance(report.period, Period):
        period_within(rules.year, report.period.start, report.period.end)
    return attested


def check_apart(out: Path, folder: Path, at: str) -> None:
    """Refuse to write where the next run would read, or to read where a run writes."""
    one, other = out.resolve(), folder.resolve()
    if one.is_relative_to(other) or other.is_relative_to(one):
        raise ConfigError(f"{at}, out: {out} and {folder} lie in each other. Name folders beside each other.")
