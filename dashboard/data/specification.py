"""How a CSV becomes a dataset: the person's choices, checked against what the file holds."""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.data.blocks import Reading
from dashboard.data.cells import MOST_CATEGORIES, OLD_MISSING_WORDS
from dashboard.data.columns import KINDS, NO_INPUT, Column, Preview
from dashboard.data.csv_format import FORMAT_SETTINGS, CsvFormat
from dashboard.data.dates import ORDERS, PARTS
from dashboard.data.spellings import ACCOUNTS, NEWEST_RULES, SIGNS
from dashboard.data.splitting import default_share
from dashboard.declarations import declared, read, setting
from dashboard.kinds import Choice, Number, Text, Whole
from dashboard.parsing import Fields
from dashboard.records.dataset import TASKS

MOST_HELD_BACK = 0.95
MISSING = {
    "median": "fill in the median, or the most frequent category, and mark it where that is frequent",
    "impute": "fill in the mean, or the most frequent category",
    "drop": "drop the rows",
}
MERGE = "whole numbers from 2^53 on would merge with their neighbours"
ODD = {"missing": "take it as missing", "drop": "drop the row"}
"""What is done with cells that are no numbers in a column of numbers."""
TARGET_HELP = (
    "The column to predict. Columns of the type further target are predicted, too: all as numbers, or all as classes."
)
MIXED = "Several targets are either all numbers or all classes"
SHARE = Number(0, 0.9)
FEWEST_ROWS = 3
"""Fewer records cannot be trained on."""
ONE_CLASS_REMEDY = "Add rows of others, or choose evaluation as the use."
SPLITS = {"random": "at random, every class alike", "ordered": "in order", "grouped": "whole groups"}
PURPOSES = {"training": "train networks", "evaluation": "evaluate versions only"}


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """What a person chose: `kinds` has the kind of each column but the target, `missing` is one of MISSING.

    With columns of the kind target there are several targets, all numbers or all classes as the task says.

    `missing_words` (in small letters) mean missing, `column_words` in single columns; `strip` are the columns whose
    signs are taken off, `units` has the unit of those whose unit is, and `rules` (see `spellings`) say what else is
    read as a number there. `odd` says what is done with the cells of a column of numbers that are none, and `dates` has
    the order of the dates (`dates.ORDERS`) of each column that becomes number parts.

    `validation` and `test` are shares of the rows, split by `seed`; `image_shape` is (rows, columns) of pixels, row by
    row, or (rows, columns, 3) with red, green and blue of each. With the purpose evaluation one record and one class
    are enough, and no network trains on it.
    """

    format: CsvFormat
    target: str = setting(Text(note="Its name, or its index from 0."), label="Target", help=TARGET_HELP)
    kinds: dict[str, str] = setting(
        Text(note='As JSON text: {"column": "numeric" | "boolean" | "categorical" | "date" | "target" | "ignore"}.'),
        label="Type",
    )
    missing: str = setting(Choice(MISSING), "median", "Missing values")
    missing_words: tuple[str, ...] = setting(
        Text(note="A list, or a text with commas."),
        OLD_MISSING_WORDS,
        "Words for missing",
        "With commas between them. Case does not count; an empty cell is always missing.",
    )
    column_words: Mapping[str, tuple[str, ...]] = setting(
        Text(note='As JSON text: {"column": ["NA", "?"]}.'),
        label="Words for missing in single columns",
        help="Instead of the words above: a line such as size: NA, ? for each column.",
    )
    strip: tuple[str, ...] = setting(
        Text(note="A list, or a text with a name in each line."),
        (),
        "Signs to take off",
        "Columns, one per line, that are numbers without $, € or % and without separators of thousands.",
    )
    units: Mapping[str, str] = setting(
        Text(note='As JSON text: {"column": "kg"}.'),
        label="Units to take off",
        help="A line such as weight: kg for each column. The unit time reads 10:30 as 10.5 hours.",
    )
    odd: Mapping[str, str] = setting(
        Text(note='As JSON text: {"column": "missing" | "drop"}.'),
        label="Cells that are no numbers",
        help="What is done with them in a column of numbers.",
    )
    dates: Mapping[str, str] = setting(
        Text(note='As JSON text: {"column": "year" | "month" | "day"}.'),
        label="Order of dates",
        help="What stands first in the dates of a column that becomes number parts, where no cell says it.",
    )
    task: str = setting(
        Choice(TASKS, empty="as the target suggests"),
        label="Task",
        help="Classification predicts one of some classes, regression a number.",
    )
    validation: float = setting(
        SHARE,
        label="Validation share",
        help="Measured after each epoch. Left empty: a tenth, at most 2,000 rows.",
    )
    test: float = setting(
        SHARE, label="Test share", help="Measured once, at the end. Left empty: a tenth, at most 2,000 rows."
    )
    seed: int = setting(Whole(0, 2**31 - 1), 1, "Seed of the split")
    image_shape: tuple[int, ...] | None = setting(
        Text(),
        label="Image shape",
        help="Height and width if the columns are pixels: 28x28, or 28x28x3 with red, green and blue of each pixel.",
    )
    split: str = setting(
        Choice(SPLITS),
        "random",
        "Split",
        "In order: for records in time, the last are measured on. Groups: for several records of one person.",
    )
    split_by: str = setting(
        Text(note="A column's name."),
        "",
        "Split by column",
        "Orders or groups the rows, and may be ignored as an input. Left empty with an order: that of the file.",
    )
    purpose: str = setting(
        Choice(PURPOSES),
        "training",
        "Use",
        "A file of one record or one class serves to evaluate versions; no network can learn from it.",
    )

    given: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Where validation or test come from files of their own: how many rows of the joined file are from each file."""
    rules: int = NEWEST_RULES

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `from_json` reads them back."""
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if not self.given:
            del own["given"]  # the folder of a dataset is named by its choices
        return own | {
            "format": self.format.to_json(),
            "image_shape": list(self.image_shape) if self.image_shape else None,
            "missing_words": list(self.missing_words),
            "column_words": {name: list(words) for name, words in self.column_words.items()},
            "strip": list(self.strip),
            "units": dict(self.units),
            "odd": dict(self.odd),
            "dates": dict(self.dates),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "DatasetSpec":
        """Return the choices that `to_json` wrote."""
        parts = {
            "format": CsvFormat.from_json(data["format"]),
            "image_shape": tuple(data["image_shape"]) if data["image_shape"] else None,
            "missing_words": tuple(data.get("missing_words", OLD_MISSING_WORDS)),
            "column_words": {name: tuple(words) for name, words in data.get("column_words", {}).items()},
            "strip": tuple(data.get("strip", ())),
            "units": dict(data.get("units", {})),
            "rules": data.get("rules", ACCOUNTS if "skip_last" in data["format"] else SIGNS),  # both came together
            "odd": dict(data.get("odd", {})),
            "dates": dict(data.get("dates", {})),
        }
        return cls(**{**data, **parts})

    def targets(self, names: Sequence[str]) -> list[str]:
        """Return the targets among the columns of a file, in its order."""
        return [name for name in names if name == self.target or self.kinds.get(name) == "target"]

    def reading(self, column: str) -> Reading:
        """Return how the cells of a column are read."""
        words = tuple(self.column_words.get(column, self.missing_words))
        is_boolean = self.kinds.get(column) == "boolean"
        return Reading(words, column in self.strip, is_boolean, self.units.get(column, ""), self.rules)


SPEC_SETTINGS = declared(DatasetSpec)
SPEC_FIELDS = frozenset({"name", *FORMAT_SETTINGS, *SPEC_SETTINGS})


def parse_spec(fields: Fields, preview: Preview) -> DatasetSpec:
    """Read a person's choices about a previewed file; what is not given is filled in with the suggestions.

    What is wrong is noted in `fields`, a message for each; `fields.done()` raises it. The target is a column's name
    or its index from 0, `kinds` and `odd` are objects with a column's name -> kind or ODD, the image shape ``28x28`` or
    [28, 28].
    """
    fields.known(SPEC_FIELDS)
    target = _target(fields, preview)
    kinds = _kinds(fields, preview, target)
    targets = [target, *(name for name, kind in kinds.items() if kind == "target")]
    purpose = suggested_purpose(preview, target)
    task = _suggested_task(preview, targets)
    purpose = SPEC_SETTINGS["purpose"].kind.read(fields, "purpose", purpose)
    share = default_share(preview.rows) if purpose == "training" else 0.0
    suggested = {"task": task, "validation": share, "test": share, "purpose": purpose}
    simple = {
        name: SPEC_SETTINGS[name] for name in ("missing", "task", "validation", "test", "seed", "purpose", "split")
    }
    chosen = read(fields, simple, suggested)
    is_given = bool(fields.text("task"))
    for name in targets:
        column = preview.column(name)
        if mixed := _mixed(preview, column, targets, chosen["task"], is_given):
            fields.refuse("target", mixed)
        else:
            _check_target(fields, chosen["task"], column, purpose)
    spec = DatasetSpec(
        format=preview.format,
        target=target,
        kinds=kinds,
        image_shape=_image_shape(fields, preview, target, kinds),
        odd=_odd(fields, preview, [n for n, kind in kinds.items() if kind == "numeric"], targets, chosen["task"]),
        missing_words=preview.choices.words or (),
        column_words=dict(preview.choices.column_words),
        strip=preview.choices.strip or (),
        units=dict(preview.choices.units or ()),
        dates=_dates(fields, preview, [name for name, kind in kinds.items() if kind == "date"]),
        split_by=_split_by(fields, preview, chosen["split"], targets),
        **chosen,
    )
    if spec.validation + spec.test > MOST_HELD_BACK:
        fields.refuse("validation", "Validation and test together must leave at least 5 % for training.")
    return spec


def _odd(fields: Fields, preview: Preview, numeric: list[str], targets: list[str], task: str) -> dict[str, str]:
    """Return what is done with the odd cells of each column that has some; refuses those without an answer."""
    chosen = fields.inner("odd")
    known = set(preview.names)
    for name in chosen.data:
        if name not in known:
            chosen.refuse(str(name)[:64], f"There is no column {str(name)[:64]!r}.")
    columns = [*numeric, *targets] if task == "regression" else numeric
    answers = {name: chosen.choice(name, "", ODD) for name in columns if preview.column(name).words}
    for name, answer in answers.items():
        column = preview.column(name)
        if not answer:
            cells = column.odd or f"{column.numbers:,} numbers, {column.words:,} others"
            remedy = "say whether they are missing or their rows are dropped (odd), or take the column as categorical"
            chosen.refuse(name, f"'{name}' is not a number everywhere. It has {cells}: {remedy}.")
        elif name in targets and answer == "missing":
            chosen.refuse(name, f"'{name}' is a target, which must not be missing: drop the rows.")
    gaps = [preview.column(name) for name in targets if name not in answers]
    return answers | {column.name: _gaps(chosen, column, preview.rows) for column in gaps if _has_gaps(column)}


def _has_gaps(column: Column) -> bool:
    return column.missing > 0 and column.distinct > 0


def _gaps(chosen: Fields, column: Column, rows: int) -> str:
    """Return that the rows without a target are dropped; refuses every other answer."""
    answer = chosen.choice(column.name, "", ODD)
    if answer != "drop":
        message = f"The target '{column.name}' is missing in {column.missing:,} of {rows:,} rows"
        chosen.refuse(column.name, f"{message}: drop these rows (odd), fill in the gaps, or choose another target.")
    return answer


def _dates(fields: Fields, preview: Preview, columns: list[str]) -> dict[str, str]:
    """Return the order of the dates of each column that becomes number parts; refuses those that nothing says it of."""
    chosen = fields.inner("dates")
    for name in chosen.data:
        if name not in preview.names:
            chosen.refuse(str(name)[:64], f"There is no column {str(name)[:64]!r}.")
    orders = {}
    for name in columns:
        column = preview.column(name)
        if taken := [part for part in PARTS if f"{name}.{part}" in preview.names]:
            chosen.refuse(name, f"There is a column '{name}.{taken[0]}', as a part would be called: rename it.")
        possible = column.dates or tuple(ORDERS)
        suggested = possible[0] if len(possible) == 1 or not column.distinct else ""
        orders[name] = chosen.choice(name, suggested, ORDERS)
        if not orders[name]:
            names = " or ".join(f"{ORDERS[order]} ({order})" for order in possible)
            chosen.refuse(
                name, f"'{name}' holds dates such as {column.examples[0][:40]!r}: say what they are, {names}."
            )
        elif orders[name] not in possible:
            message = f"'{name}' has cells that are no dates with the {ORDERS[orders[name]]}"
            chosen.refuse(name, f"{message}: choose {ORDERS[possible[0]]} ({possible[0]}).")
    return orders


def column_notes(preview: Preview, spec: DatasetSpec) -> dict[str, Any]:
    """Return what is stored with a dataset: `ignored`, the columns left out, and why; and `target_reason`."""
    suggested = preview.suggested_kinds(spec.target)
    ignored = [
        {"name": name, "reason": suggested[name][1] if suggested[name][0] == "ignore" else "It was left out by choice."}
        for name, kind in spec.kinds.items()
        if kind == "ignore"
    ]
    guess = preview.guess
    is_guess = spec.targets(preview.names) == [guess.name]
    reason = f"suggested, because {guess.reason}" if is_guess else "chosen by hand"
    return {"ignored": ignored, "target_reason": reason}


def suggested_purpose(preview: Preview, target: str) -> str:
    """Return evaluation for what no network can learn from: too few rows, or a target that is the same in all."""
    is_enough = preview.rows >= FEWEST_ROWS and preview.column(target).distinct != 1
    return "training" if is_enough else "evaluation"


def _split_by(fields: Fields, preview: Preview, split: str, targets: list[str]) -> str:
    """Return the column that orders or groups the rows; empty for none."""
    name = fields.text("split_by")
    if name and name not in preview.names:
        fields.refuse("split_by", f"There is no column {name[:64]!r}.")
    elif name and split == "random":
        fields.refuse("split_by", "A random split is by no column: choose in order, or whole groups.")
    elif name in targets:
        fields.refuse("split_by", "The target cannot split the rows: choose another column.")
    elif not name and split == "grouped":
        fields.refuse("split_by", "Choose the column whose equal values are a group.")
    return name


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
    suggested = preview.suggested_kinds(target)
    if str(fields.data.get("image_shape") or "none").lower() != "none":  # black pixels are constant columns
        suggested |= {name: ("numeric", "") for name in suggested if columns[name].is_numeric}
    kinds = {name: chosen.choice(name, kind, KINDS) for name, (kind, _) in suggested.items()}
    for name, kind in kinds.items():
        if problem := _kind_problem(columns[name], kind):
            chosen.refuse(name, problem)
    if all(kind in NO_INPUT for kind in kinds.values()):
        fields.refuse("kinds", "Every column is ignored: keep at least one as an input.")
    return kinds


def _kind_problem(column: Column, kind: str) -> str:
    """Return why a column cannot be of a kind, and what to do; empty if it can."""
    name = column.name
    if kind == "numeric" and not column.numbers and column.words:
        other = "boolean or categorical" if column.truths else "categorical"
        return f"'{name}' has no numbers: take it as {other}, or ignore it."
    if kind == "numeric" and column.would_merge:
        return f"As numbers, {MERGE}: take '{name}' as categorical, or ignore it."
    if kind == "boolean" and not column.can_be_boolean:
        return f"'{name}' has other cells than two words for yes and no: take it as categorical, or ignore it."
    if kind == "date" and not column.dates and column.distinct:
        return f"'{name}' has other cells than dates such as 2024-12-31: take it as another kind, or ignore it."
    if kind == "categorical" and column.distinct > MOST_CATEGORIES:
        message = f"'{name}' has more than {MOST_CATEGORIES:,} categories, the most that are possible"
        return f"{message}: ignore it" + (", or take it as numeric." if column.is_numeric else ".")
    return ""


def _suggested_task(preview: Preview, targets: Sequence[str]) -> str:
    """Return the task that the targets suggest: several are numbers if all of them can be."""
    if len(targets) == 1:
        return preview.suggested_task(targets[0])
    return "regression" if all(preview.column(name).is_numeric for name in targets) else "classification"


def _mixed(preview: Preview, column: Column, targets: Sequence[str], task: str, is_given: bool) -> str:
    """Say that a target is no number among several numbers, or one among classes, and what to do; empty if not so."""
    others = [name for name in targets if preview.column(name).is_numeric != column.is_numeric]
    remedy = "take the others as inputs, or make a dataset for each kind"
    if others and task == "regression" and not column.is_numeric:
        return f"{MIXED}; '{column.name}' is not a number everywhere: {remedy}."
    is_number = column.is_numeric and preview.suggested_task(column.name) == "regression"
    if others and is_number and not is_given:
        more = "or choose classification to take every number as a class"
        return f"{MIXED}; '{column.name}' has numbers, and '{others[0]}' has classes: {remedy}, {more}."
    return ""


def _check_target(fields: Fields, task: str, column: Column, purpose: str) -> None:
    """Refuse a target that cannot serve for a task."""
    if not column.distinct:
        fields.refuse("target", f"The target '{column.name}' has no values: choose another column.")
    elif column.distinct == 1 and task == "classification" and purpose == "training":
        message = f"The target '{column.name}' has one class only ({column.examples[0]})"
        fields.refuse("target", f"{message}: a network needs two or more to learn. {ONE_CLASS_REMEDY}")
    elif column.distinct > MOST_CATEGORIES and task == "classification":
        message = f"The target '{column.name}' has more than {MOST_CATEGORIES:,} classes, the most that are possible"
        fields.refuse("target", f"{message}: choose regression, or another target.")
    elif task == "regression" and column.would_merge:
        fields.refuse("task", f"As numbers, {MERGE}: choose classification for '{column.name}'.")
    elif task == "regression" and not column.is_numeric:
        fields.refuse("task", f"The target '{column.name}' is not a number everywhere: choose classification.")


def _image_shape(fields: Fields, preview: Preview, target: str, kinds: Mapping[str, str]) -> tuple[int, ...] | None:
    """Return the shape that was given or, without one, the one that the columns suggest."""
    value = fields.data.get("image_shape")
    numeric = sum(kind == "numeric" for kind in kinds.values())
    inputs = sum(kind not in NO_INPUT for kind in kinds.values())
    if value is None:
        shape = preview.suggested_image_shape(target)
        return shape if shape and numeric == inputs == math.prod(shape) else None
    text = "x".join(map(str, value)) if isinstance(value, list | tuple) else str(value).strip()
    if text.lower() in {"", "none"}:
        return None
    if not re.fullmatch(r"[0-9]{1,5}(?:\s*[x×X,]\s*[0-9]{1,5})(?:\s*[x×X,]\s*3)?", text):
        example = "such as 28x28, or 28x28x3 with red, green and blue of each"
        fields.refuse("image_shape", f"Write rows x columns of the pixels, {example}, or leave it empty.")
        return None
    shape = tuple(int(side) for side in re.findall("[0-9]+", text))
    if math.prod(shape) != inputs or numeric != inputs:
        what = "pixels" if len(shape) == 2 else "colours of pixels"
        message = f"{' x '.join(map(str, shape))} is {math.prod(shape):,} {what}"
        message = f"{message}, but there are {numeric:,} numeric inputs"
        fields.refuse("image_shape", f"{message} and {inputs - numeric:,} others: correct it, or leave it empty.")
        return None
    return shape
