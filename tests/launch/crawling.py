"""Walks all pages of one launch as a browser does, and keeps what a test asks: links, ids, figures, rows and sums."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

from launching import Browser
from lxml import html

_CHOICE = ("year", "start", "end", "who")


@dataclass
class Walked:
    """One page: its answer, and what stands on it. Sums are (name, number) of totals and of parts.

    `own` says that it shows what was chosen at the start, so that its links were followed.
    """

    status: int
    own: bool = True
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    figures: list[tuple[int, str]] = field(default_factory=list)
    rows: int = 0
    says: int | None = None
    further: list[str] = field(default_factory=list)
    totals: list[tuple[str, int]] = field(default_factory=list)
    parts: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class Walk:
    """All pages that were reached, by their address without a place on them."""

    pages: dict[str, Walked]
    skip: str
    most: int

    def opens(self, address: str) -> bool:
        """Whether the walk goes to such an address."""
        return re.search(self.skip, address) is None

    @property
    def whole(self) -> bool:
        """Whether the walk ended by itself."""
        return len(self.pages) < self.most

    def rows_behind(self, address: str) -> int:
        """How many rows an address opens to, all its pages of rows together."""
        page = self.pages[address]
        return page.rows + sum(self.pages[other].rows for other in page.further)


def walk(browser: Browser, home: str, start: str, skip: str = "never", most: int = 900) -> Walk:
    """Follow every link below home that keeps what is chosen; another choice is looked at and not gone into.

    A figure is opened whatever is chosen for it, with all its rows.

    Args:
        browser: signed in.
        home: where the pages of the launch lie.
        start: the page to begin with, below home.
        skip: a pattern of addresses that are not opened, to save time.
        most: pages after which the walk is given up.
    """
    first = urljoin(home, start)
    pages: dict[str, Walked] = {}
    waiting, chosen = deque([first]), None
    while waiting and len(pages) < most:
        address = waiting.popleft()
        if address in pages or re.search(skip, address):
            continue
        pages[address] = page = _walked(browser, address)
        chosen = chosen or next((c for c in map(_choice, page.links) if len(c) == len(_CHOICE)), None)
        page.own = address == first or _choice(address) in ((), chosen)
        if page.own:
            waiting.extend(_followed(page, home, chosen, whole=address == first))
            waiting.extend(urldefrag(link).url for _, link in page.figures)
        waiting.extend(page.further)
    return Walk(pages, skip, most)


def _followed(page: Walked, home: str, chosen: object, *, whole: bool) -> Iterator[str]:
    for link in page.links:
        address = urldefrag(link).url
        if address.startswith(home) and (whole or _choice(address) in ((), chosen)):
            yield address


def _choice(address: str) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in parse_qsl(urlsplit(address).query) if pair[0] in _CHOICE)


def _walked(browser: Browser, address: str) -> Walked:
    got = browser.get(address)
    browser.seen.clear()
    if got.status_code != 200 or "html" not in got.headers["Content-Type"]:
        return Walked(got.status_code)
    tree = html.fromstring(got.text)
    says = tree.xpath("string(//*[@id='rows']/@data-rows)")
    return Walked(
        status=200,
        ids=set(tree.xpath("//@id")),
        links=[urljoin(address, str(href)) for href in tree.xpath("//a/@href")],
        figures=[(_number(a), urljoin(address, a.get("href"))) for a in tree.xpath(_OF_CLASS.format("a", "figure"))],
        rows=len(tree.xpath(_OF_CLASS.format("tr", "case"))),
        says=int(says) if says else None,
        further=[urldefrag(urljoin(address, str(href))).url for href in tree.xpath(_OTHER_PAGES)],
        totals=[(name, _number(e)) for e in tree.xpath("//*[@data-sum-of]") for name in e.get("data-sum-of").split()],
        parts=[(name, _number(e)) for e in tree.xpath("//*[@data-part-of]") for name in e.get("data-part-of").split()],
    )


_OTHER_PAGES = "//nav[contains(@class, 'pages')]//a[not(@aria-current)]/@href"
_OF_CLASS = "//{}[contains(concat(' ', normalize-space(@class), ' '), ' {} ')]"


def _number(element: html.HtmlElement) -> int:
    """The number that an element begins with."""
    return int(element.text_content().split()[0].replace(",", ""))
