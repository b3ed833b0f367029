"""The exclusions for a page: what was counted for each against its limit, claimed or not."""

from collections import defaultdict
from dataclasses import dataclass

from extractors.ledger import NEEDS
from scoring.exclusions import Count, Exclusion, Standing
from scoring.model import Cite
from smartapp.scored import Scored

_TAGS = {Standing.AVAILABLE: "tag-none", Standing.UNDECIDED: "tag-open", Standing.UNCOUNTED: "tag-unread"}


@dataclass(frozen=True, slots=True)
class Basis:
    """One count of an exclusion in words, empty where there is none; `opens` is where its cases are."""

    basis: str
    count: str
    opens: str
    standing: str
    tag: str
    note: str


@dataclass(frozen=True, slots=True)
class Named:
    """An exclusion by its id and by what it says of who claims it."""

    anchor: str
    exclusion: str
    summary: str
    excludes: str
    claimed: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """An exclusion that a count decides: `limit` in words, on one basis or several."""

    named: Named
    limit: str
    what: str
    bases: tuple[Basis, ...]
    text: str
    doubts: tuple[str, ...]
    cites: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """Exclusions that no data decide, with what is said of all of them and, where cases hint, their count."""

    text: str
    named: tuple[Named, ...]
    count: str
    opens: str
    cites: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class Exclusions:
    """All exclusions of the year, in CMS's order."""

    decided: tuple[Decided, ...]
    undecided: tuple[Undecided, ...]


def exclusions_of(scored: Scored) -> Exclusions:
    """Every exclusion of which data say something, or surely nothing."""
    said: defaultdict[str, list[Exclusion]] = defaultdict(list)
    for one in scored.exclusions:
        if one.fewer_than is None:
            said[one.text].append(one)
    return Exclusions(
        decided=tuple(_decided(scored, one) for one in scored.exclusions if one.fewer_than is not None),
        undecided=tuple(_undecided(scored, text, found) for text, found in said.items()),
    )


def _named(scored: Scored, one: Exclusion) -> Named:
    measure = scored.reading.rules.measures[one.exclusion]
    return Named(
        anchor=f"exclusion-{one.exclusion}",
        exclusion=one.exclusion,
        summary=measure.summary or measure.title,
        excludes=" and ".join(one.of),
        claimed=scored.submission.answers.get(one.exclusion) is True,
    )


def _decided(scored: Scored, one: Exclusion) -> Decided:
    counts: list[tuple[Count | None, Standing]] = [(one.count, one.standing), *one.others]
    return Decided(
        named=_named(scored, one),
        limit="none" if one.fewer_than == 1 else f"fewer than {one.fewer_than}",
        what=one.what or "",
        bases=tuple(_basis(one, count, standing) for count, standing in counts),
        text=one.text,
        doubts=one.ruling.doubts,
        cites=one.ruling.cites,
    )


def _basis(one: Exclusion, count: Count | None, standing: Standing) -> Basis:
    return Basis(
        basis=count.basis if count else "",
        count=str(count) if count else "",
        opens=_opens(one),
        standing=standing,
        tag=_TAGS.get(standing, ""),
        note=_note(count) if count else "This source shows nothing that would count.",
    )


def _opens(one: Exclusion) -> str:
    return f"measure-{one.counted_as}" if one.counted_as in NEEDS else ""


def _note(count: Count) -> str:
    if count.hidden:
        return f"This source shows no {', no '.join(count.hidden)}: there may be more."
    return f"{count.unattributed:,} of the most possible may be another's." if count.unattributed else ""


def _undecided(scored: Scored, text: str, found: list[Exclusion]) -> Undecided:
    counted = next((one for one in found if one.count), None)
    return Undecided(
        text=text,
        named=tuple(_named(scored, one) for one in found),
        count=f"{counted.count} {counted.what}" if counted else "",
        opens=_opens(counted) if counted else "",
        cites=tuple(dict.fromkeys(cite for one in found for cite in one.ruling.cites)),
    )
