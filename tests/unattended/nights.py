"""A small practice that is read unattended: its settings, its machine, and what a run left behind."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from smartapp.nightly.config import load_clinic
from smartapp.nightly.machine import Machine
from smartapp.nightly.night import Speaking, run_night
from smartapp.nightly.status import Status
from tests.extractors.practice import A, C, Json, prescription, staff, transmission

MIDNIGHT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
PLENTY = 10**12
_BOOKKEEPING = (".night", "status.json")


def day(number: int) -> str:
    """The 1st of March 2026 is 1; ten o'clock in New York."""
    return (datetime(2026, 2, 28, 15, tzinfo=UTC) + timedelta(days=number)).isoformat()


def orders(*sent: bool) -> list[Json]:
    """An order for each day from 1 March on, one for each answer: sent that day, or not, which the site vouches for."""
    found = []
    for number, is_sent in enumerate(sent, 1):
        name = f"rx-{number}"
        found += [prescription(name, day(number)), *([transmission(name, day(number))] if is_sent else [])]
    return found


@dataclass
class Practice:
    """A practice's folder: an export, the settings, an attestation file."""

    root: Path
    now: datetime = MIDNIGHT
    free: int = PLENTY
    said: list[str] = field(default_factory=list)
    shown: list[Json] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    breaks_at: int | None = None

    @property
    def config(self) -> Path:
        return self.root / "clinic.toml"

    @property
    def out(self) -> Path:
        return self.root / "results"

    def export(self, resources: Iterable[Json]) -> None:
        self.export_only([*staff(), *resources])

    def export_only(self, resources: Iterable[Json]) -> None:
        folder = self.root / "export"
        folder.mkdir(exist_ok=True)
        (folder / "all.ndjson").write_text("".join(json.dumps(one) + "\n" for one in resources))

    def reads(self, base: str, *lines: str) -> None:
        """Let the practice read a server that lets anybody read, about patient p."""
        (self.root / "ids.txt").write_text("p\n")
        server = ["[server]", f'base = "{base}"', 'data = "records"', "rate = 0", *lines, ""]
        self.settings(source="\n".join(server))

    def settings(self, *lines: str, source: str = 'from = "export"', reports: str = "") -> None:
        (self.root / "site.toml").write_text('closed_world = ["prescription-transmitted"]\ndata_until = 2026-12-31\n')
        report = reports or '[[report]]\nattestations = "attestations.toml"\n'
        self.config.write_text(
            "\n".join(["year = 2026", 'out = "results"', 'site = "site.toml"', *lines, source, report])
        )

    def attest(self, *lines: str, start: str = "2026-01-01", end: str = "2026-06-29") -> None:
        head = f'year = 2026\n[reporter]\ntin = "{A}"\nnpi = "{C}"\n'
        period = f"[period]\nstart = {start}\nend = {end}\n" if start else ""
        (self.root / "attestations.toml").write_text(head + period + "\n".join(lines))

    def machine(self, **changes: Any) -> Machine:
        return Machine(**{"now": lambda: self.now, "free": lambda _: self.free, "at": self._at, **changes})

    def _at(self, point: str) -> None:
        self.points.append(point)
        if len(self.points) - 1 == self.breaks_at:
            raise Killed(point)

    def night(self, **changes: Any) -> Status:
        """One run, an hour after the one before."""
        self.said.clear()
        self.shown.clear()
        self.now += timedelta(hours=1)
        return run_night(load_clinic(self.config), self.machine(**changes), Speaking(self._hear))

    def _hear(self, lines: tuple[str, ...], status: Status) -> None:
        self.said += lines
        self.shown.append(status.as_document())

    def status(self) -> Json:
        return dict(json.loads((self.out / "status.json").read_bytes()))

    def left(self) -> dict[str, bytes]:
        """Every file of the results but the bookkeeping of runs, by its path."""
        files = (path for path in self.out.rglob("*") if path.is_file())
        named = {path.relative_to(self.out).as_posix(): path for path in files}
        return {name: path.read_bytes() for name, path in named.items() if not name.startswith(_BOOKKEEPING)}


class Killed(BaseException):
    """The process ends here."""


def practice(root: Path, *sent: bool) -> Practice:
    """A practice of one clinician with an order a day."""
    made = Practice(root)
    made.export(orders(*sent))
    made.settings()
    made.attest()
    return made


def copy_of(made: Practice, root: Path) -> Practice:
    """The same practice in another folder, which nothing was heard of yet."""
    shutil.copytree(made.root, root, dirs_exist_ok=True)
    return replace(made, root=root, said=[], shown=[], points=[])
