"""How light pi180 starts: what a fresh process imports for a list of verbs, for a verb's help, and for a small job."""

import json
import subprocess
import sys
from importlib import import_module
from itertools import chain
from pathlib import Path
from pkgutil import iter_modules

import click
import pytest
from click.testing import CliRunner

from smartapp import cli
from smartapp.cli import main
from smartapp.cli.verbs import Verb
from tests.exports.filed import document

ROOT = Path(__file__).parents[2]
HEAVY = frozenset(
    {"alembic", "antlr4", "authlib", "cryptography", "duckdb", "fhir", "fhir_core", "fhirclient", "fhirpathpy", "flask"}
    | {"holidays", "huey", "isal", "jinja2", "joserfc", "jsonschema", "lxml", "msgspec", "numpy", "pandas", "pyarrow"}
    | {"pydantic", "pyspark", "requests", "rich", "sqlalchemy", "urllib3", "waitress", "werkzeug"}
)
"""The packages that pi180 needs for its work, and two that others of them would like to have; click is the one for
verbs."""

FOR_WORK = frozenset({"fhir", "fhir_core", "pandas", "pydantic", "pyspark", "rich"})
"""Of these, what is not even imported with the verb that may need it."""


def imported(*words: str | Path, code: int = 0) -> frozenset[str]:
    """The packages that `pi180` with these words imports."""
    command = [sys.executable, "-X", "importtime", "-m", "smartapp.cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == code, done.stderr
    names = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert "smartapp.cli" in names
    return frozenset(name.partition(".")[0] for name in names)


def written() -> dict[str, click.Command]:
    """Every command that a module of `smartapp.cli` holds, but those below a group."""
    modules = [import_module(f"smartapp.cli.{one.name}") for one in iter_modules(cli.__path__) if one.name[0] != "_"]
    found = {id(one): one for module in modules for one in vars(module).values() if isinstance(one, click.Command)}
    below = chain.from_iterable(one.commands.values() for one in found.values() if isinstance(one, click.Group))
    lower = {id(one) for one in below}
    return {str(one.name): one for one in found.values() if id(one) not in lower}


@pytest.mark.parametrize(("words", "code"), [((), 2), (("--help",), 0), (("--version",), 0), (("scoer",), 2)])
def test_a_list_of_verbs_a_version_and_a_refusal_import_no_library_but_click(words: tuple[str, ...], code: int) -> None:
    assert imported(*words, code=code) & HEAVY == set()


@pytest.mark.parametrize(
    "words",
    [
        ("rules", "check"),
        ("rules", "show", "PI_EP_1", "--year", "2026"),
        ("drugs", "rxnorm:979492", "ndc:0054-0124-22"),
        ("submission-guide", "--year", "2026"),
        ("attest", "--new", "answers.toml", "--year", "2026"),
        ("score", "submission.json", "--json"),
    ],
    ids=" ".join,
)
def test_a_small_job_imports_no_library_but_click(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "submission.json").write_text(json.dumps(document()))
    placed = [tmp_path / word if word.endswith((".toml", ".json")) else word for word in words]

    assert imported(*placed) & HEAVY == set()


def test_checking_a_file_for_cms_imports_what_reads_xml_and_nothing_else_that_is_heavy(tmp_path: Path) -> None:
    file = tmp_path / "submission.json"
    file.write_text(json.dumps(document()))

    assert imported("check", file) & HEAVY == {"lxml"}


def test_a_signing_key_is_made_with_cryptography_alone(tmp_path: Path) -> None:
    assert imported("signing-key", "new", tmp_path / "key") & HEAVY == {"cryptography"}


def test_counting_imports_neither_the_store_nor_pages_nor_signing() -> None:
    found = imported("extract", "--help")

    assert "duckdb" in found
    assert found & {"alembic", "authlib", "cryptography", "flask", "huey", "jinja2", "joserfc", "sqlalchemy"} == set()


def test_no_verb_imports_models_of_fhir_or_progress_bars_before_it_works() -> None:
    verbs = f"[verb.command() for verb in main.commands.values()]; assert len(main.commands) == {len(main.commands)}"
    found = f"print(*{{name.partition('.')[0] for name in sys.modules}} & {set(FOR_WORK)!r})"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; from smartapp.cli import main; {verbs}; {found}"],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip

    assert done.stdout.split() == []


@pytest.mark.parametrize("name", sorted(main.commands))
def test_what_the_list_says_of_a_verb_is_the_first_sentence_of_its_own_help(name: str) -> None:
    verb = main.commands[name]
    assert isinstance(verb, Verb)
    command = verb.command()

    assert (verb.name, verb.help) == (command.name, command.get_short_help_str(1000))
    assert (verb.hidden, verb.deprecated) == (command.hidden, command.deprecated)


def test_every_command_that_is_written_can_be_called() -> None:
    stated = {name: verb.command() for name, verb in main.commands.items() if isinstance(verb, Verb)}

    assert stated == written()


def test_the_help_of_a_verb_is_its_own() -> None:
    shown = CliRunner().invoke(main, ["score", "--help"])

    assert "Usage: main score [OPTIONS] SUBMISSION..." in shown.stdout
    assert "--as-of" in shown.stdout


def test_a_verb_that_is_spelt_wrongly_is_answered_with_those_that_are_near() -> None:
    told = CliRunner().invoke(main, ["scoer"])

    assert told.exit_code == 2
    assert "No such command 'scoer'" in told.stderr
    assert "'score'" in told.stderr
