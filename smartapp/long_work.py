"""Long work: what there is of it, how it says how far it is, and how it is stopped there."""

from collections.abc import Callable
from enum import StrEnum


class Kind(StrEnum):
    """What is done in the background."""

    OWN_PATIENTS = "own patients"
    PRACTICE = "practice"


Told = Callable[[int, int], None]
"""Called with what is done and what there is to do, between two parts of the work; raises `Halted` to stop it."""


class Halted(Exception):  # noqa: N818  # the word says it
    """The work is not to go on."""


class Cancelled(Halted):
    """Somebody does not want the result any more: nothing of it needs to be kept."""


class Paused(Halted):
    """The process is about to end, or is no longer the one that does this work: whoever does it goes on from here."""
