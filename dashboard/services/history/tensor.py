"""How a tensor went through the versions of a network: what is stored with each, and how far each one moved.

What is stored (percentiles, norms, zeros) costs nothing. What must be counted from the weights, the change since
another version above all, is counted once and cached (see `cached_numbers`), version by version, in bounded memory.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Cells, Change, in_memory
from dashboard.analysis.differences import count_changed
from dashboard.analysis.distributions import ROBUST
from dashboard.analysis.histories import ever_since
from dashboard.analysis.quantiles import quantiles
from dashboard.analysis.spectra import singular_values, spectral_tail, stretch
from dashboard.analysis.statistics import tensor_statistics
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import stored_tables
from dashboard.catalogue.stored_tables import TensorVersion
from dashboard.errors import NotFound
from dashboard.metrics import best_version
from dashboard.records.network import Network
from dashboard.records.statistics import NAMES
from dashboard.services.cache.numbers import UNLIMITED, Budget, Numbers, cached_numbers
from dashboard.services.versions.damage import damaged_numbers, located
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

__all__ = ["TensorVersion"]  # what a history is made of, for those who may not enter the catalogue

SPECTRUM = ("spectral_norm", "stable_rank", "tail_exponent", "tail_distance")
SINCE = ("previous", "first", "best")
"""Against which version the change is counted."""


class TensorStep(NamedTuple):
    """A tensor in one version, and in the base since which its change is counted; None for its weights themselves."""

    base: TensorVersion | None
    version: TensorVersion

    @property
    def key(self) -> str:
        """The content that numbers about it depend on."""
        return (
            self.version.info.content if self.base is None else f"{self.base.info.content} {self.version.info.content}"
        )

    @property
    def numbers(self) -> set[int]:
        """The numbers of the versions that have to be read."""
        return {one.number for one in (self.base, self.version) if one is not None}

    @property
    def cells(self) -> int:
        """How many cells the tensor has."""
        return self.version.info.rows * self.version.info.columns


@dataclass(frozen=True)
class TensorHistory:
    """A tensor over all versions that have it, in their order.

    `changes` has the numbers of each version's change since another one, `bases` (None: there is none of its shape):
    those of `TensorStatistics`, `changed` (how many cells have other bits), `low` and `high` (its 0.5th and 99.5th
    percentile), and `relative` (its norm over that of the base); None where there is no base, or it is not counted
    yet. To count what is not, `uncounted` changes, `cells` cells must be read.
    """

    network: Network
    tensor: str
    names: list[str]
    since: str
    best: int | None
    versions: list[TensorVersion]
    bases: list[TensorVersion | None]
    changes: list[Numbers | None]
    uncounted: int
    cells: int

    @property
    def last_changed(self) -> TensorVersion | None:
        """The last version that changed the tensor at all; None if none did after the first."""
        contents = [version.info.content for version in self.versions]
        places = [place for place in range(1, len(contents)) if contents[place] != contents[place - 1]]
        return self.versions[places[-1]] if places else None

    @property
    def zero_since(self) -> TensorVersion | None:
        """The version since which every cell is zero, if it is so in the newest."""
        place = ever_since([version.info.statistics["zeros"] == 1 for version in self.versions])
        return None if place is None else self.versions[place]

    def steps(self, weights: bool) -> list[TensorStep]:
        """Return what can be counted: the weights of every version, or the changes of those that have a base."""
        if weights:
            return [TensorStep(None, version) for version in self.versions]
        steps = (TensorStep(base, version) for base, version in zip(self.bases, self.versions, strict=True))
        return [step for step in steps if step.base is not None]


def find_versions(
    workspace: Workspace, network_name: str, tensor: str
) -> tuple[Network, list[str], list[TensorVersion]]:
    """Return a network, its newest version's tensors, and one of them (by default the first) in all versions.

    Raises NotFound for an unknown network, one without versions, and a tensor that no version has.
    """
    with workspace.catalogue.reading() as connection:
        network = network_rows.get_network(connection, network_name)
        names = stored_tables.tensor_names(connection, network.id)
        if not names:
            raise NotFound(f"{network_name} has no version yet: train it first.", "network")
        versions = stored_tables.tensor_history(connection, network.id, tensor or names[0])
    if not versions:
        raise NotFound(f"No version of {network_name} has a tensor named {tensor!r}.", "tensor", names)
    return network, names, versions


def get_history(
    workspace: Workspace, network_name: str, tensor: str = "", since: str = "previous", budget: Budget = UNLIMITED
) -> TensorHistory:
    """Return a tensor's history, by default that of the first one; raises NotFound or StoreError."""
    network, names, versions = find_versions(workspace, network_name, tensor)
    metrics = {version.number: version.metrics for version in versions}
    best = best_version(network.task, network.spec.training.best_by, metrics)
    bases = _bases(versions, since, best)
    steps = [TensorStep(base, version) for base, version in zip(bases, versions, strict=True) if base is not None]
    counted = numbers_of(workspace, network, steps, budget)
    by_key = {step.key: numbers for step, numbers in zip(steps, counted, strict=True)}
    damaged = damaged_numbers(workspace, network.name)
    missing = {
        step.key: step.version.info for step in steps if by_key[step.key] is None and damaged.isdisjoint(step.numbers)
    }
    return TensorHistory(
        network=network,
        tensor=versions[0].info.name,
        names=names,
        since=since,
        best=best,
        versions=versions,
        bases=bases,
        changes=[
            None if base is None else _with_relative(base, by_key[TensorStep(base, version).key])
            for base, version in zip(bases, versions, strict=True)
        ],
        uncounted=len(missing),
        cells=sum(info.rows * info.columns for info in missing.values()),
    )


def _bases(versions: Sequence[TensorVersion], since: str, best: int | None) -> list[TensorVersion | None]:
    """Return the version since which each one's change is counted; none for itself and for another shape."""
    fixed = {"first": versions[0].number, "best": best}
    bases: list[TensorVersion | None] = []
    for place, version in enumerate(versions):
        if since == "previous":
            base = versions[place - 1] if place else None
        else:
            base = next((one for one in versions if one.number == fixed[since]), None)
        fits = base is not None and base is not version and base.info.shape == version.info.shape
        bases.append(base if fits else None)
    return bases


def _with_relative(base: TensorVersion, numbers: Numbers | None) -> Numbers | None:
    if numbers is None:
        return None
    size, norm = base.info.statistics["norm"], numbers["norm"]
    relative = norm / size if size and norm is not None else math.inf
    return numbers | {"relative": relative if math.isfinite(relative) else None}


def numbers_of(
    workspace: Workspace, network: Network, steps: Sequence[TensorStep], budget: Budget = UNLIMITED
) -> list[Numbers | None]:
    """Return the numbers of changes, or of weights themselves, as far as the budget goes; None for the others."""

    def count(place: int) -> Numbers:
        step = steps[place]
        opened = open_step(workspace, network, step)
        cells = in_memory(opened)
        low, high = (float(end) for end in quantiles(cells, ROBUST))
        ends = {"low": None if np.isnan(low) else low, "high": None if np.isnan(high) else high}
        if isinstance(opened, Change):
            changed = count_changed(opened.base.array, opened.other.array)
            return ends | tensor_statistics(cells).to_json() | {"changed": changed}
        return ends | step.version.info.statistics

    numbers = counted(workspace, network, "numbers", steps, count, budget)
    return [None if each is None else dict.fromkeys(NAMES) | each for each in numbers]


def spectra_of(
    workspace: Workspace, network: Network, versions: Sequence[TensorVersion], budget: Budget = UNLIMITED
) -> list[Numbers | None]:
    """Return `spectral_norm`, `stable_rank`, `tail_exponent` and `tail_distance` of a tensor in each version.

    Of tables with more than 1,024 rows and columns the tail is None, of one with a cell that is not finite everything.
    """
    steps = [TensorStep(None, version) for version in versions]

    def count(place: int) -> Numbers:
        return spectrum(open_step(workspace, network, steps[place]))

    return counted(workspace, network, "spectra of finite tables", steps, count, budget)


def spectrum(cells: Cells) -> Numbers:
    """Return the numbers of `spectra_of` for one table."""
    if not all(np.isfinite(block).all() for _, block in cells.blocks()):
        return dict.fromkeys(SPECTRUM)
    values = singular_values(cells)
    if values is None or not values.size or not values[0] > 0:
        stretched = stretch(cells)
        norm, rank, tail = stretched.spectral_norm, stretched.stable_rank, None
    else:
        norm, rank, tail = float(values[0]), float(np.square(values / values[0]).sum()), spectral_tail(values)
    return {
        "spectral_norm": norm if np.isfinite(norm) else None,
        "stable_rank": rank,
        "tail_exponent": None if tail is None else tail.exponent,
        "tail_distance": None if tail is None else tail.distance,
    }


def open_step(workspace: Workspace, network: Network, step: TensorStep) -> Cells:
    """Return a tensor, or its change, to be read block by block; raises StoreError."""
    cells = open_tensor(workspace, network, step.version)
    return Cells(cells) if step.base is None else Change(open_tensor(workspace, network, step.base), cells)


def open_tensor(workspace: Workspace, network: Network, version: TensorVersion) -> Array:
    """Return a tensor in a version from the decoded cache, read-only and memory-mapped; raises StoreError."""
    with located(workspace, network.name, network.slug, version.number, version.info):
        return workspace.decoded.get(workspace.store, version.info.key(network.slug, version.number))


def counted(
    workspace: Workspace,
    network: Network,
    what: str,
    steps: Sequence[TensorStep],
    count: Callable[[int], Numbers],
    budget: Budget,
    context: str = "",
) -> list[Numbers | None]:
    """Return the numbers of each step from the cache, and count those it lacks as far as the budget goes.

    `context` is what the numbers depend on next to the weights.
    """
    if not steps:
        return []
    name, keys = f"{what} {network.slug} {steps[0].version.info.name}", [f"{context}{step.key}" for step in steps]
    return cached_numbers(workspace, name, keys, [step.cells for step in steps], count, budget)
