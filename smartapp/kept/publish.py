"""Write what one scored reading leaves: the report, the cases, the submission, and the run behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from extractors.sources.crawl_files import digest_of
from scoring.requirements import is_determinable
from smartapp.ahead.looking_ahead import periods_of
from smartapp.attesting import attestations
from smartapp.attesting.signature import Signed, Signer, State, Void
from smartapp.attesting.signing import check_ready, sign, state_of
from smartapp.kept.archive import ArchiveError, open_run, open_score
from smartapp.kept.runs import is_signed, is_well_named, period_name, score_name, write_period, write_run, write_score
from smartapp.kept.score_files import score_texts
from smartapp.opened.evidence import case_rows
from smartapp.report.pages import render
from smartapp.scored import Scored, score_reading
from smartapp.signing_key import SigningKey
from smartapp.written import as_json, write_text

_REPORT = "report.html"


@dataclass(frozen=True, slots=True)
class Published:
    """Where things are, and what a person has to know about the submission file (`note`, None if nothing)."""

    report: Path
    run: Path
    note: str | None


def publish(scored: Scored, out: Path, as_of: date | None = None, runs: Path | None = None) -> Published:
    """Write report.html, cases.csv, score.json, submission.json and the run folder below `out`, or below `runs`.

    Only the report knows `as_of`, from which it counts the days to each deadline. The submission carries met cases
    only, and no measure that is not determinable. When the input was not whole, none is written, and one that an
    earlier run left is removed.
    """
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    rows = case_rows(scored.reading)
    texts = score_texts(scored, rows)
    if scored.reading.faults:
        (out / "submission.json").unlink(missing_ok=True)
    for name, text in texts.items():
        write_text(out / name, text)
    run = _keep(scored, texts, runs or out / "runs")
    place = score_place(scored, run)
    write_text(out / _REPORT, render(scored, rows, as_of, periods_of(scored, as_of), _state(out, place)))
    return Published(out / _REPORT, run, _note(scored))


def tell_signature(place: Path) -> None:
    """Write the report of a score anew, after it was signed, where it lies in the folder above the runs; else nothing.

    Args:
        place: `<out>/runs/<fingerprint>/<period>/<reporter>`.
    """
    out = place.parents[3]
    if not (out / _REPORT).is_file() or not _is_of(out, place):
        return
    with open_score(place) as scored:
        text = render(scored, case_rows(scored.reading), None, periods_of(scored), state_of(place))
    write_text(out / _REPORT, text)


def _state(out: Path, place: Path) -> State:
    """Whether what was published is signed; where the run keeps another score, as it was signed, it is not."""
    state = state_of(place)
    if isinstance(state, Signed) and not _is_of(out, place):
        return Void(state.signature, ("the score changed",))
    return state


def _is_of(out: Path, place: Path) -> bool:
    """Whether a score that was published is the one that a run keeps."""
    return digest_of(out / "score.json") == digest_of(place / "score.json")


def answers_in_force(scored: Scored) -> attestations.Attestations:
    """The answers with the reporter and the days that they were taken for, whether a person named them or not."""
    attested, reporter = scored.attestations, scored.submission.reporter
    named = reporter if is_well_named(reporter) else attested.reporter
    return replace(attested, reporter=named, period=attested.period or scored.reading.period)


def score_place(scored: Scored, run: Path) -> Path:
    """Where a run keeps a score: `<run>/<period>/<reporter>`; it may not be there."""
    return run / period_name(scored.reading.period) / score_name(scored.submission.reporter)


def keep_signed(scored: Scored, run: Path, signer: Signer, key: SigningKey, at: datetime) -> Signed:
    """Keep a score in its run, in place of an earlier one of the same days and reporter, and sign it.

    Args:
        scored: what the signer saw; of a reading that `run` holds.
        run: its folder.
        signer: who signs.
        key: with which key.
        at: when, with a zone.

    Raises:
        NotReadyToSign: the input is not whole, the gate is shut, or a required measure is not determinable.
        ArchiveError: the folder does not bear out its numbers, or was written anew meanwhile.
    """
    check_ready(scored)
    write_period(run, scored.reading)
    seen = _keep_score(scored, run, score_texts(scored, case_rows(scored.reading)))
    return sign(score_place(scored, run), signer, key, at, seen)


def keep(scored: Scored, runs: Path) -> Path:
    """Write only the run, below `runs`, beside those that are there; returns its folder."""
    return _keep(scored, score_texts(scored, case_rows(scored.reading)), runs)


def _keep(scored: Scored, texts: Mapping[str, str], runs: Path) -> Path:
    run = write_run(runs, scored.reading)
    if is_signed(run):
        try:
            return _keep_as_signed(scored, run)
        except ArchiveError:  # what was signed does not bear itself out any more: nothing is lost by what is whole
            write_run(runs, scored.reading, anew=True)
    _keep_score(scored, run, texts)
    return run


def _keep_as_signed(scored: Scored, run: Path) -> Path:
    """Keep a score as it comes out of the tables that are signed: they say the same, perhaps from other files.

    Raises:
        ArchiveError: the run is not whole, or does not come out as what was read now.
    """
    with open_run(run, scored.reading.period) as reading:
        same = score_reading(reading, scored.attestations)
        _keep_score(same, run, score_texts(same, case_rows(reading)))
    return run


def _keep_score(scored: Scored, run: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """Write the files of a score with the answers that they rest on; returns what was written, by name."""
    kept = {**texts, "attestations.json": as_json(attestations.as_document(answers_in_force(scored)))}
    write_score(run, scored.reading, scored.submission.reporter, kept)
    return kept


def _note(scored: Scored) -> str | None:
    if scored.reading.faults:
        return "no submission.json: the input is not whole."
    left_out = [m for m, counted in scored.submission.proportions.items() if not is_determinable(counted)]
    if left_out:
        return (
            f"submission.json leaves out {', '.join(left_out)}: not determinable; it would score 0 as it is. Enter the "
            "EHR report's own totals under [reported.…] in the attestation file, or claim what truly applies."
        )
    return None
