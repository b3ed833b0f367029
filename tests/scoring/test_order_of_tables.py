"""Only reallocations and paths of a year file apply in their order; every other array may stand in any."""

import re
from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reported import RULES, answering, complete, counting, excluding, without

from scoring.model import Proportion, Score, Submission
from scoring.rulebook import parse
from scoring.score import score

ORDERED = {"reallocation", "choice"}
"""Arrays whose order is a rule; that of the measures is CMS's and shows in the order of lines alone."""


def blocks(text: str) -> list[tuple[str, str]]:
    """The file cut before every table of the top: the name of the array, or nothing, with the text of each."""
    found: list[tuple[str, str]] = []
    for part in re.split(r"(?m)^(?=\[)", text):
        head = re.match(r"(\[+)([\w-]+)([\w.-]*)\]", part)
        within = head and head[3] and found
        if within:
            name, before = found.pop()
            found.append((name, before + part))
        else:
            found.append((head[2] if head and head[1] == "[[" else "", part))
    return found


def submissions(year: int) -> list[Submission]:
    whole = complete(year)
    registries = excluding(excluding(whole, "PI_PHCDRR_1", "PI_PHCDRR_1_EX_1"), "PI_PHCDRR_3", "PI_PHCDRR_3_EX_1")
    spilling = excluding(excluding(whole, "PI_EP_1", "PI_LVPP_1"), "PI_HIE_1", "PI_LVOTC_1")
    halves = counting(whole, "PI_EP_1", Proportion(25, 100))
    path = answering(without(whole, "PI_HIE_1", "PI_HIE_4"), PI_HIE_6=True)
    return [whole, registries, spilling, halves, path, without(whole, "PI_PPHI_2", "PI_PEA_1")]


def told(result: Score) -> Score:
    """The score with everything that has no order in a fixed one."""
    lines = tuple(
        replace(line, cites=(), doubts=tuple(sorted(line.doubts)))
        for line in sorted(result.lines, key=lambda x: x.measure)
    )
    findings = tuple(sorted((replace(one, cites=()) for one in result.findings), key=lambda x: (x.code, x.subject)))
    others = tuple(sorted(result.other_readings, key=lambda x: x.doubt))
    return replace(result, lines=lines, findings=findings, other_readings=others)


@pytest.mark.parametrize("year", RULES)
@settings(max_examples=10)
@given(data=st.data())
def test_the_order_of_the_tables_of_a_year_changes_no_score(year: int, data: st.DataObject) -> None:
    found = blocks(RULES[year].text)
    assert "".join(text for _, text in found) == RULES[year].text
    shuffled: list[str] = []
    for name, run in groupby(found, key=lambda block: block[0]):
        texts = [text for _, text in run]
        movable = name and name not in ORDERED
        shuffled += data.draw(st.permutations(texts)) if movable else texts

    again = parse("".join(f"{text}\n" for text in shuffled).encode(), f"py{year}.toml", year)

    for submission in submissions(year):
        assert told(score(again, submission)) == told(score(RULES[year], submission))
