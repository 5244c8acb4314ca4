"""The command `weightbase`: the dashboard's own where that is installed, which has all of these verbs, too."""

from __future__ import annotations

import importlib.metadata
import sys

from weightbase.command import run_client


def main() -> int:
    """Carry out one verb; return the exit code."""
    servers = importlib.metadata.distributions(name="weightbase")
    entries = [entry for server in servers for entry in server.entry_points if entry.group == "console_scripts"]
    command = entries[0].load() if entries else run_client
    return int(command())


if __name__ == "__main__":
    sys.exit(main())
