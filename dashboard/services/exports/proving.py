"""The proof of an exported file: it is read back in the confined process, and its hashes and outputs are compared."""

import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dashboard.data.preprocessing import Preprocessing
from dashboard.engine.network import Network
from dashboard.formats.contents import Contents, SourceTensor, array_of
from dashboard.formats.limits import Limits
from dashboard.formats.mapping import proposals
from dashboard.formats.reading import read_file
from dashboard.formats.running import SEVERAL, RawRecords, run_file
from dashboard.formats.types import PIECE, Array, plain
from dashboard.formats.writer import Writer
from dashboard.records.network import NetworkSpec
from dashboard.services.exports.describing import Leaving, arrays_of
from dashboard.services.exports.proof import ExportProof, OutputsProof
from dashboard.services.exports.records import SampleRecords, sample_records
from dashboard.services.use.answers import class_parts
from dashboard.services.workspace import Workspace

SCRIPT = "script"
NO_RECORDS = RawRecords([], {}, np.empty((0, 0)), [], [])
TOLERANCES = {"float32": 1e-5, "float64": 1e-12}


class ReadBack(NamedTuple):
    """What was found in a file: the SHA-256 of each tensor by name, and how far its outputs are from ours."""

    sha256: dict[str, str]
    outputs: OutputsProof | None
    why_no_outputs: str


def prove(workspace: Workspace, writer: Writer, taken: Leaving, path: Path) -> ExportProof:
    """Return the proof of a file of a version; raises UnreadableFile if it cannot be read back at all."""
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        back = _read_back(workspace, writer, taken, path, Path(name))
    tensors = taken.description.tensors
    different = tuple(one.name for one in tensors if back.sha256.get(one.name) != one.sha256)
    size, digest = path.stat().st_size, file_sha256(path)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    equal = len(tensors) - len(different)
    return ExportProof(writer.name, size, digest, made, equal, different, back.outputs, back.why_no_outputs)


def _read_back(workspace: Workspace, writer: Writer, taken: Leaving, path: Path, folder: Path) -> ReadBack:
    sample = sample_records(workspace, taken)
    records = None if isinstance(sample, str) else sample
    reason = sample if isinstance(sample, str) else ""
    if writer.runs == SCRIPT:
        return _of_script(workspace, writer, taken, path, folder, records, reason)
    back = tensors_of(_readable(writer, path, folder), taken, folder / "read")
    sha256 = {name: _sha256(read()) for name, read in back.items()}
    is_sound = all(sha256.get(one.name) == one.sha256 for one in taken.description.tensors)
    if records is None or not is_sound:
        return ReadBack(sha256, None, reason or "Its tensors differ.")
    own = _own_outputs(workspace, taken, records)
    if writer.runs:
        answers = run_file(writer.runs, path, records.raw, {}, folder)
        return ReadBack(sha256, compared(own, answers.outputs, taken, answers.labels), "")
    arrays = {name: read() for name, read in back.items()}
    return ReadBack(sha256, compared(own, _outputs(taken.version.spec, arrays, records), taken), "")


def _of_script(
    workspace: Workspace,
    writer: Writer,
    taken: Leaving,
    path: Path,
    folder: Path,
    records: SampleRecords | None,
    reason: str,
) -> ReadBack:
    """Run a program: it has its tensors and its outputs itself."""
    if writer.inner:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)  # of our own making: two files
        path = next(folder.glob("*.py"))
    dtypes = {one.name: one.dtype for one in taken.description.tensors}
    answers = run_file(writer.runs, path, records.raw if records else NO_RECORDS, dtypes, folder)
    if records is None or answers.problem:
        return ReadBack(answers.sha256, None, reason or answers.problem)
    own = _own_outputs(workspace, taken, records)
    return ReadBack(answers.sha256, compared(own, answers.outputs, taken, answers.labels), "")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256(array: Array) -> str:
    return hashlib.sha256(plain(array).reshape(-1).view("u1").data).hexdigest()


def _readable(writer: Writer, path: Path, folder: Path) -> Path:
    """Return the file that is read back: the one that was made, or the member of the ZIP that has the tensors."""
    if not writer.inner:
        return path
    inner = folder / writer.inner
    with zipfile.ZipFile(path) as archive, archive.open(writer.inner) as source, inner.open("xb") as file:
        while piece := source.read(PIECE):
            file.write(piece)
    return inner


def tensors_of(path: Path, taken: Leaving, output: Path) -> dict[str, Callable[[], Array]]:
    """Return name -> what returns the tensor as an import of a file would save it, read by the confined process."""
    size = path.stat().st_size
    most = max(size, taken.description.bytes)
    contents = read_file(path, output, Limits(file_bytes=size, unfolded_at_least=2 * most + Limits.unfolded_at_least))
    known = {one.name: one for one in contents.tensors}
    if not taken.description.layers:
        return {name: partial(array_of, tensor, output) for name, tensor in known.items()}
    return {
        name: partial(_turned_back, known[source], output, turned, shape)
        for name, source, turned, shape in _layers_of(contents, taken)
    }


def _turned_back(tensor: SourceTensor, output: Path, turned: bool, shape: tuple[int, ...]) -> Array:
    array = array_of(tensor, output)
    return plain(array.T) if turned else array.reshape(shape)


def _layers_of(contents: Contents, taken: Leaving) -> Iterator[tuple[str, str, bool, tuple[int, ...]]]:
    """Yield what each tensor of a dense network is called in the file, whether it is turned there, and its shape."""
    shapes = {one.name: one.shape for one in taken.description.tensors}
    for proposal in proposals(contents)[:1]:
        for number, layer in enumerate(proposal.layers, start=1):
            for what, source, turned in (("weight", layer.weight, layer.turned), ("bias", layer.bias, False)):
                name = f"layer_{number:02d}.{what}"
                if source is not None and name in shapes:
                    yield name, source, turned, shapes[name]


def _own_outputs(workspace: Workspace, taken: Leaving, records: SampleRecords) -> Array:
    """Return the outputs of the tensors in the store."""
    names = [one.name for one in taken.tensors]
    return _outputs(taken.version.spec, dict(zip(names, arrays_of(workspace, taken), strict=True)), records)


def compared(own: Array, other: Array, taken: Leaving, labels: list[str] | None = None) -> OutputsProof:
    """Compare outputs (records, outputs) of ours with others, and the classes with the labels that the file gives."""
    preprocessing = taken.description.preprocessing
    with np.errstate(invalid="ignore"):
        apart = np.abs(own.astype(np.float64) - other.astype(np.float64))
    apart[(own == other) | (np.isnan(own) & np.isnan(other))] = 0.0
    same = np.full(len(own), True)
    if preprocessing["task"] == "classification":
        known = Preprocessing.from_json(preprocessing)
        same = np.array(_labels(own, known)) == np.array(labels or _labels(other, known))
    tolerance = TOLERANCES[taken.version.spec.training.dtype]
    return OutputsProof(len(own), float(apart.max(initial=0.0)), int(same.sum()), tolerance)


def _labels(outputs: Array, preprocessing: Preprocessing) -> list[str]:
    """Return the class of each record; of several targets those of all."""
    each = [[one.classes[code] for code in one.codes.tolist()] for one in class_parts(outputs, preprocessing)]
    return [SEVERAL.join(own) for own in zip(*each, strict=True)]


def _outputs(spec: NetworkSpec, tensors: dict[str, Array], records: SampleRecords) -> Array:
    network = Network(spec)
    network.load(tensors)
    with np.errstate(over="ignore", invalid="ignore"):
        return network.predict(records.inputs)
