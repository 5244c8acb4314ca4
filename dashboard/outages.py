"""Which errors of servers, of SQLite and of the system pass by themselves: the one place that decides.

What passes is worth waiting for (`errors.Outage`): a server that restarts, a lock that another holds, a disk that is
full until somebody empties it. All else lasts until somebody changes something: a wrong password, a missing right,
damaged data, a mistake of ours. It ends what needs it, with words that name the remedy.
"""

import errno
import re
import sqlite3

PASSING_SERVER = frozenset(
    {
        # The server is away, ends, or has ended this connection.
        *(1053, 1077, 1078, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3168, 3169, 4031),
        *(2001, 2002, 2003, 2004, 2005, 2006, 2009, 2012, 2013, 2014, 2027, 2045, 2048, 2055),
        # Others are in the way: locks, deadlocks, a statement or a row that was taken back, a time limit.
        *(1020, 1205, 1206, 1213, 1317, 1614, 1637, 1969, 3024, 3058, 3572),
        # It has reached a limit: connections, memory, disk, open files.
        *(1021, 1037, 1038, 1040, 1041, 1114, 1129, 1135, 1203, 1226, 1016, 1023),
        # It takes no writes at the moment: a failover, a cluster that is joining, a server kept read-only meanwhile.
        *(1047, 1290, 1792, 1836, 3100),
        # A proxy in front of it (ProxySQL) found no server in time.
        *(9000, 9001, 9006),
    }
)
"""Error numbers of MySQL, MariaDB and their client libraries; 2005 is a name server that is away, too."""

PASSING_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""Primary result codes of SQLite. CANTOPEN is what it says when the process has no file descriptor left."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
PASSING_SYSTEM = FULL | {
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN, errno.EINTR, errno.EBUSY, errno.ENOLCK),
    *(errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED),
    *(errno.EPIPE, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH),
    *(errno.ENETRESET, errno.EREMOTEIO, errno.ESHUTDOWN),
}
"""Errors of the system: limits, and disks and networks that are away (EIO and ESTALE of a network file system)."""

SYSTEM_WORDS = {
    **dict.fromkeys(FULL, "The disk is full (or a quota is used up): free some space, or use another disk."),
    errno.EMFILE: "This process has no file descriptor left: raise the limit (ulimit -n), or use fewer threads.",
    errno.ENFILE: "This machine has no file descriptor left: raise fs.file-max, or end other programs.",
    errno.ENOMEM: "This machine has no memory left: end other programs, or raise the limit of memory.",
}
"""What a person can do about an error of the system."""

SQLITE_WORDS = {
    sqlite3.SQLITE_BUSY: "Another program holds a lock on it: let it end, or end it.",
    sqlite3.SQLITE_FULL: SYSTEM_WORDS[errno.ENOSPC],
    sqlite3.SQLITE_IOERR: "See whether its disk is full, or failing.",
    **dict.fromkeys(
        (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT),
        "It is damaged, or no catalogue. Put a copy of it back; or move it away, start again, and reindex the store.",
    ),
    sqlite3.SQLITE_CANTOPEN: "See whether its folder is there, its disk has space, and this process file descriptors.",
}
"""What a person can do about an error of SQLite, by its primary code."""

NO_SPACE = re.compile(r"err(no|or|code):? ?28\b", re.IGNORECASE)
"""How a server says that its disk is full, within an error whose number only says what it was doing."""
CLOSED = "not available"
"""What MySQL's connector says, without a number, of a connection that it has noticed to be closed."""


def is_of_client(number: int | None) -> bool:
    """Return whether an error is of the connection itself, met by the client, and passes by itself."""
    return number in PASSING_SERVER and 2000 <= (number or 0) < 3000


def server_passes(number: int | None, said: str) -> bool:
    """Return whether an error of a MySQL or MariaDB server, or of the connection to it, passes by itself."""
    return number in PASSING_SERVER or CLOSED in said or NO_SPACE.search(said) is not None


def sqlite_passes(error: sqlite3.Error) -> bool:
    """Return whether an error of SQLite passes by itself; extended codes count as their primary ones."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in PASSING_SQLITE


def system_passes(error: OSError) -> bool:
    """Return whether an error of the system passes by itself."""
    return error.errno in PASSING_SYSTEM


def system_words(error: OSError) -> str:
    """Return what the system refused and, where that is known, what a person can do about it; ends with a full stop."""
    return SYSTEM_WORDS.get(error.errno or 0, f"{(error.strerror or str(error)).rstrip('.')}.")
