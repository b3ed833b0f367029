"""Word of a run that could not even begin: its settings cannot be used, and a scheduler reads the status file alone."""

from pathlib import Path
from typing import Any

from extractors.strict_toml import read_toml
from smartapp.durable import Files
from smartapp.nightly.config import WHAT, check_apart
from smartapp.nightly.endings import UNUSABLE
from smartapp.nightly.lease import Lease
from smartapp.nightly.machine import Machine, Parked
from smartapp.nightly.problems import ConfigError
from smartapp.nightly.state import FOLDER
from smartapp.nightly.status import State, Status, stamp, write_status


def leave_word(path: Path, machine: Machine) -> bool:
    """Write a status that says that the settings in a file cannot be used.

    Returns:
        Whether it was written: not where the settings do not say where, and not while another run is at work there.
    """
    try:
        out = _results_of(path)
        folder = out / FOLDER
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(out, path.name, Lease.take(folder, machine), machine)
    except (ConfigError, Parked, OSError):
        return False
    return True


def _write(out: Path, name: str, lease: Lease, machine: Machine) -> None:
    now = stamp(machine.now())
    mend = f"Mend the settings: pi180 config check {name}"
    try:
        with lease.alone():
            write_status(out, Status(now, State.FAILED, ended=now, next_action=mend, exit_code=UNUSABLE), Files())
    finally:
        lease.release()


def _results_of(path: Path) -> Path:
    """The folder of the results, whatever else is wrong.

    Raises:
        ConfigError: it cannot be told, or lies where a run reads.
    """
    said = read_toml(path, WHAT, ConfigError)[1]
    if not isinstance(said.get("out"), str):
        raise ConfigError(f"{path.name}: 'out' is missing. Add it.")
    out = path.parent / str(said["out"])
    for source in _sources(said):
        check_apart(out, path.parent / source, path.name)
    return out


def _sources(said: dict[str, Any]) -> list[str]:
    server = said.get("server")
    named = [said.get("from"), server.get("data") if isinstance(server, dict) else None]
    return [one for one in named if isinstance(one, str)]
