"""What a reading gave as text for a terminal: its tallies, its score, a number opened, two runs compared."""

from collections.abc import Sequence
from datetime import date

from extractors.cases import Tally
from extractors.ledger import Sight
from extractors.vocabulary import EventKind
from smartapp.kept.differences import Differences
from smartapp.opened.explained import CaseExplained, MeasureExplained, Reason, RecordExplained
from smartapp.printed.exclusions import exclusion_notes, exclusion_rows
from smartapp.printed.points import score_table
from smartapp.printed.terminal import columns, fitted, wrapped
from smartapp.scored import Scored
from smartapp.usecases import Reading


def tally_table(reading: Reading) -> str:
    """The tallies of a reading, one line each, and what the numbers do not say."""
    head = ("Measure", "Variant", "TIN", "NPI", "Met", "Denominator", "Unknown", "Undecided")
    rows = [
        (t.measure, t.variant, t.tin or "unknown", t.npi or ("(group)" if t.tin else "unknown"),
         str(t.met), str(t.denominator), str(t.unknown), str(t.undecided))
        for t in reading.tallies
    ]  # fmt: skip
    period = f"{reading.period.start} to {reading.period.end} ({reading.period.days} days)"
    lines = [
        f"Run {reading.fingerprint[:12]}  {period}  profile {reading.profile.name}",
        "",
        *columns([head, *rows]),
    ]
    if not rows:
        lines.append("No case in this period.")
    return "\n".join([*lines, "", _aside(reading)])


def _aside(reading: Reading) -> str:
    set_aside = f"Set aside: {reading.quarantine.count} of {reading.quarantine.of} lines."
    return "\n".join([set_aside, *_warned(reading)])


def _warned(reading: Reading) -> list[str]:
    return [line for text in reading.cautions for line in wrapped(f"warning: {text}", "")]


def scored_table(scored: Scored, as_of: date | None = None) -> str:
    """Who, when and what counted, then the score; days are told from `as_of`."""
    reporter, reading = scored.submission.reporter, scored.reading
    who = f"TIN {reporter.tin or 'unknown'}" + (f" NPI {reporter.npi}" if reporter.npi else " (group)")
    period = f"{reading.period.start} to {reading.period.end} ({reading.period.days} days)"
    rows = [("Counted", "Met", "Of", "Unknown", "Undecided", "Source")]
    rows += [
        (str(measure), str(p.met), str(p.denominator), str(p.unknown), str(p.undecided), str(p.origin))
        for measure, p in scored.submission.proportions.items()
    ]
    unseen = [(m, reading.unseen(m)) for m in scored.submission.proportions]
    told = (f"{m} {_not_shown(reading, kinds, 'server')}" for m, kinds in unseen if kinds)
    notes = [line for text in told for line in wrapped(text, "", "    ")]
    head = f"{who}  performance year {reading.rules.year}  {period}"
    top = [*wrapped(head, "", "    "), f"run {reading.fingerprint[:12]}", ""]
    counted = [*top, *columns(rows), *notes, *_warned(reading), ""]
    if reading.faults:
        return "\n".join(
            [*counted, *(f"BLOCKED, no score: the input is not whole: {fault}." for fault in reading.faults)]
        )
    excluded = [*fitted(exclusion_rows(scored)), *(line for n in exclusion_notes(scored) for line in wrapped(n, ""))]
    return "\n".join([*counted, score_table(scored.score, as_of), "", *excluded])


def _not_shown(reading: Reading, kinds: Sequence[str], where: str) -> str:
    partly = [kind for kind in kinds if reading.sights[EventKind(kind)] is Sight.NOT_WHOLE]
    if partly:
        return f"was not read whole: not all that could show {', '.join(partly)} was had."
    return f"cannot be read from this {where}: it shows no {', no '.join(kinds)}."


def measure_explained(reading: Reading, found: MeasureExplained) -> str:
    """A measure's numbers with the reasons behind them, most frequent first."""
    period = f"{reading.period.start} to {reading.period.end} ({reading.period.days} days)"
    lines = [f"{found.measure}  {found.title}", f"Run {reading.fingerprint[:12]}  {period}"]
    lines += [f"Rule: {cite.text}{f' <{cite.url}>' if cite.url else ''} ({found.confidence})" for cite in found.cites]
    if found.unseen:
        lines.append(_not_shown(reading, found.unseen, "source").capitalize())
    for one in found.tallies:
        who = _reporter_line(one.tally, found.is_exclusion)
        lines += ["", who, *fitted([_reason(reason, found.is_exclusion) for reason in one.reasons])]
    return "\n".join([*lines, "", "One record: pi180 explain RUN Type/id", ""])


def _reporter_line(t: Tally, is_exclusion: bool) -> str:
    who = f"TIN {t.tin or 'unknown'} " + (f"NPI {t.npi}" if t.npi else "(group)" if t.tin else "NPI unknown")
    if is_exclusion:
        return f"{who}: {t.denominator} counted, {t.undecided} undecided"
    open_ones = f"{t.unknown} unknown, {t.undecided} undecided"
    return f"{who}, {t.variant}: {t.met} met of {t.denominator}, {open_ones}"


def _reason(reason: Reason, is_exclusion: bool) -> tuple[str, ...]:
    standing = reason.counts if is_exclusion or reason.counts != "counts" else reason.met.replace("_", " ")
    return (f"{reason.cases:>6}", standing, reason.reason)


def record_explained(found: RecordExplained) -> str:
    """Each case that rests on a record, with its evidence down to file and line, and what leaves it out, and why."""
    lines = [line for case in found.cases for line in (*_case(case), "")]
    for one in found.left_out:
        lines += [f"{one.focus}  {one.measure}  {one.occurred or 'no date'}"]
        lines += [f"  at {one.place or 'no place'}: left out: {one.why}", ""]
    if found.witnesses:
        lines += wrapped(f"It is evidence for the cases of {', '.join(found.witnesses)}: explain those.", "")
    return "\n".join(lines) + "\n"


def _case(found: CaseExplained) -> list[str]:
    row = found.case
    who = f"TIN {row.tin or 'unknown'} NPI {row.npi or 'unknown'}"
    lines = [
        f"{row.focus}  {row.measure}, {row.variant}  {who}  {row.occurred or 'no date'}",
        f"  at {row.place or 'no place'}: {row.counts}; {row.met.replace('_', ' ')}: {row.reason}",
    ]
    for witness in row.evidence:
        if witness.source is None:
            lines.append(f"  {witness.kind}: nothing on record")
            continue
        place = f" at {witness.place}" if witness.place else ""
        day = f", {witness.day}" if witness.day else ""
        said = f"{witness.answer.replace('_', ' ')} by {witness.source}{place}{day}, {witness.grade} ({witness.rule})"
        lines.append(f"  {witness.kind}: {said}")
    return [*lines, *(f"  {rule}: {why}" for rule, why in found.rules.items())]


def differences_table(found: Differences) -> str:
    """What differs between two runs, part by part; one line when nothing does."""
    if found.none:
        return "The two runs say the same: data, what decides, cases and counts. Answers and scores are not compared.\n"
    parts: list[tuple[str, list[tuple[str, ...]]]] = [
        ("What decides", [(b.what, b.first, b.second) for b in found.basis]),
        ("Resources", [(r.key, r.how) for r in found.resources]),
        ("Cases", [(c.measure, c.focus, c.npi or "", _side(c.first), "->", _side(c.second)) for c in found.cases]),
        ("Numbers", [
            (t.period, t.measure, t.variant, t.npi or "(group)", _side(t.first), "->", _side(t.second))
            for t in found.tallies
        ]),
    ]  # fmt: skip
    texts = [f"{title}: {len(rows)}\n" + "\n".join(columns(rows)) for title, rows in parts if rows]
    return "\n\n".join(texts) + "\n"


def _side(said: str | None) -> str:
    return said if said is not None else "not there"
