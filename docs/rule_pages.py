"""The pages made of the rule files: years, measures, what changed, the calendar."""

from collections.abc import Sequence
from datetime import date, timedelta

from change_pages import what_changed
from markup import cites, items, page, section, table
from measure_pages import has_page, line_name, measure_page

from scoring.conditions import Deadline
from scoring.model import MeasureId
from scoring.rulebook import load, years
from scoring.rulings import Ruling
from scoring.year import Measure, Reading, RuleBook


def rule_pages() -> dict[str, str]:
    """Every page of the rules by its path below `docs/reference/`."""
    books = [load(year) for year in years()]
    return {
        **{f"rules-{book.year}.md": rules(book) for book in books},
        **{f"measures/{b.year}/{m.id}.md": _measure_page(b, m, books) for b in books for m in _with_page(b)},
        "what-changed.md": what_changed(books),
        "deadlines.md": deadlines(books),
    }


def _with_page(book: RuleBook) -> list[Measure]:
    return [measure for measure in book.measures.values() if has_page(measure)]


def _measure_page(book: RuleBook, measure: Measure, books: Sequence[RuleBook]) -> str:
    others = tuple(other.year for other in books if other is not book and measure.id in other.measures)
    return measure_page(book, measure, others)


def rules(book: RuleBook) -> str:
    """One performance year: measures, reallocations, programs, criteria, dates, and every doubt."""
    provisional = book.conditions.provisional
    return page(
        f"Rules of performance year {book.year}",
        f"> {provisional.text}" if provisional else "",
        f"Read from `scoring/rules/py{book.year}.toml`, SHA-256 `{book.digest}`. Between years: "
        "[what changed](what-changed.md), [deadlines](deadlines.md). Who must report: "
        "[how to ask](../how-to/who-must-report.md).",
        "## Measures\n\nExclusions and levels stand on the page of their measure.\n\n" + _measures(book),
        "## Where points go when an exclusion is claimed\n\nIn this order; each moves what its sources hold then.\n\n"
        + _moves(book),
        section(
            "Suppressed", items([f"{line_name(book, s.measure)} {_attested(s.ruling)}" for s in book.suppressions])
        ),
        section("Other readings", _readings(book)),
        section("Certified technology", _technology(book)),
        section("Deadlines", table(("what", "day", "how sure", "sources"), _days(book))),
        section("Programs", _programs(book)),
        section("Who may submit", table(("who", "ways", "how", "how sure"), _routes(book))),
        section("Ways to submit", table(("way", "files", "how", "how sure"), _ways(book))),
        section("Doubts", items([f"{doubt.text} ({doubt.confidence})" for doubt in book.doubts])),
    )


def _measures(book: RuleBook) -> str:
    rows = [
        (
            f"[{m.id}](measures/{book.year}/{m.id}.md)" if has_page(m) else m.id,
            m.title,
            m.status,
            "" if m.points is None else str(m.points),
            m.ruling.confidence,
            cites(m.ruling.cites),
        )
        for m in book.measures.values()
    ]
    return table(("id", "title", "status", "points", "confidence", "sources"), rows)


def _moves(book: RuleBook) -> str:
    rows = [
        (", ".join(r.excluded), ", ".join(r.sources), r.target, r.ruling.confidence, cites(r.ruling.cites))
        for r in book.reallocations
    ]
    return table(("excluded", "from", "to", "confidence", "sources"), rows)


def _readings(book: RuleBook) -> str:
    head = "Where a doubt changes a score, the score says what the other reading gives.\n\n"
    return head + items([f"{one.doubt} {_otherwise(book, one)}" for one in book.readings]) if book.readings else ""


def _otherwise(book: RuleBook, reading: Reading) -> str:
    said = [f"an exact half is rounded by {reading.tie}"] if reading.tie else []
    said += ["the measures of a path share points before exclusions move them on"] if reading.shares_first else []
    if (step := reading.reallocation) is not None:
        excluded, sources = " and ".join(step.excluded), " and ".join(line_name(book, one) for one in step.sources)
        said.append(f"with {excluded} excluded the points of {sources} move to {line_name(book, step.target)}")
    return f"The other reading: {'; '.join(said)}."


def _technology(book: RuleBook) -> str:
    rule, cehrt = book.conditions.technology, book.gate.cehrt
    told = [
        f"Functions in use by the {rule.functions_by}, product certified by the {rule.certified_by}. "
        f"{_attested(rule.ruling)}",
        f"Certified technology has, whatever is reported: {'; '.join(rule.base)}. {_attested(rule.base_ruling)}",
        f"The CEHRT ID matches `{cehrt.shape}` and is expected to begin with "
        f"{' or '.join(f'`{prefix}`' for prefix in cehrt.prefixes)}; another beginning is a warning. "
        f"{_attested(cehrt.ruling)}",
    ]
    rows = [
        (", ".join(entry.measures), ", ".join(entry.criteria), entry.ruling.confidence)
        for entry in book.conditions.criteria
    ]
    return items(told) + "\n\n" + table(("measures", "criteria (45 CFR)", "how sure"), rows)


def _programs(book: RuleBook) -> str:
    programs = book.conditions.programs
    names = f"Accepted as `programName`: {', '.join(f'`{name}`' for name in programs.names)}."
    kinds = f" Registration types: {', '.join(programs.registrations)}." if programs.registrations else ""
    return f"{names}{kinds} {_attested(programs.ruling)}"


def _routes(book: RuleBook) -> list[tuple[str, str, str, str]]:
    return [
        (route.submitter.value, ", ".join(route.ways), route.text, route.ruling.confidence.value)
        for route in book.conditions.routes
    ]


def _ways(book: RuleBook) -> list[tuple[str, str, str, str]]:
    return [
        (f"{way.id.value}: {way.title}", ", ".join(way.files), way.text, way.ruling.confidence.value)
        for way in book.conditions.ways.values()
    ]


def _days(book: RuleBook) -> list[tuple[str, str, str, str]]:
    last = ("Last day on which a period may start", book.period.last_start, book.period.ruling)
    told = [last, *((one.title, one.day, one.ruling) for one in _by_day(book))]
    return [(what, day.isoformat(), _sure(ruling), cites(ruling.cites)) for what, day, ruling in told]


def _by_day(book: RuleBook) -> list[Deadline]:
    return sorted(book.conditions.deadlines.values(), key=lambda deadline: deadline.day)


def _attested(ruling: Ruling) -> str:
    return f"({ruling.confidence}: {cites(ruling.cites)}) {' '.join(ruling.doubts)}".strip()


def _sure(ruling: Ruling) -> str:
    return ". ".join([ruling.confidence, *ruling.doubts])


def deadlines(books: Sequence[RuleBook]) -> str:
    """The calendar of all years."""
    about = (
        "Every day is the last one, itself included, unless it says that something opens. `pi180 eligibility ROSTER "
        "--as-of DAY` and `pi180 run --as-of DAY` count the days to them."
    )
    return page("Calendar of deadlines", about, *(_calendar(book) for book in reversed(books)))


def _calendar(book: RuleBook) -> str:
    provisional = "\n\n> " + book.conditions.provisional.text if book.conditions.provisional else ""
    days = table(("what", "day", "how sure", "sources"), _days(book))
    return f"## Performance year {book.year}{provisional}\n\n{days}\n\n{items(_duties(book))}"


def _duties(book: RuleBook) -> list[str]:
    period, rule, technology = book.period, book.conditions.engagement, book.conditions.technology
    latest = period.last_start + timedelta(days=rule.register_within_days)
    yearly = [measure for measure in book.measures.values() if measure.within_year]
    registered = [measure.id for measure in book.measures.values() if measure.requires_level]
    return [
        f"The period has {period.minimum_days} days or more, both ends counted, within {book.year}. {_boundary(book)}",
        *(
            f"{line_name(book, MeasureId(measure.id))}: done between {date(book.year, 1, 1)} and "
            f"{date(book.year, 12, 31)}, whatever the period ({measure.ruling.confidence})."
            for measure in yearly
        ),
        f"Registration for active engagement level 1 ({', '.join(registered)}): within {rule.register_within_days} "
        f"days after the period begins, so {latest} for a period that starts on {period.last_start}; an earlier "
        f"registration counts ({rule.ruling.confidence}).",
        f"A request of the agency or registry: answered within {rule.answer_within_days} days; "
        f"{rule.failures} that are not, in one period, fail the measure.",
        f"Certified functions are in use by the {technology.functions_by}; the product is certified by the "
        f"{technology.certified_by} ({technology.ruling.confidence}).",
    ]


def _boundary(book: RuleBook) -> str:
    doubts = " ".join(book.period.boundary.doubts)
    return f"Exactly {book.period.minimum_days}: {doubts}" if doubts else ""
