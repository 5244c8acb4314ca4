"""Weightbase's command line, and `app:create_app()` for gunicorn. Without a verb it serves the dashboard."""

import argparse
import logging
import os
import sys

from dashboard import create_app
from dashboard.errors import WeightbaseError
from dashboard.settings import from_environment

__all__ = ["create_app"]


def main(arguments: list[str] | None = None) -> int:
    """Carry out one verb; return the exit code (0 done, 1 found something wrong, 2 refused)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("alembic", "mysql.connector"):
        logging.getLogger(name).setLevel(logging.WARNING)
    given = _parser().parse_args(arguments)
    try:
        return int(given.verb(given))
    except WeightbaseError as error:
        print(error.message, file=sys.stderr)
        return 2


def serve(_: argparse.Namespace) -> int:
    """Serve the dashboard and train what is queued, until Ctrl-C."""
    from dashboard.jobs.supervisor import serve as supervise  # noqa: PLC0415 - each verb loads only what it needs

    supervise(from_environment())
    return 0


def worker(given: argparse.Namespace) -> int:
    """Train what is queued (the dashboard starts this by itself)."""
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    from dashboard.services.runs.coordinator import coordinate  # noqa: PLC0415

    coordinate(from_environment(), until_idle=given.until_idle)
    return 0


def verify(given: argparse.Namespace) -> int:
    """Read versions back from the store and compare them with what was in memory; 1 if any differs."""
    from dashboard.services.proofs import print_proofs  # noqa: PLC0415

    return print_proofs(from_environment(), given.version)


def copy(given: argparse.Namespace) -> int:
    """Copy everything to another store, exactly, and prove it; what is there already is skipped.

    Passwords are read from WEIGHTBASE_FROM_PASSWORD and WEIGHTBASE_TO_PASSWORD, which no list of processes shows.
    """
    from dashboard.services.copy_command import copy_between  # noqa: PLC0415

    places = {"from": given.source, "from_home": given.from_home, "to": given.to, "to_home": given.to_home}
    return copy_between(from_environment(), places, os.environ, sys.stdout)


def reindex(_: argparse.Namespace) -> int:
    """Read the versions that lie in the store into the catalogue, for a folder that was copied here."""
    from dashboard.services.store.reindexing import reindex_store  # noqa: PLC0415
    from dashboard.services.workspace import open_workspace  # noqa: PLC0415

    for reference in reindex_store(open_workspace(from_environment())):
        print(f"{reference} indexed")
    return 0


def settings(_: argparse.Namespace) -> int:
    """Print every setting with its value and what it does; passwords are hidden."""
    for name, value, about in from_environment().shown():
        print(f"{name}={value}\n    {about}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.set_defaults(verb=serve)
    verbs = parser.add_subparsers(title="verbs")
    for function in (serve, worker, verify, copy, reindex, settings):
        added = verbs.add_parser(function.__name__, help=function.__doc__, description=function.__doc__)
        added.set_defaults(verb=function)
        if function is worker:
            added.add_argument("--until-idle", action="store_true", help="end when nothing has been queued for a while")
        if function is verify:
            added.add_argument("version", nargs="?", help="one version, as name:number; all if left out")
        if function is copy:
            store = "csv:, csv:FOLDER or mysql://user@host:3306/database"
            added.add_argument(
                "--from", dest="source", metavar="STORE", help=f"{store}; the configured one if left out"
            )
            added.add_argument("--to", required=True, metavar="STORE", help=store)
            home = "the folder of its datasets, and of its catalogue if it is CSV; the configured one if left out"
            added.add_argument("--from-home", metavar="FOLDER", help=home)
            added.add_argument("--to-home", metavar="FOLDER", help=home)
    return parser


if __name__ == "__main__":
    sys.exit(main())
