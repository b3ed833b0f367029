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
from smartapp.published_schema import COUNT, TEXT, YES_NO, list_of, object_of, one_of, or_none
from smartapp.written import as_json

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


_DAY: Mapping[str, Any] = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_MOMENT: Mapping[str, Any] = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\+00:00$"}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `Status.as_document`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pi180 run --config: how the run stands",
        **object_of(
            schema={"const": SCHEMA},
            version=TEXT,
            started=_MOMENT,
            ended=or_none(_MOMENT),
            state=one_of(State),
            step=one_of(Step),
            way={"enum": ["", "folder", "crawl", "bulk"]},
            reason=TEXT,
            run=or_none({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
            changed=YES_NO,
            reports=list_of(_report_schema()),
            findings=list_of(_finding_schema()),
            news=list_of(TEXT),
            ledger=object_of(
                set_aside=COUNT, of=COUNT, not_whole={"type": "object", "additionalProperties": {"type": "string"}}
            ),
            cautions=list_of(TEXT),
            next_action=TEXT,
            exit_code=or_none({"enum": [0, 1, 2, 4, 5, 6, 8, 9, 130, 143]}),
        ),
    }


def _report_schema() -> dict[str, Any]:
    return object_of(
        folder=TEXT,
        start=_DAY,
        end=_DAY,
        points=or_none(COUNT),
        before_gate=COUNT,
        up_to=or_none(COUNT),
        determinable=YES_NO,
        gate_shut=YES_NO,
        measures=list_of(object_of(measure=TEXT, readable=YES_NO, met=COUNT, denominator=COUNT, unknown=COUNT)),
    )


def _finding_schema() -> dict[str, Any]:
    return object_of(
        key=TEXT,
        code={"type": "string", "pattern": "^F-[0-9]{3}$"},
        severity={"enum": ["error", "warning", "note"]},
        subject=TEXT,
        report=TEXT,
        message=TEXT,
        remedy=TEXT,
        cites=list_of(TEXT),
    )
