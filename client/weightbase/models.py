"""The weights of a model, whatever made it: named arrays, recognised by what the object offers, never by an import."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

from weightbase.files import read_arrays
from weightbase.names import automatic_base, keras_names, plain_names
from weightbase.tensors import NoTensor, Tensor, tensor

log = logging.getLogger("weightbase")

ROWS, COLUMNS = 0, 1
"""The axis of the units of a matrix: PyTorch's and the book's weights are (units, inputs), Keras' (inputs, units)."""
BOOK = ("wih", "who")
UNITS_IN_ROWS = ("Linear", "Bilinear", "LazyLinear")
CHECKPOINTS = ("state_dict", "model_state_dict")
"""Where a checkpoint of PyTorch or Lightning has the weights, next to the state of the optimizer."""
_mentioned: set[str] = set()


def tensors_of(model: object) -> list[Tensor]:
    """Return copies of the weights of a model in its own order; raises TypeError for what has none.

    A model is a dict of arrays (nested ones too), a module or state_dict of PyTorch, a model of Keras, a fitted
    multi-layer perceptron or linear model of scikit-learn, the book's class, or the path of a .npz, .npy or
    .safetensors file.
    """
    tensors = list(_known(_named(model)))
    if not tensors:
        raise TypeError(f"{type(model).__name__} has no weights.")
    return tensors


def _named(model: Any) -> Iterator[tuple[str, Any, int | None]]:  # noqa: ANN401 - any model
    """Yield name, array and the axis of the units of each weight; raises TypeError for what is no model."""
    if isinstance(model, Mapping):
        return _from_dict(model)
    if isinstance(model, (str, os.PathLike)):
        return ((name, array, None) for name, array in read_arrays(model))
    for offered, read in KINDS:
        if all(hasattr(model, name) for name in offered):
            return read(model)
    raise TypeError(
        f"{type(model).__name__} is no model that is known here: give a dict of arrays, a model of PyTorch, Keras or "
        "scikit-learn (fitted), or the path of a .npz or .safetensors file."
    )


def _from_dict(arrays: Mapping[Any, Any]) -> Iterator[tuple[str, Any, int | None]]:
    for name in CHECKPOINTS:
        if isinstance(arrays.get(name), Mapping):
            arrays = arrays[name]
    flat = dict(_flat(arrays, ""))
    names = plain_names(flat)
    return ((names[name], array, None) for name, array in flat.items())


def _flat(arrays: Mapping[Any, Any], before: str) -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a dict of dicts, as JAX's libraries keep parameters, named by their path."""
    for name, value in arrays.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}/")
        else:
            yield f"{before}{name}", value


def _from_module(module: Any) -> Iterator[tuple[str, Any, int | None]]:  # noqa: ANN401 - a torch.nn.Module
    state = module.state_dict()
    names = plain_names(state)
    linear = {
        f"{name}.weight" if name else "weight"
        for name, part in module.named_modules()
        if type(part).__name__ in UNITS_IN_ROWS
    }
    return ((names[name], value, ROWS if name in linear else None) for name, value in state.items())


def _from_keras(model: Any) -> Iterator[tuple[str, Any, int | None]]:  # noqa: ANN401 - a keras.Model
    paths = [str(getattr(weight, "path", None) or weight.name).partition(":")[0] for weight in model.weights]
    kinds = ((layer.name, automatic_base(layer.name, type(layer).__name__)) for layer in _layers(model))
    automatic = {name: base for name, base in kinds if base}
    names = keras_names(paths, str(getattr(model, "name", "")), automatic)
    for path, name, weight in zip(paths, names, model.weights):
        yield name, weight, COLUMNS if path.split("/")[-1] == "kernel" else None


def _layers(model: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield every layer of a model of Keras, those within layers too."""
    if hasattr(model, "_flatten_layers"):
        yield from model._flatten_layers(include_self=False, recursive=True)
        return
    for layer in getattr(model, "layers", ()):
        yield layer
        yield from _layers(layer)


def _from_perceptron(model: Any) -> Iterator[tuple[str, Any, int | None]]:  # noqa: ANN401 - scikit-learn's MLP
    """Yield weights under the names of our own dense networks, so that they compare with those."""
    for number, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_), start=1):
        yield f"layer_{number:02d}.weight", weight, COLUMNS
        yield f"layer_{number:02d}.bias", bias, None


def _from_pipeline(model: Any) -> Iterator[tuple[str, Any, int | None]]:  # noqa: ANN401 - scikit-learn's Pipeline
    return _named(model.steps[-1][1])


def _from_linear(model: Any) -> Iterator[tuple[str, Any, int | None]]:  # noqa: ANN401 - a linear model of scikit-learn
    yield "coef_", model.coef_, ROWS
    yield "intercept_", model.intercept_, None


def _from_book(model: Any) -> Iterator[tuple[str, Any, int | None]]:  # noqa: ANN401 - the book's neuralNetwork
    return ((name, getattr(model, name), ROWS) for name in BOOK)


KINDS = (
    (("get_weights", "weights"), _from_keras),  # first: with PyTorch under it, Keras' models are modules, too
    (("state_dict", "named_modules"), _from_module),
    (("steps", "named_steps"), _from_pipeline),
    (("coefs_", "intercepts_"), _from_perceptron),
    (("coef_", "intercept_"), _from_linear),
    (BOOK, _from_book),
)
"""What an object offers that is a model of a kind, and what reads it."""


def _known(named: Iterator[tuple[str, Any, int | None]]) -> Iterator[Tensor]:
    """Yield the arrays of numbers; what else a state has is left out, with one line in the log for each name."""
    for name, value, axis in named:
        try:
            yield tensor(name, value, axis)
        except NoTensor as left_out:
            if name not in _mentioned:
                _mentioned.add(name)
                log.warning("%s is left out: it is %s.", name, left_out)
