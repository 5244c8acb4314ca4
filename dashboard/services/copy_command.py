"""The copy between two stores as a command carries it out, with its progress on the terminal."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import IO

from dashboard.jobs.job import Progress
from dashboard.services.store.actions import require_apart
from dashboard.services.store.addresses import split_password, with_password
from dashboard.services.store.copying import copy_store, counts_sentence
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

FROM_PASSWORD, TO_PASSWORD = "WEIGHTBASE_FROM_PASSWORD", "WEIGHTBASE_TO_PASSWORD"
MOST_SHOWN = 20


def copy_between(
    settings: Settings, places: Mapping[str, str | None], environment: Mapping[str, str], out: IO[str]
) -> int:
    """Copy one store to another and print how it goes; return 0, or 1 if anything is missing or different.

    `places` holds "from", "from_home", "to", "to_home"; what is None is as the settings say. Passwords come from the
    environment, so that they stand in no list of processes; one in an address is taken, with a word of warning.
    """
    source = _settings(settings, places["from"], places["from_home"], environment.get(FROM_PASSWORD, ""))
    target = _settings(settings, places["to"], places["to_home"], environment.get(TO_PASSWORD, ""))
    for place, name in (("from", FROM_PASSWORD), ("to", TO_PASSWORD)):
        if split_password(places[place] or "")[1]:
            print(f"Others on this machine can read a password in a command line: set {name} instead.", file=sys.stderr)
    require_apart(source, target)
    printer = _Printer(out)
    error = copy_store(open_workspace(source), open_workspace(target), printer.tell)
    printer.finish(error)
    return 1 if error else 0


def _settings(settings: Settings, address: str | None, home: str | None, password: str) -> Settings:
    store = settings.store
    if address is not None:
        bare, within = split_password(address)
        store = with_password(bare, password or within)
    return replace(settings, store=store, home=home or settings.home)


class _Printer:
    """Prints one line a step: overwritten on a terminal, else one a version."""

    def __init__(self, out: IO[str]) -> None:
        self.out = out
        self.last = Progress(0, 0, "", {})

    def tell(self, progress: Progress) -> None:
        """Print what is being done now."""
        if self.out.isatty():
            share = 100 * progress.done // progress.total if progress.total else 0
            print(f"\r\033[K{share:3} %  {progress.note}", end="", file=self.out, flush=True)
        elif ", version " in progress.note:
            print(progress.note, file=self.out, flush=True)
        self.last = progress

    def finish(self, error: str | None) -> None:
        """Print what came of it."""
        result = self.last.result
        if self.out.isatty():
            print("\r\033[K", end="", file=self.out)
        for left in result["left_out"][:MOST_SHOWN]:
            print(f"{left['version']} left out: {left['reason']}", file=self.out)
        for line in result["differences"][:MOST_SHOWN]:
            print(f"{line['version']} {line['tensor']}: {line['problem']}", file=self.out)
        print(counts_sentence(result), file=self.out)
        if error:
            print(error, file=self.out)
