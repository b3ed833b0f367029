"""The file of evidence: read strictly, and of measures that some year has."""

from pathlib import Path

import pytest

from scoring.errors import RuleError
from scoring.evidence_rules import FILE, When, load_evidence
from scoring.rulebook import load, years

RISK = "PI_PPHI_1"


def test_every_measure_that_is_named_is_one_of_some_year() -> None:
    known = {name for year in years() for name in load(year).measures}
    found = load_evidence()
    named = {name for entry in (*found.slots, *found.signers) for name in entry.of} | set(found.managed_in(2026))
    assert named - known == set()


def test_every_counted_measure_and_every_exclusion_of_a_year_has_a_place() -> None:
    for year in years():
        rules, slots = load(year), load_evidence().slots_in(year)
        claimed = {name for slot in slots if slot.when is When.CLAIMED for name in slot.of}
        assert {name for m in rules.measures.values() for name in m.exclusions} <= claimed
        counted = {name for slot in slots if slot.when is When.COUNTED for name in slot.of}
        assert {m.id for m in rules.measures.values() if m.metric == "proportion"} <= counted


@pytest.mark.parametrize(("year", "asked"), [(2025, False), (2026, True), (2027, True)])
def test_the_management_of_risks_is_asked_for_from_2026(year: int, asked: bool) -> None:
    assert (RISK in load_evidence().managed_in(year)) is asked
    assert ("risk-management" in {slot.id for slot in load_evidence().slots_in(year)}) is asked


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('when = "always"', 'when = "sometimes"', "slot[1].when: expected one of always, counted"),
        ('when = "always"', 'when = "yes"', "slot[1].of: expected measures"),
        ('id = "hardship-letter"', 'id = "eligibility-lookup"', "slot.eligibility-lookup: expected one table per id"),
        ("of = []", 'of = ["PI_EP_1"]', "signer: expected one with an empty list of measures"),
        ("first = 2026\nconfidence", "last = 2026\nconfidence", "first: expected a whole number"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused_with_its_place(old: str, new: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "evidence.toml"
    file.write_text(FILE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleError) as refused:
        load_evidence(file)
    assert told in str(refused.value)
