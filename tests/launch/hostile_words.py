"""Words that would do something if a page took them for more than words, and a practice that is full of them."""

import re
from dataclasses import dataclass, field
from typing import Any

from lxml import html

from tests.smartapp.canaries import Canaries

Json = dict[str, Any]

_SHAPES = (
    "Zq{n}\"'><zqz onzqz=zqz()>{{{{7*7}}}}qz",
    "javascript:zqz('Zq{n}[{{{{7*7}}}}]qz')",
    "Zq{n}</script></style></textarea></title><zqz>{{% zqz %}}qz",
    "Zq{n}<svg/onzqz=zqz()><math><zqz>${{7*7}}#{{7*7}}qz",
    "Zq{n}' onzqz='zqz()' \" onzqz=\"{{# 7*7 #}}&lt;zqz&gt;&#60;zqz qz",
)
"""Markup in text and in attributes, addresses that run something, ends of elements, and templates of several kinds."""
_MARK = re.compile(r"Zq\d{5}")
_WORDS = ("text", "display", "family", "given", "prefix", "suffix", "name", "city", "line")
"""Elements of FHIR whose strings a page may show, and which are nothing but words."""


def payload(number: int) -> str:
    return _SHAPES[number % len(_SHAPES)].format(n=f"{number:05}")


class Payloads(Canaries):
    """Gives out words that would do harm; ids stay ids, so that the cases which they make are counted."""

    def new(self, place: str) -> str:
        self.places[mark := f"Zq{len(self.places):05}"] = place
        return mark if place == "id" else payload(int(mark[2:]))

    def spoiled(self, found: Any) -> Any:
        """A resource of a server with such words in place of its own, and in every text that it left open."""
        return self.filled(self._worded(found, found["resourceType"]))

    def _worded(self, found: Any, at: str) -> Any:
        if isinstance(found, list):
            return [self._worded(one, at) for one in found]
        if not isinstance(found, dict):
            return self.new(at) if at.rpartition(".")[2] in _WORDS and isinstance(found, str) else found
        return {name: self._worded(value, f"{at}.{name}") for name, value in found.items()}


@dataclass
class Watch:
    """Looks at pages: nothing of the words may have become anything but text. Keeps which were shown."""

    shown: set[str] = field(default_factory=set)

    def look(self, page: str, where: str) -> None:
        self.shown |= set(_MARK.findall(page))
        assert not re.search(r"<(zqz|script|svg/)", page, re.IGNORECASE), where
        assert not re.search(r"Zq\d{5}\W{0,4}(49|\$49)", page), f"{where}: a template was run"
        for element in html.fromstring(page).xpath("//*"):
            assert element.tag != "zqz", where
            assert not [name for name in element.attrib if name.startswith("on")], where
            for name in ("href", "src", "action", "formaction"):
                assert not element.get(name, "").strip().lower().startswith("javascript:"), where

    def holds(self, *texts: str) -> bool:
        """Whether each of the words was shown somewhere."""
        return {_MARK.findall(text)[0] for text in texts} <= self.shown
