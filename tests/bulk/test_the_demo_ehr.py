"""The honest server from end to end: keys, sign-in, export and crawl; the same numbers as from files."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import responses
from click.testing import CliRunner, Result
from flask import Flask

from smartapp import paths
from smartapp.cli import main
from smartapp.demo_ehr import AuthMethod, DemoClient, Faults, create_demo_ehr
from smartapp.demo_ehr.faults import Endpoint
from tests.demo_ehr.signing_in import BASE, FHIR, PUBLIC, signed_in
from tests.smartapp.ehr_bridge import serve

SCENARIO = "group-4"


@dataclass(frozen=True)
class Ehr:
    """A demo EHR with one client that signs in by itself, and that client's keys."""

    app: Flask
    faults: Faults
    keys: Path


def pi180(*words: str) -> Result:
    result = CliRunner().invoke(main, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ehr]:
    keys, faults = tmp_path_factory.mktemp("keys") / "k", Faults()
    assert pi180("keys", "new", str(keys)).exit_code == 0
    jwks = json.loads((keys / "jwks.json").read_text())
    client = DemoClient("night", (), "", AuthMethod.PRIVATE_KEY_JWT, jwks=jwks, backend=True)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        app = create_demo_ehr(paths.fixture(SCENARIO), BASE, [client, PUBLIC], faults)
        serve(wire, app, BASE)
        yield Ehr(app, faults, keys)


def bulk(ehr: Ehr, out: Path, *words: str) -> Result:
    signed = ("--client-id", "night", "--key", str(ehr.keys), "--rate", "0")
    return pi180("bulk", FHIR, "--out", str(out), *signed, *words)


def counted(folder: Path, out: Path) -> tuple[Path, object]:
    """The run of a folder, and its tallies."""
    site = paths.fixture(SCENARIO) / "site.toml"
    words = ("--site", str(site), "--year", "2026", "--out", str(out), "--json")
    found = pi180("extract", "--from", str(folder), *words)
    assert found.exit_code == 0, found.stderr
    (made,) = (out / "runs").iterdir()
    return made, json.loads(found.stdout)["tallies"]


@pytest.fixture(scope="module")
def crawl(ehr: Ehr, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a person reads patient by patient, by a token of her SMART session."""
    root = tmp_path_factory.mktemp("crawl")
    lines = (paths.fixture(SCENARIO) / "Patient.ndjson").read_text(encoding="utf-8").splitlines()
    (root / "ids.txt").write_text("\n".join(json.loads(line)["id"] for line in lines))
    (root / "token").touch(mode=0o600)
    (root / "token").write_text(signed_in(ehr.app, patient=None, clinician="office-staff")["access_token"])
    listed = ("--patients", str(root / "ids.txt"), "--token-file", str(root / "token"), "--rate", "0")
    found = pi180("crawl", FHIR, "--out", str(root / "c"), *listed)
    assert found.exit_code == 0, found.stderr
    return root / "c"


def test_files_a_crawl_and_an_export_of_one_server_give_the_same_tallies_and_fingerprint_and_differ_in_nothing(
    ehr: Ehr, crawl: Path, tmp_path: Path
) -> None:
    before = len(ehr.faults.saw("token"))
    found = bulk(ehr, tmp_path / "o", "--group", "all-patients")
    assert (found.exit_code, len(ehr.faults.saw("token")) - before) == (0, 1), found.stderr
    ways = (paths.fixture(SCENARIO), crawl, tmp_path / "o")
    runs, tallies = zip(*(counted(way, tmp_path / str(n)) for n, way in enumerate(ways)), strict=True)

    assert len({run.name for run in runs}) == 1
    assert tallies[0] == tallies[1] == tallies[2] != []
    for other in runs[1:]:
        same = pi180("diff", str(runs[0]), str(other))
        assert same.exit_code == 0, same.output
    assert bulk(ehr, tmp_path / "o", "--group", "all-patients").stdout.count("holds it already") == 1


@pytest.mark.parametrize("whose", [("--all", "--form", "get-repeated"), ("--system", "--form", "post")])
def test_all_patients_and_the_system_are_exported_too(ehr: Ehr, tmp_path: Path, whose: tuple[str, ...]) -> None:
    assert bulk(ehr, tmp_path / "o", *whose).exit_code == 0


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(("endpoint", "after"), [("bulk", 0), ("bulk_status", 0), ("bulk_file", 2)])
def test_a_token_that_ends_in_the_middle_is_renewed(ehr: Ehr, tmp_path: Path, endpoint: Endpoint, after: int) -> None:
    """F6: at the kick-off, while it is waited, while files come."""
    ehr.faults.add(endpoint, status=401, times=1, after=after)
    found = bulk(ehr, tmp_path / "o", "--all")
    ehr.faults.clear()
    assert found.exit_code == 0, found.stderr


@pytest.mark.requirement("R28")
def test_a_key_that_is_revoked_in_the_middle_parks_the_export_after_one_refusal(ehr: Ehr, tmp_path: Path) -> None:
    """F15: the next run, by a key that is good again, goes on with the same export."""
    before, kicked_off = len(ehr.faults.saw("token")), len(ehr.faults.saw("bulk"))
    ehr.faults.add("bulk_file", status=401, after=2)
    ehr.faults.add("token", error="invalid_client", after=1)
    found = bulk(ehr, tmp_path / "o", "--all")
    assert (found.exit_code, len(ehr.faults.saw("token")) - before) == (5, 2), found.stderr

    ehr.faults.clear()
    assert bulk(ehr, tmp_path / "o", "--all").exit_code == 0
    assert len(ehr.faults.saw("bulk")) - kicked_off == 1


def test_an_export_is_cancelled_by_the_verb(ehr: Ehr, tmp_path: Path) -> None:
    ehr.faults.add("bulk_file", status=401)
    assert bulk(ehr, tmp_path / "o", "--all").exit_code == 5
    ehr.faults.clear()
    found = bulk(ehr, tmp_path / "o", "--all", "--cancel")

    assert (found.exit_code, found.stdout) == (0, "No export is left unfinished at the server.\n")
    assert [one.method for one in ehr.faults.saw("bulk_status")][-1] == "DELETE"


def test_a_sign_in_that_is_refused_has_exit_code_5_after_one_request(ehr: Ehr, tmp_path: Path) -> None:
    before = len(ehr.faults.saw("token"))
    ehr.faults.add("token", error="invalid_client")
    found = bulk(ehr, tmp_path / "o", "--all")
    ehr.faults.clear()

    assert (found.exit_code, len(ehr.faults.saw("token")) - before) == (5, 1)
    assert "invalid_client" in found.stderr


def test_a_client_of_people_cannot_sign_in_by_itself(ehr: Ehr, tmp_path: Path) -> None:
    found = pi180("bulk", FHIR, "--all", "--out", str(tmp_path / "o"), "--client-id", "nobody", "--key", str(ehr.keys))
    assert found.exit_code == 5


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--group", "a", "--all"),
        ("--all", "--again", "--changes"),
        ("--all", "--token-file", "t"),
    ],
)
def test_what_does_not_fit_together_is_refused(ehr: Ehr, tmp_path: Path, words: tuple[str, ...]) -> None:
    assert bulk(ehr, tmp_path / "o", *words).exit_code == 2
