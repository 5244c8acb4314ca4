"""Writes files by the pure writers, in the test's own process, of arrays that a test names."""

import hashlib
import itertools

import numpy as np

from dashboard.formats.description import Description, TensorFact
from dashboard.formats.types import plain
from dashboard.formats.writer_registry import WRITERS

BY_NAME = {writer.name: writer for writer in WRITERS}


def described(arrays, spec=None, preprocessing=None):
    """Return the description of a version that has these arrays."""
    facts = tuple(
        TensorFact(name, array.dtype.name, array.shape, hashlib.sha256(plain(array).tobytes()).hexdigest())
        for name, array in arrays.items()
    )
    return Description("A net", "a_net", 3, "0" * 64, "", spec, preprocessing or {}, facts)


def spec_of(sizes, activations, dtype="float32", bias=True):
    """Return the definition of a dense network as plain JSON."""
    layers = [
        {"units": units, "activation": activation, "bias": bias, "dropout": 0.0, "frozen": False}
        for units, activation in zip(sizes[1:], activations, strict=True)
    ]
    return {"inputs": sizes[0], "layers": layers, "training": {"dtype": dtype, "loss": "squared_error"}}


def dense_arrays(sizes, dtype="float32", bias=True, seed=1):
    """Return the tensors of a dense network, drawn at random."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for number, (inputs, units) in enumerate(itertools.pairwise(sizes), start=1):
        arrays[f"layer_{number:02d}.weight"] = (rng.normal(size=(inputs, units)) / np.sqrt(inputs)).astype(dtype)
        if bias:
            arrays[f"layer_{number:02d}.bias"] = rng.normal(size=units).astype(dtype)
    return arrays


def write_here(name, arrays, path, spec=None, preprocessing=None):
    """Write arrays in a format, and return the path."""
    BY_NAME[name].write(described(arrays, spec, preprocessing), iter(arrays.values()), path)
    return path
