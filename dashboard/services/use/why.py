"""Why a version answers as it does: the contribution of each column to the answer, and the hidden units that fired."""

from typing import Any, NamedTuple

import numpy as np

from dashboard.data.dataset import Array, Arrays, open_arrays, split_of
from dashboard.data.preprocessing import encode_inputs
from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.attribution import FiredUnit, Shares, fired_units, integrated_gradients
from dashboard.services.cache.numbers import cached_numbers
from dashboard.services.datasets import require_records
from dashboard.services.use.answers import Answer
from dashboard.services.use.inputs import has_records
from dashboard.services.use.loaded import Loaded
from dashboard.services.workspace import Workspace

__all__ = ["FiredUnit"]  # for those who may not import engine
BLOCK_ROWS = 4_096
FIRES_ABOVE = 0.5
"""A unit that saturates fires beyond this output; any other one above 0."""


class Why(NamedTuple):
    """The contributions to the sum of one output unit, `what` names it; `columns` has (column, share) of every column.

    `units` are the hidden units that fired, the largest effect first, `hidden` is how many there are.
    """

    what: str
    columns: list[tuple[str, float]]
    shares: Shares
    units: list[FiredUnit]
    hidden: int


def why(workspace: Workspace, loaded: Loaded, inputs: Array, answer: Answer) -> Why | None:
    """Explain the answer to one record, as the network was given it (inputs,); None where no dataset is known here."""
    if not has_records(workspace, loaded):
        return None
    unit, sign, what = _output(loaded, answer)
    shares = integrated_gradients(loaded.network, inputs, _mean_inputs(workspace, loaded), unit)
    if sign < 0:
        shares = Shares(-shares.shares, -shares.baseline, -shares.output, shares.steps)
    units = [one._replace(effect=sign * one.effect) for one in fired_units(loaded.network, inputs, unit)]
    fired = sorted((one for one in units if _fires(loaded, one)), key=lambda one: -abs(one.effect))
    return Why(what, _by_column(loaded, shares.shares), shares, fired, len(units))


def _output(loaded: Loaded, answer: Answer) -> tuple[int, int, str]:
    """Return which output unit the answer is about, −1 where the other side of a single one is meant, and its name."""
    classes = loaded.preprocessing.classes
    if answer.targets is not None:  # as of several numbers, the first target is meant
        known, answer = loaded.preprocessing.groups[0], next(iter(answer.targets.values()))
        return known.classes.index(answer.label), 1, f"{known.name}={answer.label}"
    if answer.scores is None:
        names = loaded.targets or ("the target",)
        return 0, 1, names[0]
    place = classes.index(answer.label)
    if loaded.network.outputs == 1:
        return 0, 1 if place == 1 else -1, answer.label
    return place, 1, answer.label


def _fires(loaded: Loaded, unit: FiredUnit) -> bool:
    activation = ACTIVATIONS[loaded.version.spec.layers[unit.layer - 1].activation]
    return abs(unit.output) > FIRES_ABOVE if activation.saturates else unit.output > 0.0


def _by_column(loaded: Loaded, shares: Array) -> list[tuple[str, float]]:
    """Return the share of each column: those of its levels, of the parts of its date and of its mark together."""
    known = loaded.preprocessing
    parts = loaded.reader.parts
    owners = [parts.get(column.name, column.name) for column in known.numeric]
    owners += [column.name for column in known.categorical for _ in column.levels]
    owners += known.indicators
    sums = dict.fromkeys(loaded.reader.columns, 0.0)
    for owner, share in zip(owners, shares.tolist(), strict=True):
        sums[owner] += share
    return list(sums.items())


def _mean_inputs(workspace: Workspace, loaded: Loaded) -> Array:
    """Return the mean of what the network is given, over the records that it was trained on, (inputs,)."""
    dataset, version = loaded.dataset, loaded.version
    assert dataset is not None
    require_records(workspace, dataset)
    group = f"mean inputs {dataset.folder} {version.network} {version.number} {version.sha256}"
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    cells = len(arrays.target) * version.spec.inputs
    spec = dataset.spec

    def count(_: int) -> dict[str, Any]:
        return {"mean": _mean(arrays, loaded, split_of(arrays, spec).train).tolist()}

    (numbers,) = cached_numbers(workspace, group, ["mean-1"], [cells], count)
    assert numbers is not None  # a dataset is no table that could be damaged
    return np.array(numbers["mean"], np.float64)


def _mean(arrays: Arrays, loaded: Loaded, rows: Array) -> Array:
    total = np.zeros(loaded.version.spec.inputs)
    for start in range(0, len(rows), BLOCK_ROWS):
        some = rows[start : start + BLOCK_ROWS]
        part = arrays._replace(
            inputs=np.asarray(arrays.inputs[some]),
            categories=np.asarray(arrays.categories[some]),
            target=np.asarray(arrays.target[some]),
        )
        encoded = encode_inputs(part, loaded.preprocessing, np.dtype(np.float64))
        total += (np.asarray(encoded.inputs, np.float64) * encoded.scale + encoded.offset).sum(axis=0)
    return np.asarray(total / max(len(rows), 1))
