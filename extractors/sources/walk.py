"""One search, page by page: what every reader of a server does, whatever becomes of the pages.

Pages are asked for in a loop, each address once; what a page says of itself is gathered as it comes. A walk can
be taken up where an earlier one ended, by giving it the pages that were kept.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from extractors.decode import Json
from extractors.errors import GatewayError
from extractors.places import next_page
from extractors.sources.searchset import (
    NOT_RECORDS,
    entries_in,
    is_no_record,
    keys_in,
    matches_of,
    not_done,
    page_of,
    reported,
    stated_total,
    unfit,
)

Fetch = Callable[[str], bytes]
Clock = Callable[[], float]
Wanted = Callable[[str, Json], bool]
"""Whether a resource of a page, with its search mode, is one that was asked for."""
_EXPIRED = (400, 404, 410)
"""Statuses by which servers say that a further page is no longer there."""


class Refused(GatewayError):  # noqa: N818
    """A status that is no success."""

    def __init__(self, status: int, what: str = "") -> None:
        super().__init__(f"{what}the server answered with status {status}")
        self.status = status


class FurtherPageRefused(GatewayError):  # noqa: N818
    """A page in the middle was refused: that says nothing about the type, nor about the permission to read it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"a further page: the server answered with status {status}")
        self.status = status

    @property
    def expired(self) -> bool:
        """Whether the server may have forgotten the search, so that it has to begin again (R53)."""
        return self.status in _EXPIRED


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far one search is followed: pages, seconds by a clock, and how often to ask for what came as no page."""

    pages: int = 40
    seconds: float = 600
    tries: int = 1
    clock: Clock = time.monotonic


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the URL that it was asked by, its bytes, what they say, and how many resources were left out of them.

    The bytes are those that came, unless something was left out.
    """

    url: str
    body: bytes
    document: Json
    left_out: int = 0


class Walk:
    """The pages of one search.

    `doubts` say why they may not be all, empty when nothing speaks against it. `seen` are the keys of all matches,
    `repeated` how many of them came again, `total` the largest number that the server stated (0: none), `pages` how
    many there are, `left_out` how many resources on them were not wanted, `first` the URL of the first page, `brought`
    whether any Provenance was on them, and `largest` how many matches the fullest has.
    """

    def __init__(self, fetch: Fetch, first: str, bases: Sequence[str], bounds: Bounds, wanted: Wanted | None = None):
        self._fetch, self._bases, self._bounds, self._wanted = fetch, bases, bounds, wanted
        self._url, self._asked, self._contents = first, set[str](), set[bytes]()
        self.first = first
        self.seen, self.repeated, self.total, self.left_out = set[str](), 0, 0, 0
        self.brought, self.largest = False, 0
        self.doubts: list[str] = []

    @property
    def detail(self) -> str:
        """The first doubt; empty if there is none."""
        return next(iter(self.doubts), "")

    @property
    def pages(self) -> int:
        """How many pages were taken in."""
        return len(self._asked)

    def on(self) -> Iterator[Page]:
        """Every page from here on; whoever takes them may keep each before the next is asked for.

        Raises:
            Refused: the search itself was refused.
            FurtherPageRefused: a later page was.
            GatewayError: see `extractors.errors`; an answer that is no page of results, a link that leads away.
        """
        end = self._bounds.clock() + self._bounds.seconds
        while self._url:
            if self._url in self._asked or len(self._asked) >= self._bounds.pages or self._bounds.clock() > end:
                self.doubt("its pages do not end")
                return
            url = self._url
            page = self._page(url)
            self._note(page)
            yield page
            self._follow(page)

    def again(self, url: str, body: bytes, left_out: int) -> Page:
        """Take in a page that an earlier walk kept.

        Raises:
            GatewayError: it is no page, or leads on to where nothing may be asked.
        """
        page = Page(url, body, page_of(body), left_out)
        self._note(page)
        self._follow(page)
        return page

    def doubt(self, why: str) -> None:
        """Note why the pages may not be all; an empty reason is none."""
        if why and why not in self.doubts:
            self.doubts.append(why)

    def take_in(self, second: "Walk") -> None:
        """Add what a second reading of the same search saw and doubted."""
        self.seen |= second.seen
        self.total, self.left_out = max(self.total, second.total), max(self.left_out, second.left_out)
        self.brought |= second.brought
        for why in second.doubts:
            self.doubt(why)

    @property
    def short(self) -> str:
        """Why there seem to be fewer matches than there are, empty if not: a total is a sign, never a count (R52)."""
        return "the server says that there is more than it showed" if self.total > len(self.seen) else ""

    def _page(self, url: str) -> Page:
        for left in reversed(range(self._bounds.tries)):
            body = self._body(url)
            try:
                return self._sifted(Page(url, body, page_of(body)))
            except GatewayError:
                if not left:
                    raise
        raise AssertionError("a page is asked for at least once")

    def _sifted(self, page: Page) -> Page:
        """A page without what was not asked for; one that holds nothing else stays as it came, byte by byte."""
        entries = page.document.get("entry") or []
        self.doubt(NOT_RECORDS if any(is_no_record(*one) for one in entries_in(page.document)) else "")
        if self._wanted is None:
            return page
        kept = [entry for entry in entries if all(self._wanted(*one) for one in entries_in({"entry": [entry]}))]
        if len(kept) == len(entries):
            return page
        document = {**page.document, "entry": kept}
        body = json.dumps(document, ensure_ascii=False).encode()
        return Page(page.url, body, document, len(entries) - len(kept))

    def _body(self, url: str) -> bytes:
        try:
            return self._fetch(url)
        except Refused as problem:
            if self._asked:
                raise FurtherPageRefused(problem.status) from None
            raise

    def _note(self, page: Page) -> None:
        first = not self._asked
        self.first = page.url if first else self.first
        self._asked.add(page.url)
        keys = keys_in(matches_of(page.document))
        self.left_out += page.left_out
        self.brought |= any(one.get("resourceType") == "Provenance" for _, one in entries_in(page.document))
        self.largest = max(self.largest, len(keys))
        self.repeated += len(keys) - len(set(keys) - self.seen)
        self.seen.update(keys)
        self.total = max(self.total, stated_total(page.document))
        self.doubt(reported(page.document, (page.url if first else "") if self._wanted else None))
        self.doubt(unfit(page.document))
        self.doubt(not_done(page.document, page.url) if first else "")

    def _follow(self, page: Page) -> None:
        content = _content(page.document)
        if content is not None and content in self._contents:
            self.doubt("its pages repeat")
            self._url = ""
            return
        self._contents |= {content} if content is not None else set()
        self._url = self._next(page)

    def _next(self, page: Page) -> str:
        further = [link.get("url") for link in page.document.get("link") or [] if link.get("relation") == "next"]
        if not further:
            return ""
        if not isinstance(further[0], str):
            raise GatewayError("expected a search result, got one whose next page has no address")
        return next_page(further[0], page.url, self._bases[0], tuple(self._bases[1:]))


def _content(page: Json) -> bytes | None:
    """What tells one page from another, whatever its address; None for an empty one (R51)."""
    entries = page.get("entry")
    return hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).digest() if entries else None
