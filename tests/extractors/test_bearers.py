"""Credentials without a browser: a token in a file, bound to a base and never told."""

import os
from pathlib import Path
from threading import Timer
from typing import Any

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


@pytest.mark.parametrize("meanwhile", ["", "\n", " \r\n"])
def test_a_file_that_is_blank_while_it_is_written_is_waited_for(tmp_path: Path, meanwhile: str) -> None:
    kept = tmp_path / "token"
    kept.write_text(meanwhile)
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


def pipe(place: Path) -> Path:
    os.mkfifo(place)
    return place


@pytest.mark.parametrize("made", [pipe, lambda _: Path("/dev/zero"), lambda place: place.parent])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, made: Any) -> None:
    named = made(tmp_path / "token")

    with pytest.raises(SourceError, match=f"{named}: .*Name a file that holds the token"):
        TokenFile(named, BASE).credential()


def test_a_token_as_long_as_a_file_may_be_is_sent_whole_and_a_longer_one_not_at_all(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    kept.write_text("a" * 65_536)
    assert TokenFile(kept, BASE).credential() == Credential("Bearer " + "a" * 65_536, BASE)

    kept.write_text("a" * 65_537)
    with pytest.raises(SourceError, match="got more than 64 KB") as refusal:
        TokenFile(kept, BASE).credential()
    assert "aaa" not in str(refusal.value)
