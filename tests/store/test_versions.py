"""Versions of the store: an older one loses no row, a newer one is refused, a current one is just opened."""

import re
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from smartapp.store import AuditEvent, Database, DataKeys, Deed, Launches, StoreError, Trail, Vault, open_store
from smartapp.store.tables import metadata
from smartapp.store.versions import HEAD, backups
from tests.store.stores import KEY, NOW, broken, execute, opened_launch, untied

FIRST = (
    "CREATE TABLE launch (id VARCHAR NOT NULL, registration VARCHAR NOT NULL, phase VARCHAR NOT NULL, "
    "created DATETIME NOT NULL, seen DATETIME NOT NULL, secret_hash VARCHAR NOT NULL, state_hash VARCHAR, "
    'pending BLOB, context BLOB, person BLOB, "grant" BLOB, grant_version INTEGER NOT NULL, '
    "renewing_until DATETIME, needed_until DATETIME, PRIMARY KEY (id), UNIQUE (state_hash))",
    "CREATE TABLE audit (number INTEGER NOT NULL, at DATETIME NOT NULL, event VARCHAR NOT NULL, "
    "registration VARCHAR, launch VARCHAR, user VARCHAR, patient VARCHAR, detail VARCHAR, PRIMARY KEY (number))",
    "CREATE TRIGGER audit_UPDATE BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is only added to'); END",
    "CREATE TRIGGER audit_DELETE BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is only added to'); END",
    "CREATE TABLE reading (registration VARCHAR NOT NULL, npi VARCHAR NOT NULL, state VARCHAR NOT NULL, "
    "done INTEGER NOT NULL, total INTEGER NOT NULL, problem VARCHAR, beat DATETIME NOT NULL, "
    "PRIMARY KEY (registration, npi))",
)
ROWS = (
    "INSERT INTO launch VALUES ('l', 'one', 'offered', '2026-11-22 11:59:00.000000', '2026-11-22 11:59:00.000000', "
    "'hash', 'state', x'00', NULL, NULL, NULL, 0, NULL, NULL)",
    "INSERT INTO audit VALUES (1, '2026-11-21 10:00:00.000000', 'launched', 'one', 'l', NULL, NULL, NULL)",
    "INSERT INTO audit VALUES (2, '2026-11-21 10:00:01.000000', 'patient viewed', 'one', 'l', 'i s', 'p', 'd')",
)
TOLD = [
    AuditEvent(Deed.LAUNCHED, "one", "l"),
    AuditEvent(Deed.PATIENT_VIEWED, "one", "l", "i s", "p", "d"),
]


@pytest.fixture
def old(file: Path) -> Path:
    """A store as the version before wrote it."""
    execute(file, *FIRST, *ROWS)
    return file


def trail_of(database: Database) -> Trail:
    return Trail(database, DataKeys(database, Vault(KEY)))


def test_an_older_store_is_upgraded_without_losing_a_row(old: Path) -> None:
    before = execute(old, "SELECT * FROM launch")
    database = Database(old)
    rows = trail_of(database).rows()
    database.close()

    assert rows == TOLD
    assert [row.number for row in rows] == [1, 2]
    assert execute(old, "SELECT * FROM launch") == before
    assert execute(old, "SELECT version_num FROM alembic_version") == [(HEAD,)]


@pytest.mark.usefixtures("old")
def test_an_upgraded_store_does_everything_that_a_new_one_does(folder: Path) -> None:
    store = open_store(folder, Vault(KEY))
    store.trail.add(AuditEvent(Deed.SIGNED_IN, "one"), NOW)
    launch = opened_launch(store.launches, "another")
    found = store.launches.find(launch, NOW)
    faults = store.trail.faults()
    store.close()

    assert found is not None
    assert faults == ()


@pytest.mark.requirement("R100")
def test_rows_from_before_the_chains_are_hashed_by_the_first_chained_row(old: Path) -> None:
    database = Database(old)
    trail = trail_of(database)
    assert broken(trail)[0] == 1, "nothing vouches for them yet"
    trail.add(AuditEvent(Deed.DENIED), NOW)

    assert [row.event for row in trail.rows()][2:] == [Deed.CHAIN_BEGUN, Deed.DENIED]
    assert trail.faults() == ()
    untied(old)
    execute(old, "UPDATE audit SET patient = 'q' WHERE number = 2")
    assert broken(trail)[0] == 1
    execute(old, "UPDATE audit SET patient = 'p' WHERE number = 2")
    assert broken(trail) == []
    execute(old, "DELETE FROM audit WHERE number = 2")
    assert broken(trail)[0] == 1
    execute(old, "DELETE FROM audit WHERE number = 1")
    assert broken(trail) != []
    database.close()


def test_the_tables_of_an_upgraded_store_are_those_of_a_new_one(old: Path, tmp_path: Path) -> None:
    for database in (Database(old), Database(tmp_path / "new.sqlite")):
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection)
            assert compare_metadata(context, metadata) == []
        database.close()

    assert schema(old) == schema(tmp_path / "new.sqlite")


def schema(file: Path) -> set[tuple[str, str]]:
    """Everything with a name; of triggers and indices what they do, too, which no comparison of tables tells."""
    rows = execute(file, "SELECT type, name, sql FROM sqlite_master")
    return {(name, "" if kind == "table" else re.sub(r"\s+", " ", text or "")) for kind, name, text in rows}


def test_the_newest_step_is_the_version_that_the_product_knows() -> None:
    folder = Path(sys.modules["smartapp.store.versions"].__file__ or "").parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]
    assert [file.name[:4] for file in sorted((folder / "versions").glob("0*.py"))][-1] == HEAD


def test_a_copy_of_the_store_is_kept_from_before_the_upgrade(old: Path) -> None:
    Database(old).close()
    (copy,) = backups(old)

    assert copy.stat().st_mode & 0o777 == 0o600
    assert execute(copy, "SELECT count(*) FROM audit") == [(2,)]
    assert ("alembic_version",) not in execute(copy, "SELECT name FROM sqlite_master")


def test_a_new_store_needs_no_copy(file: Path) -> None:
    Database(file).close()

    assert backups(file) == ()


@pytest.mark.requirement("R118")
def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(file: Path) -> None:
    Database(file).close()
    execute(file, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreError, match=r"newer pi180 \(version 9999 of the store; this one knows 0"):
        Database(file)
    assert execute(file, "SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.parametrize(
    "statements",
    [
        ("CREATE TABLE something (x)",),
        ("CREATE TABLE alembic_version (version_num)", "INSERT INTO alembic_version VALUES ('a1b2c3')"),
        ("CREATE TABLE alembic_version (version_num)",),
    ],
)
def test_a_file_that_is_no_store_of_ours_is_refused_and_left_as_it_is(file: Path, statements: tuple[str, ...]) -> None:
    execute(file, *statements)
    before = execute(file, "SELECT name FROM sqlite_master")

    with pytest.raises(StoreError, match="is no store of pi180"):
        Database(file)
    assert execute(file, "SELECT name FROM sqlite_master") == before


def test_a_damaged_store_is_refused_in_words_and_left_as_it_is(file: Path) -> None:
    file.write_bytes(b"no database " * 500)

    with pytest.raises(StoreError, match="is no store of pi180, or is damaged"):
        Database(file)
    assert file.read_bytes() == b"no database " * 500


def test_an_upgrade_that_fails_changes_nothing(old: Path) -> None:
    execute(old, "CREATE TABLE job (x)")

    with pytest.raises(Exception, match="job"):
        Database(old)
    assert ("draft",) not in execute(old, "SELECT name FROM sqlite_master")
    assert execute(old, "SELECT count(*) FROM pragma_table_info('audit')") == [(8,)]
    execute(old, "DROP TABLE job")
    Database(old).close()
    assert execute(old, "SELECT version_num FROM alembic_version") == [(HEAD,)]


@pytest.mark.parametrize("statements", [(), FIRST])
def test_of_many_who_open_an_older_or_new_store_at_once_all_can_use_it(file: Path, statements: tuple[str, ...]) -> None:
    execute(file, "SELECT 1", *statements)
    gate, failures = threading.Barrier(4), []

    def one() -> None:
        gate.wait()
        try:
            Database(file).close()
        except Exception as problem:  # whatever it is, it is the finding
            failures.append(problem)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert execute(file, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_a_store_that_another_is_writing_the_old_way_is_waited_for(old: Path) -> None:
    """SQLite itself would refuse to change the journal at once, whatever its patience."""
    writer = sqlite3.connect(old, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, writer.commit).start()

    database = Database(old)
    rows = trail_of(database).rows()
    database.close()
    writer.close()

    assert rows == TOLD


def holding(file: Path, begin: str) -> sqlite3.Connection:
    """Another process that does not let go of the store."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute(begin)
    other.execute("SELECT count(*) FROM sqlite_master").fetchall()
    return other


@pytest.mark.parametrize("begin", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE", "BEGIN"])
def test_an_older_store_that_another_process_does_not_let_go_of_is_refused_in_words(old: Path, begin: str) -> None:
    other = holding(old, begin)

    with pytest.raises(StoreError) as refused:
        Database(old, patience=0.1)
    other.close()

    assert str(refused.value) == (
        f"{old}: is in use by another process for too long. Wait until that is done, then try again."
    )
    Database(old).close()


def test_a_store_that_another_process_does_not_let_go_of_is_refused_in_words_when_it_is_written(file: Path) -> None:
    database = Database(file, patience=0.1)
    other = holding(file, "BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match="in use by another process"), database.writing():
        pytest.fail("two who write at once")
    with pytest.raises(StoreError, match="in use by another process"):
        database.compact()
    other.close()
    database.compact()
    database.close()


def test_a_busy_file_is_known_whatever_kept_it_busy(file: Path) -> None:
    """SQLite says in the higher bytes of its code why: here that what was read is no longer what is there."""
    database = Database(file, patience=0.1)
    writer = sqlite3.connect(file, isolation_level=None)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM job").fetchall()
        writer.execute("UPDATE alembic_version SET version_num = version_num")
        with pytest.raises(StoreError, match="in use by another process"):
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
    writer.close()
    database.close()


def test_a_place_where_sqlite_cannot_journal_ahead_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is such a place, and there is one on every machine; network shares are others."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(StoreError, match=r"cannot journal ahead there \(it says 'memory'\).*local disk"):
        Database(Path(":memory:"))


def test_what_upgrades_is_loaded_only_for_an_upgrade(file: Path) -> None:
    """Opening a new store, opening a current one, and every verb's help."""
    program = (
        "import sys; from pathlib import Path; from smartapp.cli import main; from smartapp.store import Database\n"
        "for _ in range(2): Database(Path(sys.argv[1])).close()\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'alembic'])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.requirement("R118")
def test_a_store_is_not_opened_with_a_key_that_is_not_its(folder: Path) -> None:
    open_store(folder, Vault(KEY)).close()

    with pytest.raises(StoreError, match="the key is not one that this store was sealed with"):
        open_store(folder, Vault(bytes(32)))
    open_store(folder, Vault(KEY)).close()


def test_launches_of_a_store_that_was_taken_over_go_on(file: Path) -> None:
    database = Database(file)
    launch = opened_launch(Launches(database, Vault(KEY)), "state")
    database.close()
    execute(file, "DROP TABLE alembic_version", *(f"DROP TABLE {name}" for name in ("draft", "document", "assignment")))
    execute(file, "DROP TABLE job", "DROP TABLE data_key", "DROP INDEX audit_chain", *FIRST[4:])
    for column in ("role", "origin", "version", "link", "code"):
        execute(file, f"ALTER TABLE audit DROP COLUMN {column}")

    again = Database(file)
    found = Launches(again, Vault(KEY)).find(launch, NOW)
    again.close()
    assert found is not None
