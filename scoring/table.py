"""Strict reading of one TOML table: every key is asked for, every other key is refused.

Knows TOML types and wording only, nothing about scoring. Each refusal is a `RuleError` that says file, key
path, expected, got, and what to do.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NoReturn, TypeVar

from scoring.errors import RuleError

Word = TypeVar("Word", bound=StrEnum)


class Table:
    """A TOML table that remembers where it stands and which of its keys were read."""

    def __init__(self, content: dict[str, object], file: str, path: str = "") -> None:
        """Wrap `content` found in `file` at `path`; an empty path is the whole file."""
        self._content = content
        self._file = file
        self._path = path
        self._read: set[str] = set()

    def refuse(self, key: str, expected: str, got: str, remedy: str) -> NoReturn:
        """Raise the `RuleError` for one key of this table."""
        where = self.path_of(key)
        raise RuleError(f"{self._file}, {where}: expected {expected}, got {got}. {remedy}")

    def path_of(self, key: str) -> str:
        """The dotted path of a key from the top of the file."""
        return ".".join(part for part in (self._path, key) if part)

    def has(self, key: str) -> bool:
        """Whether the key is present."""
        return key in self._content

    def text(self, key: str) -> str:
        """A required, non-empty string."""
        value = self._required(key, "a text")
        if not isinstance(value, str) or not value.strip():
            self._wrong(key, "a text", value)
        return value

    def whole(self, key: str) -> int:
        """A required whole number, not negative. TOML's true and false are no numbers."""
        value = self._required(key, "a whole number, 0 or more")
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self._wrong(key, "a whole number, 0 or more", value)
        return value

    def flag(self, key: str) -> bool:
        """An optional true or false; False when absent."""
        value = self._take(key, default=False)
        if not isinstance(value, bool):
            self._wrong(key, "true or false", value)
        return value

    def day(self, key: str) -> date:
        """A required TOML date without time."""
        value = self._required(key, "a date such as 2026-07-05")
        if type(value) is not date:
            self._wrong(key, "a date such as 2026-07-05", value)
        return value

    def word(self, key: str, words: type[Word]) -> Word:
        """A required word of a closed set."""
        value = self.text(key)
        known = [word.value for word in words]
        if value not in known:
            self._wrong(key, f"one of {', '.join(known)}", value)
        return words(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """An optional list of texts without repetition; empty when absent."""
        value = self._take(key, default=[])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self._wrong(key, "a list of texts", value)
        if len(set(value)) != len(value):
            self._wrong(key, "each entry once", value)
        return tuple(value)

    def some_texts(self, key: str) -> tuple[str, ...]:
        """A required list of texts with at least one entry."""
        self._required(key, "a list with at least one entry")
        return self.texts(key) or self._wrong(key, "a list with at least one entry", [])

    def table(self, key: str) -> "Table":
        """A required table."""
        value = self._required(key, "a table")
        if not isinstance(value, dict):
            self._wrong(key, "a table", value)
        return Table(value, self._file, self.path_of(key))

    def tables(self, key: str) -> tuple["Table", ...]:
        """An optional array of tables, each named by its position from 1."""
        value = self._take(key, default=[])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._wrong(key, f"tables [[{self.path_of(key)}]]", value)
        path = self.path_of(key)
        return tuple(Table(item, self._file, f"{path}[{n}]") for n, item in enumerate(value, start=1))

    def known(self, key: str, value: str, names: Iterable[str], what: str) -> str:
        """Return `value` when it is one of `names`; refuse a name that leads nowhere."""
        if value not in names:
            self.refuse(key, what, f'"{value}"', "Correct the name, or add what it names.")
        return value

    def once(self, key: str, names: Iterable[str]) -> None:
        """Refuse the first name that several tables of `key` bear."""
        for name, count in Counter(names).items():
            if count > 1:
                self.refuse(f"{key}.{name}", "one table per id", f"{count} tables", "Remove all but one.")

    def all_keys(self) -> tuple[str, ...]:
        """All keys, in file order; reading them this way counts as asking for each."""
        self._read.update(self._content)
        return tuple(self._content)

    def done(self) -> None:
        """Refuse the first key that nothing asked for."""
        for key in self._content:
            if key not in self._read:
                known = ", ".join(sorted(self._read))
                self.refuse(key, f"one of the keys {known}", "an unknown key", "Remove or correct it.")

    def _take(self, key: str, default: object) -> object:
        self._read.add(key)
        return self._content.get(key, default)

    def _required(self, key: str, expected: str) -> object:
        if key not in self._content:
            self.refuse(key, expected, "nothing", "Add it.")
        return self._take(key, default=None)

    def _wrong(self, key: str, expected: str, value: object) -> NoReturn:
        shown = f'"{value}"' if isinstance(value, str) else repr(value)
        self.refuse(key, expected, shown, "Correct the value.")


def top_table(content: bytes, file: str) -> Table:
    """The whole of a file as a table; `file` is its name in messages.

    Raises:
        RuleError: it is no TOML in UTF-8.
    """
    try:
        return Table(tomllib.loads(content.decode("utf-8")), file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise RuleError(f"{file}: expected TOML in UTF-8, got: {wrong}. Correct the file.") from wrong
