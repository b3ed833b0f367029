"""Text for a terminal of any width: prose wrapped, and tables whose last column goes on below itself."""

import shutil
import textwrap
from collections.abc import Sequence

_WIDEST, _NARROWEST = 100, 40
_LEAST_FOR_A_COLUMN = 24
_GAP = "  "


def width() -> int:
    """Columns to write in: those of the terminal (or of COLUMNS), 40 to 100; 100 where the output is no terminal."""
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns))


def wrapped(text: str, indent: str, further: str | None = None) -> list[str]:
    """A text as lines of the terminal's width, each with the indent, those after the first with `further` if given.

    What a terminal would take for an order is shown as a mark.
    """
    after, plain = (
        further or indent,
        "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text),
    )
    return textwrap.wrap(plain, width(), initial_indent=indent, subsequent_indent=after, break_on_hyphens=False)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with columns of equal width, two spaces between."""
    widths = _widths(rows)
    return [_line(row, widths).rstrip() for row in rows]


def fitted(rows: Sequence[Sequence[str]]) -> list[str]:
    """The same within the terminal's width: what is too long in the last column goes on below, in it or indented."""
    widths = _widths(rows)[:-1]
    before = sum(widths) + len(_GAP) * len(widths)
    return [line for row in rows for line in _fitted(_line(row[:-1], widths), row[-1], before)]


def _fitted(head: str, last: str, before: int) -> list[str]:
    if before + len(last) <= width():
        return [f"{head}{_GAP}{last}".rstrip()]
    if width() - before >= _LEAST_FOR_A_COLUMN:
        return wrapped(last, f"{head}{_GAP}", " " * before)
    return [head.rstrip(), *wrapped(last, " " * 4)]


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(cell.ljust(size) for cell, size in zip(row, widths, strict=True))
