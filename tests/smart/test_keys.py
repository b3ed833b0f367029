"""A folder of keys: for its owner alone, and replaced in the order that loses no token."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from smartapp.cli import main
from smartapp.smart.assertion import SigningKeyError, client_assertion
from smartapp.smart.keys import (
    PUBLIC,
    Standing,
    new_ring,
    problems,
    problems_published,
    read_ring,
    replace_at_once,
    rotate,
    signing_key,
    write_public,
)

START = datetime(2026, 11, 22, 5, tzinfo=UTC)
CACHE = timedelta(hours=24)
URL = "https://keys.example.org/jwks.json"


def kids(folder: Path) -> list[str]:
    return [key["kid"] for key in json.loads((folder / PUBLIC).read_text())["keys"]]


@pytest.mark.requirement("R35")
@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_private_keys_are_for_their_owner_and_the_public_file_holds_none(tmp_path: Path, alg: str) -> None:
    folder = tmp_path / "k"
    ring = new_ring(folder, alg, None, CACHE, START)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{ring.signs.kid}.jwk").stat().st_mode) == 0o600
    (public,) = json.loads((folder / PUBLIC).read_text())["keys"]
    assert set(public) == {"kty", "kid", "use", "alg"} | ({"crv", "x", "y"} if alg == "ES384" else {"n", "e"})
    assert client_assertion(signing_key(folder), "night", URL, START).count(".") == 2


@pytest.mark.requirement("R35")
def test_a_key_that_others_can_open_is_refused(tmp_path: Path) -> None:
    ring = new_ring(tmp_path / "k", "ES384", None, CACHE, START)
    (tmp_path / "k" / f"{ring.signs.kid}.jwk").chmod(0o640)

    with pytest.raises(SigningKeyError, match="owner alone"):
        signing_key(tmp_path / "k")
    assert any("owner alone" in problem for problem in problems(ring))


@pytest.mark.requirement("R34")
def test_a_new_key_is_published_first_signs_later_and_the_old_one_goes_last(tmp_path: Path) -> None:
    folder = tmp_path / "k"
    old = new_ring(folder, "ES384", None, CACHE, START).signs.kid
    rotate(folder, START)
    coming = read_ring(folder).of(Standing.NEXT)
    assert coming is not None
    assert kids(folder) == [old, coming.kid]

    for hours, signs, shown in [
        (47, old, [old, coming.kid]),
        (48, coming.kid, [old, coming.kid]),
        (71, coming.kid, [old, coming.kid]),
        (72, coming.kid, [coming.kid]),
    ]:
        rotate(folder, START + timedelta(hours=hours))
        assert (signing_key(folder).kid, kids(folder)) == (signs, shown)
        assert problems(read_ring(folder)) == []
    assert not (folder / f"{old}.jwk").exists()


@pytest.mark.requirement("R34")
def test_a_key_that_is_not_published_yet_does_not_sign_and_the_wait_begins_again(tmp_path: Path) -> None:
    folder = tmp_path / "k"
    old = new_ring(folder, "ES384", URL, CACHE, START).signs.kid
    rotate(folder, START)
    step = rotate(folder, START + timedelta(hours=60), frozenset({old}))

    assert "does not show" in step.next
    rotate(folder, START + timedelta(hours=61), frozenset(kids(folder)))
    assert signing_key(folder).kid == old
    rotate(folder, START + timedelta(hours=108), frozenset(kids(folder)))
    assert signing_key(folder).kid != old


def test_keys_that_somebody_may_know_are_gone_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "k"
    old = new_ring(folder, "ES384", None, CACHE, START).signs.kid
    replace_at_once(folder, START)

    assert kids(folder) == [signing_key(folder).kid]
    assert kids(folder) != [old]
    assert [file.suffix for file in folder.iterdir()].count(".jwk") == 1


@pytest.mark.requirement("R33")
def test_what_is_wrong_with_the_published_keys_is_told(tmp_path: Path) -> None:
    ring = new_ring(tmp_path / "k", "ES384", URL, CACHE, START)
    (ours,) = ring.public()["keys"]
    private = json.loads((tmp_path / "k" / f"{ours['kid']}.jwk").read_text())

    assert problems_published(ring, {"keys": [ours]}) == []
    assert "is not there" in problems_published(ring, {"keys": []})[0]
    assert "stands there twice" in problems_published(ring, {"keys": [ours, ours]})[0]
    assert "is another one" in problems_published(ring, {"keys": [{**ours, "x": "AAAA"}]})[0]
    assert "PRIVATE" in problems_published(ring, {"keys": [private]})[0]


def test_the_verbs_make_check_and_print_keys(tmp_path: Path) -> None:
    folder = str(tmp_path / "k")
    made = CliRunner().invoke(main, ["keys", "new", folder, "--alg", "ES384", "--url", URL])
    assert made.exit_code == 0
    assert json.loads(CliRunner().invoke(main, ["keys", "jwks", folder]).stdout)["keys"][0]["alg"] == "ES384"
    assert "1 keys, sound" in CliRunner().invoke(main, ["keys", "check", folder]).stdout
    assert "next step from" in CliRunner().invoke(main, ["keys", "rotate", folder]).stdout
    (tmp_path / "k" / PUBLIC).write_text("{}")
    assert CliRunner().invoke(main, ["keys", "check", folder]).exit_code == 8
    write_public(read_ring(tmp_path / "k"))
    assert CliRunner().invoke(main, ["keys", "check", folder]).exit_code == 0
    assert CliRunner().invoke(main, ["keys", "new", folder]).exit_code == 2
