"""What the pages of runs show: the queue as a table of runs, and one run with how far it has come."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from math import isclose
from typing import Any, NamedTuple

from flask import url_for

from dashboard.charts.figures import count_panels
from dashboard.http import workspace
from dashboard.metrics import METRICS, epoch_names, metric_words
from dashboard.records.repeats import Spread, repeated_score
from dashboard.records.run import Epoch, Run
from dashboard.services.datasets import get_dataset
from dashboard.services.networks import get_network
from dashboard.services.runs.queue import STATE_FILTERS, TRIAL, Queue, get_queue, mark_text, worker_state
from dashboard.services.runs.runs import RunDetail, count_runs, list_runs, seconds_left
from dashboard.services.versions.baselines import baseline_of
from dashboard.services.versions.reading import get_detail, versions_of_runs
from dashboard.web.kit.paging import LIST_LENGTH, Pager, pager
from dashboard.web.kit.query import query
from dashboard.web.kit.repeats import RepeatNote, repeat_notes
from dashboard.web.kit.tables import Column, Table, chosen_order, exports
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
    starting_words,
    training_sentence,
    waiting_words,
)
from dashboard.web.versions.scores import targets_table

FILTERS = {"": "all", "running": "running", "queued": "queued", "ended": "ended"}
EPOCHS_SHOWN, METRICS_DRAWN, ALL = 12, 12, "all"
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

    `slots` says how many are in use and which setting decides on it, `problem` what keeps the queue from going on and
    `starting` that its worker is about to,
    `poll` is where the page asks for news, if anything can change. `words` narrow the list; the `trials` of searches
    are in it only `with_trials`, at `trials_address` the other way round.
    """

    sentence: str
    slots: tuple[str, str]
    problem: str
    starting: str
    state: str
    filters: list[tuple[str, str, int]]
    table: Table
    pages: Pager
    poll: str
    words: str
    trials: int
    with_trials: bool
    trials_address: str


class RunPage(NamedTuple):
    """One run, live; `table` holds its last epochs, or what differs in the store.

    `pages` are those of the epochs, `more_epochs` is where all of them are, if it has more than the last ones,
    `more_metrics` (words, address) where more curves are.
    A copy that needs a password is started again in the form at `form_address`, where it is typed again. `change` is
    what a training that has ended changed, from its first version to its last: (words, address).
    """

    run: Run
    heading: str
    sentence: str
    poll: str
    problem: str
    starting: str
    attempts: str
    seconds_left: float | None
    done: int
    total: int
    versions: list[int]
    table: Table
    pages: Pager
    more_epochs: str
    more_metrics: tuple[str, str] | None
    can_restart: bool
    form_address: str
    baseline: str
    nothing_learnt: str
    notes: Sequence[RepeatNote] = ()
    spreads: Table | None = None
    targets: Table | None = None
    explanation: Sequence[str] = ()
    change: tuple[str, str] | None = None


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


def _attempt(row: RunRow) -> tuple[Run, str]:
    return row.run, attempts_words(row.run)


def _seconds_left(row: RunRow) -> float | None:
    return seconds_left(row.run, [row.epoch] if row.epoch else [])


def _actions(row: RunRow) -> tuple[Run, dict[str, str], bool]:
    can = can_restart(row.run) and not row.run.request.get("password")
    return row.run, {"queue": row.state or "all"}, can


RUN_COLUMNS = (
    Column("run", "Run", "run.id", shown=lambda row: f"run {row.run.id}", sortable=True, largest_first=True),
    Column("kind", value="run.kind"),
    Column("state", "State", "run.shown_state", "attempt", _attempt, sortable=True),
    Column("waiting", value="run.waiting"),
    Column(
        "target", "Target", _targets, "links", sortable=True, exported=False, sort_key=lambda row: _targets(row)[0][0]
    ),
    Column("started_by", "By", "run.started_by", css="muted", sortable=True),
    Column("done", value="run.done"),
    Column("total", value="run.total"),
    Column("network", value=lambda row: row.run.network or None),
    Column("dataset", "Dataset", lambda row: row.run.dataset or None, sortable=True),
    Column("progress", "Done", "run", "progress", exported=False, css="right"),
    Column("epoch", value="epoch.epoch"),
    Column("loss", "Loss", "epoch.loss", "number", sortable=True, largest_first=False),
    Column("accuracy", value="epoch.accuracy"),
    Column("val_loss", "Validation loss", "epoch.val_loss", "number", css="wraps", sortable=True, largest_first=False),
    Column("val_accuracy", "Validation accuracy", "epoch.val_accuracy", "number", css="wraps", sortable=True),
    Column("seconds", value="epoch.seconds"),
    Column("learning_rate", value="epoch.learning_rate"),
    Column("versions", "Versions", lambda row: row, "versions", exported=False),
    Column("time", "Time", "run.seconds", "duration", exported=False, sortable=True),
    Column("left", "Left", _seconds_left, "duration", exported=False),
    Column("created", value="run.created"),
    Column("started", "Started", "run.started", "when", lambda row: row.run.started or row.run.created, sortable=True),
    Column("ended", value="run.ended"),
    Column("priority", value="run.priority"),
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


def runs_table(state: str, limit: int = MOST_RUNS, offset: int = 0, but_kind: str = "", words: str = "") -> Table:
    """Return the runs in a state (all for an empty one), the active ones first, those with all of the words.

    Those of the kind `but_kind` are left out.
    """
    states = STATE_FILTERS.get(state, ())
    page, last = list_runs(workspace(), limit, offset, states=states, but_kind=but_kind, words=words)
    rows = [RunRow(run, last.get(run.id), (), state) for run in page.items]
    files = exports("runs.runs", state=state or None)
    return Table("runs", RUN_COLUMNS, rows, "Runs", files, link=lambda row: url_for("runs.show", run_id=row.run.id))


def _with_versions(table: Table) -> Table:
    """Return a table of runs with the versions that each has saved."""
    rows = list(table.rows)
    saved = versions_of_runs(workspace(), [row.run.id for row in rows])
    return replace(table, rows=[row._replace(versions=saved.get(row.run.id, ())) for row in rows])


def epochs_table(run_id: int, epochs: Sequence[Epoch], label: str = "Epochs") -> Table:
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
    return Table(f"run_{run_id}_epochs", columns, epochs, label, files)


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
    """Return what _queue.html shows; `mark` was taken before, so that what changes meanwhile is fetched again.

    Trials of searches are left out unless the address wants them. In another order than the queue's the list is made
    of all runs that have the words.
    """
    queue, states, source = get_queue(workspace()), STATE_FILTERS.get(state, ()), query()
    with_trials = source.flag("trials")
    but_kind = "" if with_trials else TRIAL
    words, sort = source.text("search"), chosen_order(source, RUN_COLUMNS)
    if words:
        total = count_runs(workspace(), states, but_kind, words)
    else:
        total = queue.count(states) - (0 if with_trials else queue.count_trials(states))
    pages = pager(total, "runs.index", mark=None)
    if sort:
        ordered = runs_table(state, but_kind=but_kind, words=words).in_order(sort)
        table = ordered.part(pages.offset, LIST_LENGTH)
    else:
        table = runs_table(state, LIST_LENGTH, pages.offset, but_kind, words)
    to_list = replace(table, sorted_by=lambda sort: source.address("runs.index", sort=sort, offset=None, mark=None))
    return QueuePage(
        sentence=queue_sentence(queue),
        slots=slots_words(queue),
        problem=queue_problem(queue),
        starting=starting_words(queue),
        state=state,
        filters=[(name, words, _count(queue, name, with_trials)) for name, words in FILTERS.items()],
        table=_with_versions(to_list),
        pages=pages,
        poll=source.address("runs.queue", mark=mark) if queue.queued or queue.running else "",
        words=words,
        trials=queue.count_trials(states),
        with_trials=with_trials,
        trials_address=source.address("runs.index", trials=None if with_trials else 1, offset=None, mark=None),
    )


def _count(queue: Queue, state: str, with_trials: bool) -> int:
    states = STATE_FILTERS.get(state, ())
    return queue.count(states) - (0 if with_trials else queue.count_trials(states))


def run_page(detail: RunDetail) -> RunPage:
    """Return what the live part of a run's page shows."""
    run, epochs, worker = detail.run, detail.epochs, worker_state(workspace())
    table, pages, more_epochs = _epochs(run, epochs)
    sentence = training_sentence(run, epochs, detail.position)
    done, total = epochs[-1].epoch if epochs else 0, run.total if run.is_external else run.spec.training.epochs
    if run.is_external:
        sentence = external_sentence(run, epochs)
    elif not run.is_training:
        sentence, done, total = action_sentence(run, detail.position), run.done, run.total
        table = trainings_table(run) if run.repeats else differences_table(run).part(0, ROWS_SHOWN)
    mark = mark_text(detail.mark, worker, bool(run.waiting))
    baseline = baseline_of(workspace(), run.dataset) if run.is_training and epochs else None
    copy_form = url_for("store.show", to=run.request.get("to"), home=run.request.get("home"), _anchor="copy")
    return RunPage(
        run=run,
        heading=_heading(run),
        sentence=sentence,
        poll="" if run.has_ended and not is_lost(run) else query().address("runs.progress", run_id=run.id, mark=mark),
        problem=problem_words(run, worker),
        starting=waiting_words(run, worker),
        attempts=attempts_words(run),
        seconds_left=detail.seconds_left,
        done=done,
        total=total,
        versions=detail.versions,
        table=table,
        pages=pages,
        more_epochs=more_epochs,
        more_metrics=_more_metrics(run, epochs),
        can_restart=can_restart(run),
        form_address=copy_form if can_restart(run) and run.request.get("password") else "",
        baseline=score_baseline(baseline, epochs),
        nothing_learnt=learnt_words(run, baseline, epochs) if run.is_training else "",
        notes=_notes(run, epochs),
        targets=_last_targets(detail),
        spreads=spreads_table(run) if run.repeats and repeated_score(run) else None,
        explanation=repeat_explanation(run, _split_by(run)) if run.repeats else (),
        change=_change(run, detail.versions),
    )


def wants_all_metrics() -> bool:
    """Return whether the address wants all metrics of a run drawn, however many they are."""
    return query().word("metrics", ("", ALL)) == ALL


def measured(run: Run, epochs: Sequence[Epoch]) -> list[dict[str, Any]]:
    """Return what epochs measured, for the curves; of a training elsewhere whatever it has reported."""
    return [asdict(epoch) | (epoch.metrics if run.is_external else {}) for epoch in epochs]


def _more_metrics(run: Run, epochs: Sequence[Epoch]) -> tuple[str, str] | None:
    """Return what leads to the curves of all metrics, or back to the first ones, where they are many."""
    count = count_panels(measured(run, epochs)) if run.is_external else 0
    if count <= METRICS_DRAWN:
        return None
    shows_all = wants_all_metrics()
    words = f"Draw the first {METRICS_DRAWN} metrics only" if shows_all else f"Draw all {count:,} metrics"
    return words, query().address("runs.show", metrics=None if shows_all else ALL, mark=None)


def wants_all_epochs() -> bool:
    """Return whether the address wants all epochs of a run, by pages, instead of the last ones."""
    return query().word("epochs", ("", ALL)) == ALL


def _epochs(run: Run, epochs: Sequence[Epoch]) -> tuple[Table, Pager, str]:
    """Return the last epochs of a run, or a page of all of them, the latest first; and where all are, if not here."""
    pages = Pager(0, min(len(epochs), EPOCHS_SHOWN), EPOCHS_SHOWN, str)
    has_more = bool(epochs) and epochs[-1].epoch > EPOCHS_SHOWN
    table = epochs_table(run.id, epochs[::-1], "The last epochs" if has_more else "Epochs")
    if wants_all_epochs():
        table, pages = replace(table, label="All epochs"), pager(len(epochs), "runs.show", mark=None, _anchor="epochs")
        has_more = False
    where = query().address("runs.show", epochs=ALL, mark=None, _anchor="epochs") if has_more else ""
    return table.part(pages.offset, pages.length), pages, where


def _change(run: Run, versions: Sequence[int]) -> tuple[str, str] | None:
    if not run.has_ended or not run.network or len(versions) < 2:
        return None
    first, last = versions[0], versions[-1]
    where = url_for("compare.show", base=f"{run.network}:{first}", other=f"{run.network}:{last}")
    return f"What changed from v{first} to v{last}", where


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
