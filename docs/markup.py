"""How generated pages are written: title, the line that says so, tables, sources."""

from collections.abc import Sequence
from string import ascii_lowercase

from scoring.model import Cite
from scoring.rulings import Ruling

_MADE = "<!-- Made by docs/generate.py from the code. Change the code, not this page. -->"


def page(title: str, *parts: str) -> str:
    """A whole page; empty parts are left out."""
    return "\n\n".join([f"# {title}", _MADE, *filter(None, parts)]) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under a head."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(" ".join(cell.split()) for cell in line) + " |" for line in lines)


def section(title: str, *parts: str) -> str:
    """A heading and what is below it; nothing at all when there is nothing below."""
    return "\n\n".join([f"## {title}", *filter(None, parts)]) if any(parts) else ""


def items(texts: Sequence[str]) -> str:
    """A list."""
    return "\n".join(f"- {text}" for text in texts)


def cites(found: tuple[Cite, ...]) -> str:
    """Sources, linked where they have an address."""
    return "; ".join(f"[{cite.text}](<{cite.url}>)" if cite.url else cite.text for cite in found)


class Notes:
    """The sources and doubts of one page, each told once, at its end, and referred to by number or letter."""

    def __init__(self) -> None:
        self._cites: dict[Cite, None] = {}
        self._doubts: dict[str, None] = {}

    def on(self, *rulings: Ruling) -> str:
        """How well rules are attested, with references to their sources and doubts."""
        self._cites |= dict.fromkeys(cite for ruling in rulings for cite in ruling.cites)
        self._doubts |= dict.fromkeys(doubt for ruling in rulings for doubt in ruling.doubts)
        texts = [self._about(ruling) for ruling in rulings]
        return f"({'; '.join(dict.fromkeys(texts))})"

    def _about(self, ruling: Ruling) -> str:
        cited, doubted = list(self._cites), list(self._doubts)
        numbers = ", ".join(str(number) for number in sorted(cited.index(cite) + 1 for cite in ruling.cites))
        letters = ", ".join(ascii_lowercase[doubted.index(doubt)] for doubt in ruling.doubts)
        doubts = f"; in doubt: [{letters}](#in-doubt)" if letters else ""
        return f"{ruling.confidence} [{numbers}](#sources){doubts}"

    def sources(self) -> str:
        """The numbered list of all sources so far."""
        return "\n".join(f"{n}. {cites((cite,))}" for n, cite in enumerate(self._cites, start=1))

    def doubts(self) -> str:
        """The lettered list of all doubts so far."""
        return items([f"({letter}) {doubt}" for letter, doubt in zip(ascii_lowercase, self._doubts, strict=False)])
