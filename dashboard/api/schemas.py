"""The shapes of what is asked and answered, as JSON Schema: the words of the OpenAPI document.

Fields that a person fills in are described by what is declared of them, so that the document cannot promise what is
refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, replace
from datetime import datetime
from types import NoneType
from typing import Any, get_args, get_type_hints

from dashboard.declarations import Setting
from dashboard.parsing import LONGEST_NAME, LONGEST_TEXT, MOST_FREE_FIELDS, NAME_PATTERN
from dashboard.records import statistics as declared
from dashboard.records.change import (
    CHANGE_SETTINGS,
    LONGEST_VALUE,
    MOST_AVERAGED,
    MOST_CHANGED,
    MOST_SHARE,
)
from dashboard.records.dataset import TASKS, Dataset
from dashboard.records.network import (
    DENSE,
    FOREIGN,
    LAYER_SETTINGS,
    MOST_LAYERS,
    NETWORK_KINDS,
    OUTPUT_SETTINGS,
    Network,
    Version,
)
from dashboard.records.repeats import REPEAT_SETTINGS
from dashboard.records.run import PRIORITIES, RUN_STATES, Epoch, Run, TrashItem
from dashboard.records.run_kinds import EXTERNAL, RUN_KINDS
from dashboard.records.search import SEARCH_STATES, TRIAL_STATES, Search, Trial
from dashboard.records.store import EXAMPLES_WITH_PASSWORD, STORE_KINDS
from dashboard.records.training import ACTIVATIONS, TRAINING_SETTINGS
from dashboard.records.why import (
    WHY_SETTINGS,
    ClassLoss,
    CurvePoint,
    PathPoint,
    RecordLoss,
    Scored,
    TensorShare,
    UnitShare,
    WhyResult,
)
from dashboard.services.compare.detail import CellChange, UnitChange
from dashboard.services.compare.several import KINDS
from dashboard.services.compare.versions import NUMBER_NAMES, DiffFact
from dashboard.services.dataset_records import PARTS
from dashboard.services.datasets import COLUMN_KINDS, DATASET_SETTINGS, IMPORT_SETTINGS, IMPORT_WORDS
from dashboard.services.exports.offers import FORMATS, SUFFIXES, Offer
from dashboard.services.exports.proof import OutputsProof
from dashboard.services.history.health import MEASURES, OF_RECORDS, UNIT_FINDINGS
from dashboard.services.history.tensor import SINCE
from dashboard.services.imports.plan import IMPORT_SETTINGS as WEIGHT_SETTINGS
from dashboard.services.part_files import FILE_FIELDS
from dashboard.services.push.manifest import DTYPE_NAMES
from dashboard.services.runs.external import ENDS, MOST_AT_ONCE
from dashboard.services.search.findings import Prediction, Step
from dashboard.services.search.requests import (
    BUDGET_SETTINGS,
    DEFAULT_SPACE,
    GOAL_SETTINGS,
    SEARCH_SETTINGS,
    SPACE_SETTINGS,
)
from dashboard.services.store.tables import StoredTable
from dashboard.services.use.batch_format import FORMAT_SETTINGS
from dashboard.services.use.prediction import MOST_ROWS
from dashboard.services.use.why import FiredUnit
from dashboard.services.versions.given import LONGEST_KEY, LONGEST_TENSOR, MOST_AXES, MOST_METRICS, MOST_TENSORS
from dashboard.services.versions.verification import Difference, TensorProof

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
FREE: Schema = {"type": "object"}
ANYTHING: Schema = {}
TIME: Schema = {"type": "string", "format": "date-time"}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
NAME: Schema = {"type": "string", "pattern": f"^{NAME_PATTERN}$", "maxLength": LONGEST_NAME}
REFERENCE: Schema = {"type": "string", "description": "A version as name:number, such as mnist-digits:3."}
PRIORITY: Schema = {"enum": list(PRIORITIES), "description": "1: high, 0: normal, -1: low."}
METRICS: Schema = {"type": "object", "additionalProperties": {"type": ["number", "null"]}}
TEXTS: Schema = {"type": "object", "additionalProperties": TEXT}


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def described(settings: Mapping[str, Setting]) -> dict[str, Schema]:
    """Return the schema of each declared setting."""
    return {name: setting.schema for name, setting in settings.items()}


def choice(words: Iterable[str]) -> Schema:
    """Return the schema of one of these words."""
    return {"type": "string", "enum": list(words)}


def nullable(schema: Schema) -> Schema:
    """Return a schema that allows null, too."""
    return {"anyOf": [schema, {"type": "null"}]}


def array(items: Schema, **more: Any) -> Schema:  # noqa: ANN401 - keywords of JSON Schema
    """Return the schema of a list."""
    return {"type": "array", "items": items, **more}


def record(properties: dict[str, Schema], optional: tuple[str, ...] = (), closed: bool = False) -> Schema:
    """Return the schema of an object in which all fields but the optional ones are there; `closed` allows no other."""
    required = [name for name in properties if name not in optional]
    schema: Schema = {"type": "object", "properties": properties, "required": required}
    return schema | {"additionalProperties": False} if closed else schema


def page_of(name: str) -> Schema:
    """Return the schema of a page of a list."""
    next_page = nullable({"type": "integer", "description": "The offset of the next page; null on the last one."})
    return record({"items": array(ref(name)), "next": next_page})


OF_TYPES: dict[Any, Schema] = {
    **{str: TEXT, int: INTEGER, float: NUMBER, bool: BOOLEAN, datetime: TIME, Any: ANYTHING},
    **{dict[str, Any]: FREE, dict[str, str]: TEXTS, dict[str, float]: METRICS, tuple[int, ...]: array(INTEGER)},
}


def fields_of(kind: type, names: str = "", /, **own: Schema | str) -> dict[str, Schema]:
    """Return the schema of each field of a record (or of those in `names`), as its type says.

    What is given here is the schema of a field, or what describes it.
    """
    types = get_type_hints(kind)
    return {name: _field(types.get(name), own.get(name, "")) for name in names.split() or types}


def _field(kind: Any, own: Schema | str) -> Schema:  # noqa: ANN401 - any type
    if isinstance(own, dict):
        return own
    if NoneType in get_args(kind):
        return nullable(_field(get_args(kind)[0], own))
    return OF_TYPES[kind] | ({"description": own} if own else {})


TRAINING = described(TRAINING_SETTINGS)
LAYER, OUTPUT = described(LAYER_SETTINGS), described(OUTPUT_SETTINGS)
DEFINITION = {
    "name": NAME,
    "kind": {"const": DENSE},
    "purpose": TEXT | {"maxLength": LONGEST_TEXT},
    "dataset": TEXT,
    "fields": TEXTS | {"maxProperties": MOST_FREE_FIELDS},
    "layers": array(ref("Layer"), maxItems=MOST_LAYERS),
    "output": ref("OutputLayer"),
    "training": ref("Training"),
}

DATASET = fields_of(Dataset, "name task rows bytes sha256 source licence created", task=choice(TASKS))
SEVERAL_FILES = "Two IDX files, or pictures with their folders in their names (cat/1.png), are several parts."
ONE_FILE: Schema = {"type": "string", "format": "binary"}
DATASET_UPLOAD = {
    "file": array(ONE_FILE, minItems=1, description=f"{IMPORT_WORDS}. {SEVERAL_FILES}"),
    **{
        field: ONE_FILE | {"description": f"The {part} part, with the same columns."}
        for part, field in FILE_FIELDS.items()
    },
    "name": NAME,
} | described({name: replace(own, default=MISSING) for name, own in (IMPORT_SETTINGS | DATASET_SETTINGS).items()})
"""Without defaults, since most of them follow from the file."""
ONE_UPLOAD = {name: schema for name, schema in DATASET_UPLOAD.items() if name not in FILE_FIELDS.values()}
CHOICES = {name: schema for name, schema in ONE_UPLOAD.items() if name not in {"file", *IMPORT_SETTINGS}}
CHOICES |= dict.fromkeys(("kinds", "column_words", "units", "odd", "dates"), FREE)
"""Of a file that was previewed, as JSON."""
UPLOADED = TEXT | {"description": "What POST /datasets/preview answers as upload; it can be used once."}
PREVIEW_FACTS = ("name", "missing", "distinct", "numbers", "words", "low", "high", "mean", "std")
PREVIEW_COLUMN = {
    "name": TEXT,
    "kind": choice(COLUMN_KINDS) | {"description": "As was chosen, or else as is suggested."},
    "reason": TEXT | {"description": "Why the suggested kind is suggested; empty where that is plain."},
    **dict.fromkeys(("missing", "distinct", "numbers", "words"), INTEGER),
    **dict.fromkeys(("low", "high", "mean", "std"), nullable(NUMBER)),
    "examples": array(TEXT),
}
QUESTION = {
    "field": TEXT | {"description": "The field that answers it, such as target, decimal, odd.income or dates.when."},
    "text": TEXT,
    "choices": TEXTS | {"description": "The possible answers, each with words; target takes every column."},
}
GAP_COSTS = {
    "rows": INTEGER,
    "gaps": array(record({"column": TEXT, "missing": INTEGER}, closed=True)),
    "marked": array(TEXT, description="Columns that get an input of their own where they are missing (median)."),
    "dropped": INTEGER | {"description": "How many rows would go (drop)."},
    "lost": array(TEXT, description="Classes that would go with them."),
}
PREVIEW = {
    "upload": TEXT | {"description": "Instead of the file, for POST /datasets and for another preview, as JSON."},
    "rows": INTEGER,
    "format": FREE,
    "guesses": FREE,
    "target": TEXT,
    "target_reason": TEXT,
    "task": choice(TASKS),
    "purpose": TEXT,
    "columns": array(ref("PreviewColumn")),
    "questions": array(ref("Question")),
    "missing": nullable(ref("GapCosts")),
    "first_rows": array(array(TEXT)),
}

PUSHED_TENSOR = {
    "name": TEXT | {"minLength": 1, "maxLength": LONGEST_TENSOR},
    "dtype": choice(DTYPE_NAMES),
    "shape": array(INTEGER | {"minimum": 0}, maxItems=MOST_AXES),
    "sha256": SHA256 | {"description": "Of the bytes: C order, little-endian."},
    "units_axis": nullable({"enum": [0, 1], "description": "1: the columns are units, 0: the rows are."}),
}
PUSH_KEY = TEXT | {"minLength": 1, "maxLength": LONGEST_KEY, "description": "What is sent again under it is one thing."}
MANIFEST = {
    "key": PUSH_KEY,
    "epoch": INTEGER | {"minimum": 0},
    "metrics": METRICS | {"maxProperties": MOST_METRICS},
    "run": nullable(INTEGER | {"description": "The external run that it comes from."}),
    "parent": nullable({"type": ["integer", "string"], "description": "A version's number, or name:number."}),
    "tensors": array(ref("PushedTensor"), minItems=1, maxItems=MOST_TENSORS),
}
KIND = choice(NETWORK_KINDS) | {
    "description": "foreign: weights from elsewhere of any names and shapes; it has no dataset, task and layers."
}
NETWORK = fields_of(
    Network,
    "name kind purpose task dataset fields created last_version parameters inputs layers output training",
    **{"kind": KIND, "task": nullable(choice(TASKS)), "dataset": nullable(TEXT)},
    **dict.fromkeys(("parameters", "inputs"), nullable(INTEGER)),
    **{"layers": array(FREE), "output": nullable(FREE), "training": nullable(FREE)},
)
SUMMARY = NETWORK | {
    "versions": INTEGER,
    "latest": nullable(INTEGER),
    "best": nullable(INTEGER),
    "metrics": nullable(METRICS),
    "active_runs": array(INTEGER),
}

EPOCH = fields_of(Epoch, loss=nullable(NUMBER))
RUN = fields_of(
    Run,
    "id kind network dataset state waiting parent attempt checkpoint priority started_by cancel_requested error created"
    " started ended heartbeat training request done total note result",
    kind=choice(RUN_KINDS)
    | {
        "description": "A training, folds and seeds have a network; a trial, the driving of a search and an action on "
        "the store do not."
    },
    network=nullable(TEXT),
    dataset=nullable(TEXT),
    state=choice(RUN_STATES),
    waiting="Why a running run waits for store or catalogue; empty while it does not.",
    parent=nullable(REFERENCE),
    attempt="How often it was started: more than once if it died, or was to go on.",
    checkpoint="The epoch from which it resumes; 0: from the beginning.",
    priority=PRIORITY,
    started_by="Who asked for it, as far as that is known, such as ada (API).",
    training=nullable(FREE),
    request="What an action was asked for; never a password.",
    total="Of epochs, or of an action's steps; 0 while that is not known.",
    note="What is being done at the moment.",
    result="The result so far. Of a training: path, by what it is computed (numpy, or compiled-1). Of folds and seeds: "
    "trainings, and once all are done spreads, mean and std by metric.",
)
STORE = {
    "kind": choice(kind.scheme for kind in STORE_KINDS),
    "place": TEXT | {"description": "A folder, or an address without its password."},
    "tables": INTEGER,
    "shared": INTEGER | {"description": "How many of them several versions use."},
    "bytes": INTEGER | {"description": "Of the weights in all tables."},
    "disk_used": nullable(INTEGER),
    "disk_free": nullable(INTEGER | {"description": "Null for the disk of a server, which is not accessible."}),
    "cache": INTEGER | {"description": "Bytes of decoded arrays; they can be made again at any time."},
    "cache_limit": INTEGER,
}
STORED_TABLE = fields_of(
    StoredTable,
    weights="Bytes of the weights as an array.",
    bytes="Bytes in the store; null if the table is missing.",
    uses="How many versions use it.",
    versions=array(REFERENCE, description="The first few of them."),
)
TRASH_ITEM = fields_of(
    TrashItem,
    "id kind name versions bytes trashed",
    id=TEXT | {"description": "What addresses take, such as version-12."},
    kind=choice(("version", "network")),
)
COPY_START = {
    "to": TEXT | {"description": f"{EXAMPLES_WITH_PASSWORD}."},
    "password": TEXT | {"description": "Instead of one in the address."},
    "home": TEXT | {"description": "The folder for the copy's datasets, and for its catalogue if it is CSV."},
}
BACKUP_START = {"to": TEXT | {"description": "The whole path of a folder, or of a FILE.zip that does not exist yet."}}
BACKUP = {
    "place": TEXT | {"description": "The folder or the archive."},
    "name": TEXT | {"description": "Its name in the folder, as `weightbase restore --backup` takes it."},
    "made": nullable(TIME),
    "versions": nullable(INTEGER),
    "bytes": nullable(INTEGER),
    "missing": nullable(INTEGER | {"description": "How many parts were damaged or deleted when it was made."}),
    "problem": TEXT | {"description": "Why it cannot be used; empty if its head can be read."},
}

VERSION = fields_of(
    Version,
    "version reference network kind epoch run parent dataset metrics changed changed_since sha256 bytes created",
    **{"version": INTEGER, "reference": REFERENCE, "run": nullable(INTEGER), "parent": nullable(REFERENCE)},
    kind=KIND,
    dataset=nullable(TEXT),
    metrics=METRICS,
    changed=nullable(NUMBER)
    | {"description": "How far all weights moved since the version before, as a share of its norm."},
    changed_since=nullable(INTEGER)
    | {"description": "The number of that version: both are null where it is unknown, or deleted."},
    sha256=SHA256,
)
STATISTICS = {
    statistic.name: nullable(INTEGER if statistic.format == "count" else NUMBER) for statistic in declared.STATISTICS
}
STATISTICS["not_finite"] |= {"description": "How many cells are NaN or infinite; the other numbers leave them out."}
STATISTICS["zeros"] |= {"description": "The share of zeros."}
"""Null is what cannot be said: of no finite cell, or of a version that is older than the statistic."""
TENSOR = {
    "name": TEXT,
    "shape": array(INTEGER),
    "dtype": TEXT,
    "sha256": SHA256,
    "bytes": INTEGER,
    "table": TEXT | {"description": "The name of its table in the store."},
    "units_axis": nullable({"enum": [0, 1]})
    | {"description": "Along which axis its units are: 1 columns, 0 rows (as of PyTorch); null where it is unknown."},
} | STATISTICS
VERSION_DETAIL = VERSION | {
    "tensors": array(ref("Tensor")),
    "origin": FREE | {"description": "How it came to be (`how`), and what is known of it; `how` is empty if unknown."},
    "spec": nullable(FREE),
    "preprocessing": FREE,
    "evaluation": FREE,
    "before": nullable(INTEGER),
    "after": nullable(INTEGER),
}
WINDOW = {
    "version": REFERENCE,
    "tensor": TEXT,
    "shape": array(INTEGER),
    "dtype": TEXT,
    "sha256": SHA256,
    "row": INTEGER | {"description": "The first row of the cells, from 0."},
    "column": INTEGER | {"description": "The first column of the cells, from 0."},
    "rows": INTEGER | {"description": "The rows of the whole table."},
    "columns": INTEGER | {"description": "The columns of the whole table."},
    "proven": BOOLEAN
    | {"description": "Whether the cells were compared with what was saved, and not only the form of their table."},
    "cells": array(array({"anyOf": [NUMBER, BOOLEAN, choice(("nan", "inf", "-inf"))]})),
}
DISTRIBUTION = {
    "version": REFERENCE,
    "tensor": TEXT,
    "bins": INTEGER,
    "limits": choice(("robust", "full")),
    "edges": array(NUMBER),
    "counts": array(INTEGER),
    "below": INTEGER,
    "above": INTEGER,
    "not_finite": INTEGER,
}

FIRST_DIFFERENCE = nullable(record(fields_of(Difference)))
TENSOR_PROOF = fields_of(TensorProof, sha256_stored=nullable(SHA256), first_difference=FIRST_DIFFERENCE)
SUFFIX = choice(suffix[1:] for suffix in SUFFIXES)
EXPORT_OUTPUTS = fields_of(
    OutputsProof,
    tolerance="How far apart the format promises outputs to be at most.",
    labels_equal="On how many of the records the answer is the same.",
)
EXPORT_PROOF = {
    "format": choice(FORMATS),
    "bytes": INTEGER,
    "sha256": SHA256,
    "made": TIME,
    "repeated": nullable(BOOLEAN) | {"description": "Whether a second file was the same to the byte."},
    "tensors": record({"equal": INTEGER, "different": array(TEXT)}, closed=True),
    "outputs": nullable(record(EXPORT_OUTPUTS, closed=True)),
    "why_no_outputs": TEXT,
}
EXPORT_OFFER = fields_of(Offer, "words carries lacks why_not") | {
    "format": choice(FORMATS),
    "suffix": choice(SUFFIXES),
    "bytes": nullable(INTEGER) | {"description": "Of the file that was made last; null if none is there."},
    "proof": nullable(record(EXPORT_PROOF, closed=True)),
}
FACT = fields_of(DiffFact) | {"equal": BOOLEAN}
DIFF_STATES = ("equal", "changed", "added", "removed", "reshaped")
TENSOR_DIFF = {
    "name": TEXT,
    "status": choice(DIFF_STATES),
    "by_hand": BOOLEAN | {"description": "Whether `pair` has put the two together."},
    "base": nullable(ref("Tensor")),
    "other": nullable(ref("Tensor")),
} | {name: nullable(NUMBER) for name in NUMBER_NAMES}
CELL = nullable(array(INTEGER, minItems=2, maxItems=2))
TENSOR_DIFF |= {"identical": nullable(BOOLEAN), "max_cell": CELL, "first_cell": CELL}
UNIT_CHANGE = fields_of(UnitChange, norm=nullable(NUMBER))
CELL_CHANGE = fields_of(CellChange, "", **dict.fromkeys(("base", "other", "change"), nullable(NUMBER)))
BITS: Schema = {"type": "string", "pattern": "^[0-9a-f]+$"}
CELL_DETAIL = CELL_CHANGE | {
    "ulps": nullable(NUMBER),
    "base_bits": BITS,
    "other_bits": BITS,
    "place": nullable(INTEGER) | {"description": "Its rank by |change|, from 1."},
}

WHERE = {
    "version": INTEGER,
    "epoch": INTEGER,
    "run": nullable(INTEGER),
    "sha256": SHA256 | {"description": "Of the tensor in this version."},
}
AT_LATEST = {"description": "Whether the versions right before it are unknown: it may hold for longer."}
LASTING = record(WHERE | {"at_latest": BOOLEAN | AT_LATEST}, closed=True)
CHANGE = STATISTICS | {
    "changed": INTEGER | {"description": "How many cells have other bits."},
    "low": nullable(NUMBER | {"description": "The 0.5th percentile."}),
    "high": nullable(NUMBER | {"description": "The 99.5th percentile."}),
    "relative": nullable(NUMBER | {"description": "The norm of the change over that of the other version."}),
}
SPECTRUM = {name: nullable(NUMBER) for name in ("spectral_norm", "stable_rank", "tail_exponent", "tail_distance")}
DAMAGED = {
    "damaged": array(
        record(
            {
                "version": nullable(INTEGER),
                "tensor": TEXT,
                "row": nullable(INTEGER),
                "column": nullable(INTEGER),
                "problem": TEXT,
            },
            closed=True,
        ),
        description="Tables that are not what was saved: numbers that need them are null.",
    )
}
HISTORY = DAMAGED | {
    "network": TEXT,
    "tensor": TEXT,
    "since": choice(SINCE),
    "best": nullable(INTEGER),
    "uncounted": INTEGER | {"description": "How many changes and spectra are null for now: ask again."},
    "items": array(
        record(
            WHERE
            | {
                "statistics": record(STATISTICS),
                "since": nullable(INTEGER | {"description": "The version against which the change is counted."}),
                "change": nullable(record(CHANGE, closed=True)),
                "spectrum": nullable(record(SPECTRUM, closed=True)),
            },
            closed=True,
        )
    ),
}
TIMELINE = DAMAGED | {
    "network": TEXT,
    "tensor": TEXT,
    "what": choice(("cell", "unit", "tensor")),
    "row": nullable(INTEGER),
    "column": nullable(INTEGER),
    "unit": nullable(INTEGER),
    "last_changed": nullable(LASTING | {"description": "The version that last changed it."}),
    "died": nullable(LASTING | {"description": "Since this version its value is 0."}),
    "dead_since": nullable(LASTING | {"description": "Since then the unit contributes nothing."}),
    "never_active_since": nullable(LASTING | {"description": "Since then the unit fires on no record."}),
    "saturated_since": nullable(LASTING | {"description": "Since then it is flat on most records."}),
    "records": INTEGER | {"description": "How many records of the dataset were put through the network."},
    "items": array(
        record(
            WHERE
            | {
                "value": nullable(NUMBER | {"description": "The weight, or the L2 norm of the unit or tensor."}),
                "changed": BOOLEAN
                | {"description": "Whether its bits differ from those in the version before that can be read."},
            },
            closed=True,
        )
    ),
}
FINDINGS = {
    "units": INTEGER,
    "records": INTEGER | {"description": "How many records were put through the version; 0: by its weights alone."},
    "duplicates": array(array(INTEGER)),
} | {name: nullable(array(INTEGER)) if name in OF_RECORDS else array(INTEGER) for name in UNIT_FINDINGS}
HEALTH_HISTORY = DAMAGED | {
    "network": TEXT,
    "tensor": TEXT,
    "axis": nullable(
        choice(("column", "row"))
        | {"description": "Which of its table are units. Null: not known; findings are about columns, none is dead."}
    ),
    "uncounted": INTEGER | {"description": "How many versions are not counted yet: repeat the request."},
    "items": array(
        record(
            WHERE
            | {name: nullable(NUMBER) for name in MEASURES}
            | {"findings": nullable(record(FINDINGS, closed=True) | {"description": "The units of each finding."})},
            closed=True,
        )
    ),
}
SEVERAL = {
    "versions": array(ref("Version")),
    "tensors": array(TEXT, description="The tensors that all of them have."),
    "tensor": TEXT,
    "facts": array(
        record({"kind": choice(KINDS), "name": TEXT, "values": array(ANYTHING), "equal": BOOLEAN}, closed=True)
    ),
}
ALL_VERSIONS = {
    "settings": array(TEXT),
    "varying": array(TEXT, description="The settings that are not the same in all of this page."),
    "metrics": array(TEXT),
    "items": array(record({"version": REFERENCE, "settings": FREE, "metrics": METRICS}, closed=True)),
    "next": nullable(INTEGER),
}

SPACE = {name: setting.schema | {"default": DEFAULT_SPACE[name]} for name, setting in SPACE_SETTINGS.items()}
BUDGET, GOAL = described(BUDGET_SETTINGS), described(GOAL_SETTINGS)
SEARCH_DEFINITION = {
    "name": NAME,
    "dataset": TEXT,
    "space": ref("SearchSpace"),
    "goal": ref("Goal"),
    "budget": ref("Budget"),
} | described(SEARCH_SETTINGS)
TRIAL = fields_of(
    Trial,
    "trial run confirms state params predicted parameters score second stopped_at epochs seconds created ended",
    trial=INTEGER,
    run=INTEGER,
    confirms="The trial that this one trains again with another seed.",
    state=choice(TRIAL_STATES) | {"description": "stopped: early, by the rule."},
    predicted=nullable(record({"mean": NUMBER, "sd": NUMBER}, closed=True)),
)
SEARCH = fields_of(
    Search,
    "id name purpose dataset task space goal budget sampler stopping seed state run network result trials skipped best"
    " created changed",
    task=choice(TASKS),
    goal=record(GOAL, closed=True),
    budget=record(BUDGET, closed=True),
    state=choice((*SEARCH_STATES, "pausing", "stopping", "interrupted")),
    run=nullable(INTEGER | {"description": "The run that drives it, or did last."}),
    network=nullable(TEXT | {"description": "The proposer's network, if it is one."}),
    result="The winner once it is confirmed: best, mean, scores, test. With all_tried nothing new was left: so many"
    " candidates there are.",
    skipped="How many proposals were not trained, as an earlier trial had trained the same network.",
    trials=record(dict.fromkeys(TRIAL_STATES, INTEGER), closed=True),
    best=nullable(ref("Trial")),
)
SEARCH_FINDINGS = {
    "history": array(record(fields_of(Step), closed=True)),
    "curves": {"type": "object", "additionalProperties": array(NUMBER)},
    "importance": {"type": "object", "additionalProperties": NUMBER},
    "importance_trials": INTEGER | {"description": "Of how many trials; of less than 40 the order may be chance."},
    "front": array(INTEGER, description="The trials that no other beats in both goals."),
    "saved": FREE,
    "predictions": array(record(fields_of(Prediction), closed=True)),
    "rank_correlation": nullable(NUMBER),
    "against_random": nullable(FREE),
    "random_search": nullable(
        FREE | {"description": "What a random search would find after 1, 2 ... trials, as the proposer thinks."}
    ),
    "beliefs": FREE | {"description": "Setting -> values, and the mean and sd of the score that is expected there."},
}

ERROR = {
    "code": TEXT,
    "message": TEXT | {"description": "What is wrong and how to fix it."},
    "field": nullable(TEXT | {"description": "The field that is wrong, as a path such as layers.0.units."}),
    "errors": {"type": "object", "additionalProperties": TEXT, "description": "Every wrong field and its message."},
    "nearest": array(TEXT, description="Names like the one that was asked for."),
    "id": TEXT | {"description": "The log holds what happened under this id."},
}
ERROR_OPTIONAL = ("errors", "nearest", "id")
HEALTH = {
    "ok": BOOLEAN,
    "version": TEXT,
    "store": TEXT,
    "catalogue": TEXT,
    "coordinator": BOOLEAN | {"description": "Whether a worker process is running."},
    "problems": array(TEXT),
    "error": record(ERROR, ERROR_OPTIONAL),
}

IMPORTED_TENSOR = {
    "name": TEXT,
    "shape": array(INTEGER),
    "dtype": TEXT,
    "source_dtype": TEXT | {"description": "The type in the file."},
    "mean": nullable(NUMBER | {"description": "Of its finite cells; null if it has too many to be counted at once."}),
    "std": nullable(NUMBER),
    "first": array(nullable(NUMBER), description="Its first cells."),
    "is_optimizer": BOOLEAN,
}
IMPORT_CHANGES = {
    "new": array(TEXT),
    "gone": array(TEXT),
    "changed": array(FREE, description="Tensors of another shape or type, before and after."),
}
IMPORT_CHECKPOINT = {
    "checkpoint": INTEGER | {"description": "Its place, from 0."},
    "name": TEXT,
    "number": nullable(INTEGER | {"description": "Found in the name; it becomes the version's epoch."}),
    "counts": nullable(TEXT | {"description": "What the number counts: epoch or step."}),
    "metrics": METRICS,
    "unnamed": array(
        NUMBER, description="Fractions in the name without a word; `unnamed` of the choices names the last."
    ),
    "files": array(record({"name": TEXT, "bytes": INTEGER, "sha256": SHA256}, closed=True)),
    "tensors": INTEGER,
    "changes": nullable(record(IMPORT_CHANGES, closed=True))
    | {"description": "What is different from the checkpoint before; null of the first."},
}
IMPORT = {
    "token": TEXT | {"description": "What the import is called until it is saved; it waits for a day."},
    "name": TEXT,
    "format": TEXT,
    "tensors": array(record(IMPORTED_TENSOR, closed=True), description="Of the first checkpoint."),
    "skipped": array(record({"name": TEXT, "why": TEXT}, closed=True)),
    "proposals": array(FREE, description="Chains of dense layers that the tensors can be read as, the best first."),
    "about": FREE | {"description": "What the file states about itself; it is not checked."},
    "stated": record(
        {
            "columns": TEXTS | {"description": "Column -> kind, as the file states them; sound, but perhaps not true."},
            "classes": array(TEXT),
            "task": nullable(TEXT),
            "scaling": nullable(TEXT),
            "why_not": TEXT | {"description": "Why none of it can be taken; empty if it can."},
        },
        closed=True,
    ),
    "checkpoints": array(record(IMPORT_CHECKPOINT, closed=True)),
}
IMPORT_CHOICES = described(WEIGHT_SETTINGS) | {
    "as": choice(NETWORK_KINDS) | {"default": "foreign"},
    "proposal": INTEGER | {"description": "The place of a chain of layers among the proposals; of a dense network."},
    "activations": array(nullable(choice(ACTIVATIONS)), description="One for each layer; null: what the file says."),
    "classes": array(TEXT, description="The names of the outputs, in their order."),
    "leave_out": array(TEXT, description="Tensors of a foreign network that are not saved; * stands for any text."),
    "keep": array(TEXT, description="Tensors of a foreign network that are saved, and no others; * for any text."),
    "names": TEXTS | {"description": "Other names for tensors of a foreign network."},
    "checkpoints": array(INTEGER, description="The places of those to save; all by default."),
    "metrics": array(TEXT, description="Those to save; all that are stated by default."),
}

FILE_FORMAT = {name: DATASET_UPLOAD[name] for name in FORMAT_SETTINGS}
"""How a CSV of records is written, where that is neither as in the dataset nor guessed."""
LOOK: dict[str, Schema] = {
    "shape": array(INTEGER),
    "ground": NUMBER,
    "ink": NUMBER,
    "is_whole": BOOLEAN,
    "side": NUMBER | {"description": "The longer side of the ink, in pixels."},
    "by_mass": BOOLEAN | {"description": "Whether centre is that of mass, or that of the ink's box."},
    "centre": array(NUMBER, description="(y, x) in pixels."),
    "pen": NUMBER | {"description": "The width of a stroke, in pixels."},
}
"""How the pictures of a dataset look, as measured from its records."""
INPUTS: dict[str, Schema] = {
    "version": REFERENCE,
    "columns": array(
        record(
            {
                "name": TEXT,
                "kind": {"enum": ["numeric", "boolean", "categorical", "date"]},
                "levels": array(TEXT, description="The categories, or the words for no and yes."),
                "may_miss": BOOLEAN | {"description": "Whether a record may have no value here."},
                "low": nullable(NUMBER),
                "high": nullable(NUMBER),
                "example": nullable(TEXT | {"description": "The cell of the dataset's first record."}),
            },
            closed=True,
        )
    ),
    "image_shape": nullable(array(INTEGER)),
    "classes": array(TEXT, description="Of several targets those of all, as target=class, as the outputs stand."),
    "groups": {"type": "object", "additionalProperties": array(TEXT)}
    | {"description": "Of several targets of classes, the classes of each."},
    "target": nullable(TEXT),
    "targets": array(TEXT),
    "task": TEXT,
    "network_inputs": INTEGER | {"description": "How many numbers the network is given."},
}
ANSWER: Schema = {
    "anyOf": [
        record({"label": TEXT, "scores": {"type": "object", "additionalProperties": NUMBER}}, closed=True),
        record(
            {
                "labels": {"type": "object", "additionalProperties": TEXT},
                "scores": {
                    "type": "object",
                    "additionalProperties": {"type": "object", "additionalProperties": NUMBER},
                },
            },
            closed=True,
        ),
        record({"value": NUMBER}, closed=True),
        record({"values": {"type": "object", "additionalProperties": NUMBER}}, closed=True),
    ]
}
PREDICTIONS: dict[str, Schema] = {
    "version": REFERENCE,
    "answers": array(ref("Answer"), description="One for each record; none without preprocessing."),
    "outputs": array(array(nullable(NUMBER)), description="The outputs of the network."),
    "passed_over": array(TEXT, description="Columns that were sent and that the version does not read."),
}
WHY: dict[str, Schema] = {
    "version": REFERENCE,
    "answer": ref("Answer"),
    "about": TEXT | {"description": "The class or target; of its output unit, the sum before the activation."},
    "contributions": array(
        record({"column": TEXT, "contribution": NUMBER}, closed=True),
        description="By integrated gradients, in the order of the columns; they sum to output - baseline + residual.",
    ),
    "baseline": NUMBER | {"description": "The sum for the mean record of the training part."},
    "output": NUMBER | {"description": "The sum for this record."},
    "residual": NUMBER,
    "steps": INTEGER,
    "units": array(
        record(fields_of(FiredUnit), closed=True),
        description="The hidden units that fired, the largest effect first; layers from 1, units from 0.",
    ),
    "hidden_units": INTEGER | {"description": "How many hidden units there are."},
    "passed_over": array(TEXT, description="Columns that were sent and that the version does not read."),
}
CHANGED_CELL = record(
    {
        "tensor": TEXT,
        "row": INTEGER | {"minimum": 0},
        "column": INTEGER | {"minimum": 0},
        "value": {
            "anyOf": [TEXT | {"maxLength": LONGEST_VALUE}, NUMBER, BOOLEAN],
            "description": "A text is read as the tensor's type, a number is a double.",
        },
    },
    ("column",),
    closed=True,
)
UNIT_PLACE = record(
    {
        "layer": INTEGER | {"minimum": 1, "description": "From 1, as in layer_01."},
        "unit": INTEGER | {"minimum": 0, "description": "From 0."},
    },
    closed=True,
)
SHARES = array(NUMBER | {"exclusiveMinimum": 0, "maximum": MOST_SHARE}, maxItems=MOST_AVERAGED)
MORE_OF_CHANGES: dict[str, dict[str, Schema]] = {
    "edit": {"cells": array(CHANGED_CELL, minItems=1, maxItems=MOST_CHANGED)},
    "interpolate": {"other": REFERENCE},
    "average": {"versions": array(REFERENCE, minItems=1, maxItems=MOST_AVERAGED), "shares": SHARES},
    "put_back": {
        "base": REFERENCE,
        "units": array({"anyOf": [UNIT_PLACE, TEXT]}, maxItems=MOST_CHANGED, description="2.7 is unit 7 of layer 2."),
        "tensors": array(TEXT, maxItems=MOST_CHANGED),
    },
}


OPTIONAL_OF_CHANGES = {"average": ("shares",), "put_back": ("units", "tensors")}


def _change(name: str) -> Schema:
    """Return the schema of one kind of change."""
    settings = CHANGE_SETTINGS[name]
    fields = {"change": {"const": name}} | MORE_OF_CHANGES.get(name, {}) | described(settings)
    optional = tuple(field for field, one in settings.items() if one.default is not MISSING)
    return record(fields, (*optional, *OPTIONAL_OF_CHANGES.get(name, ())), closed=True)


SCORED = record(fields_of(Scored), closed=True)
RESTORED = record(dict.fromkeys(("loss", "metric"), nullable(NUMBER)), closed=True)
PUT_BACK = {"put_back": SCORED, "restored": RESTORED}
ANSWERS = dict.fromkeys(("target", "base_answer", "other_answer"), ANYTHING)
WHY_LISTS: dict[str, Schema] = {
    "path": record(fields_of(PathPoint), closed=True),
    "tensors": record(fields_of(TensorShare, "name share changed") | PUT_BACK, closed=True),
    "units": record(
        fields_of(UnitShare, "layer unit share changed") | {name: nullable(one) for name, one in PUT_BACK.items()},
        closed=True,
    ),
    "curve": record(
        fields_of(CurvePoint, "units share") | {"back": SCORED, "rest": SCORED, "restored": RESTORED}, closed=True
    ),
    "classes": record(fields_of(ClassLoss, "label records share") | {"base": SCORED, "other": SCORED}, closed=True),
    "lost": record(fields_of(RecordLoss, "", **ANSWERS), closed=True),
    "gained": record(fields_of(RecordLoss, "", **ANSWERS), closed=True),
}
WHY_CHANGED = {
    **fields_of(WhyResult, "base other dataset part loss_name metric_name record"),
    "class": nullable(TEXT),
    **fields_of(WhyResult, "records change sum error tolerance is_complete points changed_units"),
    "relative_error": nullable(NUMBER),
    "base_score": SCORED,
    "other_score": SCORED,
    **{name: array(one) for name, one in WHY_LISTS.items()},
}


SCHEMAS: dict[str, Schema] = {
    "Import": record(IMPORT, closed=True),
    "ImportUpload": record({"file": array(ONE_FILE, minItems=1, description="One file, or several parts.")}, (), True),
    "ImportChoices": record(IMPORT_CHOICES, tuple(name for name in IMPORT_CHOICES if name != "network"), True),
    "ImportRun": record({"run": ref("Run")}, closed=True),
    "Error": record({"error": record(ERROR, ERROR_OPTIONAL, closed=True)}, closed=True),
    "Health": record(HEALTH, ("error",), closed=True),
    "Index": record({"name": TEXT, "version": TEXT, "openapi": TEXT, "help": TEXT}, closed=True),
    "Dataset": record(DATASET, closed=True),
    "DatasetDetail": record(DATASET | {"spec": FREE, "description": FREE, "networks": array(TEXT)}, closed=True),
    "DatasetUpload": record(
        DATASET_UPLOAD, tuple(name for name in DATASET_UPLOAD if name not in {"file", "name"}), True
    ),
    "BundledDataset": record({"bundled": TEXT}, closed=True),
    "DatasetByName": {"anyOf": [ref("BundledDataset"), ref("PreviewedDataset")]},
    "PreviewedDataset": record({"upload": UPLOADED} | CHOICES, tuple(name for name in CHOICES if name != "name"), True),
    "PreviewUpload": record(ONE_UPLOAD, tuple(name for name in ONE_UPLOAD if name != "file"), True),
    "PreviewAgain": record({"upload": UPLOADED} | CHOICES, tuple(CHOICES), True),
    "DatasetPreview": record(PREVIEW, closed=True),
    "PreviewColumn": record(PREVIEW_COLUMN, closed=True),
    "Question": record(QUESTION, closed=True),
    "GapCosts": record(GAP_COSTS, closed=True),
    "DatasetPage": page_of("Dataset"),
    "RecordPage": record(
        {
            "items": array(
                record(
                    {
                        "record": INTEGER | {"description": "Its number among the records that were read, from 0."},
                        "part": choice(PARTS),
                        "inputs": FREE,
                        "target": {
                            "type": ["string", "number", "object"],
                            "description": "Of several targets an object with the number or the class of each.",
                        },
                    },
                    closed=True,
                )
            ),
            "total": INTEGER | {"description": "How many records the part has."},
            "next": nullable(INTEGER),
        },
        closed=True,
    ),
    "Layer": record(LAYER, tuple(name for name in LAYER if name != "units"), closed=True),
    "OutputLayer": record(OUTPUT, tuple(OUTPUT), closed=True),
    "Training": record(TRAINING, tuple(TRAINING), closed=True),
    "Preset": record({name: DEFINITION[name] for name in ("layers", "output", "training")}, closed=True),
    "NetworkDefinition": record(DEFINITION, ("kind", "purpose", "fields", "layers", "output", "training"), closed=True),
    "ForeignNetwork": record(
        {"kind": {"const": FOREIGN}} | {name: DEFINITION[name] for name in ("name", "purpose", "fields")},
        ("purpose", "fields"),
        closed=True,
    ),
    "NetworkBeginning": {"anyOf": [ref("NetworkDefinition"), ref("ForeignNetwork")]},
    "Network": record(NETWORK, closed=True),
    "NetworkSummary": record(SUMMARY, closed=True),
    "NetworkPage": page_of("NetworkSummary"),
    "RunStart": record(
        TRAINING | {"parent": INTEGER | {"minimum": 1}, "priority": PRIORITY},
        (*TRAINING, "parent", "priority"),
        closed=True,
    ),
    "RepeatStart": record(
        described(REPEAT_SETTINGS) | TRAINING | {"priority": PRIORITY},
        (*REPEAT_SETTINGS, *TRAINING, "priority"),
        closed=True,
    ),
    "ExternalStart": record(
        {"kind": {"const": EXTERNAL}, "key": PUSH_KEY, "epochs": INTEGER | {"minimum": 0}}, ("epochs",), closed=True
    ),
    "RunBeginning": {"anyOf": [ref("RunStart"), ref("ExternalStart")]},
    "Epochs": array(ref("SentEpoch"), maxItems=MOST_AT_ONCE),
    "SentEpoch": {
        "type": "object",
        "properties": {"epoch": INTEGER | {"minimum": 1}, "metrics": METRICS},
        "required": ["epoch"],
        "additionalProperties": nullable(NUMBER),
    },
    "EpochsNoted": record(
        {"run": INTEGER, "state": choice(RUN_STATES), "epoch": INTEGER, "added": INTEGER}
        | {"cancel": BOOLEAN | {"description": "Whether a person wants the training to stop."}},
        closed=True,
    ),
    "RunEnd": record({"state": choice(ENDS), "error": nullable(TEXT)}, ("error",), closed=True),
    "PushedTensor": record(PUSHED_TENSOR, ("units_axis",), closed=True),
    "Manifest": record(MANIFEST, ("epoch", "metrics", "run", "parent"), closed=True),
    "PushPending": {
        "anyOf": [
            record({"missing": array(SHA256)}, closed=True)
            | {"description": "Send these contents, then the manifest again; with none of them a moment later."},
            record({"run": INTEGER}, closed=True)
            | {"description": "The run that saves it: push again once it has ended."},
        ]
    },
    "Repeats": record({kind: nullable(ref("Run")) for kind in REPEAT_SETTINGS}, closed=True),
    "DatasetChoice": record({"dataset": TEXT}, closed=True),
    "PriorityChange": record({"priority": PRIORITY}, closed=True),
    "Epoch": record(EPOCH, closed=True),
    "Run": record(RUN, closed=True),
    "RunSummary": record(RUN | {"last_epoch": nullable(ref("Epoch"))}, closed=True),
    "RunDetail": record(
        RUN
        | {"epochs": array(ref("Epoch")), "versions": array(INTEGER), "seconds_left": nullable(NUMBER)}
        | {"turn": nullable(INTEGER | {"description": "Its place in the queue, from 1; null if it does not wait."})},
        closed=True,
    ),
    "RunPage": page_of("RunSummary"),
    "CopyStart": record(COPY_START, ("password", "home"), closed=True),
    "BackupStart": record(BACKUP_START, closed=True),
    "Backup": record(BACKUP, closed=True),
    "BackupPage": page_of("Backup"),
    "Store": record(STORE, closed=True),
    "StoredTable": record(STORED_TABLE, closed=True),
    "StoredTablePage": page_of("StoredTable"),
    "TrashItem": record(TRASH_ITEM, closed=True),
    "TrashPage": page_of("TrashItem"),
    "SearchSpace": record(SPACE, tuple(SPACE), closed=True),
    "Goal": record(GOAL, tuple(GOAL), closed=True),
    "Budget": record(BUDGET, tuple(BUDGET), closed=True),
    "SearchDefinition": record(
        SEARCH_DEFINITION, tuple(name for name in SEARCH_DEFINITION if name not in {"name", "dataset"}), closed=True
    ),
    "SearchChange": record({"space": ref("SearchSpace"), "budget": ref("Budget")}, ("space", "budget"), closed=True),
    "Search": record(SEARCH, closed=True),
    "SearchPage": page_of("Search"),
    "SearchFindings": record(SEARCH_FINDINGS, closed=True),
    "Trial": record(TRIAL, closed=True),
    "TrialPage": page_of("Trial"),
    "TrialDetail": record(TRIAL | {"spec": FREE, "result": FREE, "error": nullable(TEXT)}, closed=True),
    "TrialOpening": record({"name": NAME}, ("name",), closed=True),
    "OpenedTrial": record({"network": ref("Network"), "run": ref("Run")}, closed=True),
    "ContentBytes": TEXT | {"format": "binary", "description": "The bytes themselves, from Upload-Offset on."},
    "Content": record(
        {"sha256": SHA256, "complete": BOOLEAN}
        | {"bytes": INTEGER | {"description": "How many have arrived: where to go on (Upload-Offset)."}},
        closed=True,
    ),
    "Version": record(VERSION, closed=True),
    "VersionDetail": record(VERSION_DETAIL, closed=True),
    "VersionPage": page_of("Version"),
    "Tensor": record(TENSOR),
    "TensorWindow": record(WINDOW, closed=True),
    "Distribution": record(DISTRIBUTION, closed=True),
    "ExportOffer": record(EXPORT_OFFER, closed=True),
    "ProofRequest": record({"format": choice(FORMATS)}, closed=True),
    "ExportRun": record({"run": INTEGER}, closed=True),
    "ExportProven": record({"version": REFERENCE} | EXPORT_PROOF, closed=True),
    "Verification": record(
        {"version": REFERENCE, "identical": BOOLEAN, "tensors": array(record(TENSOR_PROOF, closed=True))}, closed=True
    ),
    "History": record(HISTORY, closed=True),
    "Timeline": record(TIMELINE, closed=True),
    "HealthHistory": record(HEALTH_HISTORY, closed=True),
    "Several": record(SEVERAL, closed=True),
    "AllVersions": record(ALL_VERSIONS, closed=True),
    "Change": {"oneOf": [_change(name) for name in CHANGE_SETTINGS]},
    "Child": record({"version": REFERENCE, "metrics": METRICS}, closed=True),
    "ChangeRun": record({"run": INTEGER}, closed=True),
    "ChangePreview": record(
        {
            "changed": INTEGER | {"description": "How many cells would have other bits."},
            "cells": INTEGER,
            "scores": array(record({"part": TEXT, "metric": TEXT, "before": NUMBER, "after": NUMBER}, closed=True)),
            "unmeasured": TEXT | {"description": "Why there are no scores, in a sentence; empty if there are."},
            "of_one_origin": BOOLEAN | {"description": "Whether the versions share an ancestor, as far as is known."},
            "taken_from_first": array(TEXT, description="Tensors of whole numbers, which stay the first version's."),
        },
        closed=True,
    ),
    "ScoresBetween": record(
        {
            "metric": nullable(TEXT),
            "part": nullable(TEXT),
            "records": INTEGER,
            "points": array(record({"t": NUMBER, "value": nullable(NUMBER)}, closed=True)),
        },
        closed=True,
    ),
    "EvaluationRequest": record({"dataset": TEXT}, closed=True),
    "Evaluation": record({"version": REFERENCE, "dataset": TEXT, "loss": nullable(NUMBER)}),
    "Inputs": record(INPUTS, closed=True),
    "PredictionRequest": {
        "anyOf": [
            record({"rows": array(FREE, minItems=1, maxItems=MOST_ROWS)}, closed=True),
            record({"inputs": array(array(NUMBER), minItems=1, maxItems=MOST_ROWS)}, closed=True),
        ]
    },
    "Answer": ANSWER,
    "WhyRequest": {
        "anyOf": [
            record({"row": FREE | {"description": "A value for each column."}}, closed=True),
            record({"record": INTEGER | {"minimum": 0, "description": "One of the dataset."}}, closed=True),
        ]
    },
    "Why": record(WHY, closed=True),
    "DrawingRequest": record(
        {
            "strokes": array(
                array(array(NUMBER)), description="Strokes of points [x, y]; where and how large is free."
            ),
            "nudge": array(INTEGER, description="Pixels to the right and down."),
            "pixels": array(array({}), description="Rows of pixels in the dataset's values, instead of strokes."),
        },
        ("strokes", "nudge", "pixels"),
        True,
    ),
    "Drawn": record(
        {"version": REFERENCE, "pixels": array(array({})), "answer": ref("Answer"), "look": record(LOOK, closed=True)},
        closed=True,
    ),
    "RecordsUpload": record({"file": ONE_FILE} | FILE_FORMAT, tuple(FILE_FORMAT), closed=True),
    "Predictions": record(PREDICTIONS, closed=True),
    "Fact": record(FACT, closed=True),
    "TensorDifference": record(TENSOR_DIFF, closed=True),
    "UnitChange": record(UNIT_CHANGE, closed=True),
    "UnitChangePage": page_of("UnitChange"),
    "WhyChanged": record(WHY_CHANGED, closed=True),
    "WhyChangedRequest": record(
        {"base": REFERENCE, "other": REFERENCE} | described(WHY_SETTINGS), tuple(WHY_SETTINGS), closed=True
    ),
    "PutBackRequest": record(
        {"other": REFERENCE} | MORE_OF_CHANGES["put_back"], OPTIONAL_OF_CHANGES["put_back"], closed=True
    ),
    "CellSharePage": record(
        {
            "items": array(record({"row": INTEGER, "column": INTEGER, "share": NUMBER}, closed=True)),
            "next": nullable(INTEGER),
        },
        closed=True,
    ),
    "CellChange": record(CELL_CHANGE, closed=True),
    "CellChangePage": page_of("CellChange"),
    "CellDetail": record(CELL_DETAIL, closed=True),
    "Comparison": record(
        {
            "base": ref("Version"),
            "other": ref("Version"),
            "identical": BOOLEAN,
            "same_data": BOOLEAN
            | {"description": "Whether both were measured on one dataset, so that metrics compare."},
            "metrics": array(ref("Fact")),
            "settings": array(ref("Fact")),
            "tensors": array(ref("TensorDifference")),
        },
        closed=True,
    ),
}
