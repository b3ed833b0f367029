"""How work in the background is stopped: it says how far it is, and is told there when it must not go on."""

from collections.abc import Callable

Told = Callable[[int, int], None]
"""Called with what is done and what there is to do, between two parts of the work; raises `Halted` to stop it."""


class Halted(Exception):  # noqa: N818  # the word says it
    """The work is not to go on."""


class Cancelled(Halted):
    """Somebody does not want the result any more: nothing of it needs to be kept."""


class Paused(Halted):
    """The process is about to end, or is no longer the one that does this work: whoever does it goes on from here."""
