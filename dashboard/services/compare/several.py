"""Several versions side by side: two to eight that a person chose, or all there are as settings against metrics."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dashboard.analysis.cells import Cells, Change
from dashboard.analysis.distributions import Distribution, distribution
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.versions import VersionSettings
from dashboard.errors import Damage, NotAsSaved, NotFound, UserError
from dashboard.metrics import in_order
from dashboard.records.network import Version
from dashboard.records.run import Epoch
from dashboard.records.statistics import COMPARED
from dashboard.records.tensor import TensorInfo
from dashboard.services.compare.pairs import VersionTensors
from dashboard.services.compare.versions import load_tensors
from dashboard.services.runs.runs import get_run
from dashboard.services.versions.damage import examine_version
from dashboard.services.versions.tensors import array
from dashboard.services.workspace import Workspace

__all__ = ["Distribution", "VersionSettings"]  # for those who may not import the analysis and the catalogue

FEWEST, MOST = 2, 8
MOST_VERSIONS = 500
"""How many versions, the newest, are drawn and listed."""
KINDS = ("metric", "setting", "weights")


@dataclass(frozen=True)
class SeveralFact:
    """One metric, setting or statistic of the chosen tensor, and its value in each version (None: it has none)."""

    kind: str
    name: str
    values: tuple[Any, ...]

    @property
    def key(self) -> str:
        """Its name in addresses: a metric and a setting may have one name, such as loss."""
        return f"{self.kind}.{self.name}"

    @property
    def equal(self) -> bool:
        """Whether all versions have the same value."""
        return all(value == self.values[0] for value in self.values)


@dataclass(frozen=True)
class Several:
    """The chosen versions in the order of choice; `tensors` are the names that all of them have."""

    versions: list[Version]
    tensors: list[str]
    tensor: str
    infos: list[TensorInfo]
    facts: list[SeveralFact]

    @property
    def is_of_one_shape(self) -> bool:
        """Whether the chosen tensor has one shape in all of them, so that there is a change."""
        return len({info.shape for info in self.infos}) == 1

    @property
    def cells(self) -> int:
        """How many cells the chosen tensor has in all versions together."""
        return sum(info.rows * info.columns for info in self.infos)


def get_several(workspace: Workspace, references: Sequence[str], tensor: str = "") -> Several:
    """Return two to eight versions side by side, of one network or of several, and one tensor that all have.

    Raises UserError for another number of them, NotFound for an unknown version, or a tensor that not all have.
    """
    chosen = list(dict.fromkeys(references))
    if not FEWEST <= len(chosen) <= MOST:
        raise UserError(f"Choose {FEWEST} to {MOST} versions; {len(chosen)} chosen.", "version")
    sides = load_tensors(workspace, [("version", reference) for reference in chosen])
    common = [name for name in sides[0].tensors if all(name in other.tensors for other in sides)]
    if tensor and tensor not in common:
        raise NotFound(f"Not all of these versions have a tensor named {tensor!r}.", "tensor", common)
    name = tensor or next(iter(common), "")
    infos = [one.tensors[name] for one in sides] if name else []
    return Several([one.version for one in sides], common, name, infos, _facts(sides, infos))


def several_distributions(
    workspace: Workspace, several: Several, change: bool, bins: int, limits: str = "robust"
) -> tuple[list[int], Distribution]:
    """Return the places of the versions that are drawn, and their distributions on shared bins.

    With `change` those of the change since the first one chosen, which itself has none. A version whose table is not
    what was saved is left out; raises NotAsSaved if nothing remains, or the first one is needed and damaged.
    """
    opened, failure = _sound_arrays(workspace, several)
    places = [place for place in opened if not change or place]
    if failure is not None and (not places or (change and 0 not in opened)):
        raise failure
    if not change:
        return places, distribution([Cells(opened[place]) for place in places], bins, limits)
    return places, distribution([Change(opened[0], opened[place]) for place in places], bins, limits)


def _sound_arrays(workspace: Workspace, several: Several) -> tuple[dict[int, np.ndarray[Any, Any]], NotAsSaved | None]:
    """Return place -> the chosen tensor of each version that is sound, and the first failure of the others."""
    opened, failure = {}, None
    for place, (version, info) in enumerate(zip(several.versions, several.infos, strict=True)):
        try:
            opened[place] = array(workspace, version, info)
        except NotAsSaved as error:
            failure = failure or error
    return opened, failure


def damage_of_several(workspace: Workspace, several: Several) -> list[Damage]:
    """Look quickly at the tables of the chosen versions; return what is wrong with them, version by version."""
    with workspace.catalogue.reading() as connection:
        infos = [version_rows.list_tensors(connection, version.id) for version in several.versions]
    return [
        damage
        for version, own in zip(several.versions, infos, strict=True)
        for damage in examine_version(workspace, version, own)
    ]


class RunCurve(NamedTuple):
    """The epochs of one run, and the versions among those chosen that it wrote, with their epochs."""

    label: str
    run_id: int
    epochs: list[Epoch]
    versions: list[Version]


def several_curves(workspace: Workspace, several: Several) -> list[RunCurve]:
    """Return the curve of each run that wrote one of the versions, in the order of choice."""
    by_run: dict[int, list[Version]] = {}
    for version in several.versions:
        if version.run_id is not None:
            by_run.setdefault(version.run_id, []).append(version)
    curves = []
    for run_id, versions in by_run.items():
        try:
            epochs = get_run(workspace, run_id).epochs
        except NotFound:
            continue  # its network was put into the trash at this moment
        curves.append(RunCurve(f"{versions[0].network}, run {run_id}", run_id, epochs, versions))
    return curves


class VersionValues(NamedTuple):
    """The settings and the metrics of a version by name: two name spaces, since both may have one name (loss)."""

    settings: dict[str, Any]
    metrics: dict[str, Any]


@dataclass(frozen=True)
class AllVersions:
    """Versions as rows of settings and metrics, the newest first: `settings` and `metrics` name the columns.

    `varying` are the settings that are not the same in all of them. `more` says whether there are older ones.
    """

    network: str | None
    versions: list[VersionSettings]
    rows: list[VersionValues]
    settings: list[str]
    varying: list[str]
    metrics: list[str]
    more: bool


def get_all_versions(
    workspace: Workspace, network: str | None = None, most: int = MOST_VERSIONS, offset: int = 0
) -> AllVersions:
    """Return `most` versions of a network, or of all networks, the newest first; raises NotFound for an unknown one."""
    with workspace.catalogue.reading() as connection:
        if network is not None:
            network_rows.get_network(connection, network)
        versions = version_rows.version_settings(connection, network, most + 1, offset)
    more, versions = len(versions) > most, versions[:most]
    own = [settings_of(version.spec, version.dataset, version.epoch) for version in versions]
    settings = list(dict.fromkeys(name for row in own for name in row))
    metrics = in_order(name for version in versions for name, value in version.metrics.items() if _is_number(value))
    varying = [name for name in settings if len({str(row.get(name)) for row in own}) > 1]
    rows = [
        VersionValues(row, {name: version.metrics.get(name) for name in metrics})
        for row, version in zip(own, versions, strict=True)
    ]
    return AllVersions(network, versions, rows, settings, varying, metrics, more)


def settings_of(spec: Mapping[str, Any], dataset: str, epoch: int) -> dict[str, Any]:
    """Return what a version was trained with as plain names and values; its layers are one text."""
    if not spec["layers"]:
        return {"epoch": epoch}
    layers = [f"{layer['units']} {layer['activation']}" for layer in spec["layers"]]
    return {"dataset": dataset or None, "layers": ", ".join(layers), "epoch": epoch, **spec["training"]}


def _facts(sides: Sequence[VersionTensors], infos: Sequence[TensorInfo]) -> list[SeveralFact]:
    metrics = [one.version.metrics for one in sides]
    settings = [settings_of(one.version.spec.to_json(), one.version.dataset, one.version.epoch) for one in sides]
    numbers = [{name: info.statistics.get(name) for name in COMPARED} for info in infos]
    return [
        SeveralFact(kind, name, tuple(one.get(name) for one in each))
        for kind, each in zip(KINDS, (metrics, settings, numbers), strict=True)
        for name in dict.fromkeys(name for one in each for name in one)
    ]


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any metric
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
