"""Every year file agrees with CMS's own list of that year."""

import json
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from reported import RULES

from scoring.rulebook import RULES as FOLDER
from scoring.year import Measure, Status

COPIES = Path(__file__).parent / "qpp-pi"


def cms_list(year: int) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((COPIES / f"{year}.json").read_text())
    return entries


def as_cms_has_it(measure: Measure) -> dict[str, object]:
    return {
        "measureId": measure.id,
        "title": measure.title,
        "objective": measure.objective,
        "metricType": measure.metric.value,
        "exclusion": list(measure.exclusions),
        "substitutes": list(measure.substitutes),
    }


def status_by_cms(entry: dict[str, Any]) -> set[Status]:
    if "Active Engagement Level" in entry["title"]:
        return {Status.ENGAGEMENT}
    if entry["reportingCategory"] == "exclusion":
        return {Status.EXCLUSION}
    if entry["isBonus"]:
        return {Status.BONUS}
    return {Status.REQUIRED, Status.ATTESTATION} if entry["isRequired"] else {Status.OPTIONAL}


@pytest.mark.parametrize("year", RULES)
def test_ids_titles_objectives_metrics_exclusions_and_substitutes_are_those_of_cms(year: int) -> None:
    expected = [
        {
            **{key: entry[key] for key in ("measureId", "title", "objective", "metricType")},
            "exclusion": entry["exclusion"] or [],
            "substitutes": entry["substitutes"] or [],
        }
        for entry in cms_list(year)
    ]

    actual = [as_cms_has_it(measure) for measure in RULES[year].measures.values()]

    assert actual == expected


@pytest.mark.parametrize("year", RULES)
def test_what_is_required_or_bonus_is_so_in_the_list_of_cms(year: int) -> None:
    for entry in cms_list(year):
        assert RULES[year].measures[entry["measureId"]].status in status_by_cms(entry)


@pytest.mark.parametrize("year", RULES)
def test_an_active_engagement_entry_belongs_to_the_measure_it_is_named_after(year: int) -> None:
    levels = RULES[year].with_status(Status.ENGAGEMENT)

    assert [level.engages for level in levels] == [level.id.rsplit("_", 1)[0] for level in levels]
    assert {level.level for level in levels} == {1, 2}
    for level in levels:
        assert level.title.endswith(f"Level {level.level}")


@pytest.mark.parametrize("year", RULES)
def test_a_public_health_measure_requires_a_level_exactly_when_it_has_some(year: int) -> None:
    for measure in RULES[year].measures.values():
        assert measure.requires_level == bool(RULES[year].levels_of(measure.id))


def tables_with_numbers(content: object) -> Iterator[dict[str, Any]]:
    """Every table of a rule file that states a number or a date by itself."""
    if isinstance(content, dict):
        if any(type(value) in (int, float, date) for value in content.values()):
            yield content
        for value in content.values():
            yield from tables_with_numbers(value)
    elif isinstance(content, list):
        for value in content:
            yield from tables_with_numbers(value)


@pytest.mark.parametrize("year", RULES)
def test_every_number_has_a_source_and_a_confidence(year: int) -> None:
    content = tomllib.loads((FOLDER / f"py{year}.toml").read_text(encoding="utf-8"))
    stated = list(tables_with_numbers({key: value for key, value in content.items() if key != "year"}))

    assert len(stated) > len(content["exclusion_threshold"])
    assert [table for table in stated if not table.get("cites") or not table.get("confidence")] == []


@pytest.mark.parametrize("year", RULES)
def test_an_exclusion_is_counted_for_a_measure_that_it_excludes(year: int) -> None:
    for threshold in RULES[year].thresholds:
        assert threshold.exclusion in RULES[year].measures[threshold.of].exclusions


@pytest.mark.parametrize("year", RULES)
def test_programs_and_registration_types_are_those_of_every_entry_of_cms(year: int) -> None:
    programs = RULES[year].conditions.programs

    for entry in cms_list(year):
        assert set(entry["allowedPrograms"]) == set(programs.names)
        assert set(entry.get("allowedRegistrationTypes") or []) == set(programs.registrations)
