"""Cases 85 to 95 of fhir-mapping 15, and X2 of onc-scenarios 6, that no other test shows: patient access."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from extractors.site import Standing
from extractors.vocabulary import EventKind
from tests.extractors.practice import (
    CLOSED,
    MET,
    NOT_MET,
    OPEN,
    UNKNOWN,
    Counts,
    Json,
    access,
    both_channels,
    count,
    evidence,
    ref,
    resource,
    visit,
)
from tests.extractors.side_by_side import Variant, side_by_side

ACCESS = "PI_PEA_1"
PORTAL = Standing(EventKind.ACCESS_VDT, date(2019, 5, 1), None, "portal for all")
API_UNTIL_2025 = Standing(EventKind.ACCESS_API, date(2019, 5, 1), date(2026, 1, 1), "the API was switched off")


@pytest.mark.case(91)
@side_by_side(
    ("standing", "world", "expected"),
    [
        pytest.param((PORTAL, API_UNTIL_2025), OPEN, NOT_MET, id="switched off before the period"),
        pytest.param((PORTAL,), CLOSED, NOT_MET, id="never switched on, and the site vouches for it"),
        pytest.param((PORTAL,), OPEN, UNKNOWN, id="nothing said of the API"),
    ],
)
def test_a_portal_without_an_api_is_half_of_what_is_asked(standing: Any, world: Any, expected: Counts) -> Variant:
    return Variant(ACCESS, [visit()], expected, site=replace(world, standing=standing))


@pytest.mark.case(94)
def test_a_minor_whose_mother_holds_the_access_counts() -> None:
    mother = resource("RelatedPerson", "mother", patient=ref("Patient/p"))
    shown = [{**one, "agent": [{"who": ref("RelatedPerson/mother")}]} for one in both_channels()]
    assert count(ACCESS, [resource("Patient", "p", birthDate="2018-01-01"), mother, visit(), *shown]) == MET


WITHDRAWN = evidence("access-withdrawn", "Patient/p", "2026-01-05")


@pytest.mark.case(95)
@side_by_side(
    ("shown", "expected"),
    [
        pytest.param([WITHDRAWN], NOT_MET, id="withdrawn before the visit"),
        pytest.param([WITHDRAWN, *both_channels(on="2026-03-03")], MET, id="withdrawn, and granted again in time"),
        pytest.param([WITHDRAWN, access("access-vdt", on="2026-03-03")], NOT_MET, id="only the portal again"),
        pytest.param(
            [evidence("access-withdrawn", "Patient/p", "2026-03-07")], UNKNOWN, id="withdrawn after the deadline"
        ),
        pytest.param([evidence("access-withdrawn", "Patient/q", "2026-01-05")], UNKNOWN, id="another patient's"),
        pytest.param([WITHDRAWN, access("access-declined", on="2026-01-06")], MET, id="declined, with instructions"),
    ],
)
def test_who_opted_out_without_instructions_has_no_access(shown: list[Json], expected: Counts) -> Variant:
    """A withdrawal is a fact of its own, whether or not the grant before it is shown."""
    return Variant(ACCESS, [visit(), *shown], expected)
