"""What a manifest says of its version, checked: it may come from anywhere, and pages rely on what is in the catalogue.

Names that we do not know, of a newer release, are left out of the catalogue and stay in the manifest. What is wrong
refuses the version, by the name of what is wrong.
"""

import dataclasses
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dashboard.data.preprocessing import CategoricalInput, NumericInput, Preprocessing
from dashboard.declarations import read
from dashboard.errors import UserError
from dashboard.kinds import Choice
from dashboard.parsing import Fields
from dashboard.records.network import LAYER_SETTINGS, MOST_LAYERS, LayerSpec, NetworkSpec
from dashboard.records.run import PRIORITIES, STARTED_BY_LENGTH
from dashboard.records.run_kinds import kinds_that_write
from dashboard.records.training import ACTIVATIONS, TRAINING_SETTINGS, TrainingSpec
from dashboard.weights.checksums import version_sha256
from dashboard.weights.manifests import keys_in
from dashboard.weights.names import NETWORK_PATTERN
from dashboard.weights.table_store import VersionKey

ANY_LAYER = LAYER_SETTINGS | {"activation": dataclasses.replace(LAYER_SETTINGS["activation"], kind=Choice(ACTIVATIONS))}
TASKS = ("classification", "regression")
MOST = 2**53
LONGEST = 10_000
NEEDED_OF_EPOCHS = ("epoch", "loss", "seconds", "learning_rate")
OTHERS_OF_EPOCHS = ("accuracy", "val_loss", "val_accuracy", "metrics")
MOST_ITEMS = 100_000

Json = Mapping[str, Any]


class Refused(UserError):
    """A manifest says something that cannot be so."""


def require_objects(manifest: Json) -> None:
    """Raise Refused unless the parts that have a form are objects."""
    for name in ("spec", "preprocessing", "metrics", "evaluation"):
        _object(manifest, name)
    _object(_object(manifest, "network"), "spec")
    _require(type(manifest.get("form", 0)) is int and manifest.get("form", 0) >= 0, "form")


def checked_manifest(key: VersionKey, manifest: Json) -> dict[str, Any]:
    """Return the parts of a manifest that the catalogue takes; raises Refused, Invalid or UserError."""
    network = _object(manifest, "network")
    about = {name: _text(network, name) for name in ("name", "purpose", "task", "dataset")}
    _require(about["task"] in TASKS, "network.task")
    _require(0 < len(about["name"]) <= 100 and about["name"].isprintable() and "/" not in about["name"], "network.name")
    _require(0 < len(about["dataset"]) <= 100 and about["dataset"].isprintable(), "network.dataset")
    _require(len(key[0]) <= 24 and NETWORK_PATTERN.fullmatch(key[0]) is not None, "the name of the folder")
    _require(key[1] < 2**31, "the number of the version")
    fields = {str(name): _text(_object(network, "fields"), name) for name in _object(network, "fields")}
    keys = keys_in(key, manifest)
    _require(manifest.get("sha256") == version_sha256(keys), "sha256")
    return {
        "network": about
        | {"fields": fields, "spec": _spec(_object(network, "spec")), "created": moment(network.get("created"))},
        "epoch": _whole(manifest, "epoch"),
        "bytes": _whole(manifest, "bytes"),
        "sha256": manifest["sha256"],
        "spec": _spec(_object(manifest, "spec")),
        "preprocessing": _preprocessing(_object(manifest, "preprocessing")),
        "metrics": {_name(name): _number(value, name) for name, value in _object(manifest, "metrics").items()},
        "evaluation": {_name(part): _measured(part, value) for part, value in _object(manifest, "evaluation").items()},
        "changed": _number(manifest.get("changed"), "changed"),
        "created": moment(manifest.get("created")),
        "parent": _place(manifest.get("parent")),
        "run": _run(manifest),
    }


def moment(text: object) -> datetime | None:
    """Return a time that a manifest names; None if it names none. Raises Refused."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is not None or not 1970 <= time.year < 9999:
        raise Refused(f"It names a time that is none: {str(text)[:40]!r}.")
    return time


def _require(is_so: bool, name: str) -> None:
    if not is_so:
        raise Refused(f"Its {name} is not what Weightbase writes.")


def _object(data: Json, name: str) -> Json:
    value = data.get(name)
    if not isinstance(value, dict) or len(value) > MOST_ITEMS:
        raise Refused(f"Its {name} is missing, or no object.")
    return value


def _text(data: Json, name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or len(value) > LONGEST:
        raise Refused(f"Its {name} is missing, or no text.")
    return _name(value)


def _name(text: object) -> str:
    """Return a text that databases and pages can hold."""
    if not isinstance(text, str) or len(text) > LONGEST or "\0" in text or re.search("[\ud800-\udfff]", text):
        raise Refused("It has a name or a text that cannot be stored.")
    return text


def _whole(data: Json, name: str) -> int:
    value = data.get(name)
    _require(type(value) is int and 0 <= value <= MOST, name)
    assert isinstance(value, int)
    return value


def _number(value: object, name: str) -> float | int | None:
    """Return a number; None for what is unknown, NaN or infinite."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    _require(type(value) in (int, float) and abs(value) <= 1e308, name)  # type: ignore[arg-type]
    assert isinstance(value, int | float)
    return value


def _measured(part: str, value: object) -> dict[str, Any]:
    """Return what was measured on a part of the dataset: numbers, numbers of each class, and a confusion matrix."""
    if not isinstance(value, dict):
        raise Refused(f"Its evaluation of {part} is no object.")
    lists = {"per_class": _per_class, "confusion": _confusion}
    return {_name(name): lists[name](one) if name in lists else _number(one, name) for name, one in value.items()}


def _per_class(value: object) -> list[dict[str, Any]] | None:
    if value is None:
        return None
    _require(isinstance(value, list) and all(isinstance(one, dict) and "f1" in one for one in value), "per_class")
    assert isinstance(value, list)
    return [{_name(name): _number(one[name], name) for name in one} for one in value]


def _confusion(value: object) -> list[list[int]] | None:
    if value is None:
        return None
    is_square = isinstance(value, list) and all(isinstance(row, list) and len(row) == len(value) for row in value)
    _require(is_square, "confusion")
    assert isinstance(value, list)
    _require(all(type(count) is int and 0 <= count <= MOST for row in value for count in row), "confusion")
    return value


def _place(value: object) -> tuple[str, int] | None:
    """Return the slug and the number of another version."""
    if value is None:
        return None
    is_place = isinstance(value, dict) and isinstance(value.get("network"), str) and type(value.get("number")) is int
    _require(is_place, "parent")
    assert isinstance(value, dict)
    return value["network"], value["number"]


def _spec(data: Json) -> dict[str, Any]:
    """Return a network's spec in full; raises Invalid, which names the setting."""
    layers, training = data.get("layers"), _object(data, "training")
    if not isinstance(layers, list) or not 0 <= len(layers) <= MOST_LAYERS:
        raise Refused("Its spec has no list of layers.")
    _require(type(data.get("inputs")) is int and 0 < data["inputs"] <= 10**8, "spec.inputs")
    read_layers = []
    for layer in layers:
        _require(isinstance(layer, dict), "spec.layers")
        fields = Fields({name: value for name, value in layer.items() if name in ANY_LAYER})
        read_layers.append(LayerSpec(**read(fields, ANY_LAYER, {"units": 0})))
        fields.done()
    fields = Fields({name: value for name, value in training.items() if name in TRAINING_SETTINGS})
    settings = TrainingSpec(**read(fields, TRAINING_SETTINGS, dataclasses.asdict(TrainingSpec())))
    fields.done()
    return NetworkSpec(data["inputs"], tuple(read_layers), settings).to_json()


def _preprocessing(data: Json) -> dict[str, Any]:
    """Return how records are prepared; nothing if the version knows nothing of it."""
    if not data:
        return {}
    scaled = {"name": str, "scale": float, "offset": float, "fill": float}
    numeric = [_record(NumericInput, one, scaled) for one in _list(data, "numeric")]
    categorical = [_record(CategoricalInput, one, {"name": str, "fill": str}) for one in _list(data, "categorical")]
    for one in categorical:
        _require(all(isinstance(level, str) for level in _list(one, "levels")), "preprocessing.levels")
    _require(all(isinstance(name, str) for name in _list(data, "classes")), "preprocessing.classes")
    kinds = dict.fromkeys(("low", "high", "target_scale", "target_offset"), float) | {"scaling": str, "task": str}
    whole = _record(Preprocessing, data, kinds) | {"numeric": numeric, "categorical": categorical}
    _require(whole["task"] in TASKS, "preprocessing.task")
    return whole


def _run(manifest: Json) -> dict[str, Any] | None:
    """Return what a manifest says of the run that wrote its version; None if it says nothing."""
    if manifest.get("run") is None:
        return None
    run = _object(manifest, "run")
    _require(run.get("kind") in kinds_that_write(), "run.kind")
    _require(run.get("priority") in PRIORITIES and type(run["priority"]) is int, "run.priority")
    counts = {name: _whole(run, name) for name in ("id", "attempt", "total")}
    _require(0 < counts["id"] < 2**31 and max(counts.values()) < 2**31, "run")
    created = moment(run.get("created"))
    _require(created is not None, "run.created")
    return counts | {
        "kind": run["kind"],
        "priority": run["priority"],
        "started_by": _text(run, "started_by")[:STARTED_BY_LENGTH],
        "spec": _spec(_object(run, "spec")),
        "created": created,
        "started": moment(run.get("started")),
        "parent": _place(run.get("parent")),
        "epochs": _epochs(_object(run, "epochs")),
    }


def _epochs(columns: Json) -> list[dict[str, Any]]:
    """Return the epochs of a run as rows; raises Refused."""
    lists = {name: _column(columns, name) for name in (*NEEDED_OF_EPOCHS, *OTHERS_OF_EPOCHS)}
    _require(len(set(map(len, lists.values()))) == 1, "run.epochs")
    rows = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
    numbers = [row["epoch"] for row in rows]
    _require(all(type(number) is int and 0 < number < 2**31 for number in numbers), "run.epochs.epoch")
    _require(len(set(numbers)) == len(numbers), "run.epochs.epoch")
    return [_epoch(row) for row in rows]


def _column(columns: Json, name: str) -> list[Any]:
    value = columns.get(name)
    _require(isinstance(value, list) and len(value) <= MOST_ITEMS, f"run.epochs.{name}")
    assert isinstance(value, list)
    return value


def _epoch(row: Json) -> dict[str, Any]:
    checked = {name: _number(row[name], name) for name in row if name not in {"epoch", "metrics"}}
    _require(all(checked[name] is not None for name in NEEDED_OF_EPOCHS if name != "epoch"), "run.epochs")
    metrics = {_name(name): _number(value, name) for name, value in _object(row, "metrics").items()}
    return {"epoch": row["epoch"], **checked, "metrics": metrics}


def _list(data: Json, name: str) -> list[Any]:
    value = data.get(name)
    _require(isinstance(value, list) and len(value) <= MOST_ITEMS, f"preprocessing.{name}")
    assert isinstance(value, list)
    return value


def _record(kind: Any, data: object, types: Mapping[str, type]) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    """Return the fields of a dataclass that are in `data`, those of `types` checked; unknown names are left out."""
    if not isinstance(data, dict):
        raise Refused("Its preprocessing has an input that is no object.")
    for name, wanted in types.items():
        value = data.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        _require(isinstance(value, str) if wanted is str else is_number, f"preprocessing.{name}")
    names = {field.name: field for field in dataclasses.fields(kind)}
    missing = [name for name, field in names.items() if name not in data and field.default is dataclasses.MISSING]
    _require(not missing, f"preprocessing, which lacks {', '.join(missing)},")
    return {name: data[name] for name in names if name in data}
