"""Which run, or which score in a run, a folder is that somebody names on the command line."""

from pathlib import Path

from smartapp.kept.archive import ArchiveError, named_period


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


def find_score(place: Path) -> Path:
    """The score that a folder is (`runs/<fingerprint>/<period>/<reporter>`), or the only one of the run that it is.

    Raises:
        ArchiveError: it is none, and holds none or several.
    """
    if (place / "score.json").is_file() and named_period(place.parent.name):
        return place.resolve()
    run = find_run(place)
    found = sorted(file.parent for file in run.glob("*/TIN-*/score.json"))
    if len(found) != 1:
        many = f"it holds {len(found)}: " + ", ".join(f"{one.parent.name}/{one.name}" for one in found) + "."
        raise ArchiveError(
            f"{run}: expected a run with one score; {many if found else 'it holds none: make one with pi180 run.'}"
            f"{' Name one: RUN/PERIOD/REPORTER.' if found else ''}"
        )
    return found[0].resolve()
