"""A run that takes from the one before it what nothing has changed: it says the same, to the row, whatever changed."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from extractors import cases
from extractors.cases import ON_THE_WAY
from extractors.engine import written_table
from extractors.engine.local import LocalEngine
from extractors.engine.statements import Statement, statements
from extractors.staging import derived
from extractors.staging.work import Work
from scoring.model import Period
from scoring.rulebook import load
from smartapp.kept.runs import table_file, write_run
from smartapp.usecases import Reading, Source, read, recounted
from tests.extractors.practice import (
    OXYCODONE,
    both_channels,
    document,
    drug,
    evidence,
    patient_line,
    pdmp_review,
    prescription,
    receipt,
    reconciled,
    referral,
    sending,
    staff,
    transmission,
    visit,
)

FILES = (*cases.STATED, *cases.FACTS, *cases.CASES, "variants.sql", "tallies.sql")
NAMES = [name for file in FILES for name, _ in statements(file) if name not in ON_THE_WAY]
RULES = load(2026)
YEAR, SPRING = Period(date(2026, 1, 1), date(2026, 12, 31)), Period(date(2026, 3, 1), date(2026, 5, 31))
OF_A_PERIOD = {"context_in_period", "counted", "placed", "tally", "variant_case"}


@dataclass(frozen=True)
class Asked:
    """What a run reads, by which settings, over which days; where it keeps what it made."""

    data: Path
    kept: Path | None = None
    settings: str = ""
    profile: str | None = None
    period: Period = YEAR

    @property
    def source(self) -> Source:
        site = self.data.parent / "site.toml"
        site.write_text(self.settings)
        work = Work(workers=1, block=4_000, reuse=self.kept)
        return Source(self.data, site, self.profile, work=work)


def said(reading: Reading) -> dict[str, Any]:
    """All that a reading says."""
    names = ("fingerprint", "tallies", "ledger", "quarantine", "files", "sights", "faults", "cautions")
    return {name: getattr(reading, name) for name in names} | {"places": dict(reading.places)}


def everything(asked: Asked) -> tuple[dict[str, Any], dict[str, pa.Table]]:
    """All that a run says, and every table of it."""
    with read(asked.source, RULES, asked.period) as reading:
        return said(reading), {name: reading.engine.table(name) for name in NAMES}


def usual(asked: Asked) -> dict[str, Any]:
    """All that a run says, of which the tables are what a person asked for."""
    with read(asked.source, RULES, asked.period) as reading:
        reading.engine.rows("cases")
        return said(reading)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """A practice with cases of every measure, one line of it damaged, and what a run over it kept."""
    data = tmp_path_factory.mktemp("first") / "data"
    data.mkdir()
    opioid = prescription("opioid", medicationCodeableConcept=drug(OXYCODONE))
    orders = [prescription(), transmission(), opioid, transmission("opioid"), pdmp_review()]
    moved = [*staff(), *orders, referral(), sending(), visit(), *both_channels()]
    papers = [document(), receipt(), *reconciled(), evidence("transition-received", "Patient/p")]
    spare = [prescription(f"rx-{number}", on=f"2026-0{1 + number % 9}-11T10:00:00-05:00") for number in range(20)]
    lines = [json.dumps(one).encode() for one in (*moved, *papers, *spare)]
    (data / "export.ndjson").write_bytes(b"\n".join([*lines, b'{"resourceType": "Patient", "id": 7}', b""]))
    (data / "more.ndjson").write_bytes(patient_line("a") + b"\n")
    asked = Asked(data, data.parent / "kept")
    usual(asked)
    return asked


@pytest.fixture(scope="module")
def plain(first: Asked) -> dict[str, Any]:
    """What is said by a run that keeps nothing."""
    return usual(replace(first, kept=None))


@pytest.fixture
def asked(first: Asked, tmp_path: Path) -> Asked:
    """The same, this test's own."""
    assert first.kept is not None
    return replace(
        first,
        data=Path(shutil.copytree(first.data, tmp_path / "data")),
        kept=Path(shutil.copytree(first.kept, tmp_path / "kept")),
    )


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables that engines make from now on, in order."""
    names: list[str] = []
    create = LocalEngine._create

    def noted(engine: LocalEngine, found: Statement) -> None:
        names.append(found.name)
        create(engine, found)

    monkeypatch.setattr(LocalEngine, "_create", noted)
    return names


def kept_files(asked: Asked) -> dict[str, int]:
    """What is kept of tables, each file with its inode: one that is written anew has another."""
    assert asked.kept is not None
    return {file.name: file.stat().st_ino for file in (asked.kept / "tables").iterdir()}


@pytest.fixture(params=["few rows", "many rows"])
def _engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "many rows":
        monkeypatch.setattr(cases, "FEW_ROWS", 0)


@pytest.mark.usefixtures("_engine")
def test_a_second_run_makes_no_table_and_says_the_same(asked: Asked, plain: dict[str, Any], made: list[str]) -> None:
    before = kept_files(asked)
    found = usual(asked)
    assert (made, kept_files(asked)) == ([], before)
    assert found == plain
    assert {tally.measure for tally in found["tallies"]} > {"PI_EP_1", "PI_EP_2", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1"}


def as_before(asked: Asked) -> Asked:
    return asked


def with_one_more_line(asked: Asked) -> Asked:
    with (asked.data / "export.ndjson").open("ab") as export:
        export.write(json.dumps(prescription("one-more")).encode() + b"\n")
    return asked


def by_another_profile(asked: Asked) -> Asked:
    return replace(asked, profile="oracle-health")


def with_another_tin(asked: Asked) -> Asked:
    return replace(asked, settings='[tin_map]\n"Organization/a" = "000180189"\n')


def closed_for_a_week(asked: Asked) -> Asked:
    days = ", ".join(f"2026-03-0{day}" for day in range(2, 7))
    return replace(asked, settings=f"holidays = [{days}]\n")


def vouched_for(asked: Asked) -> Asked:
    return replace(asked, settings='history_from = 2010-01-01\nclosed_world = ["pdmp-queried"]\n')


def over_other_days(asked: Asked) -> Asked:
    return replace(asked, period=SPRING)


@pytest.mark.parametrize(
    "change",
    [
        as_before,
        with_one_more_line,
        by_another_profile,
        with_another_tin,
        closed_for_a_week,
        vouched_for,
        over_other_days,
    ],
)
def test_whatever_changed_every_table_is_that_of_a_first_run(asked: Asked, change: Callable[[Asked], Asked]) -> None:
    now = change(asked)
    assert everything(now) == everything(replace(now, kept=None))


def test_other_days_are_counted_from_the_cases_that_are_kept(asked: Asked, made: list[str]) -> None:
    usual(replace(asked, period=SPRING))
    assert set(made) <= OF_A_PERIOD
    assert "tally" in made


def test_a_run_leaves_for_the_next_one_what_it_did_not_need_itself(asked: Asked, made: list[str]) -> None:
    usual(asked)
    usual(replace(asked, period=SPRING))
    assert set(made) <= OF_A_PERIOD


def test_settings_in_turn_never_take_from_each_other(asked: Asked, plain: dict[str, Any]) -> None:
    other = with_another_tin(asked)
    expected = usual(replace(other, kept=None))
    assert [usual(turn) for turn in (other, asked, other)] == [expected, plain, expected]


def test_other_days_in_the_same_run_are_those_of_a_first_run(asked: Asked) -> None:
    found = []
    for kept in (asked.kept, None):
        with read(replace(asked, kept=kept).source, RULES, YEAR) as reading:
            again = recounted(recounted(reading, SPRING), YEAR)
            found.append((recounted(reading, SPRING).tallies, again.tallies, reading.tallies))
    assert found[0] == found[1]
    assert found[0][1] == found[0][2] != found[0][0]


def test_another_version_makes_everything_anew_and_leaves_nothing_of_the_one_before(
    asked: Asked, plain: dict[str, Any], made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept_files(asked)
    monkeypatch.setattr(derived, "code_version", lambda: "another")
    assert usual(asked) == plain
    assert {"cases", "placed", "tally", "current_place", "type_ledger"} <= set(made)
    assert not before.keys() & kept_files(asked).keys()


def removed(file: Path) -> None:
    file.unlink()


def of_another(file: Path) -> None:
    other = next(one for one in sorted(file.parent.iterdir()) if one.suffix == file.suffix and one != file)
    file.write_bytes(other.read_bytes())


def with_a_flipped_bit(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))


def signed_but_nonsense(file: Path) -> None:
    derived.say(
        file, {"types": [["measure", "VARCHAR); --"]], "sha256": derived.digest_of(file.with_suffix(".parquet"))}
    )


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        *((spoil, ".parquet") for spoil in (removed, of_another, with_a_flipped_bit)),
        *((spoil, ".json") for spoil in (with_a_flipped_bit, signed_but_nonsense)),
    ],
)
def test_what_is_not_as_it_was_kept_is_made_anew(
    asked: Asked, plain: dict[str, Any], spoil: Callable[[Path], None], kind: str, made: list[str]
) -> None:
    assert asked.kept is not None
    for file in sorted((asked.kept / "tables").glob(f"*{kind}")):
        spoil(file)
    assert usual(asked) == plain
    assert made
    made.clear()
    assert usual(asked) == plain
    assert made == []


def test_what_is_kept_is_its_owners_alone_and_other_files_are_left(asked: Asked) -> None:
    assert asked.kept is not None
    tables = asked.kept / "tables"
    (tables / "mine.txt").write_text("mine")
    (tables / f".{'0' * 64}.rows.parquet.17").write_text("begun and never ended")
    (tables / f"{'0' * 64}.json").write_text("of another run")
    usual(asked)

    assert "mine.txt" in kept_files(asked)
    assert not [name for name in kept_files(asked) if name.startswith((".", "0" * 64))]
    assert tables.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in tables.iterdir() if file.name != "mine.txt"} == {0o600}


@pytest.mark.parametrize(("problem", "is_left"), [(KeyboardInterrupt, True), (RuntimeError, False)])
def test_a_run_that_was_interrupted_drops_nothing_and_one_that_failed_does(
    asked: Asked, problem: type[BaseException], is_left: bool
) -> None:
    def stopped() -> None:
        with read(asked.source, RULES, YEAR):
            raise problem

    assert asked.kept is not None
    before = kept_files(asked)
    (asked.kept / "tables" / f"{'0' * 64}.json").write_text("of another run")
    with pytest.raises(problem):
        stopped()
    assert kept_files(asked).keys() - before.keys() == ({f"{'0' * 64}.json"} if is_left else set())
    assert before.items() <= kept_files(asked).items()


def test_without_room_nothing_is_kept_and_the_same_is_said(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived, "LEAST_ROOM", 10**18)
    before, now = kept_files(asked), with_another_tin(asked)
    assert usual(now) == usual(replace(now, kept=None))
    assert not [name for name in kept_files(now).keys() - before.keys() if name.endswith(".parquet")]


def test_a_run_without_a_folder_for_reuse_keeps_nothing(asked: Asked) -> None:
    usual(replace(asked, kept=None))
    assert {file.name for file in asked.data.parent.iterdir()} == {"data", "kept", "site.toml"}


def test_a_run_that_is_kept_holds_the_same_tables_from_a_second_run(asked: Asked, made: list[str]) -> None:
    runs = []
    for turn, kept in enumerate((asked.kept, asked.kept, None)):
        made.clear()
        with read(replace(asked, kept=kept).source, RULES, YEAR) as reading:
            runs.append(write_run(asked.data.parent / f"runs-{turn}", reading))
        if turn == 1:
            assert made == []
    names = sorted(file.stem for file in runs[0].glob("*.parquet"))
    assert {"event", "cases", "case_evidence"} <= set(names)
    for name in names:
        cold, warm, plain = (written_table(table_file(run, name)) for run in runs)
        assert cold.equals(plain), name
        assert warm.equals(plain), name
