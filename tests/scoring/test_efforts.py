"""The file of efforts: read strictly, honest about its figures, and of measures that some year has."""

from pathlib import Path

import pytest

from scoring.efforts import BY_CASE, FILE, ActionKind, load_efforts
from scoring.errors import RuleError
from tests.scoring.reported import RULES

TEXT = FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", list(ActionKind))
def test_every_kind_of_action_has_words_and_an_effort_with_a_source(kind: ActionKind) -> None:
    rule = load_efforts().rule(kind, "PI_PEA_1")
    assert rule.todo
    assert rule.effort.minutes >= 1
    assert rule.effort.each is (kind in BY_CASE)
    assert [cite.text for cite in rule.effort.ruling.cites] == ["Our estimate; no published figure was found"]


def test_every_measure_named_is_one_of_some_year() -> None:
    known = {measure for rules in RULES.values() for measure in rules.measures}
    assert {name for rule in load_efforts().rules for name in rule.measures} <= known


def test_a_rule_that_names_the_measure_goes_before_the_one_for_any() -> None:
    efforts = load_efforts()
    assert efforts.rule(ActionKind.ANSWER, "PI_PPHI_1") != efforts.rule(ActionKind.ANSWER, "PI_ONCDIR_1")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("minutes = 10\n", "minutes = 0\n", "nothing is free"),
        ('effort = "days"', 'effort = "ages"', "the id of an"),
        ('kind = "claim"', 'kind = "claims"', "one of answer"),
        ('kind = "send"', 'kind = "receipt"', "one for send without measures"),
        ('effort = "case-short"', 'effort = "answer"', "an effort for each case"),
        ("after_no = true", "after_yes = true", "an unknown key"),
        ("[source.ours]", "[source.ours", "expected TOML"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused(before: str, after: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "efforts.toml"
    file.write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(RuleError, match=told):
        load_efforts(file)
