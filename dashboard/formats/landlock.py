"""Landlock, a part of Linux: after `lock_in` this process opens only what it was allowed to open.

It starts no program and makes no connection either, and needs no rights for that
(https://docs.kernel.org/userspace-api/landlock.html). It is called by the numbers of its system calls, as the C library
has no functions for it.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG, PATH_BENEATH = 1, 1
NO_NEW_PRIVILEGES = 38
WRITE_FILE, READ_FILE, READ_DIR, MAKE_FILE, TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 8, 1 << 14
FILE_RIGHTS = ((1, 13), (2, 14), (3, 15), (5, 16))
"""From which version of Landlock on it knows how many rights on files."""
CONNECTIONS_SINCE, SCOPES_SINCE = 4, 6
BIND_AND_CONNECT, SOCKETS_AND_SIGNALS = 0b11, 0b11


def lock_in(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Allow this process, for good, only to read what is in `readable`, and to read and write what is in `writable`.

    Returns whether the kernel does so: not every one has Landlock. Raises OSError if it has but refuses.
    """
    library = ctypes.CDLL(None, use_errno=True)
    version = library.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG) if _is_linux() else 0
    if version < 1:
        return False
    rights = (1 << max(count for since, count in FILE_RIGHTS if since <= version)) - 1
    ruleset = _checked(library.syscall(CREATE_RULESET, *_attributes(version, rights), 0))
    for path in readable:
        _allow(library, ruleset, path, (READ_FILE | READ_DIR if path.is_dir() else READ_FILE) & rights)
    for path in writable:
        _allow(library, ruleset, path, (READ_FILE | READ_DIR | WRITE_FILE | MAKE_FILE | TRUNCATE) & rights)
    _checked(library.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _checked(library.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)
    return True


def _is_linux() -> bool:
    return platform.system() == "Linux"


def _attributes(version: int, rights: int) -> tuple[bytes, ctypes.c_size_t]:
    """Return the ruleset's attributes, which are more in each version, and their size."""
    connections = BIND_AND_CONNECT if version >= CONNECTIONS_SINCE else 0
    scopes = SOCKETS_AND_SIGNALS if version >= SCOPES_SINCE else 0
    size = 8 * (1 + (version >= CONNECTIONS_SINCE) + (version >= SCOPES_SINCE))
    return struct.pack("=QQQ", rights, connections, scopes)[:size], ctypes.c_size_t(size)


def _allow(library: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _checked(library.syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0))
    finally:
        os.close(descriptor)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "Landlock")
    return result
