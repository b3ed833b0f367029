"""The files that are written of a score, and whether those that lie somewhere are what their run bears out."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from extractors.sources.crawl_files import digest_of
from scoring.explain import as_document, exclusions_document
from scoring.submission import write
from smartapp.exports.cases_csv import cases_csv
from smartapp.kept.archive import ArchiveError
from smartapp.opened.evidence import CaseRow, case_rows
from smartapp.scored import Scored
from smartapp.written import as_json


def score_document_of(scored: Scored) -> dict[str, Any]:
    """The score as printed and kept, with its run. No points are given when the input was not whole."""
    document = {
        **as_document(scored.score),
        "exclusions": exclusions_document(scored.exclusions),
        "run": scored.reading.fingerprint,
        "blocked": list(scored.reading.faults),
    }
    return {**document, "points": None, "up_to": None, "determinable": False} if scored.reading.faults else document


def score_texts(scored: Scored, rows: Sequence[CaseRow]) -> dict[str, str]:
    """The files of a score by name; where the input was not whole, there is no submission."""
    texts = {"cases.csv": cases_csv(rows), "score.json": as_json(score_document_of(scored))}
    if not scored.reading.faults:
        texts["submission.json"] = as_json(write(scored.submission, scored.reading.rules))
    return texts


def check_borne_out(scored: Scored, place: Path) -> None:
    """Refuse files of a score that are not what comes out when they are made again.

    Args:
        scored: the score of the folder, as it was opened.
        place: `runs/<fingerprint>/<period>/<reporter>`.

    Raises:
        ArchiveError: somebody changed one, or it was made by a version of pi180 that counted or wrote otherwise.
    """
    for name, text in score_texts(scored, case_rows(scored.reading)).items():
        if digest_of(place / name) != sha256(text.encode()).hexdigest():
            raise ArchiveError(
                f"{name} does not come out as it was written: it was changed, or pi180 counts otherwise now. "
                "Run it again."
            )
