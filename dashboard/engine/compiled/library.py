"""The compiled library of this installation, if there is one, and the structures that it is given.

Their fields are those of `kernels.c`, name by name; a test compares the two.
"""

import ctypes
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from dashboard.engine.compiled.build import library_file
from dashboard.records.network import NetworkSpec

Function: TypeAlias = Callable[..., None]
C_NAMES = {"float32": "float", "float64": "double"}


def _fields(*groups: tuple[Any, str]) -> list[tuple[str, Any]]:
    return [(name, kind) for kind, names in groups for name in names.split()]


class Layer(ctypes.Structure):
    """One layer: its sizes, and the addresses of its panels and rows."""

    _fields_ = _fields(
        (ctypes.c_int64, "inputs units lead rows panels activation has_bias trains"),
        (ctypes.c_double, "keep"),
        (ctypes.c_void_p, "weights gradient"),
        (ctypes.c_void_p * 2, "slots"),
        (ctypes.c_void_p, "values sums delta mask"),
    )


class Plan(ctypes.Structure):
    """A network and how it is trained."""

    _fields_ = _fields(
        (ctypes.c_int64, "layers lowest loss optimizer batch sparse lazy widest"),
        (ctypes.c_double, "background momentum weight_decay l1 l2 clip_norm"),
        (ctypes.POINTER(Layer), "layer"),
        (ctypes.c_void_p, "turned sums shift differing places seen factors epsilons powers packed bits"),
    )


class Rows(ctypes.Structure):
    """The rows of one call."""

    _fields_ = _fields(
        (ctypes.c_int64, "rows inputs_lead target_row target_column record_row record_column steps"),
        (ctypes.c_double, "rate"),
        (ctypes.c_void_p, "inputs targets weights record"),
    )


class Library:
    """A loaded library: what it computes, and its `arithmetic`, raised whenever a result may change in a bit."""

    def __init__(self, file: Path) -> None:
        self.loaded = ctypes.CDLL(str(file))
        self.arithmetic: int = self.loaded.weightbase_arithmetic()
        self.serves_this_machine = bool(self.loaded.weightbase_serves_this_machine())
        self.activations = self._names("activations")
        self.losses = self._names("losses")
        self.optimizers = self._names("optimizers")

    def _names(self, what: str) -> list[str]:
        """Return names in the order of their numbers."""
        function = getattr(self.loaded, f"weightbase_{what}")
        function.restype = ctypes.c_char_p
        names: bytes = function()
        return names.decode().split()

    def computes(self, spec: NetworkSpec) -> bool:
        """Return whether all of a training is in the library."""
        activations = {layer.activation for layer in spec.layers}
        training = spec.training
        return (
            activations <= {*self.activations}
            and training.loss in self.losses
            and training.optimizer in self.optimizers
        )

    def functions(self, dtype: np.dtype[Any]) -> tuple[Function, Function, Function]:
        """Return what trains (plan, rows), packs a layer's block (layer, block, panels), and unpacks it."""
        train, pack, unpack = (
            getattr(self.loaded, f"weightbase_{name}_{C_NAMES[dtype.name]}") for name in ("train", "pack", "unpack")
        )
        for function, count in ((train, 2), (pack, 3), (unpack, 3)):
            function.restype, function.argtypes = None, [ctypes.c_void_p] * count
        return train, pack, unpack


@functools.cache
def library() -> Library | None:
    """Return the library; None if none was compiled, or this processor cannot run it."""
    file = library_file()
    if not file.exists():
        return None
    loaded = Library(file)
    return loaded if loaded.serves_this_machine else None
