"""What the pages of runs show: the queue as a table of runs, and one run with how far it has come."""

from collections.abc import Collection, Sequence
from math import isclose
from typing import Any, NamedTuple

from flask import url_for

from dashboard.http import workspace
from dashboard.metrics import METRICS, epoch_names, metric_words
from dashboard.records.repeats import Spread, repeated_score
from dashboard.records.run import Epoch, Run
from dashboard.services.datasets import get_dataset
from dashboard.services.networks import get_network
from dashboard.services.runs.queue import STATE_FILTERS, get_queue, has_worker, mark_text
from dashboard.services.runs.runs import RunDetail, list_runs, seconds_left
from dashboard.services.versions.baselines import baseline_of
from dashboard.services.versions.reading import get_detail, versions_of_runs
from dashboard.web.kit.paging import LIST_LENGTH, Pager, pager
from dashboard.web.kit.query import query
from dashboard.web.kit.repeats import RepeatNote, repeat_notes
from dashboard.web.kit.tables import Column, Table, exports
from dashboard.web.runs.words import (
    action_sentence,
    attempts_words,
    external_sentence,
    latest_metric,
    learnt_words,
    problem_words,
    queue_problem,
    queue_sentence,
    repeat_explanation,
    score_baseline,
    slots_words,
    training_sentence,
)
from dashboard.web.versions.scores import targets_table

FILTERS = ("running", "queued", "ended")
EPOCHS_SHOWN = 12
MOST_RUNS = 100_000
MOST_SCORES = 4
SAME = 1e-5
ROWS_SHOWN = 100


class RunRow(NamedTuple):
    """A run in the queue: its last epoch, the versions that it saved, and the `state` that the list is narrowed to."""

    run: Run
    epoch: Epoch | None
    versions: Sequence[int]
    state: str


class QueuePage(NamedTuple):
    """The queue, or the part of it in one `state`; `filters` are what it can be narrowed to: (state, words, count).

    `slots` says how many are in use and which setting decides on it, `problem` what keeps the queue from going on,
    `poll` is where the page asks for news, if anything can change.
    """

    sentence: str
    slots: tuple[str, str]
    problem: str
    state: str
    filters: list[tuple[str, str, int]]
    table: Table
    pages: Pager
    poll: str


class RunPage(NamedTuple):
    """One run, live; `table` holds its last epochs, or what differs in the store.

    A copy that needs a password is started again in the form at `form_address`, where it is typed again.
    """

    run: Run
    heading: str
    sentence: str
    poll: str
    problem: str
    attempts: str
    seconds_left: float | None
    done: int
    total: int
    versions: list[int]
    table: Table
    can_restart: bool
    form_address: str
    baseline: str
    nothing_learnt: str
    notes: Sequence[RepeatNote] = ()
    spreads: Table | None = None
    targets: Table | None = None
    explanation: Sequence[str] = ()


def can_restart(run: Run) -> bool:
    """Return whether a button starts a run again; a search restarts its own runs."""
    return run.has_ended and run.state != "finished" and not run.is_of_search and not run.is_external


def is_lost(run: Run) -> bool:
    """Return whether a run elsewhere has stopped to report: what it reports next lets it go on."""
    return run.is_external and run.state == "interrupted"


def _targets(row: RunRow) -> list[tuple[str, str]]:
    """Return what a run works on, and the address of that, if it has one."""
    if row.run.network:
        named = [(row.run.title, "")] if row.run.title else []
        return [(row.run.network, url_for("networks.show", name=row.run.network)), *named]
    search_id = row.run.request.get("search_id")
    return [(row.run.title, url_for("searches.show", search_id=search_id) if search_id else "")]


def _seconds_left(row: RunRow) -> float | None:
    return seconds_left(row.run, [row.epoch] if row.epoch else [])


def _actions(row: RunRow) -> tuple[Run, dict[str, str], bool]:
    can = can_restart(row.run) and not row.run.request.get("password")
    return row.run, {"queue": row.state or "all"}, can


RUN_COLUMNS = (
    Column("run", "Run", "run.id", shown=lambda row: f"run {row.run.id}"),
    Column("kind", value="run.kind"),
    Column("state", "State", "run.shown_state", "attempt", lambda row: (row.run, attempts_words(row.run))),
    Column("waiting", value="run.waiting"),
    Column("target", "Target", _targets, "links", exported=False),
    Column("done", value="run.done"),
    Column("total", value="run.total"),
    Column("network", value=lambda row: row.run.network or None),
    Column("dataset", "Dataset", lambda row: row.run.dataset or None),
    Column("progress", "Done", "run", "progress", exported=False, css="right"),
    Column("epoch", value="epoch.epoch"),
    Column("loss", "Loss", "epoch.loss", "number"),
    Column("accuracy", value="epoch.accuracy"),
    Column("val_loss", "Validation loss", "epoch.val_loss", "number", css="wraps"),
    Column("val_accuracy", "Validation accuracy", "epoch.val_accuracy", "number", css="wraps"),
    Column("seconds", value="epoch.seconds"),
    Column("learning_rate", value="epoch.learning_rate"),
    Column("versions", "Versions", lambda row: row, "versions", exported=False),
    Column("time", "Time", "run.seconds", "duration", exported=False),
    Column("left", "Left", _seconds_left, "duration", exported=False),
    Column("created", value="run.created"),
    Column("started", "Started", "run.started", "when", lambda row: row.run.started or row.run.created),
    Column("ended", value="run.ended"),
    Column("priority", value="run.priority"),
    Column("started_by", "By", "run.started_by", css="muted"),
    Column("attempt", value="run.attempt"),
    Column("checkpoint", value="run.checkpoint"),
    Column("actions", "Actions", _actions, "actions", exported=False, css="right", quiet=True),
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
    files = exports("runs.runs", state=state or None)
    return Table("runs", RUN_COLUMNS, rows, "Runs", files, link=lambda row: url_for("runs.show", run_id=row.run.id))


def epochs_table(run_id: int, epochs: Sequence[Epoch]) -> Table:
    """Return what epochs of a run measured; the page leaves out a log loss that is the loss under another name."""
    measured = {name for name in epoch_names(lambda _: True) if any(epoch.value(name) is not None for epoch in epochs)}
    shown = measured - {"val_log_loss"} if _is_log_loss(epochs) else measured

    def column(name: str) -> Column:
        words = metric_words(name)
        heading = words[:1].upper() + words[1:] if name in shown or name not in names else ""
        return Column(name, heading, lambda epoch: epoch.value(name), "number", css="wraps")

    names = epoch_names(measured.__contains__)
    columns = (
        Column("epoch", "Epoch", format="count"),
        *map(column, [*names, *_other_metrics(epochs, names)]),
        Column("seconds", "Time", format="duration"),
        Column("learning_rate", "Learning rate", format="number", css="wraps"),
    )
    files = exports("runs.epochs", run_id=run_id)
    return Table(f"run_{run_id}_epochs", columns, epochs, "The last epochs", files)


def _other_metrics(epochs: Sequence[Epoch], names: Collection[str]) -> list[str]:
    """Return what a training elsewhere measured that is not declared here."""
    return list(dict.fromkeys(name for epoch in epochs for name in epoch.metrics if name not in names))


def _is_log_loss(epochs: Sequence[Epoch]) -> bool:
    """Return whether the loss of validation is the log loss in every epoch, but for rounding."""
    pairs = [(epoch.val_loss, epoch.value("val_log_loss")) for epoch in epochs]
    return all(one is not None and other is not None and isclose(one, other, rel_tol=SAME) for one, other in pairs)


def differences_table(run: Run) -> Table:
    """Return where an action on the store read something else than what was saved."""
    files = exports("runs.differences", run_id=run.id)
    rows = run.result.get("differences", [])
    return Table(f"run_{run.id}_differences", DIFFERENCE_COLUMNS, rows, "Differences", files)


def trainings_table(run: Run) -> Table:
    """Return the trainings that were repeated: on how many records, until when, and their scores."""
    one = "Fold" if run.kind == "folds" else "Training"
    rows = run.result.get("trainings", [])
    names = [name for name in METRICS if any(name in row["metrics"] for row in rows)]
    columns = (
        Column("training", one, format="count"),
        Column("seed", "Seed" if run.kind == "seeds" else "", format="setting", css="right"),
        Column("train", "Training records", format="count", css="wraps"),
        Column("validation", "Validation records", format="count", css="wraps"),
        Column("records", "Measured on", format="count", css="wraps", help="Records that it did not learn from"),
        Column("epochs", "Epochs", format="count"),
        Column("epoch", "Best epoch" if run.spec.training.ends_with_best else "", format="count", css="wraps"),
        *(_score_column(name, "metrics", shown=index < MOST_SCORES) for index, name in enumerate(names)),
        *(_score_column(name, "baseline", shown=False) for name in names),
    )
    files = exports("runs.trainings", run_id=run.id)
    return Table(f"run_{run.id}_trainings", columns, rows, f"{one}s", files)


def _score_column(name: str, of: str, shown: bool) -> Column:
    words = metric_words(f"test_{name}").removeprefix("test ")
    heading = words[:1].upper() + words[1:] if shown else ""
    exported = name if of == "metrics" else f"{of}_{name}"
    return Column(exported, heading, lambda row: row[of].get(name), "number", css="wraps")


SPREAD_COLUMNS = (
    Column("metric", "Metric", shown=lambda row: metric_words(f"test_{row['metric']}").removeprefix("test ")),
    Column("mean", "Mean", format="number"),
    Column("std", "Deviation", format="number"),
    Column("low", "Lowest", format="number"),
    Column("high", "Highest", format="number"),
    Column("baseline", "Baseline", format="number", css="muted", help="The mean of what one constant answer scores"),
)


def spreads_table(run: Run) -> Table:
    """Return the mean of each score over trainings that were repeated and how far it varies; no rows before the end."""
    score = repeated_score(run)
    rows = [_spread_row(name, score.spreads[name], run) for name in METRICS if name in score.spreads] if score else []
    return Table(f"run_{run.id}_spreads", SPREAD_COLUMNS, rows, "Scores", exports("runs.spreads", run_id=run.id))


def _spread_row(name: str, spread: Spread, run: Run) -> dict[str, Any]:
    values = [one["metrics"][name] for one in run.result["trainings"]]
    bases = [one["baseline"].get(name) for one in run.result["trainings"]]
    known = [base for base in bases if base is not None]
    baseline = sum(known) / len(known) if len(known) == len(bases) else None
    return {"metric": name, **vars(spread), "low": min(values), "high": max(values), "baseline": baseline}


def requested_state() -> str:
    """Return the state to which the list is narrowed; empty for all. Raises Invalid for a word that is none."""
    return query().word("state", STATE_FILTERS)


def queue_page(state: str, mark: str) -> QueuePage:
    """Return what _queue.html shows; `mark` was taken before, so that what changes meanwhile is fetched again."""
    queue = get_queue(workspace())
    pages = pager(queue.count(STATE_FILTERS.get(state, ())), "runs.index", mark=None)
    return QueuePage(
        sentence=queue_sentence(queue),
        slots=slots_words(queue),
        problem=queue_problem(queue),
        state=state,
        filters=[("", "all", queue.count()), *((name, name, queue.count(STATE_FILTERS[name])) for name in FILTERS)],
        table=runs_table(state, LIST_LENGTH, pages.offset, with_versions=True),
        pages=pages,
        poll=query().address("runs.queue", mark=mark) if queue.queued or queue.running else "",
    )


def run_page(detail: RunDetail) -> RunPage:
    """Return what the live part of a run's page shows."""
    run, epochs, is_running = detail.run, detail.epochs, has_worker(workspace())
    sentence = training_sentence(run, epochs, detail.position)
    done, total = epochs[-1].epoch if epochs else 0, run.total if run.is_external else run.spec.training.epochs
    table = epochs_table(run.id, epochs[: -EPOCHS_SHOWN - 1 : -1])
    if run.is_external:
        sentence = external_sentence(run, epochs)
    elif not run.is_training:
        sentence, done, total = action_sentence(run, detail.position), run.done, run.total
        table = trainings_table(run) if run.repeats else differences_table(run).part(0, ROWS_SHOWN)
    mark = mark_text(detail.mark, is_running, bool(run.waiting))
    baseline = baseline_of(workspace(), run.dataset) if run.is_training and epochs else None
    copy_form = url_for("store.show", to=run.request.get("to"), home=run.request.get("home"), _anchor="copy")
    return RunPage(
        run=run,
        heading=_heading(run),
        sentence=sentence,
        poll="" if run.has_ended and not is_lost(run) else url_for("runs.progress", run_id=run.id, mark=mark),
        problem=problem_words(run, is_running),
        attempts=attempts_words(run),
        seconds_left=detail.seconds_left,
        done=done,
        total=total,
        versions=detail.versions,
        table=table,
        can_restart=can_restart(run),
        form_address=copy_form if can_restart(run) and run.request.get("password") else "",
        baseline=score_baseline(baseline, epochs),
        nothing_learnt=learnt_words(run, baseline, epochs) if run.is_training else "",
        notes=_notes(run, epochs),
        targets=_last_targets(detail),
        spreads=spreads_table(run) if run.repeats and repeated_score(run) else None,
        explanation=repeat_explanation(run, _split_by(run)) if run.repeats else (),
    )


def _heading(run: Run) -> str:
    of = f" of {run.network}" if run.network else ""
    return f"Run {run.id}{of}: {run.title}" if run.title else f"Run {run.id}{of}"


def _notes(run: Run, epochs: Sequence[Epoch]) -> list[RepeatNote]:
    """Say of a training that has ended how far its score varies."""
    if not (run.is_training and run.has_ended and epochs and run.network):
        return []
    return repeat_notes(get_network(workspace(), run.network), latest_metric(epochs[-1])[0], run.spec.training)


def _last_targets(detail: RunDetail) -> Table | None:
    """Return the errors of each of several targets, of the last version that a training saved."""
    run, versions = detail.run, detail.versions
    if not (run.is_training and run.network and versions and len(get_dataset(workspace(), run.dataset).targets) > 1):
        return None
    return targets_table(get_detail(workspace(), run.network, versions[-1]))


def _split_by(run: Run) -> str:
    return str(get_dataset(workspace(), run.dataset).spec.get("split_by", "")) if run.dataset else ""
