"""Profiles, their checks and their probes as text for a terminal."""

from collections.abc import Iterable, Iterator

from extractors.probe import Probe, RuleProbe
from extractors.profile import Profile
from extractors.profile_check import Check
from extractors.selectors import Remark
from extractors.vocabulary import EventKind
from smartapp.printed.terminal import columns, wrapped
from smartapp.vendors.profiling import DOCUMENTED


def _indented(text: str, indent: int, first: str | None = None) -> list[str]:
    space = " " * indent
    return wrapped(text, space if first is None else first, space)


def profile_text(profile: Profile) -> str:
    """What a profile reads for each kind, best first, and what it says about the server."""
    head = f"{profile.name}, version {profile.version}: {profile.about}"
    inherited = f"; extends {', '.join(file.name for file in profile.files[1:])}" if profile.files[1:] else ""
    lines = [head, f"{profile.observed or DOCUMENTED}{inherited}; SHA-256 {profile.digest[:12]}"]
    for kind in EventKind:
        lines += ["", str(kind), *_kind(profile, kind)]
    lines += _remarks("Not inherited", profile.dropped) + _remarks("Remarks", profile.remarks)
    if profile.never_send:
        lines += ["", f"Never sent as search parameters: {', '.join(sorted(profile.never_send))}"]
    return "\n".join([*lines, ""])


def _kind(profile: Profile, kind: EventKind) -> Iterator[str]:
    if kind in profile.absent:
        yield from _indented(f"absent: {_said(profile.absent[kind])}", 5, "  -  ")
    for selector in profile.carriers(kind):
        whence = "" if selector.file == profile.files[0].name else f" (inherited from {selector.file})"
        first = f"{selector.rank:>3}  "
        yield from _indented(f"{selector.resource}, {selector.grade}{whence}: {_said(selector.remark)}", 5, first)


def _said(remark: Remark) -> str:
    read = f", read {remark.on}" if remark.on else ""
    return f"{remark.text} [{remark.source}{read}]" if remark.source else remark.text


def _remarks(title: str, remarks: Iterable[Remark]) -> list[str]:
    texts = [line for remark in remarks for line in _indented(f"{remark.about}: {_said(remark)}", 5, "  -  ")]
    return ["", title, *texts] if texts else []


def checks_text(checks: list[Check]) -> str:
    """Each profile with its faults and warnings, and how many samples each rule matched and rejected."""
    return "\n".join(line for one in checks for line in (*_check(one), ""))


def _check(found: Check) -> Iterator[str]:
    profile = found.profile
    selected = len(EventKind) - len(profile.absent)
    yield (
        f"{profile.name}, version {profile.version} ({profile.observed or DOCUMENTED}): {selected} kinds selected, "
        f"{len(profile.absent)} absent"
    )
    rows = [("  rule", "samples matched", "rejected")]
    rows += [(f"  {p.rule}", str(p.matched), str(p.rejected)) for p in found.proofs]
    yield from columns(rows)
    for word, texts in (("FAULT", found.faults), ("warning", found.warnings)):
        for text in texts:
            yield from _indented(f"{word}: {text}", 6, "  ")
    if not found.faults and not found.warnings:
        yield "  sound"


def probe_text(found: Probe) -> str:
    """What every rule made of the data; rules that matched nothing stand before the table."""
    head = f"Profile {found.profile.name}, version {found.profile.version} ({found.profile.observed or DOCUMENTED})"
    lines = [head, f"Lines set aside: {found.set_aside}", ""]
    silent = [rule for rule in found.rules if rule.of and not rule.matched]
    if silent:
        lines += ["NOTHING MATCHED, although resources of the type were read. Believe no zero before you know why:"]
        lines += [f"  {rule.rule}: 0 of {rule.of}" for rule in silent]
        lines.append("")
    rows: list[tuple[str, ...]] = [
        ("Rule", "Matched", "Of", "Met", "Not met", "Unknown", "Unmapped", "No date", "No offset", "About nothing")
    ]
    rows += [_row(rule) for rule in found.rules if rule.matched]
    lines += columns(rows)
    lines += [line for rule in found.rules for line in _causes(rule)]
    unread = sorted({rule.resource for rule in found.rules if not rule.of})
    if unread:
        lines += ["", *_indented(f"No resource of these types was read: {', '.join(unread)}.", 0)]
    return "\n".join([*lines, ""])


def _row(rule: RuleProbe) -> tuple[str, ...]:
    counts = (rule.matched, rule.of, rule.met, rule.not_met, rule.unknown, sum(rule.unmapped.values()))
    return (rule.rule, *map(str, (*counts, rule.undated, rule.zone_assumed, rule.about_nothing)))


def _causes(rule: RuleProbe) -> Iterator[str]:
    for reason, count in rule.excluded.items():
        yield f"  {rule.rule}: {count} excluded: {reason}"
    for code, count in rule.unmapped.items():
        yield f"  {rule.rule}: {count} unmapped: {f'code {code!r}' if code else 'a value that is no code'}"
