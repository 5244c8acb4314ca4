"""What the units of a version's layers do on the records of its dataset.

The records go through the network as in training. All of them are taken where that is quick enough, else as many as
are, evenly spread; how many is part of the result.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from dashboard.analysis.activity import SAME, Activity, ActivityCount
from dashboard.data.dataset import Array, Arrays, open_arrays
from dashboard.data.preprocessing import Preprocessing, encode_inputs
from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.network import BLOCK_ROWS, Network
from dashboard.errors import Invalid, NotFound
from dashboard.records.network import NetworkSpec, Version
from dashboard.services.datasets import are_records_here, get_dataset
from dashboard.services.workspace import Workspace

MOST_PRODUCTS = 10_000_000_000
"""As many products of a weight and an input are computed of one version: about a second's work."""
CELLS_A_RECORD = 1 / 5_000
"""To put a record through costs about as much as reading this share of the network's weights for a count."""


def records_taken(rows: int, parameters: int, most_products: int = MOST_PRODUCTS) -> int:
    """Return how many of a dataset's rows are put through a network of so many parameters."""
    return min(rows, max(most_products // max(parameters, 1), BLOCK_ROWS))


def work(rows: int, parameters: int) -> int:
    """Return what it costs to look at a version on a dataset of so many rows, in cells that are read."""
    return int(parameters * (1 + records_taken(rows, parameters) * CELLS_A_RECORD))


def activities(
    workspace: Workspace, version: Version, tables: Mapping[str, Array], most_products: int = MOST_PRODUCTS
) -> list[Activity] | None:
    """Return what the units of each layer do, of a version with these tensors.

    None where it cannot be known: the dataset's records are not here, are others than those of the version's columns,
    or the version has other tensors than a dense network.
    """
    try:
        arrays = _records(workspace, version)
        network = Network(version.spec)
        network.load(tables)
        count = records_taken(len(arrays.inputs), version.spec.parameters, most_products)
        blocks = _blocks(arrays, version, count)
        return count_activities(network, blocks) if count else None
    except (NotFound, Invalid, KeyError):
        return None  # copied here alone, saved without its preprocessing, or tensors with names of their own


def count_activities(network: Network, blocks: Iterator[Array]) -> list[Activity]:
    """Put blocks of scaled records (records, inputs) through a network; return what the units of each layer did."""
    counts = [_count(network.spec, number) for number in range(len(network.spec.layers))]
    for block in blocks:
        with np.errstate(all="ignore"):  # weights that are not finite make sums that are none
            for count, (sums, outputs) in zip(counts, network.by_layer(block), strict=True):
                count.add(sums, outputs)
    return [count.result() for count in counts]


def _count(spec: NetworkSpec, number: int) -> ActivityCount:
    layer = spec.layers[number]
    activation = ACTIVATIONS[layer.activation]
    flattens = np.isfinite(activation.low) and not activation.cuts_off
    return ActivityCount(layer.units, activation.is_rectifier, activation.saturates, SAME if flattens else 0.0)


def _records(workspace: Workspace, version: Version) -> Arrays:
    dataset = get_dataset(workspace, version.dataset)
    if not are_records_here(workspace, dataset):
        raise NotFound(f"The records of {dataset.name!r} are not here.", "dataset")
    return open_arrays(workspace.datasets_folder / dataset.folder)


def _blocks(arrays: Arrays, version: Version, count: int) -> Iterator[Array]:
    """Yield the chosen records in blocks, scaled as the version sees them; raises Invalid for other columns."""
    preprocessing, dtype = Preprocessing.from_json(version.preprocessing), np.dtype(version.spec.training.dtype)
    chosen = np.unique(np.linspace(0, len(arrays.inputs) - 1, count).round().astype(np.intp))
    for start in range(0, len(chosen), BLOCK_ROWS):
        rows = chosen[start : start + BLOCK_ROWS]
        taken = arrays._replace(inputs=arrays.inputs[rows], categories=arrays.categories[rows])
        inputs, scale, offset = encode_inputs(taken, preprocessing, dtype)
        yield (inputs * scale + offset).astype(dtype)
