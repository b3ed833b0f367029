"""The CEHRT step: the ID is judged at once by the year's rules, and a draft may be incomplete (journey J19)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from launching import Site, words
from step_forms import Walk

GOOD, LAST_DAY_OF_PERIOD = "0015CABCDEF1234", "2026-07-05"


@pytest.fixture
def walk(make_site: Callable[..., Site], whole_results: Path) -> Walk:
    site = make_site(results=whole_results)
    browser = site.browser()
    return Walk(site, browser, browser.sign_in())


@pytest.mark.parametrize("given", ["0015CABCDEF1234", "2025CABCDEF1234", "2026CABCDEF1234"])
def test_an_id_of_the_years_pattern_fits(walk: Walk, given: str) -> None:
    text = words(walk.saves("cehrt", **{"cehrt-id": given}))
    assert f"fits {given}" in text


@pytest.mark.parametrize("given", ["0015CABCDEF123", "0015CABCDEF12345", "0015cABCDEF1234"])
def test_an_id_of_another_length_or_alphabet_shuts_the_gate(walk: Walk, given: str) -> None:
    text = words(walk.saves("cehrt", **{"cehrt-id": given}))
    assert f'must be 15 digits and capital letters, got "{given}"' in text
    assert "It is kept as a draft. As it stands the rules below refuse it, and the category is 0 points" in text
    assert "The CEHRT ID must be 15 digits and capital letters" in walk.text("submission")


def test_what_is_typed_is_what_is_judged_before_it_is_saved(walk: Walk) -> None:
    for given, said in (("0015CABCDEF9999", "fits 0015CABCDEF9999"), ("0015", 'capital letters, got "0015"')):
        text = words(walk.send("cehrt", **{"cehrt-id": given, "do": "look"}).text)
        assert "what you typed, not saved yet" in text
        assert said in text
    assert "0015CABCDEF9999" not in walk.at("cehrt")
    assert "It is kept as a draft" not in walk.text("cehrt")


def test_an_id_with_the_beginning_of_a_year_that_is_over_is_warned_of(walk: Walk) -> None:
    assert "was expected to begin with" in words(walk.saves("cehrt", **{"cehrt-id": "2024CABCDEF1234"}))


def test_a_missing_id_is_a_gate_error_and_a_draft_of_it_may_be_saved(walk: Walk) -> None:
    text = words(walk.saves("cehrt", **{"cehrt-id": ""}))
    assert "Saved as version 1" in text
    assert "The CMS EHR Certification ID is missing: without it nothing earns points." in text


def test_functions_have_to_be_in_use_on_the_first_day_of_the_period(walk: Walk) -> None:
    assert "were in use from" not in words(walk.saves("cehrt", **{"in-use-from": "2026-01-01"}))
    assert "were in use from 2026-01-02, after the period began" in words(
        walk.saves("cehrt", **{"in-use-from": "2026-01-02"})
    )


def test_the_product_has_to_be_certified_by_the_last_day_of_the_period(walk: Walk) -> None:
    assert "was certified on" not in words(walk.saves("cehrt", **{"certified-on": LAST_DAY_OF_PERIOD}))
    assert "was certified on 2026-07-06, after the period ended" in words(
        walk.saves("cehrt", **{"certified-on": "2026-07-06"})
    )


def test_products_are_shown_only_where_the_user_names_them(walk: Walk) -> None:
    assert "It stands for, as you say" not in walk.text("cehrt")
    text = words(walk.saves("cehrt", products="Chart One 9.1\r\n\r\nPortal Two 3\r\n"))
    assert "It stands for, as you say Chart One 9.1 Portal Two 3" in text


def test_what_is_no_day_is_refused_beside_its_field_and_stays_typed(walk: Walk) -> None:
    got = walk.send("cehrt", **{"in-use-from": "soon", "cehrt-id": "0015CABCDEF9999"})
    assert got.status_code == 400
    assert "Expected a day such as 2026-01-01" in got.text
    assert 'value="soon"' in got.text
    assert 'value="0015CABCDEF9999"' in got.text
    assert "0015CABCDEF9999" not in walk.at("cehrt")
