"""What a page draws of a version: numbers from `analysis`, drawn by `charts`, from the decoded arrays."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from dashboard.analysis.distributions import Distribution, distribution
from dashboard.analysis.images import HeatMap, heat_map, unit_mosaic
from dashboard.analysis.outliers import Outliers, outliers
from dashboard.charts import figures, images
from dashboard.charts.records import records_png as draw_records
from dashboard.data.dataset import open_arrays
from dashboard.errors import NotFound, UserError
from dashboard.records.dataset import Dataset
from dashboard.records.network import Version
from dashboard.records.run import Epoch
from dashboard.records.tensor import TensorInfo
from dashboard.services.datasets import get_dataset
from dashboard.services.versions.tensors import array
from dashboard.services.workspace import Workspace

HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH = 400, 900
LARGEST_CELL = 24
EXPENSIVE_CELLS = 5_000_000
"""Tensors of more cells are drawn, and compared cell by cell, only when a person asks for it."""
UNITS_ACROSS = 10
RECORDS_SHOWN, RECORD_PIXELS = 14, 56
THEMES = ("light", "dark")


def cells_of_shape(shape: Sequence[int]) -> int:
    """Return how many cells a tensor of this shape has."""
    return math.prod(shape)


def check_bins(bins: int) -> int:
    """Return the number of bins; raises UserError unless it is 2 to 1,000."""
    if not 2 <= bins <= 1000:
        raise UserError("Choose 2 to 1,000 bins.", "bins")
    return bins


def check_theme(theme: str) -> str:
    """Return the theme; raises UserError unless it is light or dark."""
    if theme not in THEMES:
        raise UserError("The theme is light or dark.", "theme")
    return theme


def tensor_distribution(
    workspace: Workspace, version: Version, tensor: TensorInfo, bins: int, limits: str = "robust"
) -> Distribution:
    """Return the distribution of a tensor's weights over `bins` equal bins."""
    return distribution([array(workspace, version, tensor)], check_bins(bins), limits)


def tensor_outliers(workspace: Workspace, version: Version, tensor: TensorInfo, most: int) -> Outliers:
    """Return how many of a tensor's weights lie far out, by its stored quartiles, and the farthest of them."""
    quartiles = tensor.statistics["q25"], tensor.statistics["q75"]
    return outliers(array(workspace, version, tensor), most, quartiles)


def tensor_heat_map(workspace: Workspace, version: Version, tensor: TensorInfo) -> HeatMap:
    """Return a tensor's table as levels of colour, never more cells than pixels."""
    return heat_map(array(workspace, version, tensor), HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH)


def heat_map_png(found: HeatMap, theme: str) -> bytes:
    """Return a heat map as a PNG image, a pixel a level; the page enlarges it."""
    return images.png(found, check_theme(theme))


class Size(NamedTuple):
    """How large a heat map is drawn, in pixels; `fills` tells whether it is to be as wide as the page allows."""

    width: int
    height: int
    fills: bool


def drawn_size(rows: int, columns: int) -> Size:
    """Return how large a table is drawn: cells up to 24 pixels, the whole within the heat map's bounds."""
    height, width = min(rows, HEAT_MAP_HEIGHT), min(columns, HEAT_MAP_WIDTH)
    down = max(1, min(HEAT_MAP_HEIGHT // max(height, 1), LARGEST_CELL))
    across = max(1, min(HEAT_MAP_WIDTH // max(width, 1), LARGEST_CELL))
    return Size(width * across, height * down, width * LARGEST_CELL >= HEAT_MAP_WIDTH)


def image_shape(workspace: Workspace, version: Version) -> tuple[int, int] | None:
    """Return the (height, width) of the pictures that a version's network reads, if its dataset has them."""
    try:
        shape = get_dataset(workspace, version.dataset).description.get("image_shape")
    except NotFound:
        return None
    if not shape or shape[0] * shape[1] != version.spec.inputs:
        return None
    return int(shape[0]), int(shape[1])


def records_png(workspace: Workspace, dataset: Dataset, theme: str) -> bytes:
    """Return the first records of a dataset of pixels as pictures; raises NotFound if its records are no pictures."""
    if not dataset.has_records or not dataset.description["image_shape"]:
        raise NotFound(f"The records of {dataset.name!r} are no pictures, or are not here.", "name")
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    height, width = dataset.description["image_shape"]
    pixels = np.asarray(arrays.inputs[:RECORDS_SHOWN], dtype=np.float64)
    return draw_records(pixels, (height, width), check_theme(theme), RECORD_PIXELS // max(width, 1) or 1)


def unit_pictures_png(
    workspace: Workspace, version: Version, tensor: TensorInfo, units: Sequence[int], theme: str
) -> bytes:
    """Return pictures of first-layer units' weights, one beside the other; raises NotFound if there are none."""
    shape = image_shape(workspace, version)
    if shape is None or tensor.name != "layer_01.weight":
        raise NotFound(f"{version.reference} has no pictures of units: its dataset has no image shape.", "tensor")
    weights = array(workspace, version, tensor)
    if any(not 0 <= unit < weights.shape[1] for unit in units):
        raise NotFound(f"Units go from 0 to {weights.shape[1] - 1}.", "units")
    mosaic = unit_mosaic(weights, shape, units, UNITS_ACROSS)
    return images.png(heat_map(mosaic, *mosaic.shape), check_theme(theme), _unit_zoom(mosaic.shape[1]))


def unit_pictures_size(shape: tuple[int, int], units: int) -> tuple[int, int]:
    """Return the (width, height) in pixels of the pictures of so many units of this (height, width)."""
    across = max(min(units, UNITS_ACROSS), 1)
    width, height = across * (shape[1] + 1) - 1, -(-units // across) * (shape[0] + 1) - 1
    zoom = _unit_zoom(width)
    return width * zoom, height * zoom


def _unit_zoom(width: int) -> int:
    """Return how many pixels wide a weight is drawn, so that a row of pictures fills the page."""
    return max(1, min(10, HEAT_MAP_WIDTH // width))


def curves(epochs: Sequence[Epoch]) -> dict[str, Any]:
    """Return the training curves of a run as a Plotly figure."""
    return figures.training_curves([asdict(epoch) for epoch in epochs])


def version_curves(history: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Return loss and accuracy over a network's versions as a Plotly figure."""
    figure = figures.training_curves([{"epoch": number, **metrics} for number, metrics in history.items()])
    figure["layout"]["xaxis"]["title"]["text"] = "version"
    return figure
