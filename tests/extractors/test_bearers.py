"""Credentials without a browser: a token in a file, bound to a base and never told."""

from pathlib import Path
from threading import Timer

import pytest

from extractors.errors import SourceError
from extractors.gateway import Credential
from extractors.sources.bearers import Anonymous, TokenFile

BASE = "https://ehr.example/r4"


def test_an_open_server_is_asked_without_a_credential() -> None:
    assert Anonymous().credential() is None


def test_a_token_is_for_its_base_alone(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    kept.write_text("abc.def-1==\n")

    assert TokenFile(kept, BASE).credential() == Credential("Bearer abc.def-1==", BASE)


def test_a_token_that_another_program_renewed_is_read_again(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    kept.write_text("first")
    bearer = TokenFile(kept, BASE)
    refused = bearer.credential()
    kept.write_text("second")

    assert bearer.credential(refused) == Credential("Bearer second", BASE)


def test_a_file_that_is_empty_while_it_is_written_is_waited_for(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    kept.write_text("")
    renewal = Timer(0.2, kept.write_text, ["second"])
    renewal.start()

    assert TokenFile(kept, BASE).credential() == Credential("Bearer second", BASE)
    renewal.join()


@pytest.mark.parametrize("content", [b"", b"  \n", b"two words", b"one\ntwo", b"a\r\nX-Evil: 1", "ütoken".encode()])
def test_a_file_that_holds_no_token_is_refused_without_telling_it(tmp_path: Path, content: bytes) -> None:
    kept = tmp_path / "token"
    kept.write_bytes(content)

    with pytest.raises(SourceError, match="expected one bearer token") as refusal:
        TokenFile(kept, BASE).credential()
    assert "Evil" not in str(refusal.value)


def test_a_missing_token_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Name a file that holds the token"):
        TokenFile(tmp_path / "none", BASE).credential()
