"""A drawing put through a version: strokes become a picture as those of its dataset, and the version answers."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from dashboard.data.dataset import Array, open_arrays
from dashboard.data.drawings import MOST_MEASURED, Look, Stroke, draw_strokes, measure_look
from dashboard.errors import Conflict, Invalid
from dashboard.records.dataset import Dataset
from dashboard.services.cache.numbers import cached_numbers
from dashboard.services.datasets import require_records
from dashboard.services.use.answers import Answer
from dashboard.services.use.loaded import Loaded
from dashboard.services.use.prediction import predict_rows
from dashboard.services.workspace import Workspace

__all__ = ["Look"]  # for those who may not import data
MOST_STROKES, MOST_POINTS = 500, 50_000
FARTHEST = 1e6
STROKES = "Strokes are lists of points [x, y], as in [[[10, 10], [80, 10], [40, 90]]]."


class Drawing(NamedTuple):
    """What the network saw, `pixels` of the dataset's shape and the `inputs` (inputs,) that they became; its answer."""

    version: str
    pixels: Array
    answer: Answer
    look: Look
    inputs: Array


def why_not_drawn(loaded: Loaded) -> str:
    """Say in a sentence why nothing can be drawn for a version; empty if something can."""
    about = loaded.dataset.description if loaded.dataset is not None else {}
    shape = about.get("image_shape")
    reads = loaded.reader.kinds
    if not shape or len(reads) != math.prod(shape) or set(reads.values()) != {"numeric"}:
        return f"{loaded.version.reference} reads no pictures: a drawing needs a dataset of pixels."
    return ""


def draw(workspace: Workspace, loaded: Loaded, body: Mapping[str, Any]) -> Drawing:
    """Answer `strokes`, moved by `nudge` pixels (right, down), or `pixels` as they are; raises Invalid, Conflict."""
    if message := why_not_drawn(loaded):
        raise Conflict(message, "version")
    look = look_of(workspace, loaded)
    wrong = [name for name in body if name not in {"strokes", "pixels", "nudge"}]
    if wrong or ("strokes" in body) == ("pixels" in body):
        raise Invalid({str(wrong[0])[:64] if wrong else "strokes": f"Send strokes or pixels. {STROKES}"})
    if "strokes" in body:
        pixels = draw_strokes(_strokes(body["strokes"]), look, _nudge(body.get("nudge", [0, 0])))
    else:
        pixels = _pixels(body["pixels"], look.shape)
    record = dict(zip(loaded.reader.columns, pixels.ravel().tolist(), strict=True))
    prediction = predict_rows(loaded, [record])
    return Drawing(loaded.version.reference, pixels, prediction.answers[0], look, prediction.inputs[0])


def look_of(workspace: Workspace, loaded: Loaded) -> Look:
    """Return how the pictures of a version's dataset look, measured once for a dataset; raises Conflict without it."""
    dataset = loaded.dataset
    if dataset is None:
        raise Conflict(why_not_drawn(loaded), "version")
    require_records(workspace, dataset)
    cells = min(dataset.rows, MOST_MEASURED) * loaded.version.spec.inputs
    key = f"look {dataset.folder}"
    (numbers,) = cached_numbers(workspace, key, ["look-1"], [cells], lambda _: _measured(workspace, dataset))
    assert numbers is not None  # a dataset is no table that could be damaged
    parts = {"shape": tuple(numbers["shape"]), "centre": tuple(numbers["centre"])}
    return Look(**{**numbers, **parts})


def _measured(workspace: Workspace, dataset: Dataset) -> dict[str, Any]:
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    assert arrays.image_shape is not None
    return measure_look(np.asarray(arrays.inputs[:MOST_MEASURED]), arrays.image_shape)._asdict()


def _strokes(value: Any) -> list[Stroke]:  # noqa: ANN401 - from outside
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_STROKES:
        raise Invalid({"strokes": f"Draw 1 to {MOST_STROKES} strokes. {STROKES}"})
    strokes: list[Stroke] = []
    for place, stroke in enumerate(value):
        is_good = isinstance(stroke, list) and len(stroke) > 0 and all(map(_is_point, stroke))
        if not is_good:
            raise Invalid({f"strokes.{place}": STROKES})
        strokes.append([(float(x), float(y)) for x, y in stroke])
    if sum(map(len, strokes)) > MOST_POINTS:
        raise Invalid({"strokes": f"At most {MOST_POINTS:,} points can be drawn."})
    return strokes


def _is_point(point: object) -> bool:
    return isinstance(point, list) and len(point) == 2 and all(map(_is_number, point))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= FARTHEST


def _nudge(value: Any) -> tuple[int, int]:  # noqa: ANN401 - from outside
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(one, int) for one in value):
        raise Invalid({"nudge": "A nudge is [right, down] in whole pixels, such as [1, 0]."})
    if any(abs(one) > FARTHEST for one in value):
        raise Invalid({"nudge": "A nudge stays within a million pixels."})
    return int(value[0]), int(value[1])


def _pixels(value: Any, shape: tuple[int, ...]) -> Array:  # noqa: ANN401 - from outside
    """Return pixels of the dataset's shape; raises Invalid for another shape, and for what are no numbers."""
    flat = value
    for length in shape:
        parts = flat if isinstance(flat, list) else [flat]
        if not isinstance(value, list) or len(parts) % length:
            raise Invalid({"pixels": _shape_words(shape)})
        flat = [one for part in parts for one in part] if all(isinstance(part, list) for part in parts) else parts
    if len(flat) != math.prod(shape) or not all(map(_is_number, flat)):
        raise Invalid({"pixels": _shape_words(shape)})
    return np.array(flat, np.float64).reshape(shape)


def _shape_words(shape: tuple[int, ...]) -> str:
    return f"Send {' × '.join(map(str, shape))} numbers as lists of rows, up to a million each."
