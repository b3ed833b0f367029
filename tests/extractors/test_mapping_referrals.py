"""Cases 67 to 75 of fhir-mapping 15, and X7 of onc-scenarios 6, that no other test shows: sending summaries."""

from typing import Any

import pytest

from tests.extractors.practice import (
    CLOSED,
    MET,
    NONE,
    OPEN,
    SNOMED,
    Counts,
    Json,
    acceptance,
    coded,
    count,
    document,
    medium,
    message,
    organization,
    ref,
    referral,
    sending,
)
from tests.extractors.side_by_side import Variant, side_by_side

SENDING = "PI_HIE_1"
TWO = [referral("one"), referral("two", performer=[ref("Organization/other")]), organization("other"), document()]
ABOUT_BOTH = {"basedOn": [ref("ServiceRequest/one"), ref("ServiceRequest/two")]}


@pytest.mark.case(67)
@side_by_side("category", ["108252007", "363679005", "387713003"], ids=["laboratory", "imaging", "surgery"])
def test_an_order_for_a_service_is_no_referral_though_a_report_was_sent(category: str) -> Variant:
    order = referral(category=[coded(SNOMED, category)])
    return Variant(SENDING, [order, document(), sending()], NONE)


@pytest.mark.case(69)
def test_a_fax_that_was_acknowledged_is_no_electronic_sending() -> None:
    fax = sending(medium=medium("FAXWRIT"))
    assert count(SENDING, [referral(), document(), fax, acceptance("accepted")]) == Counts(1, 0)


@pytest.mark.case(72)
@pytest.mark.case("X7-5")
@side_by_side(("site", "unknown"), [(OPEN, 1), (CLOSED, 0)], ids=["open world", "closed world"])
def test_one_message_about_two_referrals_to_one_of_the_two_practices_is_one_of_two(site: Any, unknown: int) -> Variant:
    """One document serves several referrals only where it is sent to each recipient (fhir-mapping 7)."""
    one = sending("one", recipient=[ref("Organization/elsewhere")], **ABOUT_BOTH)
    return Variant(SENDING, [*TWO, one], Counts(2, 1, unknown), site=site)


@pytest.mark.case(72)
@side_by_side(
    "recipients",
    [
        pytest.param(["Organization/elsewhere", "Organization/other"], id="both practices"),
        pytest.param(["Organization/elsewhere", "Organization/exchange"], id="a practice and who may pass it on"),
        pytest.param(["Organization/exchange"], id="who may pass it on"),
        pytest.param([], id="nobody named"),
    ],
)
def test_one_message_about_two_referrals_counts_for_both_where_both_may_have_got_it(recipients: list[str]) -> Variant:
    both: Json = sending("one", recipient=[ref(to) for to in recipients] or None, **ABOUT_BOTH)
    return Variant(SENDING, [*TWO, both], Counts(2, 2))


def test_a_message_to_the_practice_of_one_referral_is_that_of_another_which_names_nobody() -> None:
    """A referral without a performer may have gone to the same practice: nothing says that it did not."""
    open_one = [referral("one"), referral("two", performer=None), document()]
    both = sending("one", recipient=[ref("Organization/elsewhere")], **ABOUT_BOTH)
    assert count(SENDING, [*open_one, both]) == Counts(2, 2)


@pytest.mark.case("X7-2")
def test_a_fax_that_the_recipients_side_made_of_the_document_takes_nothing_back() -> None:
    fax = message("fax", "ServiceRequest/referral", medium=medium("FAXWRIT"), sender=ref("Organization/elsewhere"))
    assert count(SENDING, [referral(), document(), sending(), fax]) == MET
