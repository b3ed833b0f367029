"""Memory that is free and still counts as this process's: the next one to work here needs it."""

import ctypes
from collections.abc import Callable

import pyarrow as pa


def give_back() -> None:
    """Give the system what Arrow and C hold for later, as far as that is possible on this system."""
    pa.default_memory_pool().release_unused()
    trim = _trim()
    if trim is not None:
        trim(0)


def _trim() -> Callable[[int], int] | None:
    """What glibc alone has for it; None elsewhere, and in a Python that loads no libraries."""
    try:
        return getattr(ctypes.CDLL(None), "malloc_trim", None)
    except OSError:
        return None
