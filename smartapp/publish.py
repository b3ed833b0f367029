"""Write what one scored reading leaves: the report, the cases, the submission, and the run behind them."""

from dataclasses import asdict, dataclass
from pathlib import Path

from scoring.explain import as_document
from scoring.submission import write
from smartapp.evidence import case_rows
from smartapp.exports.cases_csv import cases_csv
from smartapp.report import render
from smartapp.runs import as_json, write_run, write_text
from smartapp.usecases import Scored


@dataclass(frozen=True, slots=True)
class Published:
    """Where things are. `submission` is None when the input was not whole: nothing may be submitted from it."""

    report: Path
    cases: Path
    score: Path
    submission: Path | None
    run: Path


def publish(scored: Scored, out: Path) -> Published:
    """Write report.html, cases.csv, score.json, submission.json and the run folder below `out`.

    The submission carries met cases only. A submission that an earlier run left is removed when this one
    may not be submitted.
    """
    out.mkdir(parents=True, exist_ok=True)
    rows = case_rows(scored.reading)
    texts = {
        "report.html": render(scored, rows),
        "cases.csv": cases_csv(rows),
        "score.json": as_json(
            {
                **as_document(scored.score),
                "run": scored.reading.fingerprint,
                "blocked": list(scored.reading.faults),
            }
        ),
    }
    submission = as_json(write(scored.submission, scored.reading.rules))
    if not scored.reading.faults:
        texts["submission.json"] = submission
    (out / "submission.json").unlink(missing_ok=True)
    for name, text in texts.items():
        write_text(out / name, text)
    kept = {name: text for name, text in texts.items() if name != "report.html"}
    kept["attestations.json"] = as_json(asdict(scored.attestations))
    run = write_run(out / "runs", scored.reading, kept)
    given = out / "submission.json" if not scored.reading.faults else None
    return Published(out / "report.html", out / "cases.csv", out / "score.json", given, run)
