"""What a manifest says of its version, checked: it may come from anywhere, and pages rely on what is in the catalogue.

Names that we do not know, of a newer release, are left out of the catalogue and stay in the manifest. What is wrong
refuses the version, by the name of what is wrong.
"""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboard.data.date_columns import DateColumn
from dashboard.data.dates import ORDERS, PARTS
from dashboard.data.groups import output_labels
from dashboard.data.preprocessing import CategoricalInput, ClassGroup, NumberTarget, NumericInput, Preprocessing
from dashboard.declarations import read
from dashboard.errors import UserError
from dashboard.kinds import Choice
from dashboard.parsing import Fields
from dashboard.records.network import (
    DENSE,
    FOREIGN,
    LAYER_SETTINGS,
    MOST_LAYERS,
    NETWORK_KINDS,
    LayerSpec,
    NetworkSpec,
)
from dashboard.records.run import PRIORITIES, STARTED_BY_LENGTH
from dashboard.records.run_kinds import kinds_that_write
from dashboard.records.training import ACTIVATIONS, TRAINING_SETTINGS, TrainingSpec
from dashboard.services.versions.given import LONGEST_KEY
from dashboard.weights.checksums import version_sha256
from dashboard.weights.manifests import keys_in
from dashboard.weights.names import NETWORK_PATTERN
from dashboard.weights.table_store import VersionKey

ANY_LAYER = LAYER_SETTINGS | {"activation": dataclasses.replace(LAYER_SETTINGS["activation"], kind=Choice(ACTIVATIONS))}
TASKS = ("classification", "regression")
MOST = 2**53
LONGEST = 10_000
LONGEST_SHOWN = 100
NEEDED_OF_EPOCHS = ("epoch", "loss", "seconds", "learning_rate")
OTHERS_OF_EPOCHS = ("accuracy", "val_loss", "val_accuracy", "metrics")
MOST_ITEMS = 100_000
MOST_NESTED = 8
HIGHEST_NUMBER = 2**31 - 1

Json = Mapping[str, Any]


class Refused(UserError):
    """A manifest says something that cannot be so."""


def require_objects(manifest: Json) -> None:
    """Raise Refused unless the parts that have a form are objects."""
    for name in ("spec", "preprocessing", "metrics", "evaluation"):
        _object(manifest, name)
    _object(_object(manifest, "network"), "spec", "network.")
    _require(type(manifest.get("form", 0)) is int and manifest.get("form", 0) >= 0, "form")


def checked_manifest(key: VersionKey, manifest: Json) -> dict[str, Any]:
    """Return the parts of a manifest that the catalogue takes; raises Refused, or another UserError."""
    network = _object(manifest, "network")
    about = {name: _text(network, name, "network.") for name in ("name", "purpose", "task", "dataset")}
    about["kind"] = network.get("kind", DENSE)  # older releases had no other kind
    is_foreign = about["kind"] == FOREIGN
    _require(about["kind"] in NETWORK_KINDS, "network.kind")
    _require(about["task"] in (("",) if is_foreign else TASKS), "network.task")
    _require(0 < len(about["name"]) <= 100 and about["name"].isprintable() and "/" not in about["name"], "network.name")
    _require(len(about["dataset"]) <= 100 and about["dataset"].isprintable(), "network.dataset")
    _require(about["dataset"] == "" if is_foreign else about["dataset"] != "" or "kind" in network, "network.dataset")
    _require(len(key[0]) <= 24 and NETWORK_PATTERN.fullmatch(key[0]) is not None, "the name of the folder")
    _require(key[1] < 2**31, "the number of the version")
    given = _object(network, "fields", "network.")
    fields = {_name(name, "network.fields"): _text(given, name, "network.fields.") for name in given}
    keys = keys_in(key, manifest)
    _require(manifest.get("sha256") == version_sha256(keys), "sha256")
    return {
        "network": about
        | {
            "fields": fields,
            "spec": _spec(_object(network, "spec", "network."), "network.spec"),
            "created": moment(network.get("created"), "network.created"),
        },
        "epoch": _whole(manifest, "epoch"),
        "bytes": _whole(manifest, "bytes"),
        "sha256": manifest["sha256"],
        "spec": _spec_of_kind(manifest, is_foreign),
        "origin": checked_origin(manifest.get("origin")),
        "push_key": _key(manifest.get("push_key")),
        "units_axes": _axes(manifest.get("units_axes")),
        "preprocessing": _preprocessing(_object(manifest, "preprocessing")),
        "metrics": _numbers(_object(manifest, "metrics"), "metrics"),
        "evaluation": {
            _name(part, "evaluation"): _measured(f"evaluation.{part}", value)
            for part, value in _object(manifest, "evaluation").items()
        },
        **_change(manifest),
        "created": moment(manifest.get("created"), "created"),
        "parent": _place(manifest.get("parent"), "parent"),
        "run": _run(manifest),
    }


def _change(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return how far it has changed, and since which number; a release that named none may have meant any version."""
    since, changed = manifest.get("changed_since"), _number(manifest.get("changed"), "changed")
    _require(since is None or (type(since) is int and 0 < since <= HIGHEST_NUMBER), "changed_since")
    return {"changed": None if since is None else changed, "changed_since": None if changed is None else since}


def moment(text: object, name: str) -> datetime | None:
    """Return the time that the field `name` holds; None if it holds none. Raises Refused."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is not None or not 1970 <= time.year < 9999:
        raise Refused(f"Its {name} is no time: {str(text)[:40]!r}.")
    return time


def _require(is_so: bool, name: str) -> None:
    if not is_so:
        raise Refused(f"Its {name[:LONGEST_SHOWN]} is not what Weightbase writes.")


def _object(data: Json, name: str, inside: str = "") -> Json:
    value = data.get(name)
    if not isinstance(value, dict) or len(value) > MOST_ITEMS:
        raise Refused(f"Its {inside}{name} is missing, or no object.")
    return value


def _text(data: Json, name: str, inside: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or len(value) > LONGEST:
        raise Refused(f"Its {inside}{name[:LONGEST_SHOWN]} is missing, or no text.")
    return _name(value, f"{inside}{name}")


def _name(text: object, where: str) -> str:
    """Return a name or a text, as databases and pages can hold it, of the field `where`."""
    if not isinstance(text, str) or len(text) > LONGEST or "\0" in text or re.search("[\ud800-\udfff]", text):
        raise Refused(f"Its {where[:LONGEST_SHOWN]} has a name or a text that cannot be stored.")
    return text


def _whole(data: Json, name: str, inside: str = "") -> int:
    value = data.get(name)
    _require(type(value) is int and 0 <= value <= MOST, inside + name)
    assert isinstance(value, int)
    return value


def _number(value: object, name: str) -> float | int | None:
    """Return a number; None for what is unknown, NaN or infinite."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    _require(type(value) in (int, float) and abs(value) <= 1e308, name)  # type: ignore[arg-type]
    assert isinstance(value, int | float)
    return value


def _numbers(data: Json, where: str) -> dict[str, Any]:
    return {_name(name, where): _number(value, f"{where}.{name}") for name, value in data.items()}


def _measured(where: str, value: object) -> dict[str, Any]:
    """Return what was measured on a part of the dataset: numbers, numbers of each class, and a confusion matrix."""
    if not isinstance(value, dict):
        raise Refused(f"Its {where[:LONGEST_SHOWN]} is no object.")
    lists = {"per_class": _per_class, "per_target": _per_target, "confusion": _confusion}
    numbers = _numbers({name: one for name, one in value.items() if name not in lists}, where)
    return numbers | {name: lists[name](value[name], f"{where}.{name}") for name in lists if name in value}


def _per_class(value: object, where: str) -> list[dict[str, Any]] | None:
    if value is None:
        return None
    _require(isinstance(value, list) and all(isinstance(one, dict) and "f1" in one for one in value), where)
    assert isinstance(value, list)
    return [_numbers(one, where) for one in value]


OTHERS_OF_TARGETS = {"target", "confusion"}


def _per_target(value: object, where: str) -> list[dict[str, Any]]:
    """Return the errors of each of several targets, which have its name."""
    is_list = isinstance(value, list) and all(isinstance(one, dict) for one in value)
    _require(is_list, where)
    assert isinstance(value, list)
    _require(all(isinstance(one.get("target"), str) for one in value), where)
    return [
        {"target": one["target"]}
        | _numbers({name: number for name, number in one.items() if name not in OTHERS_OF_TARGETS}, where)
        | ({"confusion": _confusion(one["confusion"], where)} if "confusion" in one else {})
        for one in value
    ]


def _confusion(value: object, where: str) -> list[list[int]] | None:
    if value is None:
        return None
    is_square = isinstance(value, list) and all(isinstance(row, list) and len(row) == len(value) for row in value)
    _require(is_square, where)
    assert isinstance(value, list)
    _require(all(type(count) is int and 0 <= count <= MOST for row in value for count in row), where)
    return value


def _place(value: object, name: str) -> tuple[str, int] | None:
    """Return the slug and the number of another version."""
    if value is None:
        return None
    is_place = isinstance(value, dict) and isinstance(value.get("network"), str) and type(value.get("number")) is int
    _require(is_place, name)
    assert isinstance(value, dict)
    return value["network"], value["number"]


def _spec(data: Json, where: str) -> dict[str, Any]:
    """Return a network's spec in full, which the field `where` holds; raises Refused, which names the setting."""
    layers, training = data.get("layers"), _object(data, "training", f"{where}.")
    if not isinstance(layers, list) or not 0 <= len(layers) <= MOST_LAYERS:
        raise Refused(f"Its {where} has no list of layers.")
    _require(type(data.get("inputs")) is int and bool(layers) <= data["inputs"] <= 10**8, f"{where}.inputs")
    read_layers = []
    for place, layer in enumerate(layers):
        _require(isinstance(layer, dict), f"{where}.layers.{place}")
        read_layers.append(LayerSpec(**_settings(layer, ANY_LAYER, {"units": 0}, f"{where}.layers.{place}")))
    defaults = dataclasses.asdict(TrainingSpec())
    settings = TrainingSpec(**_settings(training, TRAINING_SETTINGS, defaults, f"{where}.training"))
    return NetworkSpec(data["inputs"], tuple(read_layers), settings).to_json()


def _spec_of_kind(manifest: Json, is_foreign: bool) -> dict[str, Any]:
    """Return a version's spec; that of a foreign network's has no layers."""
    spec = _spec(_object(manifest, "spec"), "spec")
    _require(not (is_foreign and spec["layers"]), "spec.layers")
    return spec


def checked_origin(value: object) -> dict[str, Any] | None:
    """Return how a version came to be, as plain JSON that can be stored; None if nothing is said of it."""
    if value is None:
        return None
    _require(isinstance(value, dict) and isinstance(value.get("how"), str), "origin")
    left = [MOST_ITEMS]
    plain: dict[str, Any] = _plain(value, "origin", MOST_NESTED, left)
    return plain


def _plain(value: Any, where: str, depth: int, left: list[int]) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON of at most so many values, nested at most so deep, with texts and numbers that databases take."""
    left[0] -= 1
    _require(left[0] >= 0 and depth >= 0, where)
    if isinstance(value, dict):
        return {_name(name, where): _plain(one, where, depth - 1, left) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, where, depth - 1, left) for one in value]
    if isinstance(value, str):
        return _name(value, where)
    return value if value is None or isinstance(value, bool) else _number(value, where)


def _key(value: object) -> str | None:
    is_key = isinstance(value, str) and 0 < len(value) <= LONGEST_KEY and value.isprintable()
    _require(value is None or is_key, "push_key")
    return value if isinstance(value, str) else None


def _axes(value: object) -> dict[str, int]:
    """Return tensor -> the axis along which its units are, of those of which it is known."""
    axes = {} if value is None else value
    _require(isinstance(axes, dict) and len(axes) <= MOST_ITEMS, "units_axes")
    assert isinstance(axes, dict)
    _require(all(type(axis) is int and axis in (0, 1) for axis in axes.values()), "units_axes")
    return axes


def _settings(data: Json, known: Mapping[str, Any], defaults: Json, where: str) -> dict[str, Any]:
    """Return the settings that are declared, others are left out; raises Refused, which names those that are wrong."""
    fields = Fields({name: value for name, value in data.items() if name in known}, where)
    values = read(fields, known, defaults)
    if fields.errors:
        raise Refused(" ".join(f"Its {name} is wrong: {message}" for name, message in fields.errors.items()))
    return values


def _preprocessing(data: Json) -> dict[str, Any]:
    """Return how records are prepared; nothing if the version knows nothing of it."""
    if not data:
        return {}
    scaled = {"name": str, "scale": float, "offset": float, "fill": float}
    numeric = [_record(NumericInput, one, scaled) for one in _list(data, "numeric")]
    categorical = [_record(CategoricalInput, one, {"name": str, "fill": str}) for one in _list(data, "categorical")]
    for one in categorical:
        _require(all(isinstance(level, str) for level in _list(one, "levels")), "preprocessing.levels")
    for one in numeric:
        _require(_are_words(one.get("words", [])), "preprocessing.words")
    _require(all(isinstance(name, str) for name in _list(data, "classes")), "preprocessing.classes")
    dates = [_dates(one) for one in _list(data, "dates")] if "dates" in data else []
    if "indicators" in data:
        columns = {one["name"] for one in (*numeric, *categorical, *dates)}
        _require(all(name in columns for name in _list(data, "indicators")), "preprocessing.indicators")
    one_target = {"name": str, "scale": float, "offset": float}
    targets = [_record(NumberTarget, one, one_target) for one in _list({"targets": [], **data}, "targets")]
    kinds = dict.fromkeys(("low", "high", "target_scale", "target_offset"), float) | {"scaling": str, "task": str}
    whole = _record(Preprocessing, data, kinds) | {"numeric": numeric, "categorical": categorical, "dates": dates}
    whole |= {"targets": targets}
    if "groups" in data:
        whole |= {"groups": [_group(one) for one in _list(data, "groups")]}
        labels = output_labels(*([one[name] for one in whole["groups"]] for name in ("name", "classes")))
        _require(labels == data["classes"], "preprocessing.groups")
    _require(whole["task"] in TASKS, "preprocessing.task")
    return whole


def _group(data: object) -> dict[str, Any]:
    """Return one of several targets of classes; raises Refused."""
    one = _record(ClassGroup, data, {"name": str})
    _require(all(isinstance(name, str) for name in _list(one, "classes")), "preprocessing.groups")
    return one


def _dates(data: object) -> dict[str, Any]:
    """Return how a column of dates becomes numbers; raises Refused."""
    one = _record(DateColumn, data, {"name": str, "order": str, "first": float})
    is_known = one["order"] in ORDERS and all(part in PARTS for part in _list(one, "parts"))
    _require(is_known, "preprocessing.dates")
    return one


def _are_words(words: object) -> bool:
    """Return whether these are the words for 0 and 1 of a column of yes and no, or there are none."""
    return isinstance(words, list) and len(words) in (0, 2) and all(isinstance(word, str) for word in words)


def _run(manifest: Json) -> dict[str, Any] | None:
    """Return what a manifest says of the run that wrote its version; None if it says nothing."""
    if manifest.get("run") is None:
        return None
    run = _object(manifest, "run")
    _require(run.get("kind") in kinds_that_write(), "run.kind")
    _require(run.get("priority") in PRIORITIES and type(run["priority"]) is int, "run.priority")
    counts = {name: _whole(run, name, "run.") for name in ("id", "attempt", "total")}
    _require(0 < counts["id"] < 2**31 and max(counts.values()) < 2**31, "run")
    created = moment(run.get("created"), "run.created")
    _require(created is not None, "run.created")
    return counts | {
        "kind": run["kind"],
        "priority": run["priority"],
        "started_by": _text(run, "started_by", "run.")[:STARTED_BY_LENGTH],
        "path": _text(run, "path", "run.") if "path" in run else "",  # older manifests do not say it
        "spec": _spec(_object(run, "spec", "run."), "run.spec"),
        "created": created,
        "started": moment(run.get("started"), "run.started"),
        "parent": _place(run.get("parent"), "run.parent"),
        "epochs": _epochs(_object(run, "epochs", "run."), () if run["kind"] == "external" else NEEDED_OF_EPOCHS),
    }


def _epochs(columns: Json, needed: Sequence[str]) -> list[dict[str, Any]]:
    """Return the epochs of a run as rows, in which the `needed` numbers are known; raises Refused."""
    lists = {name: _column(columns, name) for name in (*NEEDED_OF_EPOCHS, *OTHERS_OF_EPOCHS)}
    _require(len(set(map(len, lists.values()))) == 1, "run.epochs")
    rows = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
    numbers = [row["epoch"] for row in rows]
    _require(all(type(number) is int and 0 < number < 2**31 for number in numbers), "run.epochs.epoch")
    _require(len(set(numbers)) == len(numbers), "run.epochs.epoch")
    return [_epoch(row, needed) for row in rows]


def _column(columns: Json, name: str) -> list[Any]:
    value = columns.get(name)
    _require(isinstance(value, list) and len(value) <= MOST_ITEMS, f"run.epochs.{name}")
    assert isinstance(value, list)
    return value


def _epoch(row: Json, needed: Sequence[str]) -> dict[str, Any]:
    checked = {name: _number(row[name], f"run.epochs.{name}") for name in row if name not in {"epoch", "metrics"}}
    _require(all(checked[name] is not None for name in needed if name != "epoch"), "run.epochs")
    metrics = _numbers(_object(row, "metrics", "run.epochs."), "run.epochs.metrics")
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
