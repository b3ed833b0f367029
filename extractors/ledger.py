"""The completeness ledger: what was received, what became of it, and which facts this source can show.

Scoring and pages read it, so that "this source does not show it" never looks like "it did not happen".
"""

import json
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from typing import Any

from extractors.engine import Engine
from extractors.events import Facts
from extractors.profile import Profile
from extractors.selectors import Selector
from extractors.site import Site
from extractors.validation import departures, most_frequent
from extractors.vocabulary import EventKind, Grade
from scoring.model import MeasureId

QUARANTINE_LIMIT = Fraction(1, 1000)
"""Share of set-aside lines above which, or with any Patient among them, no score is given (design 2.5)."""

NEEDS: dict[MeasureId, tuple[tuple[EventKind, ...], ...]] = {
    MeasureId("PI_EP_1"): ((EventKind.PRESCRIPTION_WRITTEN,), (EventKind.PRESCRIPTION_TRANSMITTED,)),
    MeasureId("PI_EP_2"): (
        (EventKind.PRESCRIPTION_WRITTEN,),
        (EventKind.PRESCRIPTION_TRANSMITTED, EventKind.PDMP_QUERIED),
    ),
    MeasureId("PI_HIE_1"): (
        (EventKind.REFERRAL_MADE, EventKind.TRANSITION_MADE),
        (EventKind.SUMMARY_SENT, EventKind.RECEIPT_CONFIRMED),
    ),
    MeasureId("PI_HIE_4"): (
        (EventKind.SUMMARY_RECEIVED,),
        (EventKind.MEDICATIONS_RECONCILED, EventKind.ALLERGIES_RECONCILED, EventKind.PROBLEMS_RECONCILED),
    ),
    MeasureId("PI_PEA_1"): ((EventKind.PATIENT_SEEN,), (EventKind.ACCESS_VDT, EventKind.ACCESS_API)),
    MeasureId("PI_LVITC_2"): (
        (EventKind.TRANSITION_RECEIVED, EventKind.REFERRAL_RECEIVED, EventKind.PATIENT_SEEN),
        (),
    ),
    MeasureId("PI_EP_2_EX_1"): ((EventKind.PRESCRIPTION_WRITTEN,), (EventKind.PRESCRIPTION_TRANSMITTED,)),
    MeasureId("PI_PHCDRR_1_EX_1"): ((EventKind.IMMUNIZATION_GIVEN,), ()),
}
"""For each measure, and each exclusion with cases of its own, the kinds that make a case (any of them) and the kinds
that its numerator needs (all)."""


class Sight(StrEnum):
    """Whether a source shows a kind of fact at all."""

    SEEN = "seen"
    NOT_MATCHED = "received, but nothing of this kind in it"
    NOT_RECEIVED = "no resource that could show it was received"
    NOT_WHOLE = "not all that could show it was read"
    ABSENT = "declared absent by the profile"


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Lines set aside: how many of how many, where and why (never what they said)."""

    count: int
    of: int
    patients: int
    rows: tuple[dict[str, Any], ...]

    @property
    def over_limit(self) -> bool:
        """Whether so much was set aside that no score may be given."""
        return self.patients > 0 or Fraction(self.count, max(self.of, 1)) > QUARANTINE_LIMIT


def quarantine_of(extract: Facts) -> Quarantine:
    """The quarantine of an extract, in order of place."""
    rows = sorted(extract.quarantine, key=lambda row: (row["file"], row["line"], row["entry"] or 0))
    patients = sum(row["type"] == "Patient" for row in rows)
    return Quarantine(
        len(rows), len(rows) + extract.counts["resource"] + extract.not_read.total(), patients, tuple(rows)
    )


def ledger_of(extract: Facts, engine: Engine) -> list[dict[str, Any]]:
    """One row per resource type: received, counted once, repeated, replaced by a later version, set aside.

    `copies` are current resources that stand for another order or document with the same business identifier,
    `zone_assumed` those with a time that bears no offset and was read in the site's zone, `unmapped` those with a value
    that the profile does not map.
    Types that no selector reads and lines that are no FHIR stand below, with what they are.
    """
    aside = Counter(row["type"] or "unreadable" for row in extract.quarantine)
    found = {
        row["type"]: Counter({n: int(v) for n, v in row.items() if n != "type"}) for row in engine.rows("type_ledger")
    }
    rows = [
        {
            "source": "folder",
            "type": kind,
            "query": None,
            "state": "read",
            **_received(found.get(kind, Counter())),
            "quarantined": aside[kind],
            **_departures(extract, kind, engine),
        }
        for kind in sorted({*found, *aside})
    ]
    return rows + _not_read(extract)


def _received(of: Counter[str]) -> dict[str, int]:
    return {
        "received": of["received"],
        "current": of["kept"],
        "duplicate": of["received"] - of["stated"],
        "superseded": of["stated"] - of["kept"],
        **{name: of[name] for name in ("copies", "events", "zone_assumed", "unmapped")},
    }


def _departures(extract: Facts, kind: str, engine: Engine) -> dict[str, Any]:
    looked_at = extract.first.get(kind, [])
    asked = f"departures of {sha256(json.dumps(looked_at).encode()).hexdigest()}"
    found = engine.computed(asked, [], lambda: most_frequent(departures(looked_at)))
    return {"validated": len(looked_at), "departures": found}


def _not_read(extract: Facts) -> list[dict[str, Any]]:
    counts: Counter[str] = Counter()
    for (_, what), number in extract.not_read.items():
        counts[what] += number
    states = {what: "not FHIR" if " " in what else "no selector reads this type" for what in counts}
    return [
        {"source": "folder", "type": what, "query": None, "state": states[what], "received": counts[what]}
        for what in sorted(counts)
    ]


def sights(engine: Engine, profile: Profile, not_whole: frozenset[str] = frozenset()) -> dict[EventKind, Sight]:
    """For each kind of fact, whether the source shows any of it.

    Args:
        engine: holds the cases of what was read.
        profile: what can witness it.
        not_whole: types that the source was not read whole of. Evidence that a vendor merely asserts is no reason to
            doubt a kind that has another carrier.
    """
    seen = {row["kind"] for row in engine.rows("shown_kind")}
    types = {row["type"] for row in engine.rows("type_ledger")}
    return {kind: _sight(kind, seen, types, profile, not_whole) for kind in EventKind}


def _sight(kind: EventKind, seen: set[str], types: set[str], profile: Profile, not_whole: frozenset[str]) -> Sight:
    if any(_rests_on(s, profile, not_whole) for s in profile.carriers(kind) if s.grade is not Grade.ASSERTED):
        return Sight.NOT_WHOLE
    if kind in seen:
        return Sight.SEEN
    if kind in profile.absent:
        return Sight.ABSENT
    if any(selector.resource in types for selector in profile.carriers(kind)):
        return Sight.NOT_MATCHED
    return Sight.NOT_RECEIVED


def _rests_on(selector: Selector, profile: Profile, hidden: Container[str]) -> bool:
    """Whether a rule may have missed something: its own type, or what its Provenance would have come along with."""
    about = selector.focus_types or profile.asked if selector.resource == "Provenance" else ()
    return selector.resource in hidden or any(target in hidden for target in about)


def as_seen(site: Site, profile: Profile, hidden: Container[str]) -> Site:
    """The site's settings without the closed worlds and the history that rest on a type which was not read whole.

    Args:
        site: what the practice vouches for.
        profile: says which types carry which kind.
        hidden: the types that were not read, or not all of.
    """
    unproven = {
        kind for kind in site.closed_world if any(_rests_on(s, profile, hidden) for s in profile.carriers(kind))
    }
    history = None if "Encounter" in hidden else site.history_from
    return replace(site, closed_world=site.closed_world - unproven, history_from=history)


def not_whole_needs(measure: MeasureId, seen: dict[EventKind, Sight]) -> list[EventKind]:
    """The kinds that make cases of a measure and were not read whole: a count of those is no count."""
    return [kind for kind in NEEDS[measure][0] if seen[kind] is Sight.NOT_WHOLE]


def unseen_needs(measure: MeasureId, seen: dict[EventKind, Sight], provided: Iterable[EventKind]) -> list[EventKind]:
    """The kinds without which a measure cannot be read from this source, site policies counted as seen."""
    visible = {kind for kind, sight in seen.items() if sight is Sight.SEEN} | set(provided)
    cases, numerator = NEEDS[measure]
    missing = not_whole_needs(measure, seen) if visible & set(cases) else list(cases)
    return missing + [kind for kind in numerator if kind not in visible]


def never_shown(measure: MeasureId, seen: dict[EventKind, Sight], vouched: Iterable[EventKind]) -> list[EventKind]:
    """The kinds that make cases of a measure and that nothing received could have shown: a count of it has no end.

    Args:
        measure: a measure, or an exclusion with cases of its own.
        seen: what the source shows.
        vouched: kinds whose absence proves that there was nothing; they need not be shown.
    """
    blind = {kind for kind, sight in seen.items() if sight in (Sight.NOT_RECEIVED, Sight.ABSENT)} - set(vouched)
    partly = not_whole_needs(measure, seen)
    return [kind for kind in NEEDS[measure][0] if kind in blind or kind in partly]
