"""The exclusions for a page: what was counted for each against its limit, claimed or not."""

from dataclasses import dataclass

from extractors.ledger import NEEDS
from scoring.exclusions import Count, Exclusion, Standing
from scoring.model import Cite
from smartapp.scored import Scored

_TAGS = {Standing.AVAILABLE: "tag-none", Standing.UNDECIDED: "tag-open", Standing.UNCOUNTED: "tag-unread"}


@dataclass(frozen=True, slots=True)
class Basis:
    """One count of an exclusion in words, with where its cases open (None: nothing to open) and what it says."""

    basis: str
    count: str
    opens: str | None
    standing: str
    tag: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExclusionRow:
    """One exclusion; `limit` is empty where no number decides, `bases` where nothing is counted."""

    anchor: str
    exclusion: str
    summary: str
    excludes: str
    limit: str
    standing: str
    tag: str
    bases: tuple[Basis, ...]
    text: str
    claimed: bool
    confidence: str
    doubts: tuple[str, ...]
    cites: tuple[Cite, ...]


def exclusion_rows(scored: Scored) -> tuple[ExclusionRow, ...]:
    """Every exclusion of which data say something, or surely nothing, in CMS's order."""
    return tuple(_row(scored, one) for one in scored.exclusions)


def _row(scored: Scored, one: Exclusion) -> ExclusionRow:
    measure = scored.reading.rules.measures[one.exclusion]
    counts = [(one.count, one.standing), *one.others] if one.count else []
    return ExclusionRow(
        anchor=f"exclusion-{one.exclusion}",
        exclusion=one.exclusion,
        summary=measure.summary or measure.title,
        excludes=" and ".join(one.of),
        limit=f"fewer than {one.fewer_than} {one.what}" if one.fewer_than is not None else "",
        standing=one.standing,
        tag=_TAGS.get(one.standing, ""),
        bases=tuple(_basis(one, count, standing) for count, standing in counts),
        text=one.text,
        claimed=scored.submission.answers.get(one.exclusion) is True,
        confidence=one.ruling.confidence,
        doubts=one.ruling.doubts,
        cites=one.ruling.cites,
    )


def _basis(one: Exclusion, count: Count, standing: Standing) -> Basis:
    return Basis(
        basis=count.basis,
        count=str(count),
        opens=f"measure-{one.counted_as}" if one.counted_as in NEEDS else None,
        standing=standing,
        tag=_TAGS.get(standing, ""),
        notes=count_notes(count),
    )


def count_notes(count: Count) -> tuple[str, ...]:
    """Why a count has the upper bound that it has."""
    hidden = f"This source shows no {', no '.join(count.hidden)}: there may be more." if count.hidden else ""
    astray = f"{count.unattributed:,} of them may be another's." if count.unattributed and not count.hidden else ""
    return tuple(note for note in (hidden, astray) if note)
