"""Memory that is free and still counts as this process's: the next one to work here needs it."""

import ctypes

import pyarrow as pa


def give_back() -> None:
    """Give the system what Arrow and C hold for later, as far as that is possible on this system."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone
    if trim is not None:
        trim(0)
