"""Restoring a backup into a home and a database that hold nothing yet; the store may be of another kind than it was.

From its first act to its last the home is marked, and the database, too: nothing opens them but the same restore, which
goes on where it was stopped. The mark goes only after everything was read back and compared with the backup's list.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.catalogue import restoring, snapshots
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.engines import CATALOGUE, engine_of
from dashboard.catalogue.opening import Catalogue, translated
from dashboard.catalogue.set_up import bring_up_to_date
from dashboard.errors import Conflict, NotFound, StoreUnavailable, UserError
from dashboard.files import atomic_write
from dashboard.jobs.job import Progress
from dashboard.privacy import make_private
from dashboard.services.backup.form import Contents, Entry, Head, HomeFile, Member
from dashboard.services.backup.opening import open_source
from dashboard.services.backup.places import Place, held, refused
from dashboard.services.backup.proving import Report, damaged_parts, find_damage
from dashboard.services.workspace import RESTORING
from dashboard.settings import Settings
from dashboard.weights.dtypes import bits_dtype, from_bits
from dashboard.weights.files import sync
from dashboard.weights.opening import open_store
from dashboard.weights.table_store import TableStore
from dashboard.weights.verification import verify

MOST_NAMED = 5


def restore_backup(
    settings: Settings, path: Path, report: Report, name: str = "", without_damaged: bool = False
) -> dict[str, Any]:
    """Restore a backup (the newest of a folder, or the one of this name) and prove it; return what there is now.

    Raises Conflict, naming it, if home or database hold anything, UserError for a damaged backup unless what is damaged
    is to be left out, NotFound, NewerForm or StoreUnavailable. The same call goes on with what was stopped.
    """
    with open_source(path) as place:
        head = place.head(_chosen(place, name))
        contents = place.contents(head)
        problems = find_damage(place, contents, report)
        damaged = damaged_parts(contents, problems, str(path))
        if damaged and (not without_damaged or problems[contents.catalogue]):
            raise UserError("\n".join([*damaged, REMEDY if not problems[contents.catalogue] else NO_CATALOGUE]))
        bad = {member for member, problem in problems.items() if problem}
        with _marked(settings, head.list.sha256):
            return _Restoring(settings, place, contents, head, bad, report).carry_out() | {"damaged": damaged}


REMEDY = "Nothing was restored. Use another backup, or --without-damaged to leave these out."
NO_CATALOGUE = "Nothing was restored: without its catalogue there is nothing to restore. Use another backup."


def _chosen(place: Place, name: str) -> str:
    names = place.heads()
    if name and name not in names:
        raise NotFound(f"{place.path} holds no backup {name!r}, but {', '.join(names[-MOST_NAMED:])}.", "backup", names)
    return name or names[-1]


# --- the marks


@contextlib.contextmanager
def _marked(settings: Settings, backup: str) -> Iterator[None]:
    """Mark home and database while the block lasts, and for ever unless it ends well; see `restore_backup`."""
    home = settings.home_folder
    with _home_usable(home):
        is_new = not home.exists()
        _require_empty(settings, backup)
        make_private(home)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (home / RESTORING).exists():
            atomic_write(home / RESTORING, json.dumps({"backup": backup}).encode(), durable=True)
    with held(home / RESTORING):
        if settings.store_kind.holds_catalogue:
            with translated(), _engine(settings) as engine:
                restoring.begin_restoring(engine)
        yield
        with _home_usable(home):
            (home / RESTORING).unlink()
            for folder in (home, *([home.parent] if is_new else [])):
                sync(folder)


def _require_empty(settings: Settings, backup: str) -> None:
    """Raise Conflict unless home, store and database hold nothing, or a part of the restore of this very backup."""
    home, folder = settings.home_folder, settings.store_folder
    mark = home / RESTORING
    if mark.exists():
        if _backup_of(mark) != backup:
            raise Conflict(
                f"Another backup was being restored into {home}. Restore that one to its end, or remove the folder."
            )
        return
    _require_nothing(home, _names(home))
    if folder is not None:
        _require_nothing(folder, _names(folder))
    if settings.store_kind.holds_catalogue:
        with translated(), _engine(settings) as engine:
            _require_nothing(str(engine.url.database), restoring.names_in(engine))


def _backup_of(mark: Path) -> str | None:
    try:
        return str(json.loads(mark.read_text())["backup"])
    except (ValueError, KeyError, TypeError):
        return None


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def _require_nothing(place: object, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
        raise Conflict(
            f"{place} holds something already: {', '.join(names[:MOST_NAMED])}{more}. A backup is restored into a new "
            "home and an empty database only: name others with WEIGHTBASE_HOME and WEIGHTBASE_STORE."
        )


@contextlib.contextmanager
def _engine(settings: Settings) -> Iterator[Any]:
    with translated():
        engine = engine_of(settings)
    try:
        yield engine
    finally:
        engine.dispose()


def _home_usable(home: Path) -> contextlib.AbstractContextManager[None]:
    return refused(f"The home {home} cannot be used")


# --- the work


@dataclass
class _Restoring:
    """A restore in progress; `bad` are the members that are damaged and left out."""

    settings: Settings
    place: Place
    contents: Contents
    head: Head
    bad: set[Member]
    report: Report
    done: int = 0
    left_out: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """The folder to restore into."""
        return self.settings.home_folder

    @cached_property
    def wanted(self) -> list[Entry]:
        """The versions of which nothing is damaged."""
        return [version for version in self.contents.versions if not self.bad & set(version.members)]

    @cached_property
    def files(self) -> list[HomeFile]:
        """The files of the home that are not damaged."""
        return [file for file in self.contents.files if file.member not in self.bad]

    def carry_out(self) -> dict[str, Any]:
        """Bring everything back, prove it, and let it be opened; return what there is."""
        with _home_usable(self.home):
            for file in self.files:
                self._bring_file(file)
        with contextlib.closing(open_store(self.settings)) as store:
            store.ping()
            store.sweep()
            there = set(store.versions())
            for version in self.wanted:
                self._say("restoring", version)
                if (version.slug, version.number) not in there:
                    self._bring_version(store, version)
            self._prove(store)
            with _home_usable(self.home):
                self._bring_catalogue(store)
        self.report(Progress(self._total, self._total, "", {}))
        return {
            "versions": len(self.wanted),
            "tensors": sum(len(version.keys) for version in self.wanted),
            "files": len(self.files),
            "made": self.head.made,
            "left_out": [f"{name}: {why}" for name, why in (*self.head.left_out, *self.head.damaged)],
        }

    @property
    def _total(self) -> int:
        return 2 * len(self.wanted)

    def _say(self, verb: str, version: Entry) -> None:
        place = self.done % max(len(self.wanted), 1) + 1
        note = f"{verb} {version.reference}, version {place:,} of {len(self.wanted):,}"
        self.report(Progress(self.done, self._total, note, {}))
        self.done += 1

    def _bring_file(self, file: HomeFile) -> None:
        path = self.home / file.path
        atomic_write(path, lambda out: [out.write(block) for block in self.place.blocks(file.member)], durable=True)
        sync(path.parent)

    def _bring_version(self, store: TableStore, version: Entry) -> None:
        key = (version.slug, version.number)
        with store.saving(key):
            for tensor, member in zip(version.keys, version.members, strict=True):
                bits = np.frombuffer(self.place.read(member), bits_dtype(tensor.dtype))
                store.write(tensor, from_bits(bits, tensor.dtype, tensor.shape))
            store.publish(key, version.keys, version.about)

    def _prove(self, store: TableStore) -> None:
        """Read everything back; raises StoreUnavailable, naming it, for what is not in the backup's list."""
        for version in self.wanted:
            self._say("proving", version)
            for tensor in version.keys:
                proof = verify(store, tensor)
                if not proof.identical:
                    raise StoreUnavailable(f"{version.reference} was not restored: {proof.problem} Try another disk.")
        for file in self.files:
            path = self.home / file.path
            with _home_usable(self.home), path.open("rb") as opened:
                if hashlib.file_digest(opened, "sha256").hexdigest() != file.member.sha256:
                    raise StoreUnavailable(f"{path} was not restored: it is not what was written. Try another disk.")

    # --- the catalogue, last

    def _bring_catalogue(self, store: TableStore) -> None:
        path = self.home / f"{CATALOGUE}.restoring"
        with path.open("wb") as file:
            for block in self.place.blocks(self.contents.catalogue):
                file.write(block)
        with snapshots.open_snapshot(path) as snapshot:
            self._settle(snapshot, store)
            if self.settings.store_kind.holds_catalogue:
                self._fill_database(snapshot)
        sync(path)
        if self.settings.store_kind.holds_catalogue:
            path.unlink()
        else:
            path.replace(self.home / CATALOGUE)
        sync(self.home)

    def _settle(self, snapshot: Catalogue, store: TableStore) -> None:
        """Name the tables as the store does, leave out what is damaged, and queue again what was running."""
        wanted = {(version.slug, version.number): version for version in self.wanted}
        with snapshot.writing() as connection:
            for held in snapshots.held_versions(connection)[::-1]:
                version = wanted.pop((held.slug, held.number), None)
                if version is None:
                    version_rows.drop_version(connection, held.id)
                else:
                    names = {key.tensor: store.table_name(key) for key in version.keys}
                    snapshots.name_tables(connection, held.id, names)
            snapshots.settle_runs(connection)
        if wanted:
            raise StoreUnavailable(f"The backup's catalogue does not know {next(iter(wanted.values())).reference}.")

    def _fill_database(self, snapshot: Catalogue) -> None:
        with translated(), _engine(self.settings) as engine:
            bring_up_to_date(engine)
            snapshots.replace_rows(snapshot, engine)
            restoring.end_restoring(engine)
