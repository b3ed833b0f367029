"""The lines of the score for a page, each number with the place where it opens."""

from dataclasses import dataclass

from scoring.model import Cite, MeasureId, Origin, Proportion, ScoreLine
from smartapp.report.measures import MeasureSection
from smartapp.report.words import rate_in_words
from smartapp.scored import Scored

_ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and the anchor of the rows behind it."""

    number: int
    word: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Counted:
    """What one measure counted; `unreadable` when the source cannot show it, and then no number is shown.

    `unread` says that the source shows nothing of its numerator, though the denominator is known. `of_cases` says that
    each number opens to as many cases; a total of the EHR's report does not.
    """

    met: Figure
    denominator: Figure
    open: tuple[Figure, ...]
    rate: str
    unreadable: bool
    unread: bool
    anchor: str
    of_cases: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the score; `earned` is None when it is not determinable, `up_to` when nothing is open."""

    anchor: str
    measure: str
    is_measure: bool
    title: str
    opens: str
    counted: Counted | None
    earned: int | None
    available: int
    up_to: int | None
    source: str
    confidence: str
    because: str
    doubts: tuple[str, ...]
    cites: tuple[Cite, ...]


def lines_of(scored: Scored, sections: tuple[MeasureSection, ...]) -> tuple[Line, ...]:
    """Every line of the score, in its order."""
    by_measure = {section.measure: section for section in sections}
    return tuple(_line(scored, line, by_measure.get(line.measure)) for line in scored.score.lines)


def _line(scored: Scored, line: ScoreLine, section: MeasureSection | None) -> Line:
    proportion = scored.submission.proportions.get(MeasureId(line.measure))
    counted = _counted(proportion, section) if proportion and section else None
    return Line(
        anchor=f"line-{line.measure}",
        measure=line.measure,
        is_measure=line.measure in scored.reading.rules.measures,
        title=line.title,
        opens=section.anchor if section else _ANSWERS,
        counted=counted,
        earned=line.earned,
        available=line.available,
        up_to=line.up_to if line.up_to != line.earned else None,
        source=line.origin or "not reported",
        confidence=line.confidence,
        because=line.because,
        doubts=line.doubts,
        cites=line.cites,
    )


def _counted(proportion: Proportion, section: MeasureSection) -> Counted:
    of_cases = proportion.origin is Origin.RECOMPUTED and section.chosen is not None
    if not of_cases or section.chosen is None:
        whole = section.reported.anchor if section.reported else section.anchor
        anchors = dict.fromkeys(("met", "unknown", "undecided"), whole)
    else:
        whole = section.chosen.anchor
        anchors = {group.standing.value: group.anchor for group in section.chosen.groups}
    hidden = (("unknown", proportion.unknown), ("undecided", proportion.undecided))
    return Counted(
        met=Figure(proportion.met, "met", anchors["met"]),
        denominator=Figure(proportion.denominator, "in the denominator", whole),
        open=tuple(Figure(number, word, anchors[word]) for word, number in hidden if number),
        rate=rate_in_words(proportion.rate, proportion.unknown),
        unreadable=not proportion.readable,
        unread=of_cases and is_unread(section, proportion.unknown, proportion.denominator),
        anchor=whole,
        of_cases=of_cases,
    )


def is_unread(section: MeasureSection, unknown: int, denominator: int) -> bool:
    """Whether a kind that the numerator needs is not shown by the source, and nothing of it is known."""
    return bool(section.unseen) and 0 < unknown == denominator
