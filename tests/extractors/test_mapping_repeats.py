"""Cases 102 and 103 of fhir-mapping 15 that no other test shows: the same input, and another profile."""

from pathlib import Path

import pytest

from extractors.cases import derive, fingerprint, tally
from extractors.engine.local import LocalEngine
from extractors.profile import load_profile
from tests.extractors.practice import (
    GENERIC,
    OPEN,
    PERIOD,
    Json,
    both_channels,
    bundle,
    document,
    extracted,
    marked,
    prescription,
    receipt,
    reconciled,
    referral,
    sending,
    staff,
    transmission,
    visit,
)

FOUND = [
    *staff(),
    *(one for n in range(4) for one in (prescription(f"rx{n}"), transmission(f"rx{n}"))),
    *(referral(), document(), sending(), visit(), receipt(), *reconciled(), *both_channels()),
]


def pages(found: list[Json]) -> list[Json]:
    """Pages of four results each, every page with its last result repeated on the next."""
    starts = range(0, len(found), 3)
    return [bundle("searchset", *({"resource": one} for one in found[at : at + 4]), name=f"page{at}") for at in starts]


def everything(found: list[Json]) -> tuple[object, ...]:
    """All that is said of one period, and the name of the run."""
    with LocalEngine() as engine:
        derive(extracted(found), OPEN, engine)
        tallies = tally(engine, PERIOD, OPEN.numerator_window)
        tables = [engine.rows(name, "ALL") for name in ("cases", "case_evidence", "placed", "tally")]
        return tallies, tables, fingerprint(engine)


@pytest.mark.case(102)
def test_pages_in_any_order_give_the_same_rows_and_the_same_run() -> None:
    first = everything(pages(FOUND))
    assert (everything(pages(FOUND)), everything(pages(FOUND)[::-1])) == (first, first)


@pytest.mark.case(103)
def test_a_changed_profile_has_another_digest_and_the_run_another_name(tmp_path: Path) -> None:
    (tmp_path / "generic.toml").write_text(GENERIC.text.replace('version = "1"', 'version = "2"', 1))
    changed = load_profile(str(tmp_path / "generic.toml"))
    assert changed.digest != GENERIC.digest
    assert marked(FOUND, changed.digest) != marked(FOUND, GENERIC.digest)
