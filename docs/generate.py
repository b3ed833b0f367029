"""Writes the reference pages from the code, so that they cannot say anything else: `python docs/generate.py`."""

import json
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click import Context, Group
from click.testing import CliRunner
from format_pages import format_pages
from markup import page, table
from rule_pages import rule_pages
from security_page import security

from extractors.cases import Tally
from extractors.evidence_definition import published
from extractors.profile import load_profile, profile_names
from extractors.selectors import Remark
from extractors.site import FIRST_YEAR, KEYS, LAST_YEAR, WORDS, Site
from extractors.vocabulary import DEFINITIONS, EventKind, Grade
from scoring.findings import CATALOGUE
from scoring.model import Period
from scoring.rulebook import load
from smartapp.cli import main as pi180
from smartapp.nightly import status
from smartapp.starter import write_starter
from smartapp.usecases import Source, read
from smartapp.vendors.preflight_document import schema

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
FHIR = ROOT / "docs" / "fhir"
README = ROOT / "README.md"
DECK = ROOT / "fixtures" / "fhir" / "onc-deck"
ODD = ROOT / "tests" / "extractors" / "odd_input" / "expected.toml"

_SERVER_FILES = ("pi180.toml", "issuers.toml")
_BLOCK = "What `make demo` prints:\n\n```text\n"


def pages() -> dict[str, str]:
    """Every generated page by its path below `docs/reference/`."""
    made: dict[str, Callable[[], str]] = {
        "command-line.md": command_line,
        "events.md": events,
        "findings.md": findings,
        "odd-input.md": odd_input,
        "onc-deck.md": onc_deck,
        "preflight.schema.json": preflight_schema,
        "status.schema.json": status_schema,
        "security.md": security,
        "server-settings.md": server_settings,
        "site-settings.md": site_settings,
    }
    texts = {name: make() for name, make in made.items()}
    return {**texts, **rule_pages(), **format_pages()}


def command_line() -> str:
    """`pi180 --help` of every verb, and the exit codes."""
    texts = [_help()]
    texts += [f"## pi180 {' '.join(words)}\n\n{_help(*words)}" for words in _verbs(pi180)]
    codes = [
        ("0", "fine"),
        ("1", "unexpected"),
        ("2", "wrong usage; missing folder; bad attestation, profile, site, rule or settings file"),
        ("3", "a required measure cannot be derived from a server (`preflight`)"),
        ("4", "the gate is shut (`score`, `run`, `sign`; not `demo`); CMS would refuse the file (`check`, `export`)"),
        ("5", "the sign-in at a server is refused"),
        ("6", "a server does not answer, or not like a FHIR server"),
        (
            "7",
            "two runs, or a run and a report or the deck, differ; samples do not prove a profile (`profiles`); a "
            "binder is not as it was signed (`verify`); a signature is void (`signature`)",
        ),
        ("8", "input empty, truncated, damaged, or too much of it set aside; results are still written"),
    ]
    return page("Command line", *texts, "## Exit codes\n\n" + table(("code", "means"), codes))


def _verbs(group: Group, *before: str) -> Iterator[tuple[str, ...]]:
    """The words of every verb, those of a group after the group."""
    for name in sorted(group.commands):
        _, command, _ = group.resolve_command(Context(group), [name])
        yield (*before, name)
        if isinstance(command, Group):
            yield from _verbs(command, *before, name)


def _help(*words: str) -> str:
    shown = CliRunner().invoke(pi180, [*words, "--help"], prog_name="pi180", terminal_width=100)
    return f"```text\n{shown.stdout.strip()}\n```"


def events() -> str:
    """The vocabulary of events, and which carriers each profile reads for them or why it has none."""
    grades = "Grades of evidence, strongest first: " + ", ".join(f"`{grade}`" for grade in Grade) + "."
    meanings = "## Kinds\n\n" + table(("kind", "means"), [(f"`{kind}`", what) for kind, what in DEFINITIONS.items()])
    return page("Events and evidence profiles", grades, meanings, *(_profile(name) for name in profile_names()))


def _profile(name: str) -> str:
    profile = load_profile(name)
    observed = profile.observed or "documented, not observed"
    base = profile.files[1].name.removesuffix(".toml") if len(profile.files) > 1 else None
    about = f"{profile.about}. " + (f"Extends `{base}`; what it inherits stands there." if base else "")
    rows = [
        (f"`{kind}`", s.resource, str(s.rank), s.grade, _documented(s.remark))
        for kind in EventKind
        for s in profile.carriers(kind)
        if s.file == profile.files[0].name
    ]
    rows += [(f"`{kind}`", "absent", "", "", _documented(remark)) for kind, remark in profile.absent.items()]
    said = [f"- Not inherited: `{one.about}`: {_documented(one)}" for one in profile.dropped]
    said += [f"- {one.about}: {_documented(one)}" for one in profile.remarks]
    said += [f"- Never sent as a search parameter: `{name}`" for name in sorted(profile.never_send)]
    head = f"## Profile `{name}`, version {profile.version} ({observed})"
    carriers = table(("kind", "carrier", "rank", "grade", "why"), rows)
    return "\n\n".join(filter(None, [head, about.strip(), carriers, "\n".join(said)]))


def _documented(remark: Remark) -> str:
    read = f", read {remark.on}" if remark.on else ""
    return f"{remark.text} ([documented](<{remark.source}>){read})" if remark.source else remark.text


def preflight_schema() -> str:
    """The JSON Schema of `pi180 preflight --json`."""
    return json.dumps(schema(), indent=2) + "\n"


def status_schema() -> str:
    """The JSON Schema of the status file of `pi180 run --config`."""
    return json.dumps(status.schema(), indent=2) + "\n"


def fhir_definitions() -> dict[str, str]:
    """The evidence Provenance as FHIR definitions, by file name in `docs/fhir/`."""
    return {name: json.dumps(found, indent=2) + "\n" for name, found in published().items()}


def findings() -> str:
    """The numbered catalogue."""
    rows = [
        (kind.code, f"{kind.severity}{'; error in a file' * kind.refuses_file}", kind.title, kind.due)
        for kind in CATALOGUE.values()
    ]
    about = (
        "Numbers are retired, never reused. Until: the last day on which something can be done about it, by the "
        "[calendar](deadlines.md) of its year; what has to be done within the calendar year, until its end. Which "
        "common mistakes are caught by which: [traps](../explanation/traps.md)."
    )
    return page("Findings", about, table(("code", "severity", "what", "until"), rows))


def server_settings() -> str:
    """The two files of `pi180 serve --new`, as it writes them."""
    with TemporaryDirectory() as folder:
        made = write_starter(Path(folder) / "new")
        texts = [f"## {name}\n\n```toml\n{made.with_name(name).read_text()}```" for name in _SERVER_FILES]
    about = (
        "`pi180 serve --new FOLDER` writes these, and `pi180.key` with a fresh key, for their owner alone. Paths are "
        "relative to the file that names them. An unknown, missing or contradictory setting stops the start, with its "
        "place."
    )
    return page("Server settings", about, *texts)


def site_settings() -> str:
    """Every setting of a site file: what may stand there, what holds without it, what it says and by whose word."""
    told = tomllib.loads((ROOT / "docs" / "site-settings.toml").read_text())["setting"]
    rows = [(f"`{s['name']}`", _site_values(s["name"]), _site_default(s["name"]), s["says"], s["source"]) for s in told]
    about = (
        "A site file (`--site FILE.toml`) says what no server says. Everything in it is optional; an unknown key or "
        "value stops the run, with its place. A setting holds for the whole run, for all patients and clinicians "
        "alike, and is hashed into it. Why these, and why supervision is none: "
        "[ADR 10](../adr/0010-what-a-practice-declares.md)."
    )
    return page("Site settings", about, table(("setting", "values", "default", "what it says", "source"), rows))


def _site_values(name: str) -> str:
    kinds = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table", date: "a day"}
    words = WORDS.get(name)
    return ", ".join(f'`"{word}"`' for word in words) if words else kinds[KEYS[name]]


def _site_default(name: str) -> str:
    if name == "holidays":
        return f"the federal ones of {FIRST_YEAR} to {LAST_YEAR}"
    value = getattr(Site(), name)
    return f"`{json.dumps(value)}`" if isinstance(value, str | int) else "none"


def odd_input() -> str:
    """Every kind of odd input and what becomes of it, from what its tests expect."""
    odd = tomllib.loads(ODD.read_text(encoding="utf-8"))["odd"]
    text = (
        "A good order stands on the line before and on the line after each of these, and both count, unless the last "
        "column says otherwise: tests/extractors/test_odd_input.py shows it. *Set aside* is a line that is kept out "
        "with its file, line, hash and reason, and never with its content; more than one line in a thousand, or any "
        "Patient, blocks the score. *Not read* is counted by what it is. *Undecided* is in neither number."
    )
    groups = list(dict.fromkeys(one["group"] for one in odd))
    return page("Odd input", text, *(_odd_group(name, [o for o in odd if o["group"] == name]) for name in groups))


def _odd_group(name: str, odd: list[dict[str, Any]]) -> str:
    rows = [(one["title"], one["becomes"], _odd_because(one)) for one in odd]
    return f"## {name}\n\n" + table(("input", "becomes", "because"), rows)


def _odd_because(one: dict[str, Any]) -> str:
    reason = f"`{one['reason']}`" if "reason" in one else ""
    state = f"the file is *{one['state']}*" if "state" in one else ""
    kind = f"*{one['as']}*" if "as" in one else ""
    return "; ".join(part for part in (reason, kind, state, one.get("because", "")) if part)


def onc_deck() -> str:
    """Every cell of the deck, expected and counted, and what the met cases rest on."""
    rows = [row for place in sorted(DECK.rglob("expected.json")) for row in _cells(place)]
    standard = sum(row[-1].startswith("standard") for row in rows)
    text = (
        "ONC's test deck for 45 CFR 170.315(g)(2) (clinicians, RT1, RT2a, RT7, RT15, version 2.13, Apache-2.0), "
        "rendered as FHIR by us and counted with the profile `generic`. This is the deck's arithmetic reproduced "
        "on our own rendering. It is no certification, and it does not show that any server exposes these facts: "
        f"of {len(rows)} cells, {standard} rest on carriers that a standard defines, the others on asserted evidence."
    )
    head = ("data set", "measure", "variant", "reporter", "expected", "counted", "met cases rest on")
    return page("ONC deck", text, table(head, rows))


def _cells(place: Path) -> Iterator[tuple[str, ...]]:
    expected = json.loads(place.read_text())
    period = Period(*(date.fromisoformat(expected["period"][day]) for day in ("start", "end")))
    with read(Source(place.parent, zone=expected["zone"]), load(period.start.year), period) as reading:
        found: dict[tuple[object, ...], Tally] = {(t.measure, t.variant, t.tin, t.npi): t for t in reading.tallies}
    for cell in expected["expected"]:
        tally = found[cell["measure"], cell["variant"], cell["tin"], cell["npi"]]
        counted = f"{tally.met}/{tally.denominator}"
        rests = ", ".join(f"{grade} {count}" for grade, count in tally.rests_on.items()) or "nothing met"
        name, label = place.parent.relative_to(DECK).as_posix(), cell["label"]
        yield (
            name,
            cell["measure"],
            cell["variant"],
            label,
            f"{cell['numerator']}/{cell['denominator']}",
            counted,
            rests,
        )


def readme(text: str) -> str:
    """The README with what the demo prints now, up to the total."""
    before, _, rest = text.partition(_BLOCK)
    _, _, after = rest.partition("```")
    done = CliRunner().invoke(pi180, ["demo"], env={"DEMO_SERVE": "0"}, catch_exceptions=False)
    shown, total, more = done.stdout.partition("\nTotal ")
    return f"{before}{_BLOCK}{shown}{total}{more.splitlines()[0]}\n```{after}"


if __name__ == "__main__":
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
    for name, text in pages().items():
        (REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / name).write_text(text, encoding="utf-8")
    for name, text in fhir_definitions().items():
        (FHIR / name).write_text(text, encoding="utf-8")
