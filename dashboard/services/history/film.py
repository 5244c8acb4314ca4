"""One unit's weights version by version: the frames of a film, pictures where its inputs are pixels, else bars."""

import hashlib
from dataclasses import dataclass

import numpy as np

from dashboard.analysis.images import HeatMap, heat_map, robust_limit, tile_size, unit_mosaic
from dashboard.analysis.statistics import l2_norm
from dashboard.catalogue import versions as version_rows
from dashboard.data.preprocessing import Preprocessing
from dashboard.errors import NotFound
from dashboard.records.network import DENSE, Network, Version
from dashboard.records.tensor import TensorInfo
from dashboard.records.units import ROW, counted_axis, unit_word
from dashboard.services.history.parts import unit_cells
from dashboard.services.history.tensor import TensorVersion, find_versions
from dashboard.services.versions.analyses import image_shape
from dashboard.services.versions.damage import damaged_numbers
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

MOST_FRAMES = 60
"""Of more versions, so many are frames, evenly spread, the first and the newest among them, and the one asked for."""
PICTURED = "layer_01.weight"


@dataclass(frozen=True)
class Film:
    """A unit's weights in the `versions` that are frames, of `total` that have them: `weights` (frames, inputs).

    `shape` is that of the pictures that they are, None where they are none; `inputs` are the names of the inputs, as
    far as they are known, else empty. `added` is a version that is a frame because it was asked for, 0 if none is.
    """

    network: Network
    tensor: str
    unit: int
    versions: list[TensorVersion]
    total: int
    weights: Array
    shape: tuple[int, ...] | None
    inputs: list[str]
    added: int = 0

    @property
    def changes(self) -> Array:
        """How far each weight is from the first frame's."""
        with np.errstate(invalid="ignore", over="ignore"):  # two infinities, or the largest numbers of both signs
            return np.asarray(self.weights - self.weights[0])

    def norm(self, place: int) -> float:
        """Return the L2 norm of the unit's weights in a frame, over finite ones."""
        return l2_norm(self.weights[place])

    def moved(self, place: int) -> float:
        """Return the L2 norm of their change since the first frame, over finite ones."""
        return l2_norm(self.changes[place])

    @property
    def content(self) -> str:
        """What its drawing depends on."""
        parts = [f"{version.number} {version.info.content}" for version in self.versions]
        return hashlib.sha256(" ".join([*parts, str(self.unit)]).encode()).hexdigest()

    def shown(self, is_change: bool) -> Array:
        """Return what the frames show: the change since the first, or the weights themselves."""
        return self.changes if is_change else self.weights


def get_film(workspace: Workspace, network_name: str, tensor: str, unit: int, at: int = 0) -> Film:
    """Return the film of a unit, over the versions with the tensor's newest shape; raises NotFound or StoreError.

    The version `at`, if it is one of them, is a frame, however many there are.
    """
    network, _, versions = find_versions(workspace, network_name, tensor)
    newest = versions[-1].info
    by_row = counted_axis(newest, network.kind) == ROW
    units = newest.rows if by_row else newest.columns
    if not 0 <= unit < units:
        raise NotFound(f"There is no {unit_word(newest, network.kind)} {unit}: they go from 0 to {units - 1}.", "unit")
    every = [version for version in versions if version.info.shape == newest.shape]
    spread = _spread(every)
    added = [version for version in every if version.number == at and version not in spread]
    chosen = sorted([*spread, *added], key=lambda version: version.number)
    shown, cells = unit_cells(workspace, network, chosen, unit, by_row)
    with np.errstate(invalid="ignore"):  # a NaN that signals becomes one that does not
        weights = np.array([cell.reshape(-1).astype(np.float64) for cell in cells])
    with workspace.catalogue.reading() as connection:
        version = version_rows.get_version(connection, network.name, shown[-1].number)
    is_first = network.kind == DENSE and newest.name == PICTURED
    shape = image_shape(workspace, version) if is_first else None
    inputs = _inputs(version) if is_first and shape is None else []
    return Film(network, newest.name, unit, shown, len(every), weights, shape, inputs, at if added else 0)


def earliest_before(workspace: Workspace, version: Version, tensor: TensorInfo) -> TensorVersion | None:
    """Return the first version whose tensor of this name has the same shape; None if none is before this one."""
    _, _, versions = find_versions(workspace, version.network, tensor.name)
    damaged = damaged_numbers(workspace, version.network)
    same = (one for one in versions if one.info.shape == tensor.shape and one.number not in damaged)
    first = next(same, None)
    return first if first is not None and first.number < version.number else None


def film_picture(film: Film, is_change: bool) -> HeatMap:
    """Return all frames next to each other, on one scale; raises NotFound where they are no pictures."""
    if film.shape is None:
        raise NotFound(f"{film.tensor} has no pictures of units.", "tensor")
    shown = film.shown(is_change)
    mosaic = unit_mosaic(shown.T, film.shape, range(len(shown)), across=len(shown))
    height, width = mosaic.shape
    return heat_map(mosaic, height, width, robust_limit(shown))


def film_size(film: Film) -> tuple[int, int]:
    """Return the (height, width) of a frame in its picture; frames are one pixel apart."""
    return tile_size(film.shape or (1, 1))


def largest_inputs(film: Film, is_change: bool, most: int) -> list[int]:
    """Return the inputs of which some frame shows the largest numbers, in their order."""
    sizes = np.nan_to_num(np.abs(film.shown(is_change)), nan=0.0).max(axis=0)
    largest: list[int] = np.sort(np.argsort(-sizes, kind="stable")[:most]).tolist()
    return largest


def _spread(versions: list[TensorVersion]) -> list[TensorVersion]:
    if len(versions) <= MOST_FRAMES:
        return versions
    places = np.linspace(0, len(versions) - 1, MOST_FRAMES).round().astype(int)
    return [versions[place] for place in places]


def _inputs(version: Version) -> list[str]:
    """Return the names of a network's inputs, none where its version does not say."""
    names = Preprocessing.from_json(version.preprocessing).inputs if version.preprocessing else []
    return names if len(names) == version.spec.inputs else []
