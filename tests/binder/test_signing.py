import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from bound import AT, SIGNER, Practice, answers_of, period_of, publish_again
from click.testing import CliRunner, Result

from extractors.sources.folder import FileState
from scoring.model import Period
from scoring.rulebook import load
from smartapp import paths
from smartapp.attesting.attestations import from_document
from smartapp.attesting.signature import (
    Signed,
    Signer,
    Unsigned,
    Void,
    in_words,
    signature_of,
    state_document,
    state_name,
)
from smartapp.attesting.signing import NotReadyToSign, read_signature, sign, signature_file, state_of
from smartapp.binder.bundling import Bundling, bundle
from smartapp.cli import main
from smartapp.errors import UsageError
from smartapp.kept.archive import ArchiveError, counted_again, open_score
from smartapp.kept.publish import publish
from smartapp.kept.runs import table_file
from smartapp.kept.score_files import check_borne_out
from smartapp.scored import score_reading
from smartapp.signing_key import in_groups, new_signing_key, read_signing_key, trusted_fingerprint
from smartapp.usecases import Reading, Source, read

SIGNED = "Signed by Ada Example, practice manager, on November 22, 2026, 15:04 UTC, reason: submission of 2026."


def pi180(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def answered(place: Path, **changed: Any) -> None:
    """Other answers in the place of those that are there, and nothing else."""
    file = place / "attestations.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changed}))


def kept_of(place: Path) -> dict[str, bytes]:
    """The copy of what was signed last."""
    file = signature_file(place)
    assert file is not None
    return {kept.name: kept.read_bytes() for kept in file.parent.iterdir()}


def test_j24_signing_freezes_the_run_and_any_later_change_voids_the_signature_on_page_and_in_json(
    own: Practice,
) -> None:
    done = pi180("sign", "--run", own.out, "--key", own.key_file, *_who())
    assert done.exit_code == 0, done.output
    assert re.fullmatch(
        r"Signed by Ada Example, practice manager, on .* UTC, reason: submission of 2026\.\n", done.output
    )
    assert done.output.strip() in (own.out / "report.html").read_text()
    assert json.loads(pi180("signature", "--run", own.out, "--json").output)["text"] == done.output.strip()
    frozen = kept_of(own.place)
    assert frozen["score.json"] == (own.place / "score.json").read_bytes()

    _without_bonus(own)
    told = pi180("signature", "--run", own.out, "--json")
    state = json.loads(told.output)
    assert (told.exit_code, state["state"]) == (7, "void")
    assert state["why"] == ["the answers changed", "the score changed", "the submission changed"]
    assert state["text"].startswith("Signature void: the answers changed; the score changed; the submission changed")
    assert state["text"] in (own.out / "report.html").read_text()
    assert kept_of(own.place) == frozen

    again = pi180("sign", "--run", own.out, "--key", own.key_file, *_who())
    assert again.exit_code == 0, again.output
    assert json.loads(pi180("signature", "--run", own.out, "--json").output)["signature"]["version"] == 2


def _who() -> tuple[str, ...]:
    return ("--name", SIGNER.name, "--role", SIGNER.role, "--reason", SIGNER.reason)


def _without_bonus(practice: Practice) -> None:
    """The run's score is made again, without the registry of the bonus."""
    answers = answers_of(practice.place)
    kept = {measure: yes for measure, yes in answers["answers"].items() if not measure.startswith("PI_PHCDRR_5")}
    publish_again(practice, period_of(practice), {**answers, "answers": kept})


def test_what_nobody_signed_is_not_signed(own: Practice) -> None:
    assert state_of(own.place) == Unsigned()
    assert in_words(Unsigned()) == "Not signed."
    assert state_document(Unsigned())["signature"] is None
    assert pi180("signature", "--run", own.out).output == "Not signed.\n"
    assert "Signed by" not in (own.out / "report.html").read_text()


def test_a_signature_says_who_when_in_which_role_and_why(own: Practice) -> None:
    at = datetime(2026, 11, 22, 10, 4, tzinfo=timezone(timedelta(hours=-5)))
    state = sign(own.place, SIGNER, own.key, at)
    assert state == state_of(own.place)
    assert in_words(state) == SIGNED
    assert state.signature.at == AT
    assert state.signature.at.tzinfo is UTC
    assert state.signature.key == own.key.public.fingerprint


def test_writing_the_same_again_leaves_the_signature_as_it_is(own: Practice) -> None:
    sign(own.place, SIGNER, own.key, AT)
    publish_again(own, period_of(own), answers_of(own.place))
    assert in_words(state_of(own.place)) == SIGNED
    assert SIGNED in (own.out / "report.html").read_text()


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("attestations.json", "the answers changed"),
        ("../tallies.json", "the counts changed"),
        ("cases.csv", "the cases changed"),
        ("score.json", "the score changed"),
        ("submission.json", "the submission changed"),
    ],
)
def test_a_change_of_anything_that_was_signed_voids_the_signature_and_is_named(
    file: str, says: str, own: Practice
) -> None:
    sign(own.place, SIGNER, own.key, AT)
    with (own.place / file).open("a") as changed:
        changed.write("\n")
    state = state_of(own.place)
    assert isinstance(state, Void)
    assert state.why == (says,)
    (own.place / file).unlink()
    gone = state_of(own.place)
    assert isinstance(gone, Void)
    assert gone.why == (says,)


def test_answers_that_are_kept_elsewhere_void_a_signature_that_is_of_others(own: Practice) -> None:
    sign(own.place, SIGNER, own.key, AT)
    answers = answers_of(own.place)
    assert isinstance(state_of(own.place, answers), Signed)
    other = state_of(own.place, {**answers, "cehrt": {"id": "0015CZZZZZZ9999"}})
    assert isinstance(other, Void)
    assert other.why == ("the answers changed",)


@pytest.mark.parametrize(
    "word", ["Ada Example", "practice manager", "submission of 2026", "2026-11-22T15", "2026-07-05"]
)
def test_a_signature_that_was_changed_is_believed_in_nothing(word: str, own: Practice) -> None:
    sign(own.place, SIGNER, own.key, AT)
    file = signature_file(own.place)
    assert file is not None
    file.write_text(file.read_text().replace(word, word[:-1] + "0" if word[-1] != "0" else word[:-1] + "1"))
    assert state_of(own.place) == Void(None, ("the signature itself was changed",))
    assert in_words(state_of(own.place)) == "Signature void: the signature itself was changed after signing."


def test_a_signature_by_another_key_than_the_practices_is_void_where_that_key_is_known(own: Practice) -> None:
    other = new_signing_key(own.out / "other")
    sign(own.place, SIGNER, other, AT)
    assert in_words(state_of(own.place)) == SIGNED
    foreign = state_of(own.place, trusted={own.key.public.fingerprint})
    assert isinstance(foreign, Void)
    assert in_words(foreign) == (
        "Signature void: signed by a key that is not the practice's. The signature names Ada Example, practice "
        "manager, on November 22, 2026, 15:04 UTC."
    )
    assert isinstance(state_of(own.place, trusted={other.public.fingerprint, own.key.public.fingerprint}), Signed)
    assert isinstance(state_of(own.place, trusted=()), Void)


def test_what_another_key_signed_says_nothing_of_other_days(own: Practice) -> None:
    sign(own.place, SIGNER, own.key, AT)
    days = own.place.parent.with_name("2026-02-01--2026-08-05") / own.place.name
    assert isinstance(state_of(days, trusted={own.key.public.fingerprint}), Void)
    assert state_of(days, trusted={"0" * 64}) == Unsigned()


def test_the_practices_key_is_named_by_file_or_fingerprint_when_a_signature_is_looked_at(own: Practice) -> None:
    other = new_signing_key(own.out / "other")
    sign(own.place, SIGNER, own.key, AT)
    ours = pi180("signature", "--run", own.out, "--key", own.key_file.with_suffix(".pub"))
    assert (ours.exit_code, ours.output) == (0, f"{SIGNED}\n")
    theirs = pi180("signature", "--run", own.out, "--key", in_groups(other.public.fingerprint))
    assert (theirs.exit_code, "a key that is not the practice's" in theirs.output) == (7, True)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"signature": 1}', b'{"signature": "00", "public_key": "00"}', b"\xff"]
)
def test_what_is_no_signature_is_none(text: bytes) -> None:
    assert signature_of(text) is None


def test_a_score_for_other_days_or_of_another_run_says_that_other_numbers_were_signed(own: Practice) -> None:
    sign(own.place, SIGNER, own.key, AT)
    days = own.place.parent.with_name("2026-02-01--2026-08-05") / own.place.name
    days.mkdir(parents=True)
    state = state_of(days)
    assert isinstance(state, Void)
    assert state.why[0].startswith("the days changed (signed: run ")
    other = own.place.parent.parent.with_name("0" * 64) / own.place.parent.name / own.place.name
    other.mkdir(parents=True)
    elsewhere = state_of(other)
    assert isinstance(elsewhere, Void)
    assert elsewhere.why[0].startswith("the run changed (signed: run ")
    assert "2026-01-01 to 2026-07-05" in elsewhere.why[0]


def test_of_two_scores_of_a_reporter_and_year_only_what_was_signed_last_is_signed(own: Practice) -> None:
    publish_again(own, Period(date(2026, 1, 1), date(2026, 8, 1)), answers_of(own.place))
    other = own.place.parent.with_name("2026-01-01--2026-08-01") / own.place.name

    def states(trusted: str | None = None) -> list[str]:
        keys = None if trusted is None else {trusted}
        return [state_name(state_of(place, trusted=keys)) for place in (own.place, other)]

    sign(own.place, SIGNER, own.key, AT)
    sign(other, SIGNER, own.key, AT + timedelta(seconds=1))
    assert states() == states(own.key.public.fingerprint) == ["void", "signed"]
    assert in_words(state_of(own.place)) == (
        f"Signature void: superseded by what Ada Example signed on November 22, 2026 (run {own.place.parts[-3][:12]}, "
        "2026-01-01 to 2026-08-01). The signature names Ada Example, practice manager, on November 22, 2026, 15:04 UTC."
    )
    sign(own.place, SIGNER, own.key, AT + timedelta(seconds=2))
    assert states() == ["signed", "void"]
    sign(other, SIGNER, own.key, AT + timedelta(seconds=2))
    assert sorted(states()) == ["signed", "void"]
    assert states("0" * 64) == ["void", "void"]


def test_an_earlier_version_of_the_same_score_supersedes_nothing(own: Practice) -> None:
    sign(own.place, SIGNER, own.key, AT + timedelta(days=1))
    sign(own.place, SIGNER, own.key, AT)
    assert in_words(state_of(own.place)) == SIGNED


def test_a_signature_is_of_one_reporter_and_year(own: Practice) -> None:
    sign(own.place, SIGNER, own.key, AT)
    assert state_of(own.place.with_name("TIN-000180180-group")) == Unsigned()
    assert state_of(own.place.parent.with_name("2027-01-01--2027-07-05") / own.place.name) == Unsigned()


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"answers": {}}, "The gate is shut"),
        ({"reported": {}}, "not determinable"),
    ],
)
def test_nobody_signs_what_would_be_refused_or_is_not_known(answers: dict[str, Any], says: str, own: Practice) -> None:
    answered(own.place, **answers)
    with pytest.raises(NotReadyToSign, match=says):
        sign(own.place, SIGNER, own.key, AT)
    done = pi180("sign", "--run", own.place, "--key", own.key_file, *_who())
    assert done.exit_code == 4
    assert signature_file(own.place) is None


@pytest.mark.parametrize("field", ["name", "role", "reason"])
@pytest.mark.parametrize("text", ["", "  ", "two\nlines", "x" * 501])
def test_who_signs_says_something_on_one_line(field: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"{field}: expected one line"):
        Signer(**{"name": "n", "role": "r", "reason": "y", field: text})
    assert Signer(**{"name": "n", "role": "r", "reason": "y", field: "x" * 500})


def test_a_key_is_for_its_owner_alone_never_overwritten_and_known_by_its_fingerprint(tmp_path: Path) -> None:
    made = pi180("signing-key", "new", tmp_path / "key")
    assert made.exit_code == 0
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    key = read_signing_key(tmp_path / "key")
    for file in ("key", "key.pub"):
        shown = pi180("signing-key", "show", tmp_path / file).stdout.strip()
        assert shown == in_groups(key.public.fingerprint)
        assert shown in made.stdout
    assert trusted_fingerprint(in_groups(key.public.fingerprint)) == key.public.fingerprint
    assert pi180("signing-key", "new", tmp_path / "key").exit_code == 2
    assert read_signing_key(tmp_path / "key").public == key.public
    assert "private" not in repr(key).lower().replace("signingkey", "")


def test_a_key_that_others_may_read_or_that_is_none_does_not_sign(tmp_path: Path) -> None:
    new_signing_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600 key"):
        read_signing_key(tmp_path / "key")
    (tmp_path / "none").write_text("no key")
    for name in ("none", "missing", "key.pub"):
        with pytest.raises(UsageError):
            read_signing_key(tmp_path / name)
    for name in ("none", "missing", "key"):
        with pytest.raises(UsageError):
            trusted_fingerprint(str(tmp_path / name))


@pytest.fixture
def export(practice: Practice, tmp_path: Path) -> Iterator[Reading]:
    """The same data read again from files with other names, as the next export has them, for the same days."""
    source = practice.out.parent / "fhir"
    (tmp_path / "next").mkdir()
    for file in source.glob("*.ndjson"):
        shutil.copy(file, tmp_path / "next" / f"2026-11-23-{file.name}")
    site = paths.fixture("solo-2026") / "site.toml"
    with read(Source(tmp_path / "next", site), load(2026), period_of(practice)) as reading:
        yield reading


def published(reading: Reading, own: Practice, days: Period) -> None:
    """Publish a reading with the answers of a practice, attested for the days."""
    attested = replace(from_document(answers_of(own.place), "answers", reading.rules), period=days)
    publish(score_reading(reading, attested), own.out)


def test_the_same_data_from_other_files_leave_what_was_signed_signed_and_a_binder_is_made_of_every_score(
    own: Practice, export: Reading
) -> None:
    run, days = own.place.parent.parent, Period(date(2026, 1, 1), date(2026, 8, 1))
    sign(own.place, SIGNER, own.key, AT)
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    assert run.name == export.fingerprint
    published(export, own, period_of(own))
    published(counted_again(run, export, days), own, days)
    assert {file: file.read_bytes() for file in before} == before
    assert in_words(state_of(own.place)) == SIGNED
    other = run / "2026-01-01--2026-08-01" / own.place.name
    for place in (own.place, other):
        check_borne_out_again(place)
    assert bundle(Bundling(own.place, own.key))


def check_borne_out_again(place: Path) -> None:
    with open_score(place) as scored:
        check_borne_out(scored, place)


def test_what_nobody_signed_is_replaced_by_what_was_read_last(own: Practice, export: Reading) -> None:
    published(export, own, period_of(own))
    assert "2026-11-23-" in (own.place.parent.parent / "run.json").read_text()
    check_borne_out_again(own.place)


@pytest.mark.parametrize("spoilt", [b"", None])
def test_a_signed_run_that_is_not_whole_any_more_is_made_whole(
    spoilt: bytes | None, own: Practice, export: Reading
) -> None:
    sign(own.place, SIGNER, own.key, AT)
    table = table_file(own.place.parent.parent, "cases")
    table.unlink()
    if spoilt is not None:
        table.write_bytes(spoilt)
    published(export, own, period_of(own))
    with open_score(own.place) as scored:
        assert scored.score.points is not None


def test_a_report_of_what_was_not_read_whole_is_not_told_to_be_signed_and_what_was_signed_stays(
    own: Practice, export: Reading
) -> None:
    sign(own.place, SIGNER, own.key, AT)
    cut = replace(export.files[0], state=FileState.TRUNCATED)
    published(replace(export, files=(cut, *export.files[1:])), own, period_of(own))
    assert in_words(state_of(own.place)) == SIGNED
    assert "Signature void: the score changed after signing." in (own.out / "report.html").read_text()


FROZEN = {"attestations.json", "cases.csv", "score.json", "signature.json", "submission.json", "tallies.json"}


def test_signing_again_after_a_broken_write_goes_on_and_takes_nothing_of_it_along(own: Practice) -> None:
    sign(own.place, SIGNER, own.key, AT)
    kept = signature_file(own.place)
    assert kept is not None
    for broken in (".2", ".draft-2"):
        shutil.copytree(kept.parent, kept.parent.with_name(broken))
        (kept.parent.with_name(broken) / "old.txt").touch()
    assert sign(own.place, SIGNER, own.key, AT).signature.version == 2
    assert kept_of(own.place).keys() == FROZEN


def test_who_sign_at_once_each_have_a_version_of_their_own(own: Practice) -> None:
    with ThreadPoolExecutor(4) as threads:
        names = [f"Person {number}" for number in range(4)]
        made = list(threads.map(lambda name: sign(own.place, Signer(name, "r", "x"), own.key, AT), names))
    assert sorted(one.signature.version for one in made) == [1, 2, 3, 4]
    folder = own.place.parent / "signed" / own.place.name
    assert sorted(kept.name for kept in folder.iterdir()) == ["1", "2", "3", "4"]
    for one in made:
        version = folder / str(one.signature.version)
        assert {file.name for file in version.iterdir()} == FROZEN
        assert read_signature(version / "signature.json") == one.signature


def test_what_is_not_what_the_signer_stands_for_is_not_signed(own: Practice) -> None:
    seen = {"score.json": (own.place / "score.json").read_text()}
    with pytest.raises(ArchiveError, match="sign again"):
        sign(own.place, SIGNER, own.key, AT, {**seen, "cases.csv": "others"})
    assert signature_file(own.place) is None
    assert sign(own.place, SIGNER, own.key, AT, seen) == state_of(own.place)
