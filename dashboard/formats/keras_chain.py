"""The chain of dense layers in the config of a Keras model: read as JSON, never made into layers.

The settings of layers: `keras/src/layers`. A Keras kernel is (inputs, units), as here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from dashboard.formats.chains import Chain, Link
from dashboard.formats.keras_names import layers_of

MODELS = ("Sequential", "Functional", "Model")
ACTIVATIONS = {
    **{"linear": "identity", "identity": "identity", "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu"},
    **{"elu": "elu", "silu": "silu", "swish": "silu", "softplus": "softplus", "softmax": "softmax"},
}
"""Keras' names of activations that are the same functions here. Its gelu is the exact form, which is another."""
PASSED = ("InputLayer", "Dropout", "ActivityRegularization", "GaussianNoise", "GaussianDropout", "AlphaDropout")
"""Layers that change nothing once the network is trained."""
MOST_NESTED = 16
MOST_LAYERS = 2000
OUR_SLOPE = 0.01


class _NoChain(Exception):
    """Why a model is no chain of dense layers."""


def keras_chain(config: Mapping[str, Any]) -> Chain:
    """Return the dense layers of a model's config, or why it is not a chain of them."""
    builder = _Builder()
    try:
        builder.add_model(config, "", 0)
    except _NoChain as reason:
        return Chain((), str(reason))
    return Chain(tuple(builder.links)) if builder.links else Chain((), "its config names no dense layer")


def summary_of(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return class, name and activation of each layer, for people to look at; at most 2,000."""
    rows = []
    for layer in layers_of(config)[:MOST_LAYERS]:
        settings = layer.get("config")
        settings = settings if isinstance(settings, dict) else {}
        row = {"class": layer.get("class_name"), "name": settings.get("name"), "activation": _text(settings)}
        rows.append({key: str(value)[:200] for key, value in row.items() if value})
    return rows


def _text(settings: Mapping[str, Any]) -> str:
    """Return a layer's activation as the config names it; newer ones may nest it in a config of its own."""
    value = settings.get("activation")
    if isinstance(value, dict):
        inner = value.get("config")
        value = inner.get("name", inner.get("activation")) if isinstance(inner, dict) else inner
        value = value or "another function"
    return value if isinstance(value, str) else ""


class _Builder:
    """Collects the dense layers of a model and of the models within it."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.rank: int | None = None
        """The number of axes of what reaches the next layer, the batch included; None if it is not known."""

    def add_model(self, model: Mapping[str, Any], path: str, depth: int) -> None:
        """Add a model's layers; raises _NoChain."""
        kind = model.get("class_name")
        if kind not in MODELS or depth > MOST_NESTED:
            raise _NoChain(f"the model is of the class {str(kind)[:60]}, whose order of layers is not known")
        layers = layers_of(model)
        if kind != "Sequential":
            _check_line(layers)
        for layer in layers:
            self.add_layer(layer, path, depth)

    def add_layer(self, layer: Mapping[str, Any], path: str, depth: int) -> None:
        """Add one layer; raises _NoChain for one that the engine does not have."""
        kind, settings = str(layer.get("class_name")), layer.get("config")
        settings = settings if isinstance(settings, dict) else {}
        name = str(settings.get("name", ""))
        if kind in MODELS:
            self.add_model(layer, f"{path}{name}/", depth + 1)
        elif kind == "InputLayer":
            self._see_input(settings)
        elif kind == "Flatten":
            self.rank = 2
        elif kind == "Dense":
            self._add_dense(path + name, settings)
        elif kind in SHAPES:
            self._activate(SHAPES[kind](settings), name)
        elif kind not in PASSED:
            raise _NoChain(f"the layer {name!r} is {kind}, which the engine does not have")

    def _see_input(self, settings: Mapping[str, Any]) -> None:
        shape = settings.get("batch_shape", settings.get("batch_input_shape"))
        if isinstance(shape, list) and not self.links:
            self.rank = len(shape)

    def _add_dense(self, path: str, settings: Mapping[str, Any]) -> None:
        if not self.links and self.rank is None:
            self._see_input(settings)
        if self.rank is not None and self.rank != 2:
            raise _NoChain(f"the layer {path!r} is applied along an axis of its inputs, not to a row of numbers")
        bias = f"{path}/bias" if settings.get("use_bias", True) else None
        self.links.append(Link(f"{path}/kernel", bias, False, _ours(_text(settings) or "linear", path)))

    def _activate(self, activation: str, name: str) -> None:
        if not self.links or self.links[-1].activation != "identity":
            raise _NoChain(f"the activation {name!r} does not follow a dense layer")
        self.links[-1] = self.links[-1]._replace(activation=activation)


def _ours(activation: str, name: str) -> str:
    if activation not in ACTIVATIONS:
        form = " in its exact form" if activation == "gelu" else ""
        raise _NoChain(f"the activation {activation[:60]!r}{form} of {name!r} is none of the engine's")
    return ACTIVATIONS[activation]


def _check_line(layers: list[dict[str, Any]]) -> None:
    """Raise _NoChain unless each layer is used once, on the layer before it."""
    before: str | None = None
    for layer in layers:
        sources = _sources(layer.get("inbound_nodes"))
        if sources != ([] if before is None else [before]):
            raise _NoChain("its layers branch, or one of them is used twice")
        before = str(layer.get("name", (layer.get("config") or {}).get("name")))


def _sources(nodes: object) -> list[str]:
    """Return the names of the layers whose outputs a layer of a functional model takes, over all its uses."""
    sources: list[str] = []
    stack = [nodes]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            history = value.get("keras_history")
            if isinstance(history, list) and history:
                sources.append(str(history[0]))
            else:
                stack.extend(value.values())
        elif isinstance(value, list):
            if len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int):
                sources.append(value[0])  # as Keras 2 writes it: name, node, tensor, settings
            else:
                stack.extend(value)
    return sources


def _leaky(settings: Mapping[str, Any]) -> str:
    slope = settings.get("negative_slope", settings.get("alpha", 0.3))
    if not isinstance(slope, int | float) or abs(slope - OUR_SLOPE) > 1e-9:
        raise _NoChain(f"a LeakyReLU has the slope {slope!s:.20}, and here it is {OUR_SLOPE}")
    return "leaky_relu"


def _relu(settings: Mapping[str, Any]) -> str:
    if settings.get("max_value") is not None or settings.get("negative_slope") or settings.get("threshold"):
        raise _NoChain("a ReLU has settings of its own, which the engine does not have")
    return "relu"


def _elu(settings: Mapping[str, Any]) -> str:
    if settings.get("alpha", 1.0) != 1.0:
        raise _NoChain("an ELU has another alpha than 1")
    return "elu"


def _softmax(settings: Mapping[str, Any]) -> str:
    if settings.get("axis", -1) not in {-1, 1}:
        raise _NoChain("a Softmax is taken along another axis than the units")
    return "softmax"


def _activation(settings: Mapping[str, Any]) -> str:
    return _ours(_text(settings) or "linear", str(settings.get("name", "")))


SHAPES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    **{"Activation": _activation, "ReLU": _relu, "LeakyReLU": _leaky, "ELU": _elu, "Softmax": _softmax},
}
"""Layers that are an activation, and what reads their settings."""
