"""A CSV of records goes in, the same CSV with columns of answers comes out, block by block."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dashboard.data.cells import number
from dashboard.data.csv_format import NONE
from dashboard.data.record_files import RecordBlock, RecordFile, has_byte_order_mark
from dashboard.data.record_inputs import EncodedRecords
from dashboard.errors import Invalid
from dashboard.parsing import FORMULA_SIGNS
from dashboard.services.datasets import stored_if_there_is_space
from dashboard.services.use.answers import answer_columns, answer_texts
from dashboard.services.use.batch_format import open_record_file
from dashboard.services.use.loaded import Loaded
from dashboard.services.use.prediction import passed_over_of
from dashboard.services.use.truth import Truth
from dashboard.services.workspace import Workspace

MOST_EXAMPLES = 20
PROBLEM, LINE_FEED = "problem", "\n"


@dataclass
class BatchSummary:
    """What was answered: `problems` counts records that cannot be read, `examples` has (record from 1, why) of some.

    `metrics` has the accuracy and the confusion matrix (of several targets of each), or errors, where the target is in
    the file; `unknown` counts the records in which it says nothing.
    """

    records: int = 0
    problems: int = 0
    examples: list[tuple[int, str]] = field(default_factory=list)
    passed_over: tuple[str, ...] = ()
    metrics: dict[str, Any] = field(default_factory=dict)
    unknown: int = 0


class Batch:
    """A file that is being answered; `pieces` gives the new file, and then `summary` is whole."""

    def __init__(self, loaded: Loaded, file: RecordFile) -> None:
        self.loaded, self.file = loaded, file
        self.summary = BatchSummary(passed_over=passed_over_of(loaded, file.names))
        self.targets = [name for name in loaded.targets if name in file.names]
        is_measured = bool(self.targets) and len(self.targets) == len(loaded.targets)
        self.truth = Truth(loaded.preprocessing, self.targets, file.format.marks) if is_measured else None
        self.chosen = [*loaded.reader.columns, *(self.targets if self.truth else ())]
        self.answer_columns = answer_columns(loaded.preprocessing)
        self.encoding = self._encoding()
        self.delimiter = file.delimiter
        self.quote = '"' if file.format.quote == NONE else file.format.quote
        self.quoted = re.compile(f"[{re.escape(self.delimiter + self.quote)}\r\n]")

    @property
    def new_columns(self) -> list[str]:
        """The names of the columns of answers; one that the file has already gets a number."""
        taken = {*self.file.names}
        return [_free_name(name, taken) for name in (*self.answer_columns, PROBLEM)]

    def pieces(self) -> Iterator[bytes]:
        """Yield the new file: the cells as they stand in the file, then the answer and what is wrong with a record."""
        if has_byte_order_mark(self.file.path) and self.encoding == "utf-8":
            yield b"\xef\xbb\xbf"
        if self.file.header:
            names = [self._cell(_defused(name)) for name in self.new_columns]
            yield _longer(self.file.header, "".join(self.delimiter + name for name in names)).encode(self.encoding)
        reader = self.loaded.reader
        for block in self.file.blocks(reader.file_readings(self.chosen), reader.numbers):
            yield "".join(self._answered(block)).encode(self.encoding)
        if self.truth is not None:
            self.summary.metrics, self.summary.unknown = self.truth.metrics(), self.truth.unknown

    def _answered(self, block: RecordBlock) -> Iterator[str]:
        """Yield the lines of a block with its answers; a record that cannot be read has none."""
        nothing = self.delimiter * len(self.answer_columns)
        problems, answers = dict(block.wrong), dict[int, str]()
        if block.whole:
            encoded = self._encoded(block)
            good = np.flatnonzero(encoded.readable)
            outputs = self.loaded.network.predict(encoded.inputs[good] if encoded.problems else encoded.inputs)
            if self.truth is not None:
                self.truth.add(outputs, block.columns, good)
            texts = answer_texts(outputs, self.loaded.preprocessing)
            joined = (self.delimiter + self.delimiter.join(map(self._answer_cell, cells)) for cells in texts)
            answers = {block.whole[place]: text for place, text in zip(good.tolist(), joined, strict=True)}
            problems |= {block.whole[place]: " ".join(own.values()) for place, own in encoded.problems.items()}
        for place, line in enumerate(block.lines):
            problem = problems.get(place, "")
            self._count(problem)
            last = self._cell(_defused(problem)) if problem else ""
            yield _longer(line, f"{answers.get(place, nothing)}{self.delimiter}{last}")

    def _encoded(self, block: RecordBlock) -> EncodedRecords:
        reader, marks = self.loaded.reader, self.file.format.marks
        if block.pixels is not None:
            return reader.from_pixels(block.pixels, block.columns, marks)
        return reader.from_blocks(block.columns, len(block.whole), marks)

    def _count(self, problem: str) -> None:
        self.summary.records += 1
        if problem:
            self.summary.problems += 1
            if len(self.summary.examples) < MOST_EXAMPLES:
                self.summary.examples.append((self.summary.records, problem))

    def _answer_cell(self, text: str) -> str:
        decimal = self.file.format.decimal
        if decimal != "." and number(text) is not None:
            text = text.replace(".", decimal)
        return self._cell(_defused(text))

    def _cell(self, text: str) -> str:
        """Return a text as a cell, quoted if it must be."""
        quote = self.quote
        if self.quoted.search(text):
            return quote + text.replace(quote, quote * 2) + quote
        return text

    def _encoding(self) -> str:
        """Return the encoding of the new file: that of the file, unless a name in an answer cannot be written in it."""
        own = "utf-8" if self.file.format.encoding == "utf-8-sig" else self.file.format.encoding
        if own == "utf-16":
            return "utf-8"  # each piece would begin with a mark
        try:
            known = self.loaded.preprocessing
            levels = [level for column in known.categorical for level in column.levels]
            "".join([*known.classes, *known.columns, *levels]).encode(own)
        except UnicodeError:
            return "utf-8"
        return own


def open_batch(loaded: Loaded, path: Path, given: Mapping[str, Any]) -> Batch:
    """Return a file ready to be answered; raises Invalid at once if its columns are not all there."""
    return Batch(loaded, open_record_file(loaded, path, given))


def received(workspace: Workspace, stream: BinaryIO) -> Path:
    """Store an uploaded file in a folder of its own, which `discard` removes; raises Invalid if it is empty."""
    uploads = workspace.uploads_folder
    folder = Path(tempfile.mkdtemp(prefix="records-", dir=uploads if uploads.is_dir() else None))
    try:
        with stored_if_there_is_space(), (folder / "records.csv").open("wb") as file:
            shutil.copyfileobj(stream, file, 2**20)
        if not (folder / "records.csv").stat().st_size:
            raise Invalid({"file": "The file is empty. Send a header, and a line per record."})
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder / "records.csv"


def discard(path: Path) -> None:
    """Remove a file that `received` has stored."""
    shutil.rmtree(path.parent, ignore_errors=True)


def _defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; a number stays as it is."""
    return "'" + text if text[:1] in FORMULA_SIGNS and number(text) is None and number(text, ",") is None else text


def _longer(line: str, more: str) -> str:
    """Return the lines of a record with more before their end."""
    own = line.rstrip("\r\n")
    return f"{own}{more}{line[len(own) :] or LINE_FEED}"


def _free_name(name: str, taken: set[str]) -> str:
    """Return a name for a further column, and note it."""
    free, count = name, 0
    while free in taken:
        count += 1
        free = f"{name}.{count}"
    taken.add(free)
    return free
