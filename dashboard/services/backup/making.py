"""Making a backup while runs go on: the catalogue at one moment first, then what it names, then the proof of all.

Versions never change once they are there, so what the catalogue named at that moment is still the same later. What was
deleted meanwhile, or is damaged, is left out of the catalogue's copy, too, and named: a restored home is whole.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from dashboard.catalogue import snapshots
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.opening import Catalogue
from dashboard.catalogue.runs import Checkpoint
from dashboard.catalogue.snapshots import HeldVersion
from dashboard.errors import Conflict, NotAsSaved, StoreUnavailable
from dashboard.files import is_frozen
from dashboard.holder import HOME_ID, home_id
from dashboard.jobs.job import Progress
from dashboard.services.backup.archives import HEAD
from dashboard.services.backup.form import Contents, Entry, Head, HomeFile, Member
from dashboard.services.backup.opening import is_archive, open_target
from dashboard.services.backup.places import PIECE, SourceChanged, Target, refused
from dashboard.services.runs.journal import RESUMABLE_RUNS
from dashboard.services.store.existing import require_existing, require_own_store
from dashboard.services.workspace import Workspace, open_workspace
from dashboard.settings import Settings
from dashboard.weights.dtypes import bits_of

Report = Callable[[Progress], None]
HeldCheckpoint = tuple[Checkpoint, IO[bytes] | None]
"""A checkpoint, and its open file; None if that is gone."""
MOST_SNAPSHOTS = 20
"""So often the catalogue is read again because a checkpoint that it names was replaced at that very moment."""
MOST_WRITINGS = 2
"""A member that was damaged in the folder is written again once."""


def open_home(settings: Settings) -> Workspace:
    """Open a home to be backed up, also one in which nothing can be written.

    Raises NotFound if it or its catalogue is not there: an empty one would be made, and backed up; OtherDashboard if
    another home, which has the datasets, uses the store; StoreUnavailable.
    """
    require_existing(settings)
    home = settings.home_folder
    return open_workspace(replace(settings, read_only=1) if is_frozen(home) else settings, sweeping=False)


def make_backup(workspace: Workspace, path: Path, report: Report) -> dict[str, Any]:
    """Write a backup of everything to a folder or an archive, and prove it; return what it holds and what was new.

    `left_out` names what was deleted meanwhile, `damaged` what is not what was saved. Raises Invalid, Conflict,
    NotFound for a home that seems to belong to another store, or StoreUnavailable; no unfinished backup is ever taken
    for a whole one.
    """
    require_own_store(workspace)
    with open_target(workspace.settings, path) as target, contextlib.ExitStack() as opened:
        making = _Making(workspace, target, report)
        snapshot = target.scratch / "catalogue.sqlite"
        making.checkpoints = making.take_snapshot(snapshot, opened)
        for _ in range(MOST_WRITINGS):
            with snapshots.open_snapshot(snapshot) as catalogue:
                making.write_all(catalogue)
            making.write_catalogue(snapshot)
            head = making.head()
            target.close_up(head.to_bytes())
            damaged = making.prove(head)
            if not all(map(target.discard, damaged)):
                break
            if not damaged:
                name = HEAD if is_archive(path) else f"backup-{_compact(head.made)}.json"
                target.publish(name, head.to_bytes())
                return making.result(head, path)
        raise StoreUnavailable(f"{path} does not return what was written to it. Name another disk.")


def _compact(moment: str) -> str:
    return moment.replace("-", "").replace(":", "")


@dataclass
class _Making:
    """A backup in progress: what is in it, and what is not."""

    workspace: Workspace
    target: Target
    report: Report
    made: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    checkpoints: list[HeldCheckpoint] = field(default_factory=list)
    contents: Contents = field(default_factory=Contents)
    left_out: dict[str, str] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    written: dict[Member, None] = field(default_factory=dict)
    done: int = 0
    total: int = 0

    @cached_property
    def home(self) -> str:
        """The id of this home, empty if it has none."""
        with _source(self.workspace.settings.home_folder / HOME_ID):
            return home_id(self.workspace.settings.home_folder)

    # --- the moment

    def take_snapshot(self, path: Path, opened: contextlib.ExitStack) -> list[HeldCheckpoint]:
        """Write the catalogue at one moment, with its checkpoints held open: their files may be removed from then on.

        A checkpoint that was replaced just then counts as gone only if it is still gone when the catalogue is read
        again; its run begins from the beginning then, and comes to the same bits.
        """
        self.say("the catalogue")
        lost: set[str] | None = None
        for _ in range(MOST_SNAPSHOTS):
            path.unlink(missing_ok=True)
            held = snapshots.write_snapshot(
                self.workspace.catalogue, path, RESUMABLE_RUNS, lambda points: self._hold(points, opened)
            )
            gone = {point.file for point, file in held if file is None}
            if not gone or gone == lost:
                break
            lost = gone
        return held

    def _hold(self, points: list[Checkpoint], opened: contextlib.ExitStack) -> list[HeldCheckpoint]:
        folder = self.workspace.settings.home_folder / "checkpoints"
        return [(point, _opened(folder / point.file, opened)) for point in points]

    # --- what it names

    def write_all(self, catalogue: Catalogue) -> None:
        """Write all that a snapshot names, and take out of it what cannot be had."""
        self.contents = Contents()
        with catalogue.writing() as connection:
            snapshots.drop_unfinished(connection)
        with catalogue.reading() as connection:
            held, folders = snapshots.held_versions(connection), snapshots.dataset_folders(connection)
            self.contents.marks = snapshots.birth_marks(connection)
        self._require_same_home()
        self.done, self.total = 0, 2 * len(held)
        lost = [point.run_id for point, file in self.checkpoints if not self._write_checkpoint(point, file)]
        for folder, (name, sha256) in folders.items():
            self._write_dataset(folder, name, sha256)
        dropped = [version for version in held if not self._write_version(catalogue, version, len(held))]
        with catalogue.writing() as connection:
            snapshots.forget_checkpoints(connection, lost)
            for version in dropped[::-1]:
                version_rows.drop_version(connection, version.id)

    def _require_same_home(self) -> None:
        """Raise Conflict if the backups in the folder are of another home.

        The newest head that has an id decides. Where only earlier releases wrote, or this home has no id, a backup that
        shares a mark with this home, or has none, is one of it.
        """
        names = self.target.heads()[::-1]
        homes = (self.target.head(name).home for name in names)
        named = next((home for home in homes if home), "")
        is_ours = named == self.home if named and self.home else self._shares_marks(names)
        if not is_ours:
            raise Conflict(
                f"{self.target.path} holds backups of another home; one that was restored from them counts as another, "
                "too. Name another folder for this one.",
                "to",
            )

    def _shares_marks(self, names: list[str]) -> bool:
        """Return whether a backup has a mark of this home, or none of them has any; the newest is looked at first."""
        has_none = True
        for name in names:
            marks = self.target.contents(self.target.head(name)).marks
            if not set(marks).isdisjoint(self.contents.marks):
                return True
            has_none = has_none and not marks
        return has_none

    def _write_checkpoint(self, point: Checkpoint, file: IO[bytes] | None) -> bool:
        if file is None:
            return False
        file.seek(0, 2)
        member = Member(point.sha256, file.tell())
        file.seek(0)
        try:
            self._put(member, _pieces(file, point.file))
        except SourceChanged:
            return False
        self.contents.files.append(HomeFile(f"checkpoints/{point.file}", member))
        return True

    def _write_dataset(self, folder: str, name: str, sha256: str) -> None:
        self.say(f"the dataset {name}")
        ours = self.workspace.datasets_folder / folder
        files = sorted(path for path in ours.rglob("*") if path.is_file())
        original = None
        for path in files:
            member = self._put_file(path)
            self.contents.files.append(HomeFile(f"datasets/{path.relative_to(ours.parent).as_posix()}", member))
            original = member.sha256 if path.name == "original.csv" else original
        if original != sha256:
            problem = "its file is not what was uploaded" if files else f"its records are not in {ours}"
            self.damaged[f"dataset {name}"] = f"{problem}."

    def _put_file(self, path: Path) -> Member:
        """Write a file of the home; it may be replaced by another while it is read."""
        for _ in range(MOST_WRITINGS):
            with _source(path), path.open("rb") as file, contextlib.suppress(SourceChanged):
                member = _measured(file)
                self._put(member, _pieces(file, path.name))
                return member
        raise SourceChanged(f"{path} changes while it is read. Try again.")

    def _write_version(self, catalogue: Catalogue, version: HeldVersion, count: int) -> bool:
        """Write the tensors of a version that are not there yet; False, with the reason noted, if one cannot be had."""
        self.say(f"writing {version.reference}, version {self.done + 1:,} of {count:,}")
        self.done += 1
        with catalogue.reading() as connection:
            infos = version_rows.list_tensors(connection, version.id)
        keys = tuple(info.key(version.slug, version.number) for info in infos)
        members = tuple(Member(info.sha256, info.bytes) for info in infos)
        try:
            for key, member in zip(keys, members, strict=True):
                if not self.target.has(member):
                    self._put(member, [bits_of(self.workspace.store.read_proven(key)).view("u1").data])
            about = self.workspace.store.manifest((version.slug, version.number))
        except NotAsSaved as error:
            self._note_missing(version, error.message)
            return False
        about = {name: value for name, value in about.items() if name != "tensors"}
        self.contents.versions.append(Entry(version.slug, version.network, version.number, keys, members, about))
        return True

    def _note_missing(self, version: HeldVersion, reason: str) -> None:
        with self.workspace.catalogue.apart(), self.workspace.catalogue.reading() as connection:
            is_wanted = snapshots.is_held(connection, version.slug, version.number)
        if is_wanted:
            self.damaged[version.reference] = reason
        else:
            self.left_out[version.reference] = "It was deleted while the backup was made."

    def write_catalogue(self, snapshot: Path) -> None:
        """Write the catalogue's copy, of which nothing is missing now, and the list of all members."""
        with snapshot.open("rb") as file:
            self.contents.catalogue = _measured(file)
            self._put(self.contents.catalogue, _pieces(file, snapshot.name))

    def _put(self, member: Member, blocks: Any) -> None:  # noqa: ANN401 - any iterable of bytes
        if not self.target.has(member):
            self.target.put(member, blocks)
            self.written[member] = None

    # --- the end

    def head(self) -> Head:
        """Write the list of all members, and return the head that names it."""
        content = self.contents.to_bytes()
        listed = Member(hashlib.sha256(content).hexdigest(), len(content))
        self._put(listed, [content])
        paths = [file.path for file in self.contents.files]
        return Head(
            made=self.made,
            list=listed,
            versions=len(self.contents.versions),
            tensors=sum(len(version.keys) for version in self.contents.versions),
            datasets=len({path.split("/")[1] for path in paths if path.startswith("datasets/")}),
            checkpoints=sum(path.startswith("checkpoints/") for path in paths),
            size=sum(member.bytes for member in self.contents.members()),
            left_out=tuple(self.left_out.items()),
            damaged=tuple(self.damaged.items()),
            home=self.home,
        )

    def prove(self, head: Head) -> list[Member]:
        """Read every member back from the backup; return those that are not what their names say."""
        members = [head.list, *self.contents.members()]
        start, damaged = self.done, []
        for place, member in enumerate(members):
            self.done = start + place * start // len(members)
            self.say(f"reading back, {place + 1:,} of {len(members):,}")
            if self.target.problem_of(member) is not None:
                damaged.append(member)
        self.done = self.total
        return damaged

    def result(self, head: Head, path: Path) -> dict[str, Any]:
        """Return what a run says of the backup; all members are proven."""
        members = {head.list, *self.contents.members()}
        new = members & self.written.keys()
        written = {"written": len(new), "written_bytes": sum(member.bytes for member in new)}
        spare = len(self.written) - len(new)  # of versions that were left out halfway
        return facts_of(head, path, self.workspace.settings) | written | {"proven": len(members), "spare": spare}

    def counts(self) -> dict[str, Any]:
        """Return what was written so far, and what is missing."""
        return {
            "written": len(self.written),
            "written_bytes": sum(member.bytes for member in self.written),
            "left_out": _named(self.left_out.items()),
            "damaged": _named(self.damaged.items()),
        }

    def say(self, note: str) -> None:
        """Report how far it is; may raise what ends the backup."""
        self.report(Progress(self.done, self.total, note, self.counts()))


def facts_of(head: Head, path: Path, settings: Settings) -> dict[str, Any]:
    """Return what a backup says of itself, where it is, and whether that is in the home and would be lost with it."""
    counts = ("made", "versions", "tensors", "datasets", "checkpoints", "size")
    missing = {"left_out": _named(head.left_out), "damaged": _named(head.damaged)}
    is_inside = path.resolve().is_relative_to(settings.home_folder.resolve())
    return {name: getattr(head, name) for name in counts} | missing | {"to": str(path), "is_inside": is_inside}


def _named(parts: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"version": name, "reason": why} for name, why in parts]


def _opened(path: Path, opened: contextlib.ExitStack) -> IO[bytes] | None:
    try:
        return opened.enter_context(path.open("rb"))
    except FileNotFoundError:
        return None


def _source(path: object) -> contextlib.AbstractContextManager[None]:
    """Turn what cannot be read into StoreUnavailable that names it: it is no error of the backup's own disk."""
    return refused(f"{path} cannot be read")


def _measured(file: IO[bytes]) -> Member:
    """Return what names a file's content; the file is at its beginning then."""
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # any binary file
    size = file.tell()
    file.seek(0)
    return Member(sha256, size)


def _pieces(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Yield a file's bytes."""
    while piece := _piece(file, name):
        yield piece


def _piece(file: IO[bytes], name: str) -> bytes:
    with _source(name):
        return file.read(PIECE)
