"""Where things lie in a binder, and which of them are the run that its numbers are counted from again."""

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


def of_run(run: Path) -> dict[str, str]:
    """The files of a run's folder from which it is counted and scored again, and where they lie in a binder."""
    profiles = [file.name for file in sorted(run.glob("profile*.toml"))]
    texts = {name: f"{METHOD}/{name}" for name in ("rules.toml", *profiles, "site.json")}
    tables = [table_file(run, table).name for table in COUNTED]
    return texts | {name: f"{INPUTS}/{name}" for name in ("run.json", *tables)}


def run_name(name: str) -> str | None:
    """The name that a binder's file had in its run's folder; None for one that does not belong there."""
    folder, _, file = name.rpartition("/")
    is_text = folder == METHOD and (file in ("rules.toml", "site.json") or file.startswith("profile"))
    return file if folder == INPUTS or is_text else None
