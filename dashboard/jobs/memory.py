"""Memory that is free again is given back to the system, instead of staying with a process that rests.

glibc gives each thread an arena of its own, raises its threshold for mappings with each large array that is freed, and
keeps what is free below the top of the heap: after an hour of browsing the web server held 3 times what it used.
"""

import contextlib
import ctypes
import os
from pathlib import Path

STATM = Path("/proc/self/statm")
MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
    "MALLOC_MMAP_THRESHOLD_": "262144",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # its own pool gives nothing back
}
"""Read when a process starts: for web server and coordinator, not for trainings, whose arrays come and go."""


def give_back() -> None:
    """Give free memory back to the system, where the C library can (glibc)."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


def resident_mb() -> float:
    """Return how many MB of this process are in memory; 0 where the system does not say so as Linux does."""
    with contextlib.suppress(FileNotFoundError):
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0
