"""Versions of QRDA Category III by performance year, read strictly from `versions.toml`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scoring import findings
from scoring.model import Finding
from scoring.rulings import Ruling, Sources, read_ruling, read_sources
from scoring.table import Table, top_table

_FILE = Path(__file__).with_name("versions.toml")


@dataclass(frozen=True, slots=True)
class Program:
    """A program code with what QPP JSON says for it: entityType `entity` and programName `name`."""

    code: str
    entity: str
    name: str
    first_year: int
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Version:
    """What the guide of one performance year asks for: extensions of the two document templates, and programs.

    `ruling` says by which guide, and what is in doubt about CMS's converter.
    """

    year: int
    guide: str
    base: str
    document: str
    programs: tuple[Program, ...]
    ruling: Ruling

    def program(self, code: str) -> Program | None:
        """The program with this code; None when the year has none."""
        return next((program for program in self.programs if program.code == code), None)

    def program_of(self, entity: str | None, name: str) -> Program | None:
        """The program of an entityType and a programName; that of an MVP is the plain one of MIPS."""
        names = {program.name for program in self.programs}
        wanted = (entity, name if name in names else "mips")
        return next((program for program in self.programs if (program.entity, program.name) == wanted), None)


@dataclass(frozen=True, slots=True)
class Versions:
    """All years that can be written; `section` has the extension of each template of the PI section by its name."""

    by_year: Mapping[int, Version]
    section: Mapping[str, str]
    programs: tuple[Program, ...]


@cache
def versions() -> Versions:
    """The versions that this product knows."""
    top = top_table(_FILE.read_bytes(), _FILE.name)
    sources, section = read_sources(top), top.table("section")
    programs = tuple(program for table in top.tables("program") for program in _programs(table, sources))
    found = [_version(table, sources, programs) for table in top.tables("version")]
    extensions = {name: section.text(name) for name in section.all_keys()}
    top.done()
    return Versions({version.year: version for version in found}, extensions, programs)


def _version(table: Table, sources: Sources, programs: tuple[Program, ...]) -> Version:
    year = table.whole("year")
    return Version(
        year=year,
        guide=table.text("guide"),
        base=table.text("base"),
        document=table.text("document"),
        programs=tuple(program for program in programs if program.first_year <= year),
        ruling=read_ruling(table, sources),
    )


def _programs(table: Table, sources: Sources) -> Iterator[Program]:
    codes, entities = table.some_texts("codes"), table.some_texts("entities")
    name, first = table.text("name"), table.whole("first_year")
    ruling = read_ruling(table, sources)
    for code, entity in zip(codes, entities, strict=True):
        yield Program(code, entity, name, first, ruling)


def converter_doubts(version: Version, program: Program | None) -> tuple[Finding, ...]:
    """What is not known of CMS's converter for the version of a year, and for a program."""
    named = [("version", version.ruling)] + ([("program", program.ruling)] if program else [])
    remedy = "Prefer QPP JSON where you can choose."
    return tuple(
        findings.CONVERTER_UNKNOWN.about(subject, doubt, remedy, ruling)
        for subject, ruling in named
        for doubt in ruling.doubts
    )


def unknown_year(year: int) -> Finding:
    """That no version is known for a year."""
    known = ", ".join(map(str, versions().by_year))
    message = f"No document version is known for {year}; versions are known for {known}."
    return findings.VERSION_OTHER.about("version", message, "Use QPP JSON, or a later pi180.")
