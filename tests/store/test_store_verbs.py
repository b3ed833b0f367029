"""`pi180 store`: what an administrator types, and what the trail then says of it."""

import json
import os
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner, Result

from smartapp.cli import main
from smartapp.own_store import store_of
from smartapp.settings import load_settings, read_keys
from smartapp.starter import Starter, write_starter
from smartapp.store import AuditEvent, Deed, Store
from tests.store.stores import DANA, FILING, NOW, execute, untied, viewed

USER = "Practitioner/abc"
Seen = TypeVar("Seen")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """The settings of a server with one registration, `one`."""
    return write_starter(tmp_path / "server", Starter(id="one", client_id="pi180"))


def pi180(settings: Path, verb: str, *words: str | Path) -> Result:
    return CliRunner().invoke(main, ["store", verb, "--settings", str(settings), *map(str, words)])


def look(settings: Path, at: Callable[[Store], Seen]) -> Seen:
    with closing(store_of(load_settings(settings))) as store:
        return at(store)


def deeds(settings: Path) -> list[tuple[Deed, str | None]]:
    rows: list[AuditEvent] = look(settings, lambda store: store.trail.rows())
    return [(row.event, row.registration) for row in rows]


def fill(settings: Path) -> None:
    def put(store: Store) -> None:
        for number in range(3):
            store.trail.add(viewed("one", f"patient-{number}"), NOW)
        store.drafts.save(FILING, {}, DANA, NOW, None)

    look(settings, put)


@pytest.mark.requirement("R100")
def test_check_says_that_the_trail_is_as_it_was_written(settings: Path) -> None:
    fill(settings)
    done = pi180(settings, "check")

    assert (done.exit_code, done.output) == (0, "The audit trail is as it was written: 3 rows.\n")
    assert deeds(settings)[3:] == [(Deed.TRAIL_CHECKED, None)]


@pytest.mark.requirement("R100")
def test_check_names_the_row_that_was_changed(settings: Path) -> None:
    fill(settings)
    file = settings.parent / "data/pi180.sqlite"
    untied(file)
    execute(file, "UPDATE audit SET patient = 'nobody' WHERE number = 2")
    done = pi180(settings, "check")

    assert (done.exit_code, done.output) == (7, "row 2: was changed, or the row before it was\n")


@pytest.mark.requirement("R100")
def test_check_finds_with_an_anchor_kept_elsewhere_that_the_trail_was_cut(settings: Path, tmp_path: Path) -> None:
    fill(settings)
    elsewhere = tmp_path / "anchors.jsonl"
    assert pi180(settings, "anchor", "--out", elsewhere).exit_code == 0
    file = settings.parent / "data/pi180.sqlite"
    untied(file)
    execute(file, "DELETE FROM audit WHERE number = 3")

    assert pi180(settings, "check").exit_code == 0
    done = pi180(settings, "check", "--anchor", elsewhere)
    assert (done.exit_code, done.output) == (7, "the chain of one had 3 rows; the last of them is gone or another\n")
    assert json.loads(pi180(settings, "anchor").stdout)["heads"][0]["link"] == 2


@pytest.mark.requirement("R100")
def test_the_daily_anchor_in_the_data_folder_is_compared_without_being_asked_for(settings: Path) -> None:
    fill(settings)
    file = settings.parent / "data/pi180.sqlite"
    untied(file)
    execute(file, "DELETE FROM audit")

    assert pi180(settings, "check").exit_code == 7


@pytest.mark.requirement("R99", "R100")
@pytest.mark.parametrize(("form", "of_a_row"), [("rows", "patient"), ("fhir", "resourceType")])
def test_the_trail_is_exported_to_a_file_of_the_owners_alone(
    settings: Path, tmp_path: Path, form: str, of_a_row: str
) -> None:
    fill(settings)
    out = tmp_path / "trail.ndjson"
    done = pi180(settings, "export-trail", "--out", out, "--format", form)
    again = pi180(settings, "export-trail", "--out", out)

    assert (done.exit_code, out.stat().st_mode & 0o777) == (0, 0o600)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 4, "the export itself is a row, and written first"
    assert all(of_a_row in row for row in rows)
    assert (again.exit_code, deeds(settings)[3]) == (2, (Deed.EXPORTED, None))


@pytest.mark.requirement("R96", "R99")
def test_a_key_is_changed_and_the_older_one_forgotten_later(settings: Path) -> None:
    fill(settings)
    key = settings.parent / "pi180.key"
    (before,) = read_keys(key)
    first, too_soon = pi180(settings, "rotate-key"), pi180(settings, "rotate-key", "--forget-old")
    newest, older = read_keys(key)
    os.utime(key, (1, 1))
    last = pi180(settings, "rotate-key", "--forget-old")

    assert [done.exit_code for done in (first, too_soon, last)] == [0, 2, 0]
    assert "3 values were sealed anew" in first.stderr
    assert (older, read_keys(key)) == (before, (newest,))
    assert look(settings, lambda store: store.drafts.current(FILING)) is not None
    assert deeds(settings)[3:] == [(Deed.KEY_ROTATED, None)] * 2


@pytest.mark.requirement("R99")
def test_a_role_is_granted_listed_and_revoked(settings: Path) -> None:
    role = ("--ehr", "one", "--role", "staff")
    granted = pi180(settings, "grant", *role, "--name", "Dana Lee", "--tin", "123456789", USER)
    listed = pi180(settings, "people", "--ehr", "one")
    revoked, again = (pi180(settings, "revoke", *role, USER) for _ in range(2))

    assert [done.exit_code for done in (granted, listed, revoked, again)] == [0, 0, 0, 2]
    assert re.fullmatch(f"staff    {USER}  Dana Lee  1 TINs, since .* by local .*\n", listed.stdout)
    assert "is not staff at one" in again.stderr
    assert look(settings, lambda store: store.people.all("one")) == ()
    assert deeds(settings) == [(Deed.PEOPLE_GRANTED, "one"), (Deed.PEOPLE_REVOKED, "one")]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--ehr", "two", "--role", "admin", "--name", "D", USER), "expected one of one, got 'two'"),
        (("--ehr", "one", "--role", "clinician", "--name", "D", USER), "'clinician' is not one of"),
        (("--ehr", "one", "--role", "staff", "--name", "D", "--tin", "12-3456789", USER), "nine digits"),
    ],
)
def test_a_role_that_means_nothing_is_not_granted(settings: Path, words: tuple[str, ...], why: str) -> None:
    done = pi180(settings, "grant", *words)

    assert done.exit_code == 2
    assert why in done.output
    assert look(settings, lambda store: store.people.all("one")) == ()
    assert deeds(settings) == []


@pytest.mark.requirement("R97", "R99")
def test_a_wipe_shows_first_and_takes_only_when_told(settings: Path) -> None:
    fill(settings)
    shown = pi180(settings, "wipe", "--everything-of", "one")
    assert look(settings, lambda store: store.drafts.current(FILING)) is not None
    wiped = pi180(settings, "wipe", "--everything-of", "one", "--yes")
    nothing = pi180(settings, "wipe", "--yes")

    assert shown.stdout == wiped.stdout == "      1  versions of answers\n"
    assert "CMS may ask for them until 2032-12-31" in shown.stderr
    assert "Nothing was wiped" in shown.stderr
    assert "Nothing to wipe" in nothing.stderr
    assert look(settings, lambda store: store.drafts.current(FILING)) is None
    assert deeds(settings)[3:] == [(Deed.WIPED, "one")]


@pytest.mark.requirement("R100")
def test_fewer_than_six_years_are_refused(settings: Path) -> None:
    done = pi180(settings, "wipe", "--years", "5")

    assert done.exit_code == 2
    assert "for 6 years at least" in done.stderr


@pytest.mark.requirement("R118")
def test_a_store_of_another_key_is_a_message_and_no_trace(settings: Path) -> None:
    fill(settings)
    write_starter(settings.parent / "other")
    (settings.parent / "other/pi180.key").replace(settings.parent / "pi180.key")
    done = pi180(settings, "check")

    assert done.exit_code == 2
    assert "the key is not one that this store was sealed with" in done.stderr
