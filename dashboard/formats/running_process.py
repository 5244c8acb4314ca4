"""The process that runs one exported file on records: a program of ours, or an ONNX model by onnx's own reference.

It is started with Python's -I by `dashboard/formats/running.py`.
"""

import hashlib
import json
import math
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dashboard.formats.confinement import end_with
from dashboard.formats.running import SEVERAL, Answers, RawRecords
from dashboard.formats.types import Array, narrowed_bits, plain
from dashboard.formats.writing_process import LENGTH_BYTES


def main() -> None:
    """Carry out the job in the first argument, a JSON text, and leave outputs and answers in its folder."""
    job = json.loads(sys.argv[1])
    end_with(job["parent"])
    records, dtypes = _taken(sys.stdin.buffer)
    answers = RUNNERS[job["kind"]](Path(job["path"]), records, dtypes)
    folder = Path(job["output"])
    outputs = plain(answers.outputs)
    (folder / "outputs.bin").write_bytes(outputs.tobytes())
    about = {"dtype": outputs.dtype.name, "shape": list(outputs.shape), "problem": answers.problem}
    (folder / "answers.json").write_text(json.dumps(about | {"labels": answers.labels, "sha256": answers.sha256}))


def _taken(source: BinaryIO) -> tuple[RawRecords, dict[str, str]]:
    about = json.loads(source.read(int.from_bytes(source.read(LENGTH_BYTES), "little")))
    dtypes = about.pop("dtypes")
    numbers = np.frombuffer(source.read(), "<f8").reshape(about["numbers"])
    return RawRecords(**about | {"numbers": numbers}), dtypes


def run_script(path: Path, records: RawRecords, dtypes: dict[str, str]) -> Answers:
    """Run a program: its own reading of texts, its own outputs and its own classes."""
    program = runpy.run_path(str(path))
    sha256 = {name: _sha256(array, dtypes[name]) for name, array in program["tensors"]().items()}
    try:
        outputs = program["predict"](program["encode"](rows_of(records)))
    except SystemExit as refused:
        return Answers(np.empty((0, 0)), None, sha256, str(refused))
    heads, lines = program["answers"](outputs)
    about = program["PREPROCESSING"]
    if about["task"] != "classification" or not heads:
        return Answers(outputs, None, sha256, "")
    targets = len(about.get("groups", ())) or 1
    return Answers(outputs, [SEVERAL.join(line[:targets]) for line in lines], sha256, "")


def _sha256(array: Array, dtype: str) -> str:
    narrow = narrowed_bits(array) if dtype == "bfloat16" else array
    return "" if narrow is None else hashlib.sha256(plain(narrow).reshape(-1).view("u1").data).hexdigest()


def rows_of(records: RawRecords) -> list[dict[str, str]]:
    """Return records as the lines of a CSV: column -> text."""
    rows = []
    for numbers, categories in zip(records.numbers.tolist(), records.categories, strict=True):
        texts = map(_text, numbers, [records.words.get(name, []) for name in records.number_names])
        row = dict(zip(records.number_names, texts, strict=True))
        rows.append(row | dict(zip(records.category_names, categories, strict=True)))
    return rows


def _text(number: float, words: list[str]) -> str:
    if math.isnan(number):
        return ""
    return words[int(number)] if words else repr(number)


def run_onnx(path: Path, records: RawRecords, dtypes: dict[str, str]) -> Answers:
    """Run a model by the evaluator of the onnx package, which is made of NumPy."""
    import onnx  # noqa: PLC0415 - only this process loads it
    from onnx.reference import ReferenceEvaluator  # noqa: PLC0415

    evaluator = ReferenceEvaluator(onnx.load_model_from_string(path.read_bytes()))
    given = {"numbers": records.numbers, "categories": np.array(records.categories, object)}
    wanted = [name for name in ("outputs", "label") if name in evaluator.output_names]
    results: Any = evaluator.run(wanted, {name: given[name] for name in evaluator.input_names})
    labels = [SEVERAL.join(map(str, np.atleast_1d(one))) for one in results[1]] if len(wanted) > 1 else None
    return Answers(np.asarray(results[0]), labels, {}, "")


RUNNERS: dict[str, Callable[[Path, RawRecords, dict[str, str]], Answers]] = {"script": run_script, "onnx": run_onnx}
