"""The status file: what a scheduler can know of the run that is going on or was the last, and nothing of a patient.

One JSON document, `status.json` in the folder of the results, written whole at every step. Its schema is published as
docs/reference/status.schema.json.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from smartapp import __version__
from smartapp.durable import Files
from smartapp.kept.runs import as_json

NAME, SCHEMA = "status.json", "pi180/status/1"


class State(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    PARKED = "parked"
    """Waits for something outside, such as the server, a permission or room on the disk; the next run goes on."""
    DONE = "done"
    FAILED = "failed"
    """Nothing will come of it before a person changes something."""


class Step(StrEnum):
    """What a run is at, in this order."""

    STARTING = "starting"
    FETCHING = "fetching"
    COUNTING = "counting"
    PUBLISHING = "publishing"
    COMMITTING = "committing"
    TELLING = "telling"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Counted:
    """One measure of a report; `met` and `unknown` are parts of `denominator`. Unless `readable`, they say nothing."""

    measure: str
    readable: bool
    met: int
    denominator: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Reported:
    """One reporter's report; days are ISO 8601, both included. `points` None: not determinable or not whole."""

    folder: str
    start: str
    end: str
    points: int | None
    before_gate: int
    up_to: int | None
    determinable: bool
    gate_shut: bool
    measures: tuple[Counted, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """How whole the input is: lines set aside of all lines, and the types that were not read whole, with why."""

    set_aside: int = 0
    of: int = 0
    not_whole: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """One run as a scheduler sees it.

    `started` and `ended` are UTC, ISO 8601. `run` is the fingerprint, `way` how the source was read (folder, crawl,
    bulk; empty before) and `reason` why a server was crawled although it was to be exported. `news` are the keys of the
    findings that the run before did not have. `exit_code` is None until the run ended.
    """

    started: str
    state: State = State.RUNNING
    step: Step = Step.STARTING
    ended: str | None = None
    way: str = ""
    reason: str = ""
    run: str | None = None
    changed: bool = False
    reports: tuple[Reported, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    news: tuple[str, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    cautions: tuple[str, ...] = ()
    next_action: str = ""
    exit_code: int | None = None

    def as_document(self) -> dict[str, Any]:
        """As it is written."""
        return {"schema": SCHEMA, "version": __version__, **asdict(self)}


def write_status(out: Path, status: Status, files: Files) -> None:
    """Put the status of a run in its place."""
    files.write(out / NAME, as_json(status.as_document()).encode())


def stamp(moment: datetime) -> str:
    """A moment as the status file has it."""
    return moment.isoformat(timespec="seconds")


_TEXT: Mapping[str, Any] = {"type": "string"}
_COUNT: Mapping[str, Any] = {"type": "integer", "minimum": 0}
_YES_NO: Mapping[str, Any] = {"type": "boolean"}
_DAY: Mapping[str, Any] = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_MOMENT: Mapping[str, Any] = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\+00:00$"}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `Status.as_document`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pi180 run --config: how the run stands",
        **_object(
            schema={"const": SCHEMA},
            version=_TEXT,
            started=_MOMENT,
            ended=_or_none(_MOMENT),
            state=_one_of(State),
            step=_one_of(Step),
            way={"enum": ["", "folder", "crawl", "bulk"]},
            reason=_TEXT,
            run=_or_none({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
            changed=_YES_NO,
            reports=_list(_report_schema()),
            findings=_list(_finding_schema()),
            news=_list(_TEXT),
            ledger=_object(
                set_aside=_COUNT, of=_COUNT, not_whole={"type": "object", "additionalProperties": {"type": "string"}}
            ),
            cautions=_list(_TEXT),
            next_action=_TEXT,
            exit_code=_or_none({"enum": [0, 1, 2, 4, 5, 6, 8, 9, 130, 143]}),
        ),
    }


def _report_schema() -> dict[str, Any]:
    return _object(
        folder=_TEXT,
        start=_DAY,
        end=_DAY,
        points=_or_none(_COUNT),
        before_gate=_COUNT,
        up_to=_or_none(_COUNT),
        determinable=_YES_NO,
        gate_shut=_YES_NO,
        measures=_list(_object(measure=_TEXT, readable=_YES_NO, met=_COUNT, denominator=_COUNT, unknown=_COUNT)),
    )


def _finding_schema() -> dict[str, Any]:
    return _object(
        key=_TEXT,
        code={"type": "string", "pattern": "^F-[0-9]{3}$"},
        severity={"enum": ["error", "warning", "note"]},
        subject=_TEXT,
        report=_TEXT,
        message=_TEXT,
        remedy=_TEXT,
        cites=_list(_TEXT),
    )


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _or_none(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [found, {"type": "null"}]}


def _one_of(words: type[StrEnum]) -> dict[str, Any]:
    return {"enum": [word.value for word in words]}
