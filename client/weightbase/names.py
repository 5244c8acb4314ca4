"""Names of weights that stay the same when a script is started again, whatever has wrapped or numbered them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

WRAPPED = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What torch.compile, FSDP and checkpointing put into names, at any depth."""
DATA_PARALLEL = "module."


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Return PyTorch's name -> the name without what wraps a model, unless two would become one."""
    plain = {name: _unwrapped(name) for name in names}
    if plain and all(name.startswith(DATA_PARALLEL) for name in plain.values()):
        plain = {name: short[len(DATA_PARALLEL) :] for name, short in plain.items()}
    if len(set(plain.values())) < len(plain):
        return {name: name for name in plain}
    return plain


def _unwrapped(name: str) -> str:
    for wrapper in WRAPPED:
        name = name.replace(wrapper, "")
    return name


def keras_names(paths: Iterable[str], model: str, automatic: Mapping[str, str]) -> list[str]:
    """Return names for the paths of Keras' weights: without the model's name, layers numbered by their position.

    `automatic` has, by the name of each layer that Keras has named, that name without its number: `dense_7` -> `dense`.
    A name that a person gave stays.
    """
    numbered: dict[tuple[str, ...], str] = {}
    taken: set[str] = set()
    chosen = [_without_model(path, model) for path in paths]
    taken |= {part for parts in chosen for part in parts if part not in automatic}
    return ["/".join(_numbered(parts, automatic, numbered, taken)) for parts in chosen]


def _without_model(path: str, model: str) -> tuple[str, ...]:
    parts = tuple(path.split("/"))
    return parts[1:] if len(parts) > 2 and parts[0] == model else parts


def _numbered(
    parts: tuple[str, ...], automatic: Mapping[str, str], numbered: dict[tuple[str, ...], str], taken: set[str]
) -> Iterable[str]:
    """Yield the parts of a path; a layer gets the first free number of its kind when it is first seen."""
    for depth, part in enumerate(parts, start=1):
        place = parts[:depth]
        if part not in automatic or depth == len(parts):
            yield part
            continue
        if place not in numbered:
            numbered[place] = _free(automatic[part], taken)
            taken.add(numbered[place])
        yield numbered[place]


def _free(base: str, taken: set[str]) -> str:
    """Return `dense`, or the first of `dense_1`, `dense_2`, … that nobody has."""
    number, name = 0, base
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def automatic_base(name: str, kind: str) -> str:
    """Return a layer's name without its number if Keras has made it from the class `kind`; empty if a person has.

    `batch_normalization_3` of BatchNormalization is `batch_normalization`, `forward_lstm_1` of LSTM is `forward_lstm`.
    """
    match = re.fullmatch(rf"((?:forward_|backward_)?{re.escape(_snake_case(kind))})(_\d+)?", name)
    return match[1] if match else ""


def _snake_case(kind: str) -> str:
    """Return what Keras makes of the name of a class for its layers: `BatchNormalization` -> `batch_normalization`."""
    kind = re.sub(r"\W+", "", kind)
    kind = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub("([a-z])([A-Z])", r"\1_\2", kind).lower()
