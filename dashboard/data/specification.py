"""How a CSV becomes a dataset: the person's choices, checked against what the file holds."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.data.cells import MOST_CATEGORIES
from dashboard.data.columns import KINDS, Column, Preview
from dashboard.data.detection import CsvFormat
from dashboard.data.splitting import default_share
from dashboard.parsing import Fields
from dashboard.records.dataset import TASKS

MOST_HELD_BACK = 0.95
SPEC_FIELDS = frozenset(
    {"name", "delimiter", "header", "encoding", "decimal"}
    | {"target", "kinds", "missing", "task", "validation", "test", "seed", "image_shape"}
)


@dataclass(frozen=True)
class DatasetSpec:
    """What a person chose: `kinds` has the kind of each column but the target, `missing` is drop or impute.

    `validation` and `test` are shares of the rows, split by `seed`; `image_shape` is (rows, columns) of pixels.
    """

    format: CsvFormat
    target: str
    kinds: dict[str, str]
    missing: str
    task: str
    validation: float
    test: float
    seed: int
    image_shape: tuple[int, int] | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `from_json` reads them back."""
        return dataclasses.asdict(self) | {"image_shape": list(self.image_shape) if self.image_shape else None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "DatasetSpec":
        """Return the choices that `to_json` wrote."""
        shape = tuple(data["image_shape"]) if data["image_shape"] else None
        return cls(**{**data, "format": CsvFormat.from_json(data["format"]), "image_shape": shape})


def parse_spec(fields: Fields, preview: Preview) -> DatasetSpec:
    """Read a person's choices about a previewed file; what is not given is filled in with the suggestions.

    What is wrong is noted in `fields`, a message for each; `fields.done()` raises it. The target is a column's name
    or its index from 0, `kinds` an object of column name -> kind, the image shape ``28x28`` or [28, 28].
    """
    fields.known(SPEC_FIELDS)
    target = _target(fields, preview)
    kinds = _kinds(fields, preview, target)
    task = _task(fields, preview, preview.column(target))
    share = default_share(preview.rows)
    spec = DatasetSpec(
        format=preview.format,
        target=target,
        kinds=kinds,
        missing=fields.choice("missing", "drop", ("drop", "impute")),
        task=task,
        validation=fields.number("validation", share, 0.0, 0.9),
        test=fields.number("test", share, 0.0, 0.9),
        seed=fields.integer("seed", 1, 0, 2**31 - 1),
        image_shape=_image_shape(fields, preview, target, kinds),
    )
    if spec.validation + spec.test > MOST_HELD_BACK:
        fields.refuse("validation", "Validation and test together must leave at least 5 % for training.")
    return spec


def _target(fields: Fields, preview: Preview) -> str:
    """Return the target's name; a whole number counts columns from 0, unless a column has it as its name."""
    value = fields.data.get("target")
    text = "" if value is None else str(value).strip()
    if not text or text in preview.names:
        return text or preview.suggested_target
    if re.fullmatch(r"[0-9]{1,5}", text) and int(text) < len(preview.names):
        return preview.names[int(text)]
    some = ", ".join(preview.names[:8]) + (", …" if len(preview.names) > 8 else "")
    fields.refuse("target", f"There is no column {text[:64]!r}. Choose one of: {some}.")
    return preview.suggested_target


def _kinds(fields: Fields, preview: Preview, target: str) -> dict[str, str]:
    chosen = fields.inner("kinds")
    columns = {column.name: column for column in preview.columns}
    for name in chosen.data:
        if name not in columns:
            chosen.refuse(str(name)[:64], f"There is no column {str(name)[:64]!r}.")
    kinds = {name: chosen.choice(name, column.kind, KINDS) for name, column in columns.items() if name != target}
    for name, kind in kinds.items():
        column = columns[name]
        if kind == "numeric" and not column.is_numeric:
            chosen.refuse(name, f"'{name}' is not a number everywhere: take it as categorical, or ignore it.")
        if kind == "categorical" and column.distinct > MOST_CATEGORIES:
            message = f"'{name}' has more than {MOST_CATEGORIES:,} categories, the most that are possible"
            chosen.refuse(name, f"{message}: ignore it" + (", or take it as numeric." if column.is_numeric else "."))
    if all(kind == "ignore" for kind in kinds.values()):
        fields.refuse("kinds", "Every column is ignored: keep at least one as an input.")
    return kinds


def _task(fields: Fields, preview: Preview, column: Column) -> str:
    """Return the task; refuse a target that cannot serve for it."""
    task = fields.choice("task", preview.suggested_task(column.name), TASKS)
    if not column.distinct:
        fields.refuse("target", f"The target '{column.name}' has no values: choose another column.")
    elif column.distinct == 1 and task == "classification":
        message = f"The target '{column.name}' has one class only ({column.examples[0]})"
        fields.refuse("target", f"{message}: a network needs two or more to learn. Add rows of others.")
    elif column.distinct > MOST_CATEGORIES and task == "classification":
        message = f"The target '{column.name}' has more than {MOST_CATEGORIES:,} classes, the most that are possible"
        fields.refuse("target", f"{message}: choose regression, or another target.")
    elif task == "regression" and not column.is_numeric:
        fields.refuse("task", f"The target '{column.name}' is not a number everywhere: choose classification.")
    return task


def _image_shape(fields: Fields, preview: Preview, target: str, kinds: Mapping[str, str]) -> tuple[int, int] | None:
    """Return the shape that was given or, without one, the one that the columns suggest."""
    value = fields.data.get("image_shape")
    numeric = sum(kind == "numeric" for kind in kinds.values())
    inputs = sum(kind != "ignore" for kind in kinds.values())
    if value is None:
        shape = preview.suggested_image_shape(target)
        return shape if shape and numeric == inputs == shape[0] * shape[1] else None
    text = "x".join(map(str, value)) if isinstance(value, list | tuple) else str(value).strip()
    if text.lower() in {"", "none"}:
        return None
    sides = re.fullmatch(r"([0-9]{1,5})\s*[x×X,]\s*([0-9]{1,5})", text)
    if not sides:
        fields.refuse("image_shape", "Write rows x columns of the pixels, such as 28x28, or leave it empty.")
        return None
    height, width = int(sides[1]), int(sides[2])
    if height * width != inputs or numeric != inputs:
        message = f"{height} x {width} is {height * width:,} pixels, but there are {numeric:,} numeric inputs"
        fields.refuse("image_shape", f"{message} and {inputs - numeric:,} others: correct it, or leave it empty.")
        return None
    return height, width
