"""Makes reports, and reads a rendered one as a tree of elements, so that tests ask for what a person sees."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from scoring.model import MeasureId, Period, Reporter
from scoring.rulebook import load
from smartapp.attesting.attestations import Attestations
from smartapp.opened.evidence import CaseRow, case_rows
from smartapp.report.pages import render
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Source, read

_VOID = {"meta", "link", "br", "img", "input", "hr", "rect", "base", "area", "col", "source", "track", "wbr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    def walk(self) -> Iterator["Element"]:
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, tag: str | None = None, css_class: str | None = None) -> list["Element"]:
        """Elements below this one by tag, by class, or by both."""
        return [e for e in self.walk() if tag in (None, e.tag) and css_class in (None, *e.classes)]

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return " ".join(" ".join(parts).split())

    def by_id(self, name: str) -> "Element":
        [found] = [element for element in self.walk() if element.attributes.get("id") == name]
        return found


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"<{self.open[-1].tag}> closed by </{tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read_page(html: str) -> Element:
    """The document of a page whose elements are all closed."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert builder.open == [builder.root], f"not closed: {[e.tag for e in builder.open[1:]]}"
    return builder.root


RULES = load(2026)
PERIOD = Period(date(2026, 1, 1), date(2026, 6, 29))
YES = ("PI_EP_2", "PI_HIE_5", "PI_PHCDRR_1", "PI_PHCDRR_1_PROD", "PI_PHCDRR_3", "PI_PHCDRR_3_PROD")
ALL_YES = {MeasureId(name): True for name in (*YES, *RULES.gate.attestations)}
ATTESTED = Attestations(
    2026, Reporter("991111111", "1093817465"), None, "0015CABCDEF1234", ALL_YES, {}, "controlled-included"
)


@dataclass
class Shown:
    scored: Scored
    rows: list[CaseRow]
    html: str
    page: Element


def shown(scored: Scored) -> Shown:
    rows = case_rows(scored.reading)
    html = render(scored, rows)
    return Shown(scored, rows, html, read_page(html))


def report_of(folder: Path, attested: Attestations = ATTESTED) -> Shown:
    with read(Source(folder), RULES, PERIOD) as reading:
        return shown(score_reading(reading, attested))


def ndjson(folder: Path, *resources: Mapping[str, Any], name: str = "all.ndjson") -> Path:
    (folder / name).write_text("".join(json.dumps(resource) + "\n" for resource in resources))
    return folder
