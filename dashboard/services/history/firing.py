"""Which units of a layer never fire on the records of their dataset, and which are saturated on nearly all of them.

Unlike the health of stored tables this puts the records through the network. A unit behind a relu (or one of its
kin) *fires* on a record if its sum is above zero; a sigmoid or tanh is *flat* there if its sum is beyond ±4. What an
activation is like, it says itself (`engine.activations.Activation`).
"""

from collections.abc import Sequence

import numpy as np

from dashboard.analysis.health import FLAT_FROM
from dashboard.data.dataset import open_arrays
from dashboard.data.preprocessing import Preprocessing, encode
from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.network import BLOCK_ROWS, Network
from dashboard.errors import Invalid, NotFound
from dashboard.records.network import Version
from dashboard.services.cache.numbers import UNLIMITED, Budget, Numbers, cached_numbers
from dashboard.services.datasets import get_dataset
from dashboard.services.history.tensor import TensorVersion
from dashboard.services.versions.reading import get_detail
from dashboard.services.versions.tensors import array
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

MOST_RECORDS = 2_000
"""Of a larger dataset so many records are taken, evenly spread over it."""
MOST_INPUTS = 20_000_000
"""Of very wide records only as many are taken as have so many numbers together."""
MOSTLY = 0.95
"""A unit is called saturated if it is flat on such a share of the records."""
CELLS_A_RECORD = 1 / 5_000
"""To put a record through costs about as much as reading this share of the network's weights for a count."""


def firing(
    workspace: Workspace,
    network_name: str,
    versions: Sequence[TensorVersion],
    layer: int,
    budget: Budget = UNLIMITED,
) -> list[Numbers | None]:
    """Return for each version `records` (how many were looked at), and the units that are `silent` or `saturated`.

    `records` is 0 where the dataset's records are not here or are others than those of the version's columns; None
    stands for what the budget does not allow. Raises StoreError.
    """
    seen: dict[str, list[Array]] = {}  # versions of one training see the same records

    def count(place: int) -> Numbers:
        version = get_detail(workspace, network_name, versions[place].number).version
        records = f"{version.dataset} {version.spec.training.dtype} {version.preprocessing}"
        if records not in seen:
            seen.clear()
            seen[records] = _records(workspace, version)
        return count_firing(workspace, version, seen[records], layer)

    keys = [f"{version.version_id} {version.sha256}" for version in versions]
    cells = [int(version.bytes / 4 * MOST_RECORDS * CELLS_A_RECORD) for version in versions]
    return cached_numbers(workspace, f"firing {network_name} {layer}", keys, cells, count, budget)


def count_firing(workspace: Workspace, version: Version, records: Sequence[Array], layer: int) -> Numbers:
    """Put records, in blocks, through a version up to one layer (from 1)."""
    nothing = {"records": 0, "silent": [], "saturated": []}
    if not records or layer > len(version.spec.layers):
        return nothing
    try:
        network = _loaded(workspace, version)
    except Invalid:
        return nothing  # an imported version, whose tensors have names of their own
    activation, units = ACTIVATIONS[version.spec.layers[layer - 1].activation], version.spec.layers[layer - 1].units
    woken, flat = np.zeros(units, dtype=bool), np.zeros(units, dtype=np.int64)
    low, high = (np.float64(activation.output(total)) for total in (-FLAT_FROM, FLAT_FROM))
    for inputs in records:
        with np.errstate(all="ignore"):  # weights that are not finite make sums that are none
            answers = network.answers(inputs, layer)
            woken |= (answers > 0).any(axis=0)
            flat += ((answers < low) | (answers > high)).sum(axis=0)
    count = sum(map(len, records))
    return {
        "records": count,
        "silent": np.flatnonzero(~woken).tolist() if activation.is_rectifier else [],
        "saturated": np.flatnonzero(flat >= MOSTLY * count).tolist() if activation.saturates else [],
    }


def _records(workspace: Workspace, version: Version) -> list[Array]:
    """Return the chosen records in blocks, scaled as the version sees them; none if they are not here."""
    try:
        dataset = get_dataset(workspace, version.dataset)
        preprocessing = Preprocessing.from_json(version.preprocessing)
        if not dataset.has_records:
            return []
        arrays = open_arrays(workspace.datasets_folder / dataset.folder)
        total, most = len(arrays.inputs), min(MOST_RECORDS, MOST_INPUTS // max(version.spec.inputs, 1) or 1)
        chosen = np.unique(np.linspace(0, total - 1, min(total, most)).round().astype(np.intp))
        taken = arrays._replace(
            inputs=arrays.inputs[chosen], categories=arrays.categories[chosen], target=arrays.target[chosen]
        )
        dtype = np.dtype(version.spec.training.dtype)
        encoded = encode(taken, preprocessing, dtype)
    except (NotFound, Invalid, KeyError):
        return []  # a version that was copied here alone, or was saved without its preprocessing
    blocks = (encoded.inputs[start : start + BLOCK_ROWS] for start in range(0, len(chosen), BLOCK_ROWS))
    return [(block * encoded.scale + encoded.offset).astype(dtype) for block in blocks]


def _loaded(workspace: Workspace, version: Version) -> Network:
    detail = get_detail(workspace, version.network, version.number)
    network = Network(version.spec)
    network.load({info.name: array(workspace, version, info) for info in detail.tensors})
    return network
