"""The exclusions as text for a terminal: what was counted against its limit, claimed or not."""

from collections.abc import Iterator

from scoring.exclusions import Count, Exclusion, Standing
from smartapp.scored import Scored

_HEAD = ("Exclusion", "Counted", "Fewer than", "Standing", "Claimed", "Basis")


def exclusion_rows(scored: Scored) -> list[tuple[str, ...]]:
    """A row for each count that decides an exclusion, below a head."""
    return [_HEAD, *(row for one in scored.exclusions if one.fewer_than is not None for row in _rows(scored, one))]


def exclusion_notes(scored: Scored) -> list[str]:
    """What the rows do not say: which counts have no end, and what no data decide; what is said of several, once."""
    said: dict[str, list[str]] = {}
    for one in scored.exclusions:
        for note in _notes(one):
            said.setdefault(note, []).append(one.exclusion)
    return [f"{', '.join(named)}: {note}" for note, named in said.items()]


def _rows(scored: Scored, one: Exclusion) -> Iterator[tuple[str, ...]]:
    claimed = "yes" if scored.submission.answers.get(one.exclusion) is True else "no"
    counts: list[tuple[Count | None, Standing]] = [(one.count, one.standing), *one.others]
    for count, standing in counts:
        shown, basis = (str(count), count.basis) if count else ("", "")
        yield (one.exclusion, shown, str(one.fewer_than), standing, claimed, basis)


def _notes(one: Exclusion) -> Iterator[str]:
    if one.count and one.count.hidden:
        yield f"this source shows no {', no '.join(one.count.hidden)}, so there may be more."
    elif one.count and one.count.unattributed:
        yield f"{one.count.unattributed:,} of the most possible may be another's."
    if one.fewer_than is None:
        yield f"{one.count} {one.what}. {one.text}" if one.count else one.text
