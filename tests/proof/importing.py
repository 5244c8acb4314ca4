"""Reads a file that a framework wrote, and makes of it the network that runs here, as an import does."""

import tempfile
from pathlib import Path

import numpy as np

from dashboard.engine.network import Network
from dashboard.formats.contents import array_of
from dashboard.formats.limits import Limits
from dashboard.formats.mapping import proposals
from dashboard.formats.reading_process import read_with
from dashboard.formats.registry import READERS
from dashboard.formats.sniffing import reader_of
from dashboard.formats.source import Source
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec

LOSSES = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}


def arrays_of(path):
    """Return (contents, name -> array) of a file."""
    with tempfile.TemporaryDirectory() as folder:
        source = Source(Path(path), Limits())
        contents = read_with(reader_of(source, READERS), source, Path(folder))
        return contents, {one.name: array_of(one, Path(folder)).copy() for one in contents.tensors}


def outputs_of(path, inputs, activations=None):
    """Return what the network in a file gives here; `activations` are what a person says where the file does not."""
    contents, arrays = arrays_of(path)
    first, *_ = proposals(contents)
    assert not first.is_ambiguous
    assert first.left_over == ()
    stated = [layer.activation for layer in first.layers]
    assert (activations is None) == (None not in stated)
    names = activations or stated
    layers = tuple(
        LayerSpec(layer.units, name, layer.bias is not None) for layer, name in zip(first.layers, names, strict=True)
    )
    double = next(iter(arrays.values())).dtype == np.float64
    training = TrainingSpec(loss=LOSSES.get(names[-1], "squared_error"), dtype="float64" if double else "float32")
    network = Network(NetworkSpec(first.layers[0].inputs, layers, training))
    tensors = {}
    for number, layer in enumerate(first.layers, start=1):
        weight = arrays[layer.weight]
        tensors[f"layer_{number:02d}.weight"] = weight.T if layer.turned else weight
        if layer.bias is not None:
            tensors[f"layer_{number:02d}.bias"] = arrays[layer.bias]
    network.load(tensors)
    return network.predict(np.ascontiguousarray(inputs, network.dtype))
