"""What a run leaves for the next one: how far it came, and what the last one that came to its end said."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from smartapp.durable import Files
from smartapp.nightly.alerts import Alert, of_document
from smartapp.nightly.machine import Parked
from smartapp.nightly.status import Counted, Ledger, Reported
from smartapp.written import as_json

FOLDER, NAME, SCHEMA = ".night", "state.json", "pi180/night/1"
_VERSION = re.compile(r"pi180/night/[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Committed:
    """A run that came to its end.

    `identity` is a digest of all that decides the results, `run` the fingerprint, `outputs` the SHA-256 of every file
    by its path below the results. `lines`, `news` and `code` are what is to be said of it; `told` whether it was.
    """

    identity: str
    run: str
    way: str
    reason: str
    reports: tuple[Reported, ...]
    alerts: tuple[Alert, ...]
    ledger: Ledger
    outputs: Mapping[str, str]
    lines: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    code: int = 0
    told: bool = False

    def report(self, folder: str) -> Reported | None:
        """The report of a folder."""
        return next((one for one in self.reports if one.folder == folder), None)


@dataclass(frozen=True, slots=True)
class State:
    """Where the runs of one folder stand.

    `last` is when a run last wrote here, `fetched` when a server was read by a run that has not come to its end yet.
    """

    last: str | None = None
    fetched: str | None = None
    committed: Committed | None = field(default=None)

    @property
    def last_moment(self) -> datetime | None:
        """`last`, as a moment."""
        return datetime.fromisoformat(self.last) if self.last else None


def read_state(folder: Path) -> State:
    """What is kept; the beginning, where nothing is.

    Raises:
        Parked: it is damaged, or of another version.
    """
    try:
        said = json.loads((folder / NAME).read_bytes())
        _check_version(said["schema"], folder)
        committed = said["committed"]
        return State(said["last"], said["fetched"], _committed(committed) if committed else None)
    except FileNotFoundError:
        return State()
    except (ValueError, LookupError, TypeError):
        raise Parked(
            f"{folder / NAME}: is damaged. Remove it: the next run begins anew and tells everything once more."
        ) from None


def _check_version(schema: object, folder: Path) -> None:
    """Refuse what another version of pi180 wrote, which is not damaged and not to be removed."""
    if schema == SCHEMA:
        return
    if not isinstance(schema, str) or not _VERSION.fullmatch(schema):
        raise TypeError("no schema of ours")
    raise Parked(
        f"{folder / NAME}: was written as {schema}, and this pi180 reads {SCHEMA}. Run the pi180 that wrote it, or "
        "move the file away: the next run then begins anew and tells everything once more."
    )


def write_state(folder: Path, state: State, files: Files) -> None:
    """Keep it."""
    committed = state.committed
    said: dict[str, Any] = {"schema": SCHEMA, **asdict(state)}
    said["committed"] = (
        {**said["committed"], "alerts": [a.as_document() for a in committed.alerts]} if committed else None
    )
    files.write(folder / NAME, as_json(said).encode())


def _committed(said: Mapping[str, Any]) -> Committed:
    reports = (Reported(**{**r, "measures": tuple(Counted(**m) for m in r["measures"])}) for r in said["reports"])
    read = {
        "reports": tuple(reports),
        "alerts": tuple(map(of_document, said["alerts"])),
        "ledger": Ledger(**said["ledger"]),
        "lines": tuple(said["lines"]),
        "news": tuple(said["news"]),
    }
    return Committed(**{**said, **read})
