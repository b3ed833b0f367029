"""Answers that a few members of a resource decide: asked once, as long as resources say the same there.

Resources of a practice differ in who, when and number; statuses, codes and clinicians come again and again, as the same
bytes.
"""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from extractors.decode import Json

_ROOM = 2_000
"""Answers that are remembered at once."""

_SHORT = 4096
"""Bytes above which an answer is not remembered: what is so long hardly comes again."""

_OFTEN = 3
"""Times that an answer should come, on average, for remembering to be worth it."""

_NEVER: Any = object()
_Answer = TypeVar("_Answer")
_Known = dict[tuple[bytes, ...], _Answer]
_Picked = Callable[[dict[str, msgspec.Raw]], tuple[msgspec.Raw, ...]]


class Read(NamedTuple):
    """What is read of a resource, and its outermost members as they stand in its line, with their names in their order.

    Without names, the line is not at hand.
    """

    json: Json
    parts: dict[str, msgspec.Raw]
    names: tuple[str, ...]


class Recalled(Generic[_Answer]):
    """An answer that some members of a resource decide.

    Args:
        names: of the members.
        ask: answers for the JSON of a resource; what it raises is not remembered.
    """

    def __init__(self, names: Iterable[str], ask: Callable[[Json], _Answer]) -> None:
        self._names, self._ask = frozenset(names), ask
        self._forms: dict[tuple[str, ...], tuple[_Picked, _Known[_Answer]]] = {}
        self._known: dict[tuple[str, ...], _Known[_Answer]] = {}
        self._asked, self._room, self._is_worth_it = 0, _ROOM, True

    def __call__(self, read: Read) -> _Answer:
        """The answer for what is read of a resource; raises as `ask` does."""
        form = self._forms.get(read.names) or self._form(read.names)
        if form is None:
            return self._ask(read.json)
        pick, known = form
        key = tuple(map(bytes, pick(read.parts)))
        self._asked += 1
        found: _Answer = known.get(key, _NEVER)
        if found is _NEVER:
            found = self._ask(read.json)
            self._remember(known, key, found)
        return found

    def _form(self, names: tuple[str, ...]) -> tuple[_Picked, _Known[_Answer]] | None:
        """How the members are picked from lines with some members, and the answers for such lines."""
        if not names or not self._is_worth_it:
            return None
        held = tuple(sorted(self._names.intersection(names)))
        return remember(self._forms, names, (_picked(held), self._known.setdefault(held, {})))

    def _remember(self, known: _Known[_Answer], key: tuple[bytes, ...], found: _Answer) -> None:
        """Remember an answer; when there is no more room, forget all, for good if they hardly came again."""
        if sum(map(len, key)) > _SHORT:
            return
        if self._room == 0:
            self._forms, self._known = {}, {}
            self._is_worth_it = self._asked > _OFTEN * _ROOM
            self._asked, self._room = 0, _ROOM
            return
        self._room -= 1
        known[key] = found


def remember(known: dict[Any, _Answer], key: object, found: _Answer) -> _Answer:
    """Remember an answer; what is full is emptied first."""
    if len(known) == _ROOM:
        known.clear()
    known[key] = found
    return found


def _picked(names: tuple[str, ...]) -> _Picked:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda parts: tuple([parts[name] for name in names])
