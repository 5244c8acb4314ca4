"""HDF5: plain files, and those of Keras (.h5 and .weights.h5), whose config is read as text and never run."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.formats.description import OWN
from dashboard.formats.hdf5_files import DAMAGED, Item, Objects, add_dataset, attribute, damaged, is_hdf5, objects_of
from dashboard.formats.keras_chain import MODELS, keras_chain, summary_of
from dashboard.formats.keras_names import is_of_keras, is_optimizer, names_in_config, names_of
from dashboard.formats.reader import Reader
from dashboard.formats.sink import Sink
from dashboard.formats.source import Source
from dashboard.formats.texts import parse_json

if TYPE_CHECKING:
    import h5py


def recognises(start: bytes, members: Sequence[str]) -> bool:
    """Return whether the file has HDF5's signature."""
    return is_hdf5(start)


def read(source: Source, sink: Sink) -> None:
    """Read every dataset of numbers; raises UnreadableFile for damaged files, TooLarge for large ones."""
    read_hdf5(source.path, sink, {})


def read_hdf5(file: Path | io.BytesIO, sink: Sink, config: dict[str, Any]) -> None:
    """Read a file, or the bytes of one; `config` is the JSON of the Keras model if it was next to it."""
    import h5py  # noqa: PLC0415 - only the process that reads loads it

    try:
        opened = h5py.File(file, "r", locking=False)
    except DAMAGED as error:
        raise damaged("The file", error) from error
    with opened:
        if own := attribute(opened, OWN, sink.limits.text_bytes):
            sink.take_own(own)
        objects = objects_of(opened, sink)
        config = config or _config_of(opened, sink)
        for name, one, is_state in _named(opened, objects, config, sink):
            add_dataset(sink, name, one.thing, is_optimizer=is_state)


def _config_of(file: "h5py.File", sink: Sink) -> dict[str, Any]:
    """Return the config that an .h5 file of Keras carries."""
    text = attribute(file, "model_config", sink.limits.text_bytes)
    config = parse_json(text, "The model's config") if text else {}
    return config if isinstance(config, dict) else {}


def _named(
    file: "h5py.File", objects: Objects, config: dict[str, Any], sink: Sink
) -> list[tuple[str, Item, bool | None]]:
    """Return each dataset with its name, and whether it is of the optimizer, which None leaves to the name."""
    paths = [one.path for one in objects.datasets]
    has_layers = "layer_names" in file.attrs
    own = sink.about.get(OWN)
    is_own = isinstance(own, dict) and own.get("format") == READER.name
    if is_own or not is_of_keras(paths, has_layers):
        names = {one.path: attribute(one.thing, "name") if is_own else "" for one in objects.datasets}
        return [(names[one.path] or one.path, one, None) for one in objects.datasets]
    _note_keras(file, config, sink)
    is_legacy = has_layers or any(path.startswith("model_weights/") for path in paths)
    given = _given(objects.groups) | (names_in_config(config) if config else {})
    names = names_of(paths, given, is_legacy)
    return [(names[one.path], one, is_optimizer(one.path)) for one in objects.datasets]


def _given(groups: list[Item]) -> dict[str, str]:
    """Return the path of each layer's group -> the name that Keras 3.9 and newer write next to its variables."""
    variables = [one for one in groups if one.path.endswith("/vars")]
    names = {one.path.removesuffix("/vars"): attribute(one.thing, "name") for one in variables}
    return {path: name for path, name in names.items() if name}


def _note_keras(file: "h5py.File", config: dict[str, Any], sink: Sink) -> None:
    version = attribute(file, "keras_version", 100)
    sink.about.setdefault("producer", f"Keras {version}" if version else "Keras")
    if config:
        sink.about["keras"] = {"class": str(config.get("class_name"))[:200], "layers": summary_of(config)}
        if config.get("class_name") in MODELS:
            sink.about["chain"] = keras_chain(config).to_json()


READER = Reader("hdf5", "HDF5", (".h5", ".hdf5"), recognises, read, ("h5py",))
