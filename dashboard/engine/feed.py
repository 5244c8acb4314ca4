"""From samples to what the passes eat: rows gathered, scaled and given their targets.

Inputs are gathered a *chunk* at a time: several batches, so that a small network pays numpy's price a call once for all
of them, but no more than stays in the processor's cache. Targets, and what the loss is measured on, are small: they
are kept for a *block* of many chunks, for the same reason.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dashboard.engine.arrays import Array, columns
from dashboard.engine.groups import GroupTable
from dashboard.engine.losses import LOSSES
from dashboard.engine.network import Parameters
from dashboard.engine.samples import Samples
from dashboard.errors import Invalid

CHUNK_BYTES = 400_000
BLOCK_ROWS = 16384
READY_BYTES = 2_000_000


class Chunk(NamedTuple):
    """Rows to train or measure on: views into a feed's buffers.

    `inputs` (rows, inputs, and a 1 where the first layer has biases), `targets` (rows, outputs), `codes` (rows,) of
    classes, or (rows, groups), and `record` (rows, outputs): there a pass writes what the loss is measured on.
    """

    inputs: Array
    targets: Array
    codes: Array
    record: Array


def chunk_rows(network: Parameters, batch: int) -> int:
    """Return how many rows a chunk holds: whole batches, about CHUNK_BYTES of inputs."""
    rows = min(BLOCK_ROWS, CHUNK_BYTES // (network.spec.inputs * network.dtype.itemsize))
    return batch * max(1, rows // batch)


def target_table(network: Parameters, samples: Samples, smoothing: float = 0.0) -> Array | GroupTable:
    """Return the outputs wanted for each class, (classes, outputs), or for the codes of several targets.

    One output is enough for two classes; otherwise each class has its own output. `smoothing` s moves each row to
    (1 − s)·row + s·its mean (Szegedy et al. 2016); a single output moves towards the middle of low and high.
    cross_entropy compares distributions, so it always takes 0 and 1: softmax can reach what the book's sigmoid cannot.
    """
    if samples.groups:
        return GroupTable(samples.groups, samples.low, samples.high, smoothing, network.dtype)
    low, high = (0.0, 1.0) if network.loss is LOSSES["cross_entropy"] else (samples.low, samples.high)
    if network.outputs == 1:
        table = np.array([[low], [high]])
        middle: Array | float = (low + high) / 2.0
    else:
        table = np.eye(network.outputs) * (high - low) + low
        middle = table.mean(axis=1, keepdims=True)
    return np.asarray(table * (1.0 - smoothing) + middle * smoothing, network.dtype)


def check(network: Parameters, samples: Samples, task: str) -> None:
    """Raise Invalid, naming what does not fit, unless the network can be trained or measured on the samples."""
    if len(samples) == 0:
        raise Invalid({"dataset": "There are no rows to train or measure on."})
    if samples.inputs.ndim != 2 or samples.inputs.shape[1] != network.spec.inputs:
        message = f"The network takes {network.spec.inputs} inputs, the dataset has {samples.inputs.shape[1:]}."
        raise Invalid({"dataset": message})
    if task == "regression":
        if samples.targets.shape != (len(samples.inputs), network.outputs):
            message = f"The network has {network.outputs} outputs, the targets are {samples.targets.shape}."
            raise Invalid({"dataset": message})
        return
    codes = samples.selected_targets()
    if samples.groups:
        _check_groups(network, samples, codes)
        return
    classes = max(2, network.outputs)
    if codes.ndim != 1 or codes.dtype.kind not in "iu" or codes.min() < 0 or codes.max() >= classes:
        raise Invalid({"dataset": f"The targets must be whole numbers from 0 to {classes - 1}, one a row."})


def _check_groups(network: Parameters, samples: Samples, codes: Array) -> None:
    """Raise Invalid unless a network can be trained or measured on several targets of classes."""
    if network.spec.layers[-1].activation == "softmax":
        raise Invalid({"output.activation": "softmax is over one target's classes, and these are several targets."})
    if codes.shape[1:] != (len(samples.groups),) or sum(samples.groups) != network.outputs:
        message = f"The network has {network.outputs} outputs, the targets have {sum(samples.groups)} classes."
        raise Invalid({"dataset": message})
    if codes.dtype.kind not in "iu" or codes.min() < 0 or np.any(codes >= np.array(samples.groups)):
        raise Invalid({"dataset": "The targets must be whole numbers from 0, below the number of their classes."})


class Feed:
    """Reused buffers that hand out rows of samples chunk by chunk; whole chunks make up a block."""

    def __init__(self, network: Parameters, samples: Samples, chunk: int, smoothing: float = 0.0) -> None:
        self.chunk = chunk
        self.block = chunk * max(1, BLOCK_ROWS // chunk)
        self.source = np.asarray(samples.inputs)  # a memory map as a plain array: the same pages, quicker calls
        self.answers = np.asarray(samples.targets)
        self.selection = samples.rows
        has_classes = self.answers.ndim == 1 or bool(samples.groups)
        self.table = target_table(network, samples, smoothing) if has_classes else None
        dtype, self.width = network.dtype, network.spec.inputs
        self.inputs = np.ones((chunk, self.width + int(network.spec.layers[0].bias)), dtype)
        self.raw = np.empty((chunk, self.width), self.source.dtype)
        self.targets, self.record = (columns(self.block, network.outputs, dtype) for _ in range(2))
        self.codes = np.zeros((self.block, len(samples.groups)) if samples.groups else self.block, np.intp)
        self.scale = _row(samples.scale, 1.0, self.inputs.shape[1], dtype)
        self.offset = _row(samples.offset, 0.0, self.inputs.shape[1], dtype)
        self.ready: Array | None = None

    @property
    def background(self) -> float:
        """What a raw 0 is once it is scaled, such as the white of an image; 0 where inputs differ in that."""
        return float(self.offset) if self.offset is not None and self.offset.ndim == 0 else 0.0

    def make_ready(self) -> None:
        """Scale all inputs at once if they are few, for those who come by again and again: a batch is one copy then."""
        shape = (len(self.source), self.inputs.shape[1])
        if shape[0] * shape[1] * self.inputs.itemsize <= READY_BYTES:
            with np.errstate(over="ignore", invalid="ignore"):  # what is no number is found by those who train
                self.ready = self._scaled(self.source, np.ones(shape, self.inputs.dtype))

    def chunks(self, rows: Array) -> Iterator[Chunk]:
        """Yield the rows of these numbers, at most a block; a chunk's inputs are valid until the next is requested."""
        rows = rows if self.selection is None else self.selection[rows]
        self._answer(rows)
        for start in range(0, len(rows), self.chunk):
            part = slice(start, min(start + self.chunk, len(rows)))
            yield Chunk(self._gather(rows[part]), self.targets[part], self.codes[part], self.record[part])

    def _gather(self, rows: Array) -> Array:
        inputs = self.inputs[: len(rows)]
        if self.ready is not None:
            self.ready.take(rows, axis=0, out=inputs, mode="clip")  # the other modes check, and copy once more
            return inputs
        raw = self.raw[: len(rows)]
        if self.source.flags.c_contiguous:
            self.source.take(rows, axis=0, out=raw, mode="clip")
        else:
            raw[...] = self.source[rows]  # here take would copy the whole source first
        return self._scaled(raw, inputs)

    def _scaled(self, raw: Array, inputs: Array) -> Array:
        """Write raw rows as numbers, scaled, and 1 in the column of the biases."""
        np.copyto(inputs[:, : self.width], raw, casting="unsafe")
        if self.scale is not None:
            np.multiply(inputs, self.scale, out=inputs)
        if self.offset is not None:
            np.add(inputs, self.offset, out=inputs)
        # A scalar scale and offset run over the biases' column, too: quicker than around it.
        inputs[:, self.width :] = 1.0
        return inputs

    def _answer(self, rows: Array) -> None:
        count = len(rows)
        if self.table is None:
            self.targets[:count] = self.answers[rows]
        else:
            self.codes[:count] = self.answers[rows]
            self.targets[:count] = self.table[self.codes[:count]]


def _row(value: Array | float, neutral: float, width: int, dtype: np.dtype[np.generic]) -> Array | None:
    """Return what to multiply or add with: None if it changes nothing, 0-d for a scalar, else padded to the width."""
    numbers = np.asarray(value, np.float64)
    if np.all(numbers == neutral):
        return None
    if numbers.ndim == 0:
        return np.asarray(numbers, dtype)
    padded = np.full(width, neutral)
    padded[: len(numbers)] = numbers
    return np.asarray(padded, dtype)
