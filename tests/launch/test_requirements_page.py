"""The requirements step: required, reweighted or in need of an application, by the rules (journey J6)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from launching import Site, words
from step_forms import NPI, OTHER_PERSON, TIN, Walk

from smartapp.store import Assignment, Filing

SAID = {"type": "physician", "below__threshold": "no", "shared__savings": "no", "status__none": "yes"}


@pytest.fixture
def walk(make_site: Callable[..., Site], whole_results: Path) -> Walk:
    site = make_site(results=whole_results)
    browser = site.browser()
    return Walk(site, browser, browser.sign_in())


@pytest.fixture
def group(make_site: Callable[..., Site], whole_results: Path) -> Walk:
    """Somebody of the staff on the pages of the whole TIN."""
    site = make_site(results=whole_results, fresh=True)
    staff = Assignment("Practitioner/internist", "Internist", "staff", None, "test", datetime(2026, 11, 1, tzinfo=UTC))
    site.service.store.people.grant("demo", staff)
    browser = site.browser()
    home = browser.sign_in()
    page = browser.get(f"{home}score").text
    [who] = set(re.findall(rf'<option value="([0-9a-f]{{12}})"[^>]*>TIN {TIN}, as a group', page))
    return Walk(site, browser, home, f"?year=2026&who={who}")


def answer(walk: Walk, **typed: str) -> str:
    return words(walk.saves("requirements", **typed))


def test_what_nobody_said_is_said_as_not_known(walk: Walk) -> None:
    text = walk.text("requirements")
    assert "Not known yet: what decides it is not said" in text
    assert (
        "Not known: the type of clinician, the special statuses, the low-volume threshold, the Shared Savings" in text
    )


def test_a_physician_without_any_reason_has_to_report_and_sees_until_when_to_apply(walk: Walk) -> None:
    text = answer(walk, **SAID)
    assert "Required: this category has to be reported" in text
    assert "Not known:" not in text
    assert "Hardship exception applications are due: December 31, 2026." in text
    assert "The category weighs 25 of 100" in text


def test_a_social_worker_is_reweighted_by_type_until_2024_and_not_in_2026(walk: Walk) -> None:
    assert "Clinical social worker (reweighted by type until 2024)" in walk.text("requirements")
    assert "Required: this category has to be reported" in answer(walk, **SAID | {"type": "clinicalSocialWorker"})


def test_a_special_status_takes_the_category_out_with_its_reason(walk: Walk) -> None:
    typed = {name: text for name, text in SAID.items() if name != "status__none"}
    text = answer(walk, **typed, status__hospitalBased="yes")
    assert "Reweighted: this category does not count for the final score" in text
    assert "Special status: Hospital-based" in text
    assert "Hardship exception applications are due" not in text.partition("What is known")[0]


def test_an_application_counts_only_once_cms_approves_it_and_asks_for_the_letter(walk: Walk) -> None:
    applied = answer(walk, **SAID, hardship="applied", hardship__reason="internet")
    assert "Required: this category has to be reported" in applied
    assert "An application was made and is not approved yet." in applied
    approved = answer(walk, hardship="approved")
    assert "Hardship exception approved: Insufficient internet access" in approved
    assert "CMS's notice on the hardship exception nothing attached" in approved
    assert walk.attach("hardship-letter", back="requirements").status_code == 303
    assert "CMS's notice on the hardship exception attached" in walk.text("requirements")


def test_an_application_without_a_reason_is_refused_beside_its_field(walk: Walk) -> None:
    told = walk.refusals("requirements", hardship="applied")
    assert "Expected a reason beside an application" in told["hardship"]


def test_having_no_status_and_having_one_do_not_go_together(walk: Walk) -> None:
    told = walk.refusals("requirements", status__none="yes", status__ascBased="yes")
    assert "Expected a list of ascBased" in told["statuses"]


def test_below_the_threshold_nothing_is_required(walk: Walk) -> None:
    assert "Not required" in answer(walk, **SAID | {"below__threshold": "yes"})


def test_the_page_shows_the_days_of_the_year_from_the_day_it_is_looked_at(walk: Walk) -> None:
    text = walk.text("requirements")
    assert "Last day on which a performance period may start Why" in text
    assert "July 5, 2026 passed" in text
    assert "The performance year ends" in text
    assert "December 31, 2026 40 days left" in text
    assert "March 31, 2027 130 days left" in text


@pytest.mark.parametrize(("day", "left"), [(4, "1 day left"), (5, "today"), (6, "passed")])
def test_a_last_day_is_not_passed_before_it_is_over(walk: Walk, day: int, left: str) -> None:
    walk.site.clock.at = datetime(2026, 7, day, 15, tzinfo=UTC)
    walk = Walk(walk.site, walk.browser, walk.browser.sign_in())
    assert f"July 5, 2026 {left}" in walk.text("requirements")


def test_a_group_is_out_only_with_every_one_of_its_clinicians_or_by_a_status_of_its_own(group: Walk) -> None:
    text = group.text("requirements")
    assert "The rule for a group A group is reweighted when every one of its clinicians is" in text
    assert f"NPI {NPI} undecided" in text
    said = {"year": 2026, "eligibility": {"type": "physician", "statuses": ["smallPractice"], "below_threshold": False}}
    service = group.site.service
    service.drafts.save(Filing("demo", 2026, TIN, NPI), said, OTHER_PERSON, service.clock(), None, "looked up")
    assert f"NPI {NPI} reweighted" in group.text("requirements")


def test_a_special_status_of_the_group_itself_is_enough(group: Walk) -> None:
    text = answer(group, status__hospitalBased="yes")
    assert "The group itself: Hospital-based" in text
    assert group.site.service.drafts.current(group.filing(None)) is not None
    assert group.site.service.drafts.current(group.filing()) is None
