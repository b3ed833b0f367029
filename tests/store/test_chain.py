"""The chained trail: whoever can write to the file, and has no key, changes nothing without its being found."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartapp.store import AuditEvent, Deed, Store, StoreError, Trail, Vault, open_store
from smartapp.store.anchors import read_anchors, write_anchor
from smartapp.store.chain import FIELDS
from smartapp.store.opened import ANCHORS
from tests.store.stores import DAY, KEY, NOW, SECOND, broken, execute, untied, viewed

REGISTRATIONS = ("one", "two", None)
NUMBERS = range(1, 10)
"""Rows of the written trail: three of each registration, in turn."""
COLUMNS = (*FIELDS, "code")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trail of three chains, in a file without the triggers, and the anchor of its end."""
    folder = tmp_path_factory.mktemp("written")
    with closing(open_store(folder, Vault(KEY))) as store:
        for number in range(9):
            store.trail.add(viewed(REGISTRATIONS[number % 3], f"patient-{number}"), NOW + number * SECOND)
        write_anchor(folder / "elsewhere.jsonl", store.trail.heads(), NOW)
    untied(folder / "pi180.sqlite")
    return folder


@contextmanager
def changed(written: Path, folder: Path, *statements: str) -> Iterator[Trail]:
    """The trail after somebody wrote to a copy of its file."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(written, copy)
    execute(copy / "pi180.sqlite", *statements)
    with closing(open_store(copy, Vault(KEY))) as store:
        yield store.trail


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


def quoted(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


@pytest.mark.requirement("R100")
def test_a_trail_that_nobody_touched_is_as_it_was_written(written: Path, scratch: Path) -> None:
    with changed(written, scratch) as trail:
        assert broken(trail) == []
        assert trail.faults(read_anchors(written / "elsewhere.jsonl")) == ()
        assert [row.registration for row in trail.rows()] == [*REGISTRATIONS] * 3


@pytest.mark.requirement("R100")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.sampled_from(NUMBERS),
    column=st.sampled_from([name for name in COLUMNS if name != "number"]),
    value=st.one_of(st.none(), st.integers(-5, 99), st.text(st.characters(codec="ascii", exclude_characters="\0"))),
)
def test_any_edit_of_any_row_is_found(written: Path, scratch: Path, number: int, column: str, value: Any) -> None:
    at = f"WHERE number = {number}"
    ((before,),) = execute(written / "pi180.sqlite", f'SELECT "{column}" FROM audit {at}')
    new = value if value != before else f"{value}x"
    if column in ("at", "event") and new is None:
        new = ""  # the column takes no NULL

    with changed(written, scratch, f'UPDATE audit SET "{column}" = {quoted(new)} {at}') as trail:
        ((after,),) = execute(scratch / "copy/pi180.sqlite", f'SELECT "{column}" FROM audit {at}')
        found = broken(trail)
    assert after == before or found


@pytest.mark.requirement("R100")
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("moved_to", [-1, 0, 100])
def test_a_row_that_got_another_number_is_found(written: Path, scratch: Path, number: int, moved_to: int) -> None:
    with changed(written, scratch, f"UPDATE audit SET number = {moved_to} WHERE number = {number}") as trail:
        assert broken(trail) != []


@pytest.mark.requirement("R100")
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_a_row_taken_out_is_found_at_the_row_that_followed_it_in_its_chain(
    written: Path, scratch: Path, number: int
) -> None:
    with changed(written, scratch, f"DELETE FROM audit WHERE number = {number}") as trail:
        assert broken(trail)[0] == number + 3


@pytest.mark.requirement("R100")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=st.sets(st.sampled_from(NUMBERS), min_size=1))
def test_whatever_rows_are_taken_out_an_anchor_kept_elsewhere_finds_it(
    written: Path, scratch: Path, taken: set[int]
) -> None:
    gone = ", ".join(map(str, sorted(taken)))
    with changed(written, scratch, f"DELETE FROM audit WHERE number IN ({gone})") as trail:
        faults = trail.faults(read_anchors(written / "elsewhere.jsonl"))

    assert faults
    cut = {REGISTRATIONS[(number - 1) % 3] for number in taken if number > 6 or number == 1}
    assert {fault.registration for fault in faults if fault.number is None} == cut


@pytest.mark.requirement("R100")
def test_a_chain_cut_at_its_end_is_whole_in_itself_and_found_by_an_anchor_alone(written: Path, scratch: Path) -> None:
    with changed(written, scratch, "DELETE FROM audit WHERE number IN (4, 7)") as trail:
        (fault,) = trail.faults(read_anchors(written / "elsewhere.jsonl"))
        assert broken(trail) == []
    assert (fault.number, fault.registration) == (None, "one")
    assert fault.what == "the chain of one had 3 rows; the last of them is gone or another"


@pytest.mark.requirement("R100")
@pytest.mark.parametrize(("one", "other"), [(1, 4), (1, 7), (4, 7), (1, 2), (5, 9)])
def test_rows_that_changed_places_are_found(written: Path, scratch: Path, one: int, other: int) -> None:
    swap = (
        f"UPDATE audit SET number = -1 WHERE number = {one}",
        f"UPDATE audit SET number = {one} WHERE number = {other}",
        f"UPDATE audit SET number = {other} WHERE number = -1",
    )
    with changed(written, scratch, *swap) as trail:
        assert broken(trail) != []


@pytest.mark.requirement("R100")
@pytest.mark.parametrize("code", ["NULL", "''", "(SELECT code FROM audit WHERE number = 9)"])
def test_a_row_put_in_without_the_key_is_found(written: Path, scratch: Path, code: str) -> None:
    into = "INSERT INTO audit (number, at, event, link, code)"
    values = f"VALUES (10, '2026-11-22 12:00:09.000000', 'signed in', 4, {code})"
    with changed(written, scratch, f"{into} {values}") as trail:
        assert broken(trail)[0] == 10


@pytest.mark.requirement("R100")
def test_a_trail_whose_codes_were_all_taken_away_is_found(written: Path, scratch: Path) -> None:
    with changed(written, scratch, "UPDATE audit SET code = NULL") as trail:
        assert broken(trail)[0] == 1


@pytest.mark.requirement("R100")
def test_rows_copied_from_another_store_are_found(written: Path, scratch: Path) -> None:
    """Whoever runs a store has a key, but not the key of this one."""
    other = scratch / "other"
    other.mkdir()
    with closing(open_store(other, Vault(KEY))) as store:
        store.trail.add(viewed("one", "patient-0"), NOW)
        (link,) = store.trail.links()
    with changed(written, scratch, f"UPDATE audit SET code = '{link.code}' WHERE number = 1") as trail:
        assert broken(trail)[0] == 1


def test_each_row_says_its_version_and_its_place_in_its_chain(store: Store) -> None:
    for registration in ("one", "one", "two", None):
        store.trail.add(AuditEvent(Deed.DENIED, registration), NOW)

    assert [link.told["link"] for link in store.trail.links()] == [1, 2, 1, 1]
    assert {row.version for row in store.trail.rows()} != {None}
    assert [(head.registration, head.link) for head in store.trail.heads()] == [("one", 2), ("two", 1), (None, 1)]


def test_rows_are_chosen_by_time_deed_and_registration(store: Store) -> None:
    for number, deed in enumerate((Deed.SIGNED_IN, Deed.DENIED, Deed.DENIED)):
        store.trail.add(AuditEvent(deed, f"r{number}"), NOW + number * SECOND)

    def numbers(**chosen: Any) -> list[int | None]:
        return [row.number for row in store.trail.rows(**chosen)]

    assert numbers() == [1, 2, 3]
    assert numbers(since=NOW + SECOND) == [2, 3]
    assert numbers(until=NOW + SECOND) == [1]
    assert numbers(deed=Deed.DENIED) == [2, 3]
    assert numbers(registration="r2") == [3]
    assert numbers(since=NOW + SECOND, until=NOW + SECOND) == []
    assert [row.at for row in store.trail.rows(until=NOW + SECOND)] == [NOW]


@pytest.mark.requirement("R100")
def test_rows_written_by_many_at_once_are_one_chain(folder: Path, store: Store) -> None:
    others = [open_store(folder, Vault(KEY)) for _ in range(4)]

    def write(own: Store) -> None:
        for _ in range(5):
            own.trail.add(AuditEvent(Deed.SCORE_VIEWED, "one"), NOW)

    threads = [threading.Thread(target=write, args=(own,)) for own in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for own in others:
        own.close()

    assert store.trail.faults() == ()
    assert [head.link for head in store.trail.heads()] == [20]


@pytest.mark.requirement("R100")
def test_the_first_row_of_each_day_leaves_an_anchor_in_the_data_folder(folder: Path, store: Store) -> None:
    file = folder / ANCHORS
    for now in (NOW, NOW + SECOND, NOW + DAY, NOW + DAY + SECOND):
        store.trail.add(AuditEvent(Deed.DENIED, "one"), now)
    with closing(open_store(folder, Vault(KEY))) as again:
        again.trail.add(AuditEvent(Deed.DENIED, "one"), NOW + DAY + 2 * SECOND)

    assert file.stat().st_mode & 0o777 == 0o600
    assert [head.link for head in read_anchors(file)] == [1, 3]
    assert store.trail.faults(read_anchors(file)) == ()


def test_an_anchor_that_was_cut_short_stops_nobody_and_is_told_when_the_trail_is_checked(
    folder: Path, store: Store
) -> None:
    file, cut = folder / ANCHORS, b'{"at": "2026-11-2\xc3'
    file.write_bytes(cut)
    store.trail.add(AuditEvent(Deed.DENIED, "one"), NOW)

    first, second = file.read_bytes().splitlines()
    assert first == cut
    with pytest.raises(StoreError, match="cut short"):
        store.trail.faults()
    file.write_bytes(second)
    assert store.trail.faults() == ()


def test_what_is_no_file_of_anchors_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "anchors"
    for text in ("{}", "no", '{"heads": [1]}', '{"heads": [{"link": 1}]}'):
        file.write_text(text)
        with pytest.raises(StoreError, match="expected lines that pi180 store anchor wrote"):
            read_anchors(file)
    with pytest.raises(StoreError, match="expected lines"):
        read_anchors(tmp_path / "missing")
