"""A reading of plain case rows, and the best period by brute force: every period and way scored as any score is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, combinations, product

from extractors.cases import Tally
from extractors.engine.local import LocalEngine
from extractors.ledger import Quarantine, Sight
from extractors.site import Site
from extractors.tallies import Tallies
from extractors.vocabulary import EventKind
from scoring.exclusions import Standing
from scoring.model import MeasureId, Period, Reporter, Severity
from scoring.periods import PeriodSpace
from scoring.rulebook import RuleBook, load
from smartapp.ahead.assumed import Answered, assume
from smartapp.attesting.attestations import VARIANTS, Attestations
from smartapp.exclusions import counted_exclusions
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Reading
from tests.extractors.counted_rows import NPI, TIN, Practice, tally_by_hand
from tests.extractors.practice import GENERIC

RULES = load(2026)
BY_DAYS = {"F-110", "F-111", "F-219"}
BY_COUNTS = {"F-202", "F-203", "F-218"}
ME = Reporter(TIN, NPI)


def rules_with(minimum_days: int, last_start: date, fewer_than: int) -> RuleBook:
    """2026 with short periods and low limits; without other readings, which decide nothing here."""
    limits = tuple(replace(t, fewer_than=min(t.fewer_than, fewer_than)) for t in RULES.thresholds)
    period = replace(RULES.period, minimum_days=minimum_days, last_start=last_start)
    return replace(RULES, period=period, thresholds=limits, readings=())


def reading_of(practice: Practice, engine: LocalEngine, rules: RuleBook = RULES, site: Site | None = None) -> Reading:
    """A whole input that shows every kind of fact, of which these cases were derived."""
    practice.load(engine)
    whole = Period(date(2026, 1, 1), date(2026, 12, 31))
    reading = Reading(
        fingerprint="0" * 64,
        rules=rules,
        period=whole,
        site=site or Site(),
        profile=GENERIC,
        tallies=Tallies(),
        quarantine=Quarantine(0, 1, 0, ()),
        ledger=(),
        files=(),
        sights=dict.fromkeys(EventKind, Sight.SEEN),
        engine=engine,
        places={"Patient/p": ("Patient.ndjson", 1, None)},
        drug_table="",
    )
    return at(reading, practice, whole)


def at(reading: Reading, practice: Practice, period: Period) -> Reading:
    """The same reading of one period, counted by hand."""
    counted = tally_by_hand(practice, period)
    tallies = (Tally(MeasureId(m), v, t, n, *counts, {}) for (m, v, t, n), counts in counted.items())
    return replace(reading, period=period, tallies=Tallies(tallies))


def answers(rules: RuleBook = RULES, **more: bool) -> Answered:
    """What the year requires, answered by a person, and a CMS EHR Certification ID."""
    assumed = assume(rules, ME).attested
    said = {**assumed.answers, **{MeasureId(name): yes for name, yes in more.items()}}
    return Answered(replace(assumed, cehrt_id="0015CABCDEF1234", answers=said))


@dataclass(frozen=True)
class Tried:
    """One period in one way, as scored, and where it stands among the others: the greatest comes first."""

    period: Period
    answers: Mapping[MeasureId, bool]
    variant: str
    scored: Scored
    errors: frozenset[tuple[str, str]]

    def rank(self, common: frozenset[tuple[str, str]]) -> tuple[int, ...]:
        usable = not any(code in BY_DAYS for code, _ in self.errors)
        open_ = all(code in BY_DAYS or error in common for error in self.errors for code in error[:1])
        score, claims = self.scored.score, self._claims()
        left = [e.fewer_than - 1 - e.count.possible for e in claims if e.count and e.count.possible is not None]
        margin = min((n for e, n in zip(claims, left, strict=False) if e.fewer_than > 1), default=10_000)
        excluding = {e for m in self.scored.reading.rules.measures.values() for e in m.exclusions}
        claimed = sum(yes and name in excluding for name, yes in self.answers.items())
        return usable, open_, score.before_gate, margin, self.period.days, -claimed, -self.period.end.toordinal()

    def _claims(self) -> list:
        return [
            e for e in self.scored.exclusions if e.fewer_than and not e.refutes_only and self.answers.get(e.exclusion)
        ]


def by_brute_force(reading: Reading, practice: Practice, space: PeriodSpace, asked: Attestations) -> list[Tried]:
    """Every period of a space in every way that its counts allow."""
    return [
        tried
        for period in space
        for variant in VARIANTS.values()
        for tried in ways_at(at(reading, practice, period), replace(asked, variant=variant))
    ]


def ways_at(reading: Reading, asked: Attestations) -> Iterator[Tried]:
    """Every way to report that the counts of a reading allow, scored."""
    deciding = [t.exclusion for t in reading.rules.thresholds if not t.refutes_only]
    standing = {e.exclusion: e.standing for e in counted_exclusions(reading, asked.reporter or ME, asked)}
    own_word = {Standing.UNDECIDED, Standing.UNCOUNTED}
    for measure in reading.rules.measures.values():  # what a person excludes on her word is not excluded again
        if any(asked.answers.get(e) for e in measure.exclusions if e not in deciding):
            deciding = [e for e in deciding if e not in measure.exclusions]
    allowed = [
        one for one in deciding
        if standing[one] is Standing.AVAILABLE or (asked.answers.get(one) and standing[one] in own_word)
    ]  # fmt: skip
    (choice,) = reading.rules.choices
    paths = [p.measures for p in choice.paths if all(asked.answers.get(m) for m in p.measures) or len(p.measures) > 1]
    subsets = chain.from_iterable(combinations(allowed, size) for size in range(len(allowed) + 1))
    for claims, path in product(list(subsets), paths):
        said = dict(asked.answers)
        for name in (*deciding, *(m for p in choice.paths for m in p.measures if m not in path)):
            if said.get(name):
                del said[name]
        for claim in claims:
            said[claim] = True
            for measure in reading.rules.measures.values():
                if claim in measure.exclusions:
                    said.pop(measure.id, None)
        gone = {m.id for m in reading.rules.measures.values() if any(said.get(e) for e in m.exclusions)}
        gone |= {m for p in choice.paths for m in p.measures if m not in path}
        reported = {m: total for m, total in asked.reported.items() if m not in gone}
        scored = score_reading(reading, replace(asked, answers=said, reported=reported))
        errors = frozenset((f.code, f.subject) for f in scored.score.findings if f.severity is Severity.ERROR)
        yield Tried(reading.period, said, asked.variant, scored, errors)


def ranked(tried: list[Tried]) -> list[tuple[tuple[int, ...], Tried]]:
    """The best first; what shuts the gate of all alike, whatever is counted, is left out of account."""
    fixed = [frozenset(e for e in one.errors if e[0] not in BY_COUNTS | BY_DAYS) for one in tried]
    common = frozenset.intersection(*fixed)
    found = [(one.rank(common), one) for one in tried]
    return sorted(found, key=lambda pair: pair[0], reverse=True)
