"""Where resources stand: file, line and Bundle entry of the version of each that counts."""

from collections.abc import Iterator, Mapping
from typing import Any

from extractors.engine import Engine

Place = tuple[str, int, int | None]


class Places(Mapping[str, Place]):
    """By key, the first file, line and Bundle entry of a resource; gathered when one is first looked up.

    Args:
        engine: holds what was read, and stays open as long as places are asked for.
        any_read: whether there is any; so much is known without gathering them.
    """

    def __init__(self, engine: Engine, any_read: bool) -> None:
        self._engine, self._any_read = engine, any_read
        self._gathered: dict[str, Place] | None = None

    def __getitem__(self, key: str) -> Place:
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __bool__(self) -> bool:
        return self._any_read

    @property
    def _found(self) -> dict[str, Place]:
        if self._gathered is None:
            columns: dict[str, list[Any]] = self._engine.table("current_place", "key").to_pydict()
            where = zip(columns["file"], columns["line"], columns["entry"], strict=True)
            self._gathered = dict(zip(columns["key"], where, strict=True))
        return self._gathered
