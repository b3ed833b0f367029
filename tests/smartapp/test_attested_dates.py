"""The days of an attestation file: how the made file offers them, what is refused, and that a run keeps them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from report_page import ATTESTED, PERIOD, RULES

from scoring.eligibility import HardshipStatus
from scoring.model import AgencyRequest, Dates, MeasureId
from scoring.rulebook import load, years
from smartapp import paths
from smartapp.attesting.attestation_errors import AttestationError
from smartapp.attesting.attestation_template import template
from smartapp.attesting.attestations import Attestations, as_document, from_document, read_attestations
from smartapp.kept.archive import open_score
from smartapp.kept.publish import publish
from smartapp.scored import score_reading
from smartapp.usecases import Source, read

RISK, SAFER, REGISTRY = MeasureId("PI_PPHI_1"), MeasureId("PI_PPHI_2"), MeasureId("PI_PHCDRR_1")
DATED = Dates(
    in_use_from=date(2026, 1, 1),
    certified_on=date(2025, 12, 1),
    done={RISK: date(2026, 2, 3), SAFER: date(2026, 12, 31)},
    editions={SAFER: "2025"},
    registered={REGISTRY: date(2026, 3, 2)},
    managed={RISK: date(2026, 4, 5)},
    requests={
        REGISTRY: (
            AgencyRequest(date(2026, 2, 1), date(2026, 2, 20)),
            AgencyRequest(date(2026, 3, 1), missed=True),
            AgencyRequest(date(2026, 4, 1)),
        )
    },
)


def attested(place: Path, *lines: str, year: int = 2026) -> Attestations:
    file = place / "a.toml"
    file.write_text("\n".join([f"year = {year}", *lines]) + "\n", encoding="utf-8")
    return read_attestations(file, load(year))


def refusal(place: Path, *lines: str, year: int = 2026) -> str:
    with pytest.raises(AttestationError) as refused:
        attested(place, *lines, year=year)
    return str(refused.value)


def uncommented(year: int) -> Iterator[str]:
    """The made file with everything filled in: each line that is a key or a table without its mark."""
    for line in template(load(year)).splitlines():
        bare = line.removeprefix("# ")
        yield bare if " = " in bare.split("  #")[0] or bare.startswith("[") else line


@pytest.mark.parametrize("year", years())
def test_what_the_made_file_offers_can_all_be_taken(year: int, tmp_path: Path) -> None:
    text = "\n".join(uncommented(year)).replace('"9 digits"', '"000180180"').replace('"10 digits"', '"1234567893"')
    file = tmp_path / "all.toml"
    file.write_text(text, encoding="utf-8")

    dates = read_attestations(file, load(year)).dates
    assert dates.in_use_from == dates.certified_on == date(year, 1, 1)
    assert set(dates.done) == {RISK, SAFER}
    assert set(dates.registered) == {m.id for m in load(year).measures.values() if m.requires_level}
    assert set(dates.editions) == ({SAFER} if year >= 2026 else set())
    assert set(dates.managed) == ({RISK} if year >= 2026 else set())


@pytest.mark.parametrize("year", years())
def test_the_made_file_answers_nothing_as_it_is(year: int, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    file.write_text(template(load(year)), encoding="utf-8")

    found = read_attestations(file, load(year))
    assert (found.answers, found.dates, found.reported) == ({}, Dates(), {})


def test_the_made_file_says_that_a_year_is_provisional_and_what_is_suppressed() -> None:
    assert [year for year in years() if "is provisional" in template(load(year))] == [2027]
    assert [year for year in years() if "no counts like yes" in template(load(year))] == [2025]


def test_days_are_read_as_they_stand(tmp_path: Path) -> None:
    found = attested(
        tmp_path,
        "[cehrt]\nin_use_from = 2026-01-01\ncertified_on = 2025-12-01",
        "[done]\nPI_PPHI_1 = 2026-02-03\nPI_PPHI_2 = 2026-12-31",
        '[editions]\nPI_PPHI_2 = "2025"',
        "[registered]\nPI_PHCDRR_1 = 2026-03-02",
        "[managed]\nPI_PPHI_1 = 2026-04-05",
        "[[requests.PI_PHCDRR_1]]\nasked = 2026-02-01\nanswered = 2026-02-20",
        "[[requests.PI_PHCDRR_1]]\nasked = 2026-03-01\nmissed = true",
        "[[requests.PI_PHCDRR_1]]\nasked = 2026-04-01",
    )
    assert found.dates == DATED


def test_an_edition_is_known_only_in_years_that_ask_for_one(tmp_path: Path) -> None:
    edition = '[editions]\nPI_PPHI_2 = "2025"'

    assert attested(tmp_path, edition, year=2026).dates.editions == {SAFER: "2025"}
    assert "editions: expected one of nothing, got 'PI_PPHI_2'" in refusal(tmp_path, edition, year=2025)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("[done]\nPI_EP_1 = 2026-02-03", "done: expected one of PI_PPHI_1, PI_PPHI_2, got 'PI_EP_1'"),
        ("[registered]\nPI_PHCDRR_6 = 2026-02-03", "registered: expected one of PI_PHCDRR_1"),
        ('[done]\nPI_PPHI_1 = "2026-02-03"', "done.PI_PPHI_1: expected a day such as 2026-01-01"),
        ("[done]\nPI_PPHI_1 = 2026-02-03T08:00:00", "done.PI_PPHI_1: expected a day"),
        ("[done]\nPI_PPHI_1 = true", "done.PI_PPHI_1: expected a day"),
        ('[cehrt]\nin_use_from = "January"', "cehrt.in_use_from: expected a day"),
        ("[cehrt]\nin_use = 2026-01-01", "unknown key 'in_use'. Did you mean 'in_use_from'?"),
        ("[editions]\nPI_PPHI_2 = 2025", 'editions.PI_PPHI_2: expected text such as "2025", got 2025'),
        ("done = 2026-01-01", "done: expected a table [done]"),
        ("[requests]\nPI_PHCDRR_1 = 2026-02-01", "requests.PI_PHCDRR_1: expected a list of requests"),
        ("[[requests.PI_PHCDRR_1]]\nanswered = 2026-02-01", "requests.PI_PHCDRR_1[1]: expected asked"),
        (
            "[[requests.PI_PHCDRR_1]]\nasked = 2026-02-02\nanswered = 2026-02-01",
            "requests.PI_PHCDRR_1[1]: expected an answer on 2026-02-02 or later, got 2026-02-01",
        ),
        (
            "[[requests.PI_PHCDRR_1]]\nasked = 2026-02-02\nanswered = 2026-02-03\nmissed = true",
            "requests.PI_PHCDRR_1[1]: expected the day of the answer, or missed = true, not both",
        ),
        ("[people]\nPI_PPHI_1 = ''", "people.PI_PPHI_1: expected a list of texts"),
        ("[people]\nPI_EP_1 = 'a'", "people: unknown key 'PI_EP_1'"),
        ("[cehrt]\nproducts = 'one'", "cehrt.products: expected a list of texts, got 'one'"),
        ("[eligibility]\ntype = 'doctor'", "eligibility.type: expected one of physician"),
        ("[eligibility]\nkind = 'physician'", "eligibility: unknown key 'kind'"),
        ("[eligibility]\nstatuses = ['small']", "eligibility.statuses: expected a list of ascBased"),
        ("[eligibility]\nbelow_threshold = 'no'", "eligibility.below_threshold: expected true or false"),
        ("[eligibility]\nhardship = 'applied'", "eligibility.hardship: expected a reason beside an application"),
        ("[eligibility]\nhardship_reason = 'internet'", "eligibility.hardship: expected a reason beside"),
    ],
)
def test_what_is_no_day_or_belongs_to_no_such_measure_is_refused_with_its_place(
    lines: str, told: str, tmp_path: Path
) -> None:
    assert told in refusal(tmp_path, lines)


def test_a_document_of_answers_gives_the_same_days_back() -> None:
    document = as_document(replace(ATTESTED, dates=DATED))

    assert from_document(json.loads(json.dumps(document)), "kept", RULES).dates == DATED


def test_what_is_said_of_who_must_report_comes_back_and_nothing_said_is_not_no(tmp_path: Path) -> None:
    said = attested(
        tmp_path,
        "[eligibility]\ntype = 'physician'\nstatuses = []\nbelow_threshold = false",
        "hardship = 'approved'\nhardship_reason = 'internet'",
        "[cehrt]\nproducts = ['Chart One 9.1']",
        "[people]\nPI_PPHI_1 = 'IT lead'",
    )
    assert (said.eligible.statuses, said.eligible.below_threshold) == (frozenset(), False)
    assert (said.eligible.shared_savings, said.eligible.hardship) == (None, HardshipStatus.APPROVED)

    again = from_document(json.loads(json.dumps(as_document(said))), "kept", RULES)
    assert (again.eligible, again.products, again.people) == (said.eligible, said.products, said.people)
    assert "eligibility" not in as_document(ATTESTED)


@pytest.mark.parametrize("spoilt", ["2026-02-30", "soon", 20260203, None])
def test_a_kept_day_that_is_none_is_refused(spoilt: object) -> None:
    document = as_document(replace(ATTESTED, dates=DATED))
    document["done"]["PI_PPHI_1"] = spoilt

    with pytest.raises(AttestationError, match=r"done\.PI_PPHI_1: expected a day"):
        from_document(document, "kept", RULES)


def test_a_run_that_is_opened_again_has_its_days_and_their_findings(tmp_path: Path) -> None:
    late = replace(ATTESTED, dates=replace(DATED, in_use_from=date(2026, 1, 2), done={RISK: date(2025, 12, 31)}))
    with read(Source(paths.fixture("onc-deck") / "scenario-1" / "rt15"), RULES, PERIOD) as reading:
        before = score_reading(reading, late).score
        publish(score_reading(reading, late), tmp_path)
    [kept] = tmp_path.glob("runs/*/*/TIN-*")

    with open_score(kept) as again:
        assert again.attestations.dates == late.dates
        assert again.score == before
    assert {"F-110", "F-112"} <= {finding.code for finding in before.findings}
