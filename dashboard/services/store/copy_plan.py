"""The plan of a copy between two stores, made from both sides, so that conflicts appear before anything is copied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import transfers
from dashboard.catalogue.transfers import Mark, RunRow
from dashboard.errors import Conflict
from dashboard.records.dataset import Dataset
from dashboard.records.network import Network
from dashboard.services.workspace import Workspace

Key = tuple[str, int]
"""A version on either side: (network's name, number)."""


@dataclass(frozen=True)
class Side:
    """What one catalogue holds: everything but weights and epochs."""

    datasets: Mapping[str, Dataset]
    networks: Mapping[str, Network]
    versions: Mapping[Key, Mark]
    runs: Mapping[int, RunRow]

    @cached_property
    def _keys(self) -> dict[int, Key]:
        return {mark.id: key for key, mark in self.versions.items()}

    @cached_property
    def _networks(self) -> dict[int, Network]:
        return {network.id: network for network in self.networks.values()}

    def key_of(self, version_id: int) -> Key | None:
        """Return (network, number) of a version; None for one of a network in the trash."""
        return self._keys.get(version_id)

    def network_of(self, run: RunRow) -> Network | None:
        """Return a run's network; None if it is in the trash."""
        return self._networks.get(run.network_id)


@dataclass
class Plan:
    """The versions to copy, in order; those that are at the target already; those that must wait, with the reason."""

    source: Side
    target: Side
    wanted: list[Mark] = field(default_factory=list)
    present: list[Mark] = field(default_factory=list)
    left_out: dict[Key, str] = field(default_factory=dict)


def look(workspace: Workspace) -> Side:
    """Return what a catalogue holds at one moment."""
    with workspace.catalogue.reading() as connection:
        return Side(
            {dataset.name: dataset for dataset in dataset_rows.list_datasets(connection)[::-1]},
            {network.name: network for network in transfers.all_networks(connection)},
            {(mark.network, mark.number): mark for mark in transfers.version_marks(connection)},
            {run.id: run for run in transfers.training_runs(connection)},
        )


def make_plan(source: Side, target: Side) -> Plan:
    """Sort the source's versions into those to copy, those there already and those that must wait.

    Raises Conflict naming the first object that differs at the target under the same name.
    """
    for dataset in source.datasets.values():
        _require_same_dataset(dataset, target.datasets.get(dataset.name))
    for network in source.networks.values():
        _require_same_network(network, target.networks.get(network.name))
    plan = Plan(source, target)
    for key, mark in source.versions.items():
        if mark.state != "ready":
            continue  # in the trash, or not there yet
        there = target.versions.get(key)
        if there is not None:
            _require_same_version(mark, there)
            plan.present.append(mark)
        elif mark.run_id is not None and not source.runs[mark.run_id].has_ended:
            plan.left_out[key] = f"Run {mark.run_id}, which wrote it, has not ended. Copy again when it has."
        else:
            plan.wanted.append(mark)
    return plan


def _require_same_dataset(ours: Dataset, there: Dataset | None) -> None:
    known_by_name_only = there is not None and not (there.sha256 and ours.sha256)
    if there is None or known_by_name_only or (ours.sha256, ours.spec) == (there.sha256, there.spec):
        return
    raise Conflict(
        f"The target has another dataset named {ours.name!r}. Delete one of the two, or copy elsewhere.", "to"
    )


def _require_same_network(ours: Network, there: Network | None) -> None:
    names = ("kind", "purpose", "task", "dataset", "fields", "spec")
    if there is None or all(getattr(ours, name) == getattr(there, name) for name in names):
        return
    raise Conflict(
        f"The target has another network named {ours.name!r}. Delete one of the two, or copy elsewhere.", "to"
    )


def _require_same_version(ours: Mark, there: Mark) -> None:
    if there.state == "ready" and there.sha256 == ours.sha256:
        return
    if there.state == "ready":
        reason = (
            "is a different version at the target. Nothing is overwritten: delete one of the two, or copy elsewhere."
        )
    elif there.state in {"writing", "deleting"}:
        reason = "is being saved or deleted at the target. Copy again later."
    else:
        reason = "is in the trash of the target. Restore it there, or delete it there permanently."
    raise Conflict(f"{ours.reference} {reason}", "to")
