"""`probe`: what every rule of a profile made of real data, before anybody believes a zero."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from extractors.events import Extract, Line, extract
from extractors.profile import Profile
from extractors.selectors import Selector
from extractors.told import Hit


@dataclass(frozen=True, slots=True)
class RuleProbe:
    """One rule over all resources of its type, counted as they were read (repetitions and old versions too).

    `of` is how many there were. `excluded` counts by reason, among `not_met` and `unknown`; `unmapped` counts, among
    `unknown`, the values that the profile does not map, those that are codes by the code, all others under "".
    `about_nothing` matched but names no resource that it could be about.
    """

    rule: str
    resource: str
    kinds: tuple[str, ...]
    of: int
    matched: int
    met: int
    not_met: int
    unknown: int
    excluded: Mapping[str, int]
    unmapped: Mapping[str, int]
    undated: int
    zone_assumed: int
    about_nothing: int


@dataclass(frozen=True, slots=True)
class Probe:
    """All rules of a profile over one source; `set_aside` counts lines that could not be read."""

    profile: Profile
    rules: tuple[RuleProbe, ...]
    set_aside: int


def probe(lines: Iterable[Line], profile: Profile, zone: ZoneInfo) -> Probe:
    """Try every rule of a profile on lines of FHIR; by kind, best rule first."""
    return probe_of(extract(lines, profile, zone), profile)


def probe_of(found: Extract, profile: Profile) -> Probe:
    """The same of what was extracted with the profile already."""
    received = Counter(row["type"] for row in found.resources if not row["deleted"])
    selectors = {s.rule: s for group in profile.selectors.values() for s in group}
    ordered = sorted(selectors.values(), key=lambda s: (s.rank, s.rule))
    return Probe(profile, tuple(_of(s, received[s.resource], found) for s in ordered), len(found.quarantine))


def _of(selector: Selector, of: int, found: Extract) -> RuleProbe:
    hits = {(hit, what): count for (rule, hit, what), count in found.tried.hits.items() if rule == selector.rule}

    def of_hit(hit: Hit) -> int:
        return hits.get((hit, ""), 0)

    def by_what(one: Hit) -> dict[str, int]:
        return {what: count for (hit, what), count in sorted(hits.items()) if hit is one}

    return RuleProbe(
        rule=selector.rule,
        resource=selector.resource,
        kinds=tuple(sorted(selector.kinds)),
        of=of,
        matched=of_hit(Hit.MATCHED),
        met=of_hit(Hit.MET),
        not_met=of_hit(Hit.NOT_MET),
        unknown=of_hit(Hit.UNKNOWN),
        excluded=by_what(Hit.EXCLUDED),
        unmapped=by_what(Hit.UNMAPPED),
        undated=of_hit(Hit.UNDATED),
        zone_assumed=of_hit(Hit.ZONE_ASSUMED),
        about_nothing=of_hit(Hit.ABOUT_NOTHING),
    )
