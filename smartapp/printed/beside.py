"""An EHR's report beside a run, and the cases that belong to nobody, as text for a terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence

from smartapp.beside.causes import Verdict
from smartapp.beside.compared import Beside, Candidate, Comparison, Numbers
from smartapp.beside.single_cases import SingleDifference
from smartapp.opened.unattributed import summed
from smartapp.printed.terminal import columns
from smartapp.usecases import Reading

_MOST_CASES = 5


def beside_table(found: Beside) -> str:
    """Every measure of the report with its difference, candidate causes, single cases, and rows not compared."""
    head = ("Measure", "TIN", "NPI", "EHR", "Here", "Difference")
    rows = [
        (c.measure, c.tin or "unknown", c.npi or "(group)", _of(c.ehr), _of(c.ours), _signed(c))
        for c in found.comparisons
    ]
    lines = [f"{found.report}: the EHR's report is the number of record.", ""]
    lines += columns([head, *rows]) if rows else ["No row of it could be compared."]
    for one in found.comparisons:
        lines += _comparison(one)
    if found.unread:
        lines += [
            "",
            f"Not compared: {len(found.unread)} rows",
            *(f"  line {row.line}: {row.why}" for row in found.unread),
        ]
    return "\n".join(lines) + "\n"


def _of(numbers: Numbers) -> str:
    return " of ".join("-" if n is None else str(n) for n in (numbers.numerator, numbers.denominator))


def _signed(one: Comparison) -> str:
    if one.same:
        return "none"
    pairs = (("numerator", one.difference.numerator), ("denominator", one.difference.denominator))
    return ", ".join(f"{name} {number:+d}" for name, number in pairs if number)


def _comparison(one: Comparison) -> Iterator[str]:
    if one.same and not one.notes:
        return
    yield ""
    yield f"{one.measure}, {one.npi or 'group'}: {one.title}"
    yield from (f"  {note}" for note in one.notes)
    likely = [c for c in one.candidates if c.verdict is not Verdict.NOT]
    not_so = [c.title for c in one.candidates if c.verdict is Verdict.NOT] + list(one.without_cases)
    if likely:
        yield "  Candidate causes; none of them is proof:"
    for candidate in likely:
        yield from _candidate(candidate)
    if not_so and not one.same:
        yield f"  Cannot explain it: {'; '.join(not_so)}."
    if one.singles:
        yield from _singles(one.singles)


def _candidate(candidate: Candidate) -> Iterator[str]:
    yield f"  - {candidate.title}: {candidate.says}."
    shown = candidate.cases[:_MOST_CASES]
    more = len(candidate.cases) - len(shown)
    yield f"      {', '.join(case.record for case in shown)}" + (f", and {more} more (--json has all)" if more else "")


def _singles(singles: Sequence[SingleDifference]) -> Iterator[str]:
    counts = Counter(single.how for single in singles)
    yield "  Single cases: " + ", ".join(f"{number} {how}" for how, number in counts.items())
    for single in singles:
        line = f"line {single.line}, " if single.line is not None else ""
        yield f"    {single.how}: {line}{single.record}: there {single.theirs}; here {single.ours}"


def unattributed_lines(reading: Reading) -> list[str]:
    """The cases that belong to nobody, a count a reason, with what to do."""
    lines: list[str] = []
    for reasoned in summed(reading, _MOST_CASES):
        counts = ", ".join(f"{number} of {measure}" for measure, number in sorted(reasoned.by_measure.items()))
        more = sum(reasoned.by_measure.values()) - _MOST_CASES
        lines += [
            f"  {counts}: {reasoned.says} {reasoned.remedy}",
            f"    {', '.join(reasoned.first)}" + (f", and {more} more" if more > 0 else ""),
        ]
    return ["", "Without an NPI or a TIN (listed, never split):", *lines] if lines else []
