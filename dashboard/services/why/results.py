"""Why a loss changed, as it is asked for: at once if that is quick or known, else by a run; kept by its content."""

import hashlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dashboard.catalogue import runs as run_rows
from dashboard.errors import Conflict, NotFound
from dashboard.files import ONE_HEADER, atomic_write
from dashboard.jobs.job import Progress
from dashboard.jobs.starting import ensure_coordinator
from dashboard.records.run import STARTED_BY_LENGTH
from dashboard.records.run_kinds import WHY
from dashboard.records.why import WhyRequest, WhyResult
from dashboard.services.cache.numbers import NOTHING, cached_numbers
from dashboard.services.networks import get_network
from dashboard.services.store.actions import ActionJob
from dashboard.services.store.process import Reporter
from dashboard.services.why.counting import STAGES, Step, count_cells, count_why
from dashboard.services.why.pair import WhyPair, load_pair
from dashboard.services.why.records import Chosen, choose_records
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

FORM = "why-1"
AT_ONCE_WORK = 2**30
"""About so many multiplications take less than a second; more are done by a run."""
NOT_COUNTED = (
    "The shares of these cells are not counted yet, or were removed to save space: start the run that counts them, "
    "with POST /api/v1/compare/why or on the page of the comparison."
)
TOO_MANY = (
    "The shares of so many cells are not kept, and take longer than a second to count: choose one class, or one record."
)


class WhyAnswer(NamedTuple):
    """The result, or the run that counts it, or again the shares of its cells where these were removed."""

    result: WhyResult | None
    run_id: int | None = None


class _Question(NamedTuple):
    """A request with what it is about, loaded."""

    workspace: Workspace
    request: WhyRequest
    pair: WhyPair
    chosen: Chosen

    @property
    def key(self) -> str:
        """What the answer depends on, besides the content of the pair."""
        own = (self.chosen.part, self.request.label, self.request.record)
        return f"{FORM} {' '.join(map(repr, own))}"

    @property
    def cells_path(self) -> Path:
        """Where the shares of all cells are kept, among the decoded arrays: removed like them when space is short."""
        name = hashlib.sha256(f"{self.pair.content()} {self.key}".encode()).hexdigest()[:32]
        return self.workspace.decoded.folder / f"why-{name}.npy"

    @property
    def is_stored(self) -> bool:
        """Whether the shares of all cells are few enough to be kept."""
        return 8 * self.pair.other.spec.parameters <= self.workspace.decoded.limit_bytes // 4

    @property
    def lacks_cells(self) -> bool:
        """Whether the shares of its cells are not there, although they could be, and take longer than a request may."""
        return self.is_stored and self.share_work > AT_ONCE_WORK and not self.cells_path.exists()

    @property
    def share_work(self) -> int:
        """About how many multiplications the shares take."""
        first, behind = self._cells_of_layers
        return len(self.chosen.rows) * (7 * first + 40 * behind)

    @property
    def work(self) -> int:
        """About how many multiplications all takes: the shares, then every unit put back."""
        units = sum(layer.units for layer in self.pair.other.spec.layers)
        return self.share_work + len(self.chosen.rows) * units * self._cells_of_layers[1]

    @property
    def _cells_of_layers(self) -> tuple[int, int]:
        """How many weights the first layer has, and all behind it together."""
        spec = self.pair.other.spec
        first = (spec.inputs + 1) * spec.layers[0].units
        return first, max(spec.parameters - first, 1)


def why(workspace: Workspace, request: WhyRequest) -> WhyResult:
    """Return why the loss changed between two versions, computed now if it is not known, however long that takes.

    Raises NotFound, Invalid or Conflict naming the field of the request, in words.
    """
    return _counted(_question(workspace, request), lambda _: None)


def why_or_run(workspace: Workspace, request: WhyRequest, started_by: str = "") -> WhyAnswer:
    """Return why the loss changed if that is known or takes less than a second, else the run that counts it."""
    question = _question(workspace, request)
    known = _quickly(question)
    if known is None or question.lacks_cells:
        return WhyAnswer(None, _queue(question, started_by))
    return WhyAnswer(known)


def known_why(workspace: Workspace, request: WhyRequest) -> WhyResult | None:
    """Return why the loss changed if that is known or takes less than a second; None if a run has to count it."""
    return _quickly(_question(workspace, request))


def known_with_cells(workspace: Workspace, request: WhyRequest) -> tuple[WhyResult | None, bool]:
    """Return what `known_why` does, and whether the shares of single cells can be had without a run."""
    question = _question(workspace, request)
    return _quickly(question), not question.lacks_cells


def cached_why(workspace: Workspace, request: WhyRequest) -> WhyResult | None:
    """Return why the loss changed if that is known, without counting anything."""
    return _known(_question(workspace, request))


def cell_shares(workspace: Workspace, request: WhyRequest, tensor: str) -> Array:
    """Return the share of each cell of a tensor, float64, of its shape; all cells of a version sum to the change.

    Raises NotFound with the names of the tensors, Conflict where a run has to count them first.
    """
    question = _question(workspace, request)
    start = 0
    for name, shape in question.pair.other.spec.tensor_shapes:
        size = int(np.prod(shape))
        if name == tensor:
            return _cells(question)[start : start + size].reshape(shape)
        start += size
    names = [name for name, _ in question.pair.other.spec.tensor_shapes]
    raise NotFound(f"The versions have no tensor named {tensor!r}.", "tensor", names)


def run_why(workspace: Workspace, job: ActionJob, report: Reporter) -> str | None:
    """Carry out a request that was queued; raises what `why` raises."""
    question = _question(workspace, WhyRequest(**job.request))
    parts = -(-len(question.chosen.rows) // question.chosen.block)
    steps = [0] * STAGES
    words = ("Shares of the change.", "Putting weights back.", "Putting back more and more units.")

    def step(stage: int) -> None:
        steps[stage] += 1
        report(Progress(stage * parts + min(steps[stage], parts), STAGES * parts, words[stage], {}))

    report.patiently(lambda: _counted(question, step))
    if question.lacks_cells:  # the numbers were known, and the shares of the cells were removed
        report.patiently(lambda: _keep_cells(question, count_cells(question.pair, question.chosen, lambda: step(0))))
    report(Progress(STAGES * parts, STAGES * parts, "", {"base": job.request["base"], "other": job.request["other"]}))
    return None


def _question(workspace: Workspace, request: WhyRequest) -> _Question:
    pair = load_pair(workspace, request)
    return _Question(workspace, request, pair, choose_records(workspace, pair, request))


def _quickly(question: _Question) -> WhyResult | None:
    known = _known(question)
    return _counted(question, lambda _: None) if known is None and question.work <= AT_ONCE_WORK else known


def _known(question: _Question) -> WhyResult | None:
    (numbers,) = cached_numbers(
        question.workspace, _group(question), [question.key], [question.work], lambda _: {}, NOTHING
    )
    return None if numbers is None else _named(question, numbers)


def _counted(question: _Question, step: Step) -> WhyResult:
    def count(_: int) -> dict[str, Any]:
        counted = count_why(question.pair, question.chosen, question.request, step)
        _keep_cells(question, counted.cells)
        return counted.result.to_json()

    (numbers,) = cached_numbers(question.workspace, _group(question), [question.key], [question.work], count)
    if numbers is None:  # what is not as it was saved was noted, and is shown where the version is
        raise Conflict("A tensor of these versions is damaged: verify them on the Store page.", "base")
    return _named(question, numbers)


def _group(question: _Question) -> str:
    return f"why {question.pair.content()}"


def _named(question: _Question, numbers: dict[str, Any]) -> WhyResult:
    """Return a result under the names of these versions: it may have been counted for others of the same content."""
    pair = question.pair
    own = WhyResult.from_json(numbers)
    return replace(own, base=pair.base.reference, other=pair.other.reference, dataset=pair.dataset.name)


def _cells(question: _Question) -> Array:
    try:
        with ONE_HEADER:
            array: Array = np.load(question.cells_path, mmap_mode="r")
    except (OSError, EOFError, ValueError):  # never counted, or removed: counted again
        if question.share_work > AT_ONCE_WORK:
            raise Conflict(NOT_COUNTED if question.is_stored else TOO_MANY, "tensor") from None
        cells = count_cells(question.pair, question.chosen, lambda: None)
        _keep_cells(question, cells)
        return cells
    return array


def _keep_cells(question: _Question, cells: Array) -> None:
    """Keep the shares of all cells if that is possible: without them they are counted again."""
    if not question.is_stored:
        return
    try:
        question.cells_path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(question.cells_path, lambda file: np.save(file, cells))
    except OSError:
        question.cells_path.unlink(missing_ok=True)


def _queue(question: _Question, started_by: str) -> int:
    """Queue a run for a request; if one is under way, return that."""
    workspace, request = question.workspace, asdict(question.request)
    network = get_network(workspace, question.pair.other.network)
    row = {"kind": WHY, "network_id": network.id, "spec": {}, "request": request, "total": STAGES}
    with workspace.catalogue.writing() as connection:
        run_id = run_rows.active_request(connection, WHY, request)
        if run_id is None:
            run_id = run_rows.insert_run(connection, row | {"started_by": started_by[:STARTED_BY_LENGTH]})
    ensure_coordinator(workspace.settings)
    return run_id
