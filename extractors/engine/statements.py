"""The statements of `extractors/sql`, and those among them whose tables nobody has read yet.

A SQL file is a sequence of named SELECT statements (`-- table: name`); each becomes a table that the next
ones may read. The text itself is no dialect's: every engine runs the same.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

_STATEMENT = re.compile(r"^-- table: (?P<name>\w+)\n(?P<text>.*?)^;$", re.DOTALL | re.MULTILINE)
_READ = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")


@cache
def statements(file: str) -> tuple[tuple[str, str], ...]:
    """The named SELECT statements of one file of `extractors/sql`, in order."""
    text = (files("extractors") / "sql" / file).read_text(encoding="utf-8")
    return tuple((found["name"], found["text"]) for found in _STATEMENT.finditer(text))


@cache
def _bare(text: str) -> str:
    return re.sub(r"--.*", "", text)


@cache
def _words(text: str) -> frozenset[str]:
    """The words of a statement: among them is every table that it reads."""
    return frozenset(re.findall(r"\w+", _bare(text)))


@cache
def read_often() -> frozenset[str]:
    """The tables that all statements together read more than once."""
    names = [entry.name for entry in (files("extractors") / "sql").iterdir() if entry.name.endswith(".sql")]
    texts = [_bare(text) for name in names for _, text in statements(name)]
    reads = Counter(table for text in texts for table in _READ.findall(text))
    return frozenset(table for table, times in reads.items() if times > 1)


class Statement(NamedTuple):
    """One statement of a file, the tables before it that it may read, and the key of its own table.

    A key is a digest of all that decides the rows of a table: the text, and the keys of the tables that it may read.
    It is None where one of those has none.
    """

    file: str
    name: str
    text: str
    reads: frozenset[str]
    key: str | None


class Waiting:
    """Statements that wait until somebody reads their tables.

    Args:
        make: makes the table of a statement, when all that it reads is there.
        take: takes the table of a statement from an earlier run, so that nothing that it reads need be there; says
            whether there was one.
    """

    def __init__(self, make: Callable[[Statement], None], take: Callable[[Statement], bool] = lambda _: False) -> None:
        self._make, self._take = make, take
        self._keys: dict[str, str | None] = {}
        self._waiting: dict[str, Statement] = {}

    def add(self, file: str) -> None:
        """Let the statements of a file wait, each in place of what had its name."""
        for name, text in statements(file):
            words = _words(text) & self._keys.keys()
            found = Statement(file, name, text, words - {name}, self.key_of(text, words))
            self.replace(name, found.key)
            self._waiting[name] = found

    def replace(self, name: str, key: str | None = None) -> None:
        """Make what waits to read the table that had this name; if that itself still waits, nobody needs it.

        Args:
            name: of the new table.
            key: of the new table.
        """
        for reader in [n for n, found in self._waiting.items() if name in found.reads]:
            self.need(reader)
        self._waiting.pop(name, None)
        self._keys[name] = key

    def key_of(self, text: str, tables: Iterable[str]) -> str | None:
        """The key of what a text makes of tables; None where one of them has none."""
        decides = [[name, self._keys.get(name)] for name in sorted(tables)]
        if any(key is None for _, key in decides):
            return None
        return sha256(json.dumps([text, decides]).encode()).hexdigest()

    def key(self, name: str) -> str | None:
        """The key of the table that has a name now."""
        return self._keys.get(name)

    def is_read(self, name: str) -> bool:
        """Whether a statement that waits may read a table."""
        return any(name in found.reads for found in self._waiting.values())

    def unmade(self, name: str) -> Statement | None:
        """A statement that waits, all that it reads made; None if its table is there."""
        found = self._waiting.get(name)
        for read in sorted(found.reads) if found else ():
            self.need(read)
        return found

    def need(self, name: str) -> None:
        """Have a table that waits: of an earlier run, or made after those that it reads."""
        found = self._waiting.pop(name, None)
        if found is None or self._take(found):
            return
        for read in sorted(found.reads):
            self.need(read)
        self._make(found)
