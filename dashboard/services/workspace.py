"""What every use case works on: the settings, the catalogue, the store, and the caches of arrays and of findings."""

import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from dashboard.catalogue import trash as trash_rows
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.opening import Catalogue, is_frozen_home, open_catalogue
from dashboard.errors import Conflict, Damage, OtherDashboard, StoreUnavailable
from dashboard.files import is_frozen, keep_reserve, make_space
from dashboard.holder import holder_of
from dashboard.privacy import make_private
from dashboard.services.cache.memory import ResultCache
from dashboard.settings import Settings
from dashboard.weights import save_lock
from dashboard.weights.decoded import DecodedCache
from dashboard.weights.opening import open_store
from dashboard.weights.table_store import TableStore

RESTORING = "restoring.json"
"""What marks a home into which a backup is being restored, from the first act to the last."""
UPLOAD_SECONDS = 24 * 3600
"""How long an upload waits for its columns to be chosen."""


@dataclass(frozen=True)
class Workspace:
    """The collaborators of the services; a test makes one around a folder of its own."""

    settings: Settings
    catalogue: Catalogue
    store: TableStore
    decoded: DecodedCache
    results: ResultCache = field(default_factory=ResultCache)
    damage: dict[tuple[str, str], Damage] = field(default_factory=dict)
    """By (version, tensor), what this process has met that is not what was saved (services/versions/damage.py)."""

    @property
    def datasets_folder(self) -> Path:
        """The folder of datasets, each in a folder named by its content."""
        return self.settings.home_folder / "datasets"

    @property
    def uploads_folder(self) -> Path:
        """Where uploads wait until the person has chosen their columns."""
        return self.settings.home_folder / "uploads"


def open_workspace(settings: Settings, sweeping: bool = True) -> Workspace:
    """Open everything, and sweep away what a crash has left; raises StoreUnavailable with the remedy.

    Where nothing can be written, versions are browsed, compared, verified, exported and copied from as ever; what would
    write raises Forbidden. Without `sweeping` left-over data remains, for processes next to one that has swept. Raises
    OtherDashboard, naming it, if another home uses the database or the folder of weights.
    """
    frozen = is_frozen_home(settings)
    if not frozen:
        make_private(settings.home_folder)
        make_space(settings.home_folder)
    require_whole(settings.home_folder)
    store = open_store(settings)
    catalogue = open_catalogue(settings, holding=sweeping)
    if not catalogue.read_only:
        try:
            store.hold(holder_of(settings.home_folder))
            store.ping()
        except BaseException:
            catalogue.close()
            store.close()
            raise
    cache = Path(tempfile.mkdtemp(prefix="weightbase-")) if frozen else settings.home_folder / "cache"
    decoded = DecodedCache(cache, settings.cache_mb * 2**20)
    if frozen:
        weakref.finalize(decoded, shutil.rmtree, cache, ignore_errors=True)
    workspace = Workspace(settings, catalogue, store, decoded)
    if not frozen:
        workspace.uploads_folder.mkdir(exist_ok=True)
        workspace.datasets_folder.mkdir(exist_ok=True)
    if sweeping and not catalogue.read_only:
        sweep(workspace)
        keep_reserve(settings.home_folder)
    return workspace


def require_whole(home: Path) -> None:
    """Raise StoreUnavailable for a home into which a backup is being restored, or was until that was stopped."""
    if (home / RESTORING).exists():
        raise StoreUnavailable(
            f"A backup is being restored into {home}, or that was stopped: it is not whole. Type the same "
            "`weightbase restore` again to go on with it, or remove the folder."
        )


def open_to_read(settings: Settings, sweeping: bool = True) -> Workspace:
    """Open everything as `open_workspace` does; to read only if another home uses the store or this is frozen."""
    if is_frozen(settings.home_folder):
        return open_workspace(replace(settings, read_only=1), sweeping)
    try:
        return open_workspace(settings, sweeping)
    except OtherDashboard:
        return open_workspace(replace(settings, read_only=1), sweeping)


def sweep(workspace: Workspace) -> list[str]:
    """Remove what dead saves and dead uploads have left and what was given up, and return what it was.

    Living saves are not touched.
    """
    swept: list[str] = []
    with workspace.catalogue.reading() as connection:
        unfinished = version_rows.unfinished_versions(connection)
    for version in unfinished:
        swept += sweep_version(workspace, *version)
    swept += drop_deleted_networks(workspace) + workspace.store.sweep()
    for folder in workspace.datasets_folder.glob("*.new"):
        with making(folder) as ours:
            if ours:
                shutil.rmtree(folder, ignore_errors=True)
                swept.append(folder.name)
    for upload in workspace.uploads_folder.iterdir():
        if time.time() - upload.stat().st_mtime > UPLOAD_SECONDS:
            if upload.is_dir():  # where a file was read once more, by a process that was killed
                shutil.rmtree(upload, ignore_errors=True)
            else:
                upload.unlink(missing_ok=True)
            swept.append(upload.name)
    return swept


@contextmanager
def making(folder: Path) -> Iterator[bool]:
    """Hold the lock of a dataset's folder that is being made, against sweeps; yields whether it is ours."""
    lock = save_lock.take(folder.with_suffix(".lock"))
    if lock is None:
        yield False
        return
    try:
        yield True
    finally:
        # Who makes a folder clears up behind an error himself: only a process that dies leaves a trace.
        lock.release(settled=True)


def drop_deleted_networks(workspace: Workspace) -> list[str]:
    """Remove the networks that were given up and have no version any more; return their slugs."""
    with workspace.catalogue.reading() as connection:
        if not trash_rows.any_deleted_network(connection):
            return []
    with workspace.catalogue.writing() as connection:
        trash_rows.start_deleting_left_over(connection)
        return trash_rows.drop_deleted_networks(connection)


def sweep_version(workspace: Workspace, version_id: int, slug: str, number: int) -> list[str]:
    """Remove a version that is not being written, if it is unfinished or being deleted; return its name then."""
    try:
        # Holding its save lock proves that nobody is writing it; it is checked again whether it was finished meanwhile.
        with workspace.store.saving((slug, number)):
            with workspace.catalogue.reading() as connection:
                dead = version_rows.is_writing(connection, slug, number)
            if dead:
                workspace.store.delete((slug, number))
                with workspace.catalogue.writing() as connection:
                    version_rows.drop_version(connection, version_id)
    except Conflict:
        return []
    return [f"{slug}:{number}"] if dead else []
