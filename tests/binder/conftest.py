"""One practice, read, scored, signed and bound once for all tests of this folder; nobody may change what it left."""

import shutil
from pathlib import Path

import pytest
from bound import AT, LETTER, RECEIPT, REPORT, SIGNER, Practice, few_patients

from scoring.rulebook import load
from smartapp import paths
from smartapp.attesting.attestations import read_attestations
from smartapp.attesting.signing import sign
from smartapp.binder.attached import Attached
from smartapp.binder.bundling import Bundling, bundle
from smartapp.binder.pseudonyms import PseudonymKey
from smartapp.kept.finding_run import find_score
from smartapp.kept.publish import publish
from smartapp.scored import score_reading
from smartapp.signing_key import new_signing_key
from smartapp.usecases import Source, read


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    folder, root = paths.fixture("solo-2026"), tmp_path_factory.mktemp("practice")
    rules = load(2026)
    attested = read_attestations(folder / "attestations.toml", rules)
    few_patients(folder, root / "fhir")
    with read(Source(root / "fhir", folder / "site.toml"), rules, attested.period) as reading:
        publish(score_reading(reading, attested), root / "out")
    key = new_signing_key(root / "key")
    return Practice(root / "out", find_score(root / "out"), key, root / "key")


@pytest.fixture
def own(practice: Practice, tmp_path: Path) -> Practice:
    """The same practice in a folder that a test may change."""
    shutil.copytree(practice.out, tmp_path / "out")
    return Practice(tmp_path / "out", find_score(tmp_path / "out"), practice.key, practice.key_file)


@pytest.fixture(scope="session")
def binder(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A binder of a signed score with everything that one can hold; the run that it was made of is gone."""
    root = tmp_path_factory.mktemp("signed")
    shutil.copytree(practice.out, root / "out")
    (root / "report.csv").write_bytes(REPORT)
    place = find_score(root / "out")
    sign(place, SIGNER, practice.key, AT)
    documents = (
        Attached("product-listing", "Doe John.pdf", LETTER),
        Attached("other", "Jane.pdf", LETTER + b"%%EOF\n"),
    )
    handed = (("Doe John.json", RECEIPT),)
    made = bundle(Bundling(place, practice.key, documents, handed, root / "report.csv", years=10))
    shutil.rmtree(root)
    return made


@pytest.fixture(scope="session")
def safe(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A copy of the same under pseudonyms."""
    root = tmp_path_factory.mktemp("pseudonyms")
    shutil.copytree(practice.out, root / "out")
    place = find_score(root / "out")
    sign(place, SIGNER, practice.key, AT)
    key, letter = PseudonymKey(bytes(range(32))), Attached("product-listing", "Doe John.pdf", LETTER)
    return bundle(Bundling(place, practice.key, (letter,), pseudonyms=key))
