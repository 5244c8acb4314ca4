"""The names of Keras' tensors: its files number layers by class, and the names that people gave stand next to them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST_NESTED = 16
CONTAINERS = ("layers", "_layer_checkpoint_dependencies", "_operations")
OPTIMIZERS = ("optimizer", "optimizer_weights")
KERNELS = ("kernel", "bias")
RECURRENT = ("kernel", "recurrent_kernel", "bias")
VARIABLES = {
    **{"dense": KERNELS, "einsum_dense": KERNELS, "embedding": ("embeddings",), "p_re_lu": ("alpha",)},
    **{kind + rank: KERNELS for kind in ("conv", "depthwise_conv") for rank in ("1d", "2d", "3d")},
    **{f"conv{rank}_transpose": KERNELS for rank in ("1d", "2d", "3d")},
    **{kind + cell: RECURRENT for kind in ("lstm", "gru", "simple_rnn") for cell in ("", "_cell")},
}
"""Class of a layer -> its variables in the order of Keras' files; the last ones may be left out."""
WHOLE = {
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "layer_normalization": ("gamma", "beta"),
    "group_normalization": ("gamma", "beta"),
}
"""The same of layers whose first variables may be left out: their names are known only if all are there."""


def is_of_keras(paths: Sequence[str], has_layer_names: bool) -> bool:
    """Return whether datasets with these paths are of a file of Keras."""
    return has_layer_names or any(path.startswith("model_weights/") or "/vars/" in f"/{path}" for path in paths)


def names_of(paths: Sequence[str], given: Mapping[str, str], is_legacy: bool) -> dict[str, str]:
    """Return path -> the tensor's name, such as ``hidden/kernel``; the path itself if names would occur twice.

    `given` are the layers' own names by the path of their group.
    """
    counts: dict[str, int] = {}
    for path in paths:
        counts[_group(path)] = counts.get(_group(path), 0) + 1
    names = {
        path: legacy_name(path) if is_legacy else layer_name(path, given, counts[_group(path)])
        for path in paths
        if not is_optimizer(path)
    }
    own = names if len(set(names.values())) == len(names) else {}
    return {path: own.get(path, path) for path in paths}


def _group(path: str) -> str:
    return path.rpartition("/")[0]


def is_optimizer(path: str) -> bool:
    """Return whether a dataset is the optimizer's, or the state of a layer's random numbers."""
    return path.split("/", maxsplit=1)[0] in OPTIMIZERS or "/seed_generator/" in path


def legacy_name(path: str) -> str:
    """Return the name of a tensor of an .h5 file: the model's own name before the layer's is left out.

    ``model_weights/hidden/sequential/hidden/kernel:0`` is ``hidden/kernel``.
    """
    layer, *rest = path.removeprefix("model_weights/").split("/")
    if not rest:
        return layer
    rest[-1] = re.sub(r":0$", "", rest[-1])
    return "/".join(rest[rest.index(layer) :] if layer in rest[:-1] else [layer, *rest])


def layer_name(path: str, given: Mapping[str, str], count: int) -> str:
    """Return the name of a tensor of a .weights.h5 file, one of `count` variables of its layer."""
    *groups, variable = path.split("/")
    is_variable = bool(groups) and groups[-1] == "vars"
    layers = groups[:-1] if is_variable else groups
    parts = [
        given.get("/".join(layers[: place + 1]), part) for place, part in enumerate(layers) if part not in CONTAINERS
    ]
    kind = next((part for part in reversed(layers) if part not in {*CONTAINERS, "cell"}), "")
    if is_variable:
        parts.append(_variable(kind, variable, count))
    return "/".join([*parts] if is_variable else [*parts, variable]) or path


def _variable(kind: str, number: str, count: int) -> str:
    """Return the name of a layer's variable; ``vars/0`` if its class is not known."""
    kind = re.sub(r"_\d+$", "", kind)
    known = VARIABLES.get(kind, ())
    if kind in WHOLE:
        known = WHOLE[kind] if count == len(WHOLE[kind]) else ()
    place = int(number) if number.isdecimal() else len(known)
    return known[place] if place < len(known) and count <= len(known) else f"vars/{number}"


def names_in_config(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the path of each layer's group -> its own name, from the JSON of a model's config."""
    return dict(_names_in(config, "", 0))


def _names_in(config: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, str]]:
    used: dict[str, int] = {}
    for layer in layers_of(config) if depth < MOST_NESTED else ():
        kind = snake_case(str(layer.get("class_name", "")))
        number = used[kind] = used.get(kind, -1) + 1
        own = f"{path}layers/{kind}_{number}" if number else f"{path}layers/{kind}"
        settings = layer.get("config")
        if isinstance(settings, dict) and isinstance(settings.get("name"), str):
            yield own, settings["name"]
        yield from _names_in(layer, own + "/", depth + 1)


def layers_of(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the configs of the layers of a model's config; none if it is not the config of a model."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else None
    return [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []


def snake_case(name: str) -> str:
    """Return the name of a class as Keras' files write it (`keras/src/utils/naming.py`)."""
    name = re.sub(r"\W+", "", name)[:200]
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
