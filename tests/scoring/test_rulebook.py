"""The reader of a year's file: what it accepts, and how it refuses everything else."""

import re
from hashlib import sha256
from pathlib import Path

import pytest
from reported import NEWEST, RULES

from scoring.errors import RuleError
from scoring.rulebook import RULES as FOLDER
from scoring.rulebook import load, years

YEAR = NEWEST.year


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """A folder whose only year is the newest one with one passage replaced."""
    text = (FOLDER / f"py{YEAR}.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / f"py{YEAR}.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return tmp_path


def test_years_are_those_that_have_a_file(tmp_path: Path) -> None:
    for name in ("py2031.toml", "py2030.toml", "py2030.toml.orig", "2032.toml"):
        (tmp_path / name).touch()

    assert years(tmp_path) == (2030, 2031)
    assert years() == tuple(sorted(RULES))


def test_a_year_is_a_file_and_nothing_else(tmp_path: Path) -> None:
    text = (FOLDER / f"py{YEAR}.toml").read_text(encoding="utf-8")
    (tmp_path / "py2031.toml").write_text(text.replace(f"year = {YEAR}", "year = 2031", 1), encoding="utf-8")

    assert load(2031, tmp_path).year == 2031


@pytest.mark.parametrize("year", RULES)
def test_the_digest_is_that_of_the_bytes_of_the_file(year: int) -> None:
    assert RULES[year].digest == sha256((FOLDER / f"py{year}.toml").read_bytes()).hexdigest()


def test_a_year_without_a_file_names_the_years_that_have_one() -> None:
    with pytest.raises(RuleError, match=rf"py1999\.toml.*{YEAR}"):
        load(1999)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "py2031.toml").write_bytes(b"year = \xff")

    with pytest.raises(RuleError, match=r"py2031\.toml: expected TOML in UTF-8"):
        load(2031, tmp_path)


def test_a_refusal_says_file_key_path_expected_got_and_what_to_do(tmp_path: Path) -> None:
    folder = changed(tmp_path, "minimum_days = 180", 'minimum_days = "ten"')
    expected = f'py{YEAR}.toml, period.minimum_days: expected a whole number, 0 or more, got "ten". Correct the value.'

    with pytest.raises(RuleError, match=re.escape(expected)):
        load(YEAR, folder)


REFUSED = {
    "an unknown key": (
        "minimum_days = 180",
        "minimum_days = 180\nlongest = 1",
        "period.longest: expected one of",
    ),
    "an unknown table": (
        "[rounding.tie]",
        "[weight]\nx = 1\n[rounding.tie]",
        "weight: expected one of the keys",
    ),
    "a year that is not the file's": (f"year = {YEAR}", "year = 1999", "year: expected"),
    "a missing key": ("minimum_days = 180", "", "period.minimum_days: expected a whole number"),
    "an unknown key in a table within": (
        'shape = "[0-9A-Z]{15}"',
        'shape = "x"\nunused = 1',
        "gate.cehrt.unused",
    ),
    "a boolean for a number": ("minimum_days = 180", "minimum_days = true", "got True"),
    "a negative number": ("minimum_days = 180", "minimum_days = -1", "got -1"),
    "a text for a date": (
        f"last_start = {YEAR}-07-05",
        'last_start = "July"',
        "period.last_start: expected a date",
    ),
    "a time for a date": (
        f"last_start = {YEAR}-07-05",
        f"last_start = {YEAR}-07-05T00:00:00",
        "expected a date",
    ),
    "a number for a text": (
        'title = "e-Prescribing"',
        "title = 3",
        "measure[1].title: expected a text, got 3",
    ),
    "an empty text": ('title = "e-Prescribing"', 'title = " "', "measure[1].title: expected a text"),
    "a word outside the set": ('metric = "proportion"', 'metric = "rate"', "one of proportion, boolean"),
    "a text for a flag": ("requires_level = true", 'requires_level = "yes"', "expected true or false"),
    "a text for a list": ('exclusions = ["PI_LVPP_1"]', 'exclusions = "PI_LVPP_1"', "a list of texts"),
    "an entry twice": (
        'exclusions = ["PI_LVPP_1"]',
        'exclusions = ["PI_LVPP_1", "PI_LVPP_1"]',
        "each entry once",
    ),
    "an empty required list": (
        'prefixes = ["..15C", "2025C", "2027C"]',
        "prefixes = []",
        "at least one entry",
    ),
    "a pattern that is none": ('shape = "[0-9A-Z]{15}"', 'shape = "["', "a regular expression"),
    "an unknown rounding": (
        'rule = "half-up"',
        'rule = "half-down"',
        "rounding.rule: expected one of half-up",
    ),
    "no table where one is due": ("[total]", "[[total]]", "total: expected a table"),
    "a table where several are due": ("[[joint]]", "[joint]", "expected tables [[joint]]"),
    "a dangling cite": ('cites = ["cms-page"', 'cites = ["nowhere"', "the key of a [source]"),
    "a dangling doubt": ('doubts = ["half-point"]', 'doubts = ["nowhere"]', "the id of a [[doubt]]"),
    "a dangling exclusion": (
        'exclusions = ["PI_LVPP_1"]',
        'exclusions = ["PI_X"]',
        "measure.PI_EP_1.exclusions",
    ),
    "a dangling line": ('to = "PI_PEA_1"', 'to = "PI_LVPP_1"', "objective that holds points"),
    "a dangling combination": ('lines = ["PI_HIE_1"]', 'lines = ["PI_LVPP_1"]', "combination.lines"),
    "points that do not sum": ("points = 25", "points = 24", "total.points: expected maxima that sum to 100"),
    "paths that do not sum": ("points = 15", "points = 14", "choice.path[3].measures: expected points"),
    "points on an attestation": ('status = "attestation"', 'status = "attestation"\npoints = 1', "no points"),
    "no points where required": ("points = 25\n", "\n", "PI_PEA_1.points: expected points"),
    "a gate of something else": (
        '["PI_PPHI_1", "PI_PPHI_2"',
        '["PI_PHCDRR_2", "PI_PPHI_2"',
        "have status attestation",
    ),
    "an engagement of nothing": ('engages = "PI_PHCDRR_1"\n', "", "engages and level exactly"),
    "no programs": ("[programs]", "[program]", "programs: expected a table, got nothing"),
    "programs without a name": ("names = [\n", "names = []\nregistered = [\n", "programs.names: expected a list with"),
    "no route": ('submitter = "clinician"', 'submitter = "representative"', "route.representative: expected one table"),
    "a route by nobody": ('submitter = "clinician"', 'submitter = "neighbour"', "route[1].submitter: expected one of"),
    "a route twice": (
        'submitter = "intermediary"',
        'submitter = "clinician"',
        "route.clinician: expected one table per id, got 2 tables",
    ),
    "a way that is not told": (
        '[[way]]\nid = "api"',
        '[[way]]\nid = "attest"',
        "way.attest: expected one table per id",
    ),
    "a file that is none": (
        'files = ["qpp-json", "qrda3"]',
        'files = ["fhir"]',
        "way[2].files: expected one of qpp-json",
    ),
    "a way without a source": ('cites = ["cms-page"]\n\n[[way]]', "\n[[way]]", "way[1].cites"),
    "a way that is none": ('ways = ["attest"', 'ways = ["fax"', "route[1].ways: expected one of attest"),
    "criteria of nothing": (
        'measures = ["PI_EP_1", "PI_EP_2"]\ncriteria',
        'measures = ["PI_EP_1", "PI_EP_9"]\ncriteria',
        "criteria.measures: expected the id of a [[measure]]",
    ),
    "a measure without criteria": ('criteria = ["170.315(b)(3)"]', "", "criteria[1].criteria: expected a list with"),
    "technology without its base": (
        "[certified_technology.base]",
        "[certified_technology.basis]",
        "certified_technology.base: expected a table, got nothing",
    ),
    "an engagement without days": (
        "register_within_days = 60",
        "",
        "engagement.register_within_days: expected a whole",
    ),
    "an engagement without failures": ("failures = 2", "", "engagement.failures: expected a whole number"),
    "a deadline that is missing": (
        '[[deadline]]\nid = "hardship"',
        '[[deadline]]\nid = "submission-opens"',
        "deadline.submission-opens: expected one table per id, got 2 tables",
    ),
    "a deadline of an unknown kind": ('id = "hardship"', 'id = "party"', "deadline[3].id: expected one of"),
    "a deadline without a day": (
        f"day = {YEAR + 1}-03-31",
        'day = "soon"',
        "deadline[2].day: expected a date",
    ),
    "a window that closes before it opens": (
        f"day = {YEAR + 1}-03-31",
        f"day = {YEAR}-03-31",
        f"deadline.submission-closes: expected a day after {YEAR + 1}-01-02, on which the window opens, got",
    ),
    "a doubt twice": (
        'id = "day-count"',
        'id = "half-point"',
        "doubt.half-point: expected one table per id, got 2 tables",
    ),
    "a reading of no doubt": (
        '[[reading]]\ndoubt = "half-point"',
        '[[reading]]\ndoubt = "nowhere"',
        "reading[1].doubt: expected the id of a [[doubt]]",
    ),
    "a reading that reads nothing otherwise": (
        'rounding = "half-even"',
        "",
        "reading[1]: expected rounding, shares_first or reallocation, got none of them",
    ),
    "a reading that breaks the total": (
        "shares_first = true",
        '[reading.reallocation]\nexcluded = ["PI_PHCDRR_1"]\nfrom = ["PI_PEA_1"]\nto = "PI_EP_2"\n'
        'confidence = "inferred"\ncites = ["list"]',
        "total.points: expected maxima that sum to 100, got 99 when",
    ),
    "provisional without a text": (
        'text = "2027 is provisional',
        'words = "2027 is provisional',
        "provisional.text: expected a text, got nothing",
    ),
    "an exclusion counted twice": (
        'exclusion = "PI_LVOTC_1"',
        'exclusion = "PI_LVPP_1"',
        "exclusion_threshold.PI_LVPP_1: expected one table per id, got 2 tables",
    ),
    "a measure suppressed by nobody": (
        "[[exclusion_threshold]]",
        '[[suppression]]\nmeasure = "PI_PHCDRR_3"\nconfidence = "confirmed"\n'
        '[suppression.level]\nconfidence = "inferred"\ncites = ["list"]\n\n[[exclusion_threshold]]',
        "suppression[1].cites: expected a list with at least one entry, got nothing",
    ),
    "a confidence that is none": (
        'confidence = "recalled"',
        'confidence = "sure"',
        "expected one of confirmed, single-source",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), REFUSED.values(), ids=REFUSED)
def test_a_strict_reader_refuses(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = changed(tmp_path, old, new)

    with pytest.raises(RuleError) as refused:
        load(YEAR, folder)

    assert str(refused.value).startswith(f"py{YEAR}.toml, ")
    assert said in str(refused.value)


def test_a_measure_without_cites_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / f"py{YEAR}.toml").read_text(encoding="utf-8")
    first = text.index("cites", text.index("[[measure]]"))
    line_end = text.index("\n", first)
    (tmp_path / f"py{YEAR}.toml").write_text(text[:first] + text[line_end:], encoding="utf-8")

    with pytest.raises(RuleError, match=r"measure\[1\]\.cites: expected a list with at least one entry"):
        load(YEAR, tmp_path)


def test_an_exclusion_whose_points_go_nowhere_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, 'excluded = ["PI_EP_2"]', 'excluded = ["PI_EP_1", "PI_EP_2"]')

    with pytest.raises(RuleError, match=r"reallocation: expected no points left on PI_EP_2, got 10 when"):
        load(YEAR, folder)


def test_an_id_listed_twice_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, 'id = "PI_PPHI_2"', 'id = "PI_PPHI_1"')

    with pytest.raises(RuleError, match=r"PI_PPHI_1: expected one table per id, got 2 tables"):
        load(YEAR, folder)


def test_a_proportion_that_is_not_required_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / f"py{YEAR}.toml").read_text(encoding="utf-8")
    start = text.index('id = "PI_ONCACB_1"')
    changed_text = text[:start] + text[start:].replace('metric = "boolean"', 'metric = "proportion"', 1)
    (tmp_path / f"py{YEAR}.toml").write_text(changed_text, encoding="utf-8")

    with pytest.raises(RuleError, match=r"PI_ONCACB_1\.status: expected status required for a proportion"):
        load(YEAR, tmp_path)


def test_a_choice_without_paths_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / f"py{YEAR}.toml").read_text(encoding="utf-8")
    start, end = text.index("[[choice.path]]"), text.index("[[reallocation]]")
    (tmp_path / f"py{YEAR}.toml").write_text(text[:start] + text[end:], encoding="utf-8")

    with pytest.raises(RuleError, match=r"choice\.path: expected at least one path, got none"):
        load(YEAR, tmp_path)
