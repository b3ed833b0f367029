"""The status file: as its published schema says, and without anything of a patient, like all that a run prints."""

import json
import logging
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from smartapp.cli.nightly import carry_out
from smartapp.nightly.config import load_clinic
from smartapp.nightly.endings import NotWhole
from smartapp.nightly.status import SCHEMA, State, Status, Step, schema
from tests.smartapp.canaries import Canaries, as_lines, damaged
from tests.smartapp.canaries import practice as full_of_canaries
from tests.unattended.nights import Practice, practice

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "status.schema.json"
CHECKED = Draft202012Validator(schema())


@pytest.fixture
def clinic(tmp_path: Path) -> Practice:
    return practice(tmp_path, True, True, False)


def test_the_published_schema_is_that_of_the_code() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == schema()
    Draft202012Validator.check_schema(schema())


@pytest.mark.requirement("R123")
def test_every_status_of_a_run_is_as_the_schema_says(clinic: Practice) -> None:
    written = list[tuple[str, str]]()

    def look(point: str) -> None:
        if point == "after the rename of status.json":
            status = clinic.status()
            CHECKED.validate(status)
            written.append((status["state"], status["step"]))

    clinic.night(at=look)
    assert written == [*((State.RUNNING, step) for step in _STEPS), (State.DONE, Step.ENDED)]
    CHECKED.validate(clinic.status())


_STEPS = (Step.STARTING, Step.COUNTING, Step.PUBLISHING, Step.COMMITTING, Step.TELLING)


@pytest.mark.requirement("R123")
def test_the_status_of_a_run_that_failed_is_as_the_schema_says(clinic: Practice) -> None:
    export = clinic.root / "export" / "all.ndjson"
    export.write_bytes(export.read_bytes()[:-20])
    with pytest.raises(NotWhole):
        clinic.night()

    CHECKED.validate(clinic.status())


@pytest.mark.parametrize(
    "spoilt", [{"state": "sleeping"}, {"exit_code": 3}, {"more": 1}, {"ended": "tonight"}, {"run": "abc"}]
)
def test_what_no_run_says_is_not_as_the_schema_says(spoilt: dict[str, object]) -> None:
    status = json.loads(json.dumps(Status("2026-07-01T03:00:00+00:00").as_document()))
    assert (status["schema"], list(CHECKED.iter_errors(status))) == (SCHEMA, [])
    assert list(CHECKED.iter_errors({**status, **spoilt}))


@pytest.mark.requirement("R123", "R98")
@pytest.mark.parametrize("is_damaged", [False, True])
def test_nothing_of_a_patient_stands_in_what_a_run_prints_logs_and_keeps_for_schedulers(
    is_damaged: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    made, canaries = practice(tmp_path), Canaries()
    lines = as_lines(full_of_canaries(canaries))
    damage = b"\n".join(damaged(canaries)) if is_damaged else b""
    (tmp_path / "export" / "all.ndjson").write_bytes(lines + damage)
    with caplog.at_level(logging.DEBUG), pytest.raises(SystemExit) as ended:
        carry_out(load_clinic(made.config), made.machine(), in_json=True)
    with caplog.at_level(logging.DEBUG), pytest.raises(SystemExit):
        carry_out(load_clinic(made.config), made.machine(), in_json=False)

    printed = capsys.readouterr()
    kept = "".join(file.read_text() for file in [made.out / "status.json", *(made.out / ".night").glob("*.json")])
    told = printed.out + printed.err + caplog.text + kept
    assert ended.value.code == (8 if is_damaged else 4)
    assert not [canary for canary in canaries.places if canary in told]
    assert "1931-01-17" not in told
