"""Where things lie in a binder, and which of them are the run that its numbers are counted from again."""

import re
from pathlib import Path

from smartapp.kept.runs import COUNTED, table_file

COVER = "00-cover"
IDENTITY = "01-identity-and-eligibility"
PERIOD = "02-period-and-why"
SCORE = "03-score-and-trace"
INPUTS = f"{SCORE}/inputs"
SUBMITTED = f"{SCORE}/submitted"
MEASURES = "04-measures"
ANSWERS = "05-attestations"
DOCUMENTS = "06-documents"
METHOD = "07-method-and-rulebook"
BESIDE = "08-differences-to-ehr-report"
EHR_REPORT = f"{BESIDE}/ehr-report.csv"
INDEX = "index.html"
SIGNATURE_OF_ANSWERS = f"{ANSWERS}/signature.json"
SIGNATURE_STATE = f"{ANSWERS}/signature-state.json"

TALLIES = "tallies.json"
OF_SCORE = {
    "score.json": f"{SCORE}/score.json",
    "submission.json": f"{SCORE}/submission.json",
    "cases.csv": f"{SCORE}/cases.csv",
    "attestations.json": f"{ANSWERS}/attestations.json",
}
"""Files of a score's folder."""

OUTSIDE = ("event", "resource", "reference", "current_directory")
"""Tables of a run that stay with the practice: they hold record numbers, and nothing is counted from them again."""


_TEXTS = re.compile(r"rules\.toml|site\.json|profile[A-Za-z0-9._-]*\.toml")


def of_run(run: Path) -> dict[str, str]:
    """The files of a run's folder from which it is counted and scored again, and where they lie in a binder."""
    profiles = [file.name for file in sorted(run.glob("profile*.toml"))]
    texts = {name: f"{METHOD}/{name}" for name in ("rules.toml", *profiles, "site.json")}
    return texts | {name: f"{INPUTS}/{name}" for name in _inputs()}


def run_name(name: str) -> str | None:
    """The name that a binder's file had in its run's folder; None for one that does not belong there."""
    folder, _, file = name.rpartition("/")
    is_ours = file in _inputs() if folder == INPUTS else folder == METHOD and _TEXTS.fullmatch(file)
    return file if is_ours else None


def _inputs() -> tuple[str, ...]:
    return ("run.json", *(table_file(Path(), table).name for table in COUNTED))
