"""Copying everything from one store to another, exactly; existing versions are skipped, so a copy can be repeated.

Versions are copied one by one in the order of their creation, each completely or not at all, like a save. At the end
every version is read back from the target and compared with the SHA-256 that was taken when it was first saved.
"""

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import transfers
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.transfers import Mark, RunRow
from dashboard.errors import NotFound, StoreUnavailable, TensorDamaged, TensorMissing
from dashboard.jobs.job import Progress
from dashboard.records.dataset import Dataset
from dashboard.records.network import Network
from dashboard.records.tensor import TensorInfo
from dashboard.services.store.copy_plan import Key, Plan, look, make_plan
from dashboard.services.versions.origin import run_of_manifest
from dashboard.services.versions.saving import carry_through, manifest, write_all
from dashboard.services.versions.verification import Findings, Patiently, at_once
from dashboard.services.workspace import Workspace, making, sweep
from dashboard.weights.checksums import tensor_sha256
from dashboard.weights.dtypes import Array

Report = Callable[[Progress], None]


def copy_store(source: Workspace, target: Workspace, report: Report, patiently: Patiently = at_once) -> str | None:
    """Copy datasets, networks, runs and versions, and prove them; return what went wrong in a sentence, or None.

    Raises Conflict, before anything is copied, if the target holds something else under the same name or number. The
    trash is not copied; versions of runs that have not ended are left for the next copy. After an outage it is called
    again; only the proof at its end, which takes long, is continued by `patiently`.
    """
    sweep(target)  # a version of which an outage has left a part
    plan = make_plan(look(source), look(target))
    copy = _Copy(source, target, plan, report)
    copy.say("datasets and networks")
    copy.copy_definitions()
    copy.copy_versions()
    copy.copy_other_runs()
    copy.verify(patiently)
    return copy.failure()


@dataclass
class _Copy:
    """A copy in progress: the ids at the target, and the results so far."""

    source: Workspace
    target: Workspace
    plan: Plan
    report: Report
    done: int = 0
    copied: int = 0
    damaged: int = 0
    findings: Findings = field(default_factory=Findings)
    datasets: dict[int, int] = field(default_factory=dict)  # id at the source -> id at the target
    networks: dict[str, Network] = field(default_factory=dict)  # name -> network at the target
    versions: dict[Key, int] = field(default_factory=dict)  # -> id at the target
    runs: dict[int, int] = field(default_factory=dict)  # id at the source -> id at the target

    def say(self, note: str) -> None:
        """Report the progress; may raise what ends the copy."""
        total = 2 * len(self.plan.wanted) + len(self.plan.present)
        counts = {"copied": self.copied, "skipped": len(self.plan.present), "to_copy": len(self.plan.wanted)}
        left_out = [
            {"version": f"{name}:{number}", "reason": why} for (name, number), why in self.plan.left_out.items()
        ]
        self.report(Progress(self.done, total, note, counts | {"left_out": left_out} | self.findings.to_json()))

    def copy_definitions(self) -> None:
        """Copy the datasets with their folders, and the networks, that are not at the target yet."""
        for dataset in self.plan.source.datasets.values():
            copy_folder(self.source, self.target, dataset)
            self.datasets[dataset.id] = self._dataset(dataset)
        for network in self.plan.source.networks.values():
            self._network(network)
        there = self.plan.target.versions.items()
        self.versions = {key: mark.id for key, mark in there if mark.state == "ready"}

    def _dataset(self, dataset: Dataset) -> int:
        if dataset.name in self.plan.target.datasets:
            return self.plan.target.datasets[dataset.name].id
        values = {name: value for name, value in vars(dataset).items() if name != "id"}
        with self.target.catalogue.writing() as connection:
            return dataset_rows.insert_dataset(connection, values)

    def _dataset_id(self, name: str) -> int | None:
        """Return the id at the target of a dataset; None for weights from elsewhere, which have none."""
        return self.datasets[self.plan.source.datasets[name].id] if name else None

    def _network(self, network: Network) -> None:
        dataset_id = self._dataset_id(network.dataset)
        with self.target.catalogue.writing() as connection:
            if network.name in self.plan.target.networks:
                there = self.plan.target.networks[network.name]
                transfers.raise_last_version(connection, there.id, network.last_version)
            else:
                transfers.copy_network(connection, network, dataset_id)
            self.networks[network.name] = network_rows.get_network(connection, network.name)

    def copy_versions(self) -> None:
        """Copy the wanted versions in the order of their creation; unreadable ones are left out."""
        for number, mark in enumerate(self.plan.wanted, start=1):
            self.say(f"copying {mark.reference}, version {number:,} of {len(self.plan.wanted):,}")
            parent = self._parent(mark.parent_id)
            if parent in self.plan.left_out:
                self._leave_out(mark, "The version that it continues from was left out.")
                continue
            try:
                self._copy_version(mark, self.versions.get(parent) if parent is not None else None)
            except (TensorMissing, TensorDamaged) as error:
                self.damaged += 1
                self._leave_out(mark, error.message)
            except NotFound as error:
                self._leave_out(mark, error.message)

    def _leave_out(self, mark: Mark, reason: str) -> None:
        self.done += 2  # it will not be verified, either
        self.plan.left_out[mark.network, mark.number] = reason

    def _parent(self, parent_id: int | None) -> Key | None:
        return self.plan.source.key_of(parent_id) if parent_id is not None else None

    def _copy_version(self, mark: Mark, parent_id: int | None) -> None:
        with self.source.catalogue.reading() as connection:
            row = transfers.version_row(connection, mark.id)
            infos = version_rows.list_tensors(connection, mark.id)
            version = version_rows.get_version(connection, mark.network, mark.number)
            before = version_rows.key_of(connection, mark.parent_id) if mark.parent_id is not None else None
        if row is None:
            raise NotFound("It was deleted during the copy.")
        network = self.networks[mark.network]
        ties = {
            "run_id": self._run(self.plan.source.runs[mark.run_id]) if mark.run_id is not None else None,
            "parent_id": parent_id,
            "dataset_id": self._dataset_id(version.dataset),
        }
        with self.target.catalogue.writing() as connection:
            new_id = version_rows.insert_known_version(connection, network.id, mark.number, row | ties)
        run = run_of_manifest(self.source, mark.run_id, version.epoch)
        axes = {info.name: info.units_axis for info in infos if info.units_axis is not None}
        about = manifest(network, mark.number, row, before, run, axes)
        arrays = self._read(mark, version.slug, infos)
        carry_through(self.target, new_id, (network.slug, mark.number), write_all(self.target, arrays), about)
        self.versions[mark.network, mark.number] = new_id
        self.copied += 1
        self.done += 1

    def _read(self, mark: Mark, slug: str, infos: list[TensorInfo]) -> Iterator[tuple[TensorInfo, Array]]:
        """Yield the tensors one by one, each verified: what is damaged at the source is not copied."""
        for info in infos:
            self.say(f"copying {mark.reference}, {info.name}")
            array = self.source.store.read(info.key(slug, mark.number))
            if tensor_sha256(array) != info.sha256:
                raise TensorDamaged(f"{info.name} is not what was saved, at the source. Verify {mark.reference} there.")
            yield info, array

    def copy_other_runs(self) -> None:
        """Copy the runs that wrote no version, such as those that failed at once."""
        for run in self.plan.source.runs.values():
            if run.has_ended and self.plan.source.network_of(run) is not None:
                self._run(run)

    def _run(self, run: RunRow) -> int:
        """Return a run's id at the target, where it is copied to if it is not there yet."""
        if run.id in self.runs:
            return self.runs[run.id]
        network = self.plan.source.network_of(run)
        assert network is not None  # the runs of networks in the trash are not copied
        parent = self._parent(run.parent_id)
        ties = {
            "network_id": self.networks[network.name].id,
            "dataset_id": self.datasets[run.dataset_id] if run.dataset_id is not None else None,
            "parent_id": self.versions.get(parent) if parent is not None else None,
        }
        with self.source.catalogue.reading() as connection:
            epochs = transfers.epoch_rows(connection, run.id)
        with self.target.catalogue.writing() as connection:
            known_id = transfers.find_run(connection, self.networks[network.name].id, run.values)
            new_id = known_id or transfers.copy_run_row(connection, run.id, ties, run.values, epochs)
        self.runs[run.id] = new_id
        return new_id

    def verify(self, patiently: Patiently) -> None:
        """Read every version back from the target, including those that existed before."""
        marks = (*self.plan.present, *self.plan.wanted)
        settled = [mark for mark in marks if (mark.network, mark.number) not in self.plan.left_out]
        for number, mark in enumerate(settled, start=1):
            self.say(f"verifying {mark.reference}, version {number:,} of {len(settled):,}")
            with suppress(NotFound):  # deleted at the target meanwhile
                patiently(partial(self.findings.prove, self.target, mark.network, mark.number))
            self.done += 1
        self.say("")

    def failure(self) -> str | None:
        """Return what went wrong in a sentence, None if all is well."""
        if self.findings.different:
            return f"{_versions(self.findings.different)} at the target: not what was saved; see below."
        if self.damaged:
            return f"{_versions(self.damaged)} could not be read at the source; the others are copied and proven."
        return None


def copy_folder(source: Workspace, target: Workspace, dataset: Dataset) -> None:
    """Copy a dataset's folder to the target's home, wholly or not at all; raises StoreUnavailable."""
    ours, final = source.datasets_folder / dataset.folder, target.datasets_folder / dataset.folder
    if not dataset.folder or final.exists():
        return
    if not ours.exists():
        raise StoreUnavailable(f"The records of the dataset {dataset.name!r} are not in {ours}: name the right home.")
    fresh = target.datasets_folder / f"{dataset.folder}-{secrets.token_hex(4)}.new"
    with making(fresh):
        try:
            shutil.copytree(ours, fresh)
            _require_original(fresh / "original.csv", dataset)
            fresh.rename(final)
        except OSError as error:
            if not final.exists():  # else another process made the same folder first
                raise StoreUnavailable(f"The dataset {dataset.name!r} cannot be copied: {error.strerror}.") from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _require_original(path: Path, dataset: Dataset) -> None:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != dataset.sha256:
        raise StoreUnavailable(f"The file of the dataset {dataset.name!r} is not what was uploaded; it is not copied.")


def _versions(count: int) -> str:
    return "1 version" if count == 1 else f"{count:,} versions"


def counts_sentence(result: Mapping[str, Any]) -> str:
    """Say what a copy has done."""
    return (
        f"{_versions(result['copied'])} copied, {result['skipped']:,} were there already, "
        f"{len(result['left_out']):,} left out; {result['proven']:,} proven, {result['different']:,} different"
    )
