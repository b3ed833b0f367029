"""Keys: named on every sealed value, changed while the store is in use, and never one that somebody typed."""

import os
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from smartapp.errors import UsageError
from smartapp.new_key import change_key, forget_older_keys
from smartapp.own_store import store_of
from smartapp.settings import KeyFile, Settings, SettingsError, load_settings, new_key, read_keys
from smartapp.starter import write_starter
from smartapp.store import Assignment, Store, Task, Upload, Vault, VaultError, open_store
from smartapp.store.rewrap import rewrap_all
from smartapp.store.tables import SEALED
from smartapp.store.vault import key_id
from tests.store.stores import DANA, DAY, FILING, KEY, NEXT_KEY, NOW, OTHER_KEY, SECOND, execute, opened_launch


def fill(store: Store) -> str:
    """Something in every table; the id of the document."""
    opened_launch(store.launches, "state")
    store.drafts.save(FILING, {"answers": {"PI_PPHI_1": True}}, DANA, NOW, None)
    store.people.grant("one", Assignment("Practitioner/a", "Dana", "staff", ("123456789",), "local root", NOW))
    job = store.jobs.begin(Task("one", "run", "2026"), DANA, NOW)
    assert job is not None
    store.jobs.take(job.id, NOW)
    store.jobs.tell(job.id, job.progress, NOW)
    return store.documents.add(FILING, Upload("sra", "sra.txt", b"the whole analysis"), DANA, NOW).id


def sealed_in(file: Path) -> list[bytes]:
    """Every sealed value, of every table and column."""
    return [
        value
        for table, columns in SEALED.items()
        for column in columns
        for (value,) in execute(file, f'SELECT "{column}" FROM {table.name} WHERE "{column}" IS NOT NULL')
    ]


@pytest.mark.requirement("R96")
def test_every_sealed_value_begins_with_the_id_of_its_key(store: Store, file: Path) -> None:
    fill(store)
    held = sealed_in(file)

    assert len(held) >= 9
    assert {value[:8] for value in held} == {key_id(KEY)}
    assert len({key_id(key) for key in (KEY, NEXT_KEY, OTHER_KEY)}) == 3


@pytest.mark.requirement("R95")
def test_every_column_of_bytes_is_known_as_sealed() -> None:
    """A new column of bytes that a change of keys would pass over is found here."""
    tables = next(iter(SEALED)).metadata.tables.values()
    bytes_columns = {(table.name, one.name) for table in tables for one in table.c if str(one.type) == "BLOB"}

    assert {(table.name, name) for table, columns in SEALED.items() for name in columns} == bytes_columns


@pytest.mark.requirement("R96")
def test_the_newest_key_seals_and_all_of_them_open() -> None:
    older = Vault(KEY).seal({"a": 1}, "here")
    both = Vault(NEXT_KEY, KEY)

    assert both.open(older, "here") == {"a": 1}
    assert Vault(NEXT_KEY).open(both.seal({"a": 2}, "here"), "here") == {"a": 2}
    with pytest.raises(VaultError):
        Vault(NEXT_KEY).open(older, "here")


def test_a_value_from_before_keys_had_ids_opens_and_gets_one(store: Store, file: Path) -> None:
    fill(store)
    execute(file, "UPDATE draft SET sealed = substr(sealed, 9)")
    before = store.drafts.current(FILING)

    assert before is not None
    assert rewrap_all(store.database, store.vault).done == 1
    assert {value[:8] for value in sealed_in(file)} == {key_id(KEY)}
    assert store.drafts.current(FILING) == before


@pytest.mark.requirement("R95", "R96")
def test_a_change_of_keys_leaves_nothing_under_the_old_one_and_everything_as_it_was(folder: Path, file: Path) -> None:
    with closing(open_store(folder, Vault(KEY))) as store:
        document = fill(store)
        before = told(store, document)
    with closing(open_store(folder, Vault(NEXT_KEY, KEY))) as store:
        changed = rewrap_all(store.database, store.vault)
    with closing(open_store(folder, Vault(NEXT_KEY))) as store:
        assert told(store, document) == before
        assert store.trail.faults() == ()

    assert (changed.done, changed.unopened) == (len(sealed_in(file)), 0)
    assert {value[:8] for value in sealed_in(file)} == {key_id(NEXT_KEY)}


def told(store: Store, document: str) -> list[object]:
    """What the store says of everything that `fill` put in."""
    return [
        store.drafts.history(FILING),
        store.documents.of(FILING),
        store.documents.content(FILING, document),
        store.people.all("one"),
        store.jobs.of("one", NOW),
        store.launches.signed_in("one", NOW),
    ]


@pytest.mark.requirement("R96")
def test_a_change_that_was_stopped_goes_on_where_it_was(folder: Path, file: Path) -> None:
    with closing(open_store(folder, Vault(KEY))) as store:
        fill(store)
    with closing(open_store(folder, Vault(NEXT_KEY, KEY))) as store:
        store.drafts.save(FILING, {}, DANA, NOW, 1)
        first = rewrap_all(store.database, store.vault)
        again = rewrap_all(store.database, store.vault)

    assert (first.done, again.done) == (len(sealed_in(file)) - 1, 0)


@pytest.mark.requirement("R96")
def test_what_opens_with_no_key_is_counted_and_left_as_it_is(store: Store, file: Path, folder: Path) -> None:
    fill(store)
    execute(file, "UPDATE draft SET sealed = x'00112233445566778899'")
    with closing(open_store(folder, Vault(NEXT_KEY, KEY))) as other:
        assert rewrap_all(other.database, other.vault).unopened == 1

    assert execute(file, "SELECT sealed FROM draft") == [(bytes.fromhex("00112233445566778899"),)]


@pytest.fixture
def server(tmp_path: Path) -> Settings:
    return load_settings(write_starter(tmp_path / "server"))


def key_file(server: Settings) -> Path:
    assert isinstance(server.keys, KeyFile)
    return server.keys.path


@pytest.mark.requirement("R96")
def test_a_running_server_takes_up_a_new_key_and_loses_nothing_meanwhile(server: Settings) -> None:
    """Somebody saves answers all the time while the key is changed, with the keys that the server had at its start."""
    running, other = store_of(server), store_of(load_settings(server.data.parent / "pi180.toml"))
    notes: list[str] = []
    document = fill(running)
    begun, stop = threading.Event(), threading.Event()

    def work() -> None:
        number = 1
        while not stop.is_set():
            number = running.drafts.save(FILING, {"number": number + 1}, DANA, NOW, number).number
            begun.set()

    saving = threading.Thread(target=work)
    saving.start()
    begun.wait()
    changed = change_key(server, other, notes.append)
    stop.set()
    saving.join()
    last = running.drafts.save(FILING, {"last": True}, DANA, NOW, len(running.drafts.history(FILING)))
    os.utime(key_file(server), (1, 1))
    forget_older_keys(server, other, notes.append, NOW)
    running.close()
    other.close()

    (key,) = read_keys(key_file(server))
    assert key_file(server).stat().st_mode & 0o777 == 0o600
    assert (changed.name, changed.older, changed.sealed.unopened) == (key_id(key).hex(), 1, 0)
    assert [changed.name in note for note in notes] == [True, True]
    with closing(open_store(server.data, Vault(key))) as store:
        assert [one.number for one in store.drafts.history(FILING)] == list(range(last.number, 0, -1))
        assert store.documents.content(FILING, document) == b"the whole analysis"
    assert {value[:8] for value in sealed_in(server.data / "pi180.sqlite")} == {key_id(key)}


@pytest.mark.requirement("R96")
def test_older_keys_are_not_forgotten_right_after_a_change(server: Settings) -> None:
    with closing(store_of(server)) as store:
        with pytest.raises(UsageError, match="holds one key, none to forget"):
            forget_older_keys(server, store, str, NOW)
        change_key(server, store, str)
        for age, refused in ((59, True), (60, False)):
            at = (NOW - age * SECOND).timestamp()
            os.utime(key_file(server), (at, at))
            if refused:
                with pytest.raises(UsageError, match="within the last minute"):
                    forget_older_keys(server, store, str, NOW)
            assert len(read_keys(key_file(server))) == 2
        forget_older_keys(server, store, str, NOW)
    assert len(read_keys(key_file(server))) == 1


@pytest.mark.requirement("R96")
def test_a_change_that_was_begun_makes_no_third_key(server: Settings) -> None:
    with closing(store_of(server)) as store:
        first = change_key(server, store, str)
        second = change_key(server, store, str)

    assert (first.name, first.older) == (second.name, second.older)
    assert second.sealed.done == 0


@pytest.mark.requirement("R96")
def test_keys_from_the_environment_are_changed_by_whoever_sets_it(
    server: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = server.data.parent / "pi180.toml"
    file.write_text(file.read_text().replace('key_file = "pi180.key"', 'key_env = "PI180_KEY"'))
    old, new = new_key(), new_key()
    monkeypatch.setenv("PI180_KEY", old)
    with closing(store_of(load_settings(file))) as store:
        fill(store)
        with pytest.raises(UsageError, match="Put a new one before the old one"):
            change_key(load_settings(file), store, str)
    monkeypatch.setenv("PI180_KEY", f"{new} {old}")
    with closing(store_of(load_settings(file))) as store:
        changed = change_key(load_settings(file), store, str)
    monkeypatch.setenv("PI180_KEY", new)
    with closing(store_of(load_settings(file))) as store:
        assert store.drafts.current(FILING) is not None
    assert changed.sealed.done > 0


@pytest.mark.requirement("R96", "R118")
@pytest.mark.parametrize("value", [None, "", " ", "changeme", "a" * 43 + "=", "AAAA", "{good} short"])
def test_a_key_in_the_environment_that_is_missing_typed_or_short_is_refused(
    server: Settings, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    file = server.data.parent / "pi180.toml"
    file.write_text(file.read_text().replace('key_file = "pi180.key"', 'key_env = "PI180_KEY"'))
    if value is not None:
        monkeypatch.setenv("PI180_KEY", value.format(good=new_key()))

    with pytest.raises(SettingsError, match=r"environment variable PI180_KEY: expected 32 random bytes"):
        load_settings(file)


@pytest.mark.requirement("R118")
def test_a_key_file_and_a_variable_together_are_refused(server: Settings) -> None:
    file = server.data.parent / "pi180.toml"
    file.write_text(file.read_text() + 'key_env = "PI180_KEY"\n')

    with pytest.raises(SettingsError, match="'key_file' and 'key_env' both name"):
        load_settings(file)


@pytest.mark.requirement("R96")
def test_a_key_file_that_goes_away_stops_what_needs_it(server: Settings) -> None:
    with closing(store_of(server)) as store:
        key_file(server).unlink()
        with pytest.raises(SettingsError, match="expected the store's key"):
            store.drafts.save(FILING, {}, DANA, NOW, None)


def test_the_key_of_settings_without_a_source_opens_the_store(server: Settings) -> None:
    with closing(store_of(server)) as store:
        fill(store)
    with closing(store_of(replace(server, keys=None))) as store:
        assert store.drafts.current(FILING) is not None


@pytest.mark.requirement("R95")
def test_no_sealed_value_opens_in_another_row(store: Store, file: Path) -> None:
    """Whoever can write to the file gives somebody else's answers, role or file to another row."""
    fill(store)
    other = replace(FILING, npi=None)
    store.drafts.save(other, {"of": "others"}, DANA, NOW, None)
    store.documents.add(other, Upload("sra", "b.txt", b"of others"), DANA, NOW)
    store.people.grant("two", Assignment("Practitioner/b", "Bo", "staff", None, "local root", NOW + DAY))
    for table in ("draft", "document", "assignment"):
        ((one, mine), (another, theirs)) = execute(file, f"SELECT id, sealed FROM {table} ORDER BY rowid")
        with closing(sqlite3.connect(file)) as raw:
            raw.executemany(f"UPDATE {table} SET sealed = ? WHERE id = ?", [(theirs, one), (mine, another)])
            raw.commit()

    for asked in (lambda: store.drafts.current(FILING), lambda: store.documents.of(other)):
        with pytest.raises(VaultError):
            asked()
    with pytest.raises(VaultError):
        store.people.all("two")
