"""Keras' file of weights (.weights.h5): layers numbered by their class, variables by their place."""

from collections.abc import Iterator
from pathlib import Path

from dashboard.formats.description import OWN, Description, chain_of, own_facts
from dashboard.formats.types import Array
from dashboard.formats.writer import Writer

TYPES = {"float32", "float64"}


def write(description: Description, arrays: Iterator[Array], path: Path) -> None:
    """Write the weights of a dense network as Keras saves those of its dense layers."""
    import h5py  # noqa: PLC0415 - only the process that writes loads it

    names = [(f"{layer_name(place)}/kernel", f"{layer_name(place)}/bias") for place in range(len(description.layers))]
    with h5py.File(path, "x") as file:
        file.attrs[OWN] = own_facts(description, WRITER.name, chain_of(description, names=names))
        for place, layer in enumerate(description.layers):
            group = file.create_group(f"layers/dense_{place}" if place else "layers/dense")
            variables = group.create_group("vars")
            variables.attrs["name"] = layer_name(place)
            for number in range(2 if layer["bias"] else 1):
                variables.create_dataset(str(number), data=next(arrays))
        file.create_group("vars")


def layer_name(place: int) -> str:
    """Return what a dense layer is called in Keras, by its place from 0 on."""
    return f"layer_{place + 1:02d}"


def why_not_dense(description: Description) -> str:
    """Return why a version is no network of Keras' dense layers, as a sentence; empty if it is one."""
    if not description.layers:
        return "It has no layers of this dashboard, of which a network of dense layers could be made."
    if len(description.dtypes) > 1 or not description.dtypes <= TYPES:
        return f"Its weights are {', '.join(sorted(description.dtypes))}; only float32 or float64 can be written so."
    return ""


WRITER = Writer(
    "keras-weights",
    "Keras weights",
    ".weights.h5",
    "The weights of dense layers, bits unchanged, for load_weights into a model of the same layers.",
    "The model itself, which is in .keras; preprocessing is there as JSON only.",
    write,
    why_not_dense,
    libraries=("h5py",),
)
