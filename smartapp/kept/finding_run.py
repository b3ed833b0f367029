"""Which run a folder is that somebody names on the command line."""

from pathlib import Path

from smartapp.kept.archive import ArchiveError


def find_run(place: Path) -> Path:
    """The run that a folder is, or, for the folder that was given with `--out`, the only one that it holds.

    Raises:
        ArchiveError: it is no run and holds none, or several.
    """
    if (place / "run.json").is_file():
        return place
    found = sorted(path.parent for path in place.glob("runs/*/run.json"))
    if len(found) != 1:
        many = f"it holds {len(found)}: {', '.join(run.name[:12] for run in found)}" if found else "it holds none"
        raise ArchiveError(
            f"{place}: expected a run (runs/<fingerprint>), or a folder with one run; {many}. Name the run."
        )
    return found[0]
