"""The same data has one fingerprint however it came; what decides changes it (fhir-mapping 15.102)."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from extractors.cases import derive, fingerprint
from extractors.engine.local import LocalEngine
from extractors.events import extract
from extractors.sources.folder import Folder
from tests.extractors.practice import (
    CLOSED,
    GENERIC,
    OPEN,
    Json,
    both_channels,
    document,
    marked,
    organization,
    prescription,
    receipt,
    ref,
    referral,
    resource,
    role,
    sending,
    staff,
    transmission,
    visit,
)

YEAR = [
    *staff(),
    prescription(),
    transmission(),
    referral(),
    document(),
    sending(),
    visit(),
    receipt(),
    *both_channels(),
]
MARK = marked(YEAR)


def test_the_order_of_lines_is_none_of_it() -> None:
    assert marked(YEAR[::-1]) == MARK


def test_what_servers_write_into_meta_is_none_of_it() -> None:
    meta = {"versionId": "7", "lastUpdated": "2026-08-01T00:00:00Z", "source": "#x"}
    assert marked([{**found, "meta": meta} for found in YEAR]) == MARK


def test_the_order_of_elements_and_repeated_lines_are_none_of_it() -> None:
    assert marked([dict(reversed(found.items())) for found in [*YEAR, *YEAR]]) == MARK


def test_versions_that_were_replaced_are_none_of_it() -> None:
    newest = {**prescription(), "meta": {"versionId": "2"}}
    older = prescription(status="on-hold", meta={"versionId": "1"})
    assert marked([older, *YEAR[:9], newest, *YEAR[10:]]) == MARK


def in_files(root: Path, *parts: bytes) -> str:
    for number, data in enumerate(parts):
        (root / str(number)).write_bytes(data)
    with LocalEngine() as engine:
        derive(extract(Folder(root).lines(), GENERIC, OPEN.zone_info), OPEN, engine)
        return fingerprint(engine)


def lines(found: list[Json]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in found)


def test_files_and_packing_are_none_of_it(tmp_path: Path) -> None:
    assert in_files(tmp_path, gzip.compress(lines(YEAR[7:])), lines(YEAR[:3]), lines(YEAR[3:7])) == MARK


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param([*YEAR, prescription("another")], id="one order more"),
        pytest.param(YEAR[:-1], id="one fact less"),
        pytest.param([*YEAR[:10], transmission(on="2026-03-02T10:06:00-05:00"), *YEAR[11:]], id="another time"),
        pytest.param([organization("a", "111111111"), *YEAR[1:]], id="another TIN"),
        pytest.param([*YEAR, role("c", "b")], id="another employer"),
        pytest.param(
            [*YEAR, resource("Patient", "q", link=[{"type": "replaced-by", "other": ref("Patient/p")}])], id="a merge"
        ),
        pytest.param(
            [prescription(encounter=ref("Encounter/visit")) if one["id"] == "rx" else one for one in YEAR],
            id="a reference",
        ),
    ],
)
def test_a_changed_fact_gives_another(changed: list[Json]) -> None:
    assert marked(changed) != MARK


@pytest.mark.case(103)
def test_the_digests_of_rules_profile_and_site_are_part_of_it() -> None:
    """fhir-mapping 15.103."""
    found = [marked(YEAR, *digests) for digests in ((), ("rules",), ("rules", "profile"), ("profile", "rules"))]
    assert len(set(found)) == 4


@pytest.mark.parametrize(
    "site",
    [CLOSED, replace(OPEN, zone="UTC"), replace(OPEN, pdmp_lookback_days=2), replace(OPEN, closed_days=frozenset())],
)
def test_another_setting_of_the_site_has_another_digest(site: object) -> None:
    assert site.digest != OPEN.digest  # type: ignore[attr-defined]
