"""Analyses of a version's tensors: distributions, outliers, heat maps and pictures of units, from decoded arrays."""

import math
from collections.abc import Sequence

import numpy as np

from dashboard.analysis.distributions import Distribution, distribution
from dashboard.analysis.images import HeatMap, heat_map, unit_mosaic
from dashboard.analysis.outliers import Outliers, outliers
from dashboard.errors import NotFound
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.datasets import get_dataset
from dashboard.services.versions.tensors import array
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array


def tensor_distribution(
    workspace: Workspace, version: Version, tensor: TensorInfo, bins: int, limits: str = "robust"
) -> Distribution:
    """Return the distribution of a tensor's weights over `bins` equal bins."""
    return distribution([array(workspace, version, tensor)], bins, limits)


def tensor_outliers(workspace: Workspace, version: Version, tensor: TensorInfo, most: int) -> Outliers:
    """Return how many of a tensor's weights are far out, by its stored quartiles, and the farthest of them."""
    quartiles = tensor.statistics["q25"], tensor.statistics["q75"]
    return outliers(array(workspace, version, tensor), most, quartiles)


def tensor_heat_map(workspace: Workspace, version: Version, tensor: TensorInfo, height: int, width: int) -> HeatMap:
    """Return a tensor's table as levels of colour, pooled to at most height × width of them."""
    return heat_map(array(workspace, version, tensor), height, width)


def image_shape(workspace: Workspace, version: Version) -> tuple[int, ...] | None:
    """Return the (height, width) or (height, width, 3) of the pictures that a version's network reads, if any."""
    try:
        shape = get_dataset(workspace, version.dataset).description.get("image_shape")
    except NotFound:
        return None
    if not shape or math.prod(shape) != version.spec.inputs:
        return None
    return tuple(int(side) for side in shape)


def require_pictures(workspace: Workspace, version: Version, tensor: TensorInfo) -> tuple[int, ...]:
    """Return the shape of the pictures whose weights the units of a tensor hold; raises NotFound if they hold none."""
    shape = image_shape(workspace, version)
    if shape is None or tensor.name != "layer_01.weight":
        raise NotFound(f"{version.reference} has no pictures of units: its dataset has no image shape.", "tensor")
    return shape


def _change(weights: Array, before: Array, base: Version) -> Array:
    if before.shape != weights.shape:
        raise NotFound(f"In {base.reference} this tensor has another shape: there is no change to show.", "since")
    with np.errstate(invalid="ignore", over="ignore"):  # two infinities, or the largest numbers of both signs
        return np.asarray(weights.astype(np.float64) - before)


def unit_pictures(
    workspace: Workspace,
    version: Version,
    tensor: TensorInfo,
    units: Sequence[int],
    across: int,
    base: tuple[Version, TensorInfo] | None = None,
) -> HeatMap:
    """Return first-layer units' weights as pictures, `across` in a row, or their change since the same of a `base`.

    Raises NotFound if there are none, or the base has another shape.
    """
    shape = require_pictures(workspace, version, tensor)
    weights = array(workspace, version, tensor)
    if base is not None:
        weights = _change(weights, array(workspace, *base), base[0])
    if any(not 0 <= unit < weights.shape[1] for unit in units):
        raise NotFound(f"Units go from 0 to {weights.shape[1] - 1}.", "units")
    mosaic = unit_mosaic(weights, shape, units, across)
    return heat_map(mosaic, *mosaic.shape)
