"""Preflight as text for a terminal of 80 columns: the measures, what would make each no a yes, and the searches."""

import textwrap
from collections.abc import Iterator

from extractors.preflight import Gradeability, Judged, Preflight
from extractors.preflight_carriers import KindShown
from extractors.preflight_sample import TypeRead
from extractors.preflight_server import DateFilter, DateFilterSeen
from extractors.vocabulary import EventKind
from smartapp.printed.terminal import columns
from smartapp.vendors.preflight import Found, missing
from smartapp.vendors.preflight_document import searches
from smartapp.vendors.preflight_remedies import NOUNS, Remedy, headline, npi_remedies, remedies
from smartapp.vendors.profiling import DOCUMENTED

_WIDTH = 80
_NAMED = 17


def preflight_text(found: Found) -> str:
    """Everything that a vendor should read, worst news named as such; no id of a patient."""
    one = found.preflight
    parts = [_head(one), _measures(found), _attested(found), _to_do(found), _searches(one), _bulk(one)]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _said(text: str, first: str = "", further: str | None = None) -> list[str]:
    space = " " * len(first) if further is None else further
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=space, break_on_hyphens=False, break_long_words=False
    )


def _head(one: Preflight) -> list[str]:
    said, sample, people = one.statement, one.sample, one.clinicians
    software = f"{said.software or 'name not stated'}, version {said.version or 'not stated'}"
    fhir = f"FHIR {said.fhir_version or 'version not stated'}"
    stated = f"not known, no CapabilityStatement: {said.problem}" if said.problem else f"{software}; {fhir}"
    rests = f"{sample.patients} patients {sample.found_by}; {one.resources} resources, {sample.searches} searches"
    aside = f"; {one.set_aside} unreadable ones set aside" if one.set_aside else ""
    npi = f"{people.named} named, {people.read} read, {people.with_npi} with an NPI"
    profile = f"{one.profile.name}, version {one.profile.version} ({one.profile.observed or DOCUMENTED})"
    rows = {"Software": stated, "Profile": profile, "Rests on": rests + aside, "Clinicians": npi}
    return [one.base, *(line for name, text in rows.items() for line in _said(text, f"{name:<12}"))]


def _measures(found: Found) -> list[str]:
    lines = [f"MEASURES OF {found.rules.year} (* required; the others are what exclusions count)"]
    for judged in found.preflight.judged:
        mark = "*" if found.is_required(judged) else " "
        lines += _said(_grade(judged), f"{mark} {judged.measure:<{_NAMED}}")
        lines += _said(_basis(judged, found.preflight), " " * 6)
    return lines


def _grade(judged: Judged) -> str:
    said = headline(missing(judged))
    return f"{judged.grade}: {said}" if said else str(judged.grade)


def _basis(judged: Judged, one: Preflight) -> str:
    asked = searches(judged, one)
    filters = [f for f in one.date_filters if f"{f.type}?patient=" in asked and f.state is not DateFilter.NOT_KNOWN]
    days = "; ".join(f"{state.value} by {names}" for state in DateFilter if (names := _types_with(filters, state)))
    number = f"{judged.cases} {'case' if judged.cases == 1 else 'cases'}"
    named = ", ".join(name.removesuffix("?patient=") for name in asked if name.endswith("?patient="))
    beside = "; Provenance by _revinclude" if len(named.split()) < len(asked) else ""
    return f"{number}; asked by patient= for {named}{beside}; date filters {days or 'not known'}"


def _types_with(filters: list[DateFilterSeen], state: DateFilter) -> str:
    return ", ".join(one.type for one in filters if one.state is state)


def _attested(found: Found) -> list[str]:
    names = ", ".join(measure.id for measure in found.attested)
    return ["ATTESTED BY A PERSON, WHATEVER A SERVER SHOWS", *_said(names, "  ")]


def _to_do(found: Found) -> list[str]:
    wanting: dict[EventKind, tuple[KindShown, list[str]]] = {}
    for judged in found.preflight.judged:
        for kind in missing(judged):
            wanting.setdefault(kind.kind, (kind, []))[1].append(judged.measure)
    lines = [line for kind, names in wanting.values() for line in _kind_to_do(kind, names)]
    npi = [line for one in npi_remedies(found.preflight) for line in _remedy(one)]
    if not lines and not npi:
        return []
    return ["TO DO: WHAT WOULD MAKE EACH OF THESE A YES", *npi, *lines]


def _kind_to_do(kind: KindShown, names: list[str]) -> Iterator[str]:
    yield from _said(f"{NOUNS[kind.kind]} ({kind.shown}), for {', '.join(names)}", "  ")
    for one in remedies(kind):
        yield from _remedy(one)


def _remedy(one: Remedy) -> list[str]:
    by = f"    {one.by}: "
    if not one.found:
        return _said(one.wanted, by, " " * 6)
    return [*_said(one.found, by, " " * 6), *_said(one.wanted, "      -> ", " " * 9)]


def _searches(one: Preflight) -> list[str]:
    filters = {seen.type: seen for seen in one.date_filters}
    rows: list[tuple[str, ...]] = [("Type", "Answer", "Matches", "Date filter")]
    rows += [_row(read, filters.get(read.type)) for read in one.sample.types.values()]
    notes = _by_reason([(read.type, read.detail) for read in one.sample.types.values() if read.detail])
    notes += _by_reason([(f"{seen.type}.{seen.parameter}", seen.why) for seen in one.date_filters if _is_odd(seen)])
    notes += [] if one.sample.provenance or not one.sample.patients else ["Provenance: not added to what was found"]
    return ["SEARCHES", *columns(rows), *(line for note in notes for line in _said(note, "  ", "    "))]


def _by_reason(said: list[tuple[str, str]]) -> list[str]:
    """Each reason once, with what it is about."""
    names: dict[str, list[str]] = {}
    for about, why in said:
        names.setdefault(why, []).append(about)
    return [f"{', '.join(about)}: {why}" for why, about in names.items()]


def _row(read: TypeRead, seen: DateFilterSeen | None) -> tuple[str, ...]:
    days = f"{seen.parameter}: {seen.state}" if seen else ""
    return (read.type, read.outcome.name.lower(), str(read.received), days)


def _is_odd(seen: DateFilterSeen) -> bool:
    return seen.state not in (DateFilter.HONOURED, DateFilter.NOT_KNOWN)


def _bulk(one: Preflight) -> list[str]:
    hints = one.statement.bulk or ("none: nothing that the server says of itself mentions it",)
    return ["BULK EXPORT (hints; it was not tried)", *(line for hint in hints for line in _said(hint, "  "))]


def verdict(found: Found) -> str:
    """One sentence for the end: what a required measure lacks; empty when none lacks anything."""
    no, unknown = found.required(Gradeability.ATTEST_ONLY), found.required(Gradeability.NOT_KNOWN)
    said = [f"required and not derivable: {', '.join(no)}"] if no else []
    said += [f"required and not known: {', '.join(unknown)}"] if unknown else []
    return "; ".join(said)
