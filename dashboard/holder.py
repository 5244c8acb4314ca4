"""Who uses a database or a folder of weights: one home at a time, which others can name."""

import fcntl
import socket
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dashboard.errors import OtherDashboard

HOME_ID = "home_id"


@dataclass(frozen=True)
class Holder:
    """A home: what is different in every other one, even in a copy of it; where it is, and since when it is in use."""

    home: str
    path: str
    host: str
    since: str

    def to_json(self) -> dict[str, str]:
        """Return it as JSON."""
        return asdict(self)


def holder_of(home: Path) -> Holder:
    """Return the holder that a home is, from now on; its id is made if it has none. Raises OSError."""
    path = home / HOME_ID
    with open(path, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # several processes may start at once
        file.seek(0)
        if not file.read(1):
            file.write(uuid.uuid4().hex)
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "seconds")
    # A copy of a home has a copy of its id, but in a file of its own.
    identity = f"{path.read_text()[:64]}-{path.stat().st_ino}"
    return Holder(identity, str(home), socket.gethostname(), now)


def home_id(home: Path) -> str:
    """Return the id of a home, empty if it has none yet; a home that was moved keeps it. Raises OSError."""
    path = home / HOME_ID
    return path.read_text()[:64] if path.exists() else ""


def holder_from(data: Mapping[str, Any]) -> Holder | None:
    """Return the holder that JSON or a row names; None if it names none."""
    values = [data.get(name) for name in ("home", "path", "host", "since")]
    return Holder(*map(str, values)) if all(values) else None


def in_use(what: str, other: Holder | None) -> OtherDashboard:
    """Return the error for a database or a folder that another home uses."""
    who = f" since {other.since} UTC: its home is {other.path} on {other.host}" if other else ""
    return OtherDashboard(
        f"{what} is used by another dashboard{who}. Two with different homes would work against each other, as each "
        "knows only its own datasets and runs. Stop that one first, give this one a database or a folder of its own "
        "(WEIGHTBASE_STORE), or only read along with WEIGHTBASE_READ_ONLY=1."
    )
