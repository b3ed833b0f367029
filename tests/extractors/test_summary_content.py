"""The content of a document goes before its format: in the resource itself, or in the Binary that it names."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from extractors.site import Site
from tests.extractors.practice import (
    GENERIC,
    MET,
    NONE,
    NOT_MET,
    PROVEN,
    UNDECIDED,
    UNKNOWN,
    C,
    Counts,
    Json,
    cases,
    count,
    document,
    evidence,
    extracted,
    receipt,
    reconciled,
    referral,
    resource,
    sending,
    staff,
    visit,
)
from tests.extractors.side_by_side import Variant, side_by_side

SENDING, RECEIVING = "PI_HIE_1", "PI_HIE_4"
DOCUMENTS = Path(__file__).parent / "ccda"


def data_of(name: str) -> str:
    return base64.b64encode((DOCUMENTS / f"{name}.xml").read_bytes()).decode()


def inline(name: str, **elements: Any) -> list[Json]:
    """A document that holds its content itself, and does not state its format."""
    return [document(content=[{"attachment": {"contentType": "text/xml", "data": data_of(name)}}], **elements)]


def in_binary(name: str, url: str = "Binary/b", **elements: Any) -> list[Json]:
    """A document that names its content, by default of the C-CDA format."""
    attachment = document(**elements)["content"][0] | {"attachment": {"contentType": "text/xml", "url": url}}
    return [document(content=[attachment], **elements), resource("Binary", "b", data=data_of(name))]


KEPT = (inline, in_binary)


def sent(documents: list[Json]) -> Counts:
    return count(SENDING, [referral(), sending(), *documents])


def received(documents: list[Json], site: Site = PROVEN) -> Counts:
    return count(RECEIVING, [visit(), receipt(), *reconciled(), *documents], site=site)


def as_sent(documents: list[Json], expected: Counts) -> Variant:
    return Variant(SENDING, [referral(), sending(), *documents], expected)


def as_received(documents: list[Json], expected: Counts) -> Variant:
    return Variant(RECEIVING, [visit(), receipt(), *reconciled(), *documents], expected, site=PROVEN)


@side_by_side(
    ("name", "expected"),
    [
        pytest.param("complete", MET, id="complete"),
        pytest.param("none-known", MET, marks=pytest.mark.case(73), id="15.73 explicitly none"),
        pytest.param("blank-allergies", NOT_MET, marks=pytest.mark.case(73), id="15.73 a blank section"),
        pytest.param("missing-problems", NOT_MET, marks=pytest.mark.case("X7-6"), id="X7-6 no problems"),
        pytest.param("no-xml-body", NOT_MET, marks=pytest.mark.case("X7-1"), id="X7-1 an unstructured body"),
    ],
)
def test_the_sections_of_a_document_sent_decide_whether_it_is_a_summary(name: str, expected: Counts) -> list[Variant]:
    return [as_sent(kept(name), expected) for kept in KEPT]


@side_by_side("name", ["entity-bomb", "no-cda", "narrative-only"])
def test_content_that_cannot_be_read_leaves_the_format_to_speak(name: str) -> list[Variant]:
    return [as_sent(in_binary(name), MET), as_sent(inline(name), UNKNOWN)]


@pytest.mark.parametrize("spoiled", ["not base64!", "", "AAAA"])
def test_a_damaged_attachment_takes_its_document_nowhere(spoiled: str) -> None:
    damaged = document()
    damaged["content"][0]["attachment"]["data"] = spoiled
    assert sent([damaged]) == MET
    assert not extracted([damaged]).quarantine


@pytest.mark.requirement("R112")
def test_the_reason_names_the_sections_and_nothing_of_the_document() -> None:
    found = [*staff(), referral(), sending(), *in_binary("blank-allergies")]
    [case] = cases(found, SENDING)
    assert case["reason"] == "the summary sent is no complete C-CDA document: allergies blank"
    assert "anary" not in json.dumps(list(extracted(found).events))


@pytest.mark.parametrize(
    "url",
    ["Binary/b", "https://ehr.example/fhir/Binary/b", "Binary/b/_history/1"],
    ids=["relative", "absolute", "versioned"],
)
def test_a_document_names_its_content_by_any_url(url: str) -> None:
    assert sent(in_binary("blank-allergies", url=url)) == NOT_MET


@pytest.mark.parametrize("url", ["Binary/other", "https://ehr.example/file?id=b"], ids=["not in the data", "no FHIR"])
def test_content_that_is_not_in_the_data_leaves_the_format_to_speak(url: str) -> None:
    assert sent(in_binary("blank-allergies", url=url)) == MET


def test_content_that_two_documents_name_is_that_of_both() -> None:
    first, binary = in_binary("blank-allergies")
    both = [{"contentReference": {"reference": f"DocumentReference/{name}"}} for name in ("doc", "copy")]
    found = [referral(), sending(payload=both), first, first | {"id": "copy"}, binary]
    assert count(SENDING, found) == NOT_MET


@side_by_side("elements", [{"status": "entered-in-error"}, {"docStatus": "preliminary"}])
def test_a_draft_or_an_error_is_no_summary_whatever_it_holds(elements: Json) -> list[Variant]:
    found = [kept(name, **elements) for kept in KEPT for name in ("complete", "blank-allergies")]
    return [*(as_sent(one, NOT_MET) for one in found), *(as_received(one, NONE) for one in found)]


def test_a_contradiction_of_an_assertion_is_not_known() -> None:
    stated = evidence("summary-complete", "DocumentReference/doc")
    assert sent([*inline("blank-allergies"), stated]) == UNKNOWN


@side_by_side(
    ("name", "expected"),
    [
        pytest.param("complete", MET, id="complete"),
        pytest.param("blank-allergies", MET, id="with a blank section there is still a summary to reconcile"),
        pytest.param("no-xml-body", NONE, marks=pytest.mark.case("X15-6"), id="an unstructured body"),
    ],
)
def test_a_received_document_with_a_blank_section_is_still_to_be_reconciled(
    name: str, expected: Counts
) -> list[Variant]:
    return [as_received(kept(name), expected) for kept in KEPT]


def test_a_received_document_of_unread_content_and_no_format_is_undecided() -> None:
    assert received(inline("no-cda")) == UNDECIDED


def test_no_live_server_is_asked_for_the_text_of_documents() -> None:
    assert "Binary" in GENERIC.selectors
    assert "Binary" not in GENERIC.asked


def test_the_content_of_a_document_of_nobody_counts_for_nobody() -> None:
    assert count(SENDING, [resource("Binary", "b", data=data_of("complete"))], npi=C) == NONE
