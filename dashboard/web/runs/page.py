"""What the pages of runs show: the queue as a table of runs, and one run with how far it has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from flask import url_for

from dashboard.records.run import Epoch, Run
from dashboard.services.runs.queue import STATE_FILTERS, Queue, get_queue, has_worker, mark_text
from dashboard.services.runs.runs import RunDetail, list_runs, seconds_left
from dashboard.services.versions.reading import versions_of_runs
from dashboard.web.kit.paging import LIST_LENGTH, Pager, pager
from dashboard.web.kit.query import query, workspace
from dashboard.web.kit.tables import Column, Table, exports
from dashboard.web.runs.words import (
    action_sentence,
    attempts_words,
    problem_words,
    queue_problem,
    queue_sentence,
    run_title,
    slots_words,
    training_sentence,
)

FILTERS = ("running", "queued", "ended")
EPOCHS_SHOWN = 12
MOST_RUNS = 100_000
ROWS_SHOWN = 100


@dataclass(frozen=True)
class RunRow:
    """A run in the queue: its last epoch, the versions that it saved, and the `state` that the list is narrowed to."""

    run: Run
    epoch: Epoch | None = None
    versions: Sequence[int] = ()
    state: str = ""

    @property
    def target(self) -> tuple[str, str]:
        """What it works on, and the address of that, if it has one."""
        if self.run.network:
            return self.run.network, url_for("networks.show", name=self.run.network)
        search_id = self.run.request.get("search_id")
        return run_title(self.run), url_for("searches.show", search_id=search_id) if search_id else ""

    @property
    def seconds(self) -> float | None:
        """For how long it has run."""
        end = self.run.ended or self.run.heartbeat
        return (end - self.run.started).total_seconds() if self.run.started and end else None

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes; None if unknown."""
        return seconds_left(self.run, [self.epoch] if self.epoch else [])

    @property
    def attempts(self) -> str:
        """What happened to its earlier attempts."""
        return attempts_words(self.run)

    @property
    def can_restart(self) -> bool:
        """Whether a button starts it again."""
        return can_restart(self.run)


def can_restart(run: Run) -> bool:
    """Return whether a button starts a run again: a search restarts its own, a password has to be typed again."""
    return run.has_ended and run.state != "finished" and not (run.request.get("password") or run.is_of_search)


def address_of(row: RunRow) -> str:
    """Return the address of a row's run."""
    return url_for("runs.show", run_id=row.run.id)


def _of_run(name: str, heading: str = "", **more: Any) -> Column:  # noqa: ANN401 - what a Column takes
    return Column(name, heading, lambda row: getattr(row.run, name) or None, **more)


def _of_epoch(name: str, heading: str = "", css: str = "") -> Column:
    return Column(name, heading, lambda row: getattr(row.epoch, name, None), "number", css=css)


def _cell(name: str, heading: str, css: str = "", quiet: bool = False) -> Column:
    """Return a column of the page only, whose macro in runs/_cells.html draws the row."""
    return Column(name, heading, format=name, shown=lambda row: row, exported=False, css=css, quiet=quiet)


def _seconds(name: str, heading: str) -> Column:
    return Column(name, heading, attrgetter(name), "duration", exported=False)


RUN_COLUMNS = (
    Column("run", "Run", attrgetter("run.id"), "run", shown=lambda row: row),
    _of_run("kind"),
    Column("state", "State", attrgetter("run.state"), "run_state", shown=lambda row: row),
    _cell("target", "Target"),
    Column("done", value=attrgetter("run.done")),
    Column("total", value=attrgetter("run.total")),
    _of_run("network"),
    _of_run("dataset", "Dataset"),
    _cell("progress", "Done", css="right"),
    _of_epoch("epoch"),
    _of_epoch("loss", "Loss"),
    _of_epoch("accuracy"),
    _of_epoch("val_loss", "Validation loss", css="wraps"),
    _of_epoch("val_accuracy", "Validation accuracy", css="wraps"),
    _of_epoch("seconds"),
    _of_epoch("learning_rate"),
    _cell("versions", "Versions"),
    _seconds("seconds", "Time"),
    _seconds("seconds_left", "Left"),
    _of_run("created"),
    _of_run("started", "Started", format="when", shown=lambda row: row.run.started or row.run.created),
    _of_run("ended"),
    Column("priority", value=attrgetter("run.priority")),
    Column("started_by", "By", attrgetter("run.started_by"), css="muted"),
    Column("attempt", value=attrgetter("run.attempt")),
    Column("checkpoint", value=attrgetter("run.checkpoint")),
    _cell("actions", "Actions", quiet=True, css="right"),
)
EPOCH_COLUMNS = (
    Column("epoch", "Epoch", format="count"),
    Column("loss", "Loss", format="number"),
    Column("accuracy", "Accuracy", format="number"),
    Column("val_loss", "Validation loss", format="number"),
    Column("val_accuracy", "Validation accuracy", format="number"),
    Column("seconds", "Time", format="duration"),
    Column("learning_rate", "Learning rate", format="number"),
)
DIFFERENCE_COLUMNS = (
    Column("version", "Version"),
    Column("tensor", "Tensor", css="mono"),
    Column("row", "Row", format="count"),
    Column("column", "Column", format="count"),
    Column("expected", "Saved", css="right mono"),
    Column("found", "Stored", css="right mono"),
    Column("problem", "Problem", css="wide"),
)


def runs_table(state: str, limit: int = MOST_RUNS, offset: int = 0, with_versions: bool = False) -> Table:
    """Return the runs in a state (all for an empty one), the active ones first."""
    page, last = list_runs(workspace(), limit, offset, states=STATE_FILTERS.get(state, ()))
    saved = versions_of_runs(workspace(), [run.id for run in page.items]) if with_versions else {}
    rows = [RunRow(run, last.get(run.id), saved.get(run.id, ()), state) for run in page.items]
    return Table("runs", RUN_COLUMNS, rows, "Runs", exports("runs.runs", state=state or None), link=address_of)


def epochs_table(run_id: int, epochs: Sequence[Epoch]) -> Table:
    """Return what epochs of a run measured."""
    files = exports("runs.epochs", run_id=run_id)
    return Table(f"run_{run_id}_epochs", EPOCH_COLUMNS, epochs, "The last epochs", files)


def differences_table(run: Run) -> Table:
    """Return where an action on the store found something else than what was saved."""
    files = exports("runs.differences", run_id=run.id)
    rows = run.result.get("differences", [])
    return Table(f"run_{run.id}_differences", DIFFERENCE_COLUMNS, rows, "Differences", files)


@dataclass(frozen=True)
class QueuePage:
    """The queue, or the part of it in one state; `poll` is where the page asks for news, if anything can change."""

    queue: Queue
    state: str
    table: Table
    pages: Pager
    poll: str

    @property
    def sentence(self) -> str:
        """How the queue stands."""
        return queue_sentence(self.queue)

    @property
    def problem(self) -> str:
        """What keeps the queue from being worked on."""
        return queue_problem(self.queue)

    @property
    def slots(self) -> tuple[str, str]:
        """How many slots are in use and where, and the setting that decides on it."""
        return slots_words(self.queue)

    @property
    def filters(self) -> list[tuple[str, str, int]]:
        """What the list can be narrowed to: (state, words, how many runs)."""
        counts = [(name, name, self.queue.count(STATE_FILTERS[name])) for name in FILTERS]
        return [("", "all", self.queue.count()), *counts]


def requested_state() -> str:
    """Return the state to which the list is narrowed; empty for all. Raises Invalid for a word that is none."""
    return query().word("state", STATE_FILTERS)


def queue_page(state: str, mark: str) -> QueuePage:
    """Return what _queue.html shows; `mark` was taken before, so that what changes meanwhile is fetched again."""
    queue = get_queue(workspace())
    pages = pager(queue.count(STATE_FILTERS.get(state, ())), "runs.index", mark=None)
    poll = query().address("runs.queue", mark=mark) if queue.queued or queue.running else ""
    return QueuePage(queue, state, runs_table(state, LIST_LENGTH, pages.offset, with_versions=True), pages, poll)


@dataclass(frozen=True)
class RunPage:
    """One run, live: `table` holds its last epochs, or what differs in the store; `has_worker` is whether any runs."""

    detail: RunDetail
    table: Table
    has_worker: bool

    @property
    def run(self) -> Run:
        """The run itself."""
        return self.detail.run

    @property
    def heading(self) -> str:
        """Its title."""
        return f"Run {self.run.id} of {self.run.network}" if self.run.network else f"Run {self.run.id}: {self.title}"

    @property
    def title(self) -> str:
        """What it does."""
        return run_title(self.run)

    @property
    def sentence(self) -> str:
        """How far it has come, or what the result is."""
        if self.run.is_training:
            return training_sentence(self.run, self.detail.epochs, self.detail.position)
        return action_sentence(self.run, self.detail.position)

    @property
    def poll(self) -> str:
        """Where the page asks for news; empty once nothing changes any more."""
        mark = mark_text(self.detail.mark, self.has_worker)
        return "" if self.run.has_ended else url_for("runs.progress", run_id=self.run.id, mark=mark)

    @property
    def problem(self) -> str:
        """What keeps it from going on."""
        return problem_words(self.run, self.has_worker)

    @property
    def attempts(self) -> str:
        """What happened to its earlier attempts."""
        return attempts_words(self.run)

    @property
    def progress(self) -> tuple[int, int]:
        """How much is done, of how much."""
        if not self.run.is_training:
            return self.run.done, self.run.total
        return self.detail.epochs[-1].epoch if self.detail.epochs else 0, self.run.spec.training.epochs

    @property
    def can_restart(self) -> bool:
        """Whether a button starts it again."""
        return can_restart(self.run)

    @property
    def form_address(self) -> str:
        """Where a copy that needs a password is started again: the password has to be typed there."""
        request = self.run.request
        if not (request.get("password") and self.run.has_ended and self.run.state != "finished"):
            return ""
        return url_for("store.show", to=request["to"], home=request["home"], _anchor="copy")

    @property
    def search_address(self) -> str:
        """The page of the search that it belongs to, if it belongs to one."""
        search_id = self.run.request.get("search_id")
        return url_for("searches.show", search_id=search_id) if search_id else ""

    @property
    def left_out(self) -> list[dict[str, Any]]:
        """The versions that a copy left out, each with the reason."""
        return list(self.run.result.get("left_out", []))


def run_page(detail: RunDetail) -> RunPage:
    """Return what the live part of a run's page shows."""
    if detail.run.is_training:
        table = epochs_table(detail.run.id, detail.epochs[: -EPOCHS_SHOWN - 1 : -1])
    else:
        table = differences_table(detail.run).part(0, ROWS_SHOWN)
    return RunPage(detail, table, has_worker(workspace()))
