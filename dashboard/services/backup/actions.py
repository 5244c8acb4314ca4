"""A backup as a run, started from a page or by a program; and the backups that are where visitors may make them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard.catalogue import runs as run_rows
from dashboard.errors import Invalid, NewerForm, StoreUnavailable
from dashboard.jobs.job import Progress
from dashboard.jobs.starting import ensure_coordinator
from dashboard.parsing import Fields
from dashboard.records.run import STARTED_BY_LENGTH, Run
from dashboard.records.store import LONGEST_ADDRESS
from dashboard.services.backup.form import Head
from dashboard.services.backup.making import facts_of, make_backup
from dashboard.services.backup.opening import find_backups, is_archive, open_source, require_target
from dashboard.services.backup.proving import prove_backups
from dashboard.services.backup.words import damage_sentence
from dashboard.services.store.actions import ActionJob
from dashboard.services.store.process import Reporter
from dashboard.services.store.targets import require_folder
from dashboard.services.workspace import Workspace
from dashboard.settings import Settings

FOLDER = "backup"
"""What a folder of backups is called where nobody has chosen a name."""


@dataclass(frozen=True)
class Backup:
    """A backup that is there: its place, its name in it, and what its head says; `problem` is why it cannot be used."""

    place: str
    name: str
    made: datetime | None = None
    versions: int | None = None
    bytes: int | None = None
    missing: int | None = None
    problem: str = ""


def start_backup(workspace: Workspace, data: Mapping[str, Any], started_by: str = "") -> Run:
    """Queue a backup; raises Invalid for `to` unless visitors may let it be written there.

    `data` holds `to`: a whole path, of a folder or of a FILE.zip that does not exist yet.
    """
    fields = Fields(data)
    fields.known({"to"})
    to = fields.text("to", longest=LONGEST_ADDRESS)
    fields.done()
    path = _require_allowed(workspace.settings, to)
    row = {"kind": "backup", "spec": {}, "started_by": started_by[:STARTED_BY_LENGTH], "request": {"to": str(path)}}
    with workspace.catalogue.writing() as connection:
        run = run_rows.get_run(connection, run_rows.insert_run(connection, row))
    ensure_coordinator(workspace.settings)
    return run


def _require_allowed(settings: Settings, to: str) -> Path:
    path = Path(to)
    if not path.is_absolute() or "\0" in to:
        raise Invalid({"to": f"Give the whole path of a folder, or of a FILE.zip: {places(settings)[0]}, for example."})
    require_folder(settings, path, "to")
    require_target(settings, path)
    return path


def run_backup(workspace: Workspace, job: ActionJob, report: Reporter) -> str | None:
    """Make the backup of a request; what is damaged at the source is named, and all else is in it."""
    path = Path(job.request["to"])
    if job.attempt > 1 and is_archive(path) and path.exists():  # the attempt before died behind its end
        result = _prove_again(path, job.settings, report)
    else:
        _require_allowed(job.settings, str(path))
        result = report.patiently(lambda: make_backup(workspace, path, report))
    report(Progress(1, 1, "", result))
    return damage_sentence(result)


def _prove_again(path: Path, settings: Settings, report: Reporter) -> dict[str, Any]:
    """Return what the attempt before would have said of an archive, which it wrote whole; raises StoreUnavailable."""
    proven = prove_backups(path, report)
    if proven.problems:
        raise StoreUnavailable(proven.problems[0])
    (head,) = proven.heads
    written = {"written": proven.sound, "written_bytes": head.size + head.list.bytes, "proven": proven.sound}
    return facts_of(head, path, settings) | written


def places(settings: Settings) -> list[str]:
    """Return folders that visitors may back up to: what a form offers, those on other disks first."""
    folders = [*settings.copy_folders, settings.home_folder / "copies"]
    return [str(folder / FOLDER) for folder in folders]


def list_backups(settings: Settings) -> list[Backup]:
    """Return the backups in the folders that visitors may back up to, the newest first."""
    there = find_backups([*settings.copy_folders, settings.home_folder / "copies"])
    backups = [_described(place, name) for place, name in there]
    return sorted(backups, key=lambda backup: backup.made or datetime.min, reverse=True)


def _described(place: Path, name: str) -> Backup:
    try:
        with open_source(place) as source:
            return _backup(place, name, source.head(name))
    except (StoreUnavailable, NewerForm) as error:
        return Backup(str(place), name, problem=error.message)


def _backup(place: Path, name: str, head: Head) -> Backup:
    made = datetime.fromisoformat(head.made).replace(tzinfo=None)
    missing = len(head.left_out) + len(head.damaged)
    return Backup(str(place), name, made, head.versions, head.size, missing)
