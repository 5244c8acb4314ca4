"""Runs: starting, cancelling, watching."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import run_marks
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import searches as search_rows
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.run_marks import RunMark
from dashboard.errors import Conflict, Invalid, Outage
from dashboard.jobs.starting import ensure_coordinator
from dashboard.parsing import Fields
from dashboard.records.dataset import Dataset
from dashboard.records.network import Network, check_combination
from dashboard.records.page import Page
from dashboard.records.run import ENDED_STATES, PRIORITIES, RESUMABLE_STATES, STARTED_BY_LENGTH, Epoch, Run
from dashboard.records.training import TRAINING_SETTINGS, TrainingSpec, parse_training
from dashboard.services.datasets import require_records
from dashboard.services.runs import passwords, stop_requests
from dashboard.services.runs.queue import waiting_runs
from dashboard.services.suggestion import check_reach
from dashboard.services.versions.reading import get_version
from dashboard.services.workspace import Workspace

PARENT_GONE = "The version that this run trained on from was deleted: start a new run."


@dataclass(frozen=True)
class RunDetail:
    """A run with its epochs, the numbers of the versions that it wrote, and what its page is known by."""

    run: Run
    epochs: list[Epoch]
    versions: list[int]
    mark: RunMark

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes; None if unknown."""
        return seconds_left(self.run, self.epochs)

    @property
    def position(self) -> int | None:
        """Its position in the queue, from 1; None if it is not queued."""
        return self.mark.turn or None


def start_run(
    workspace: Workspace, network_name: str, overrides: Mapping[str, Any], started_by: str = "", path: str = ""
) -> Run:
    """Queue a training of a network; `overrides` are training settings, `parent` (a version to train on), `priority`.

    `started_by` says who started it, for people to read; `path` by what it is to be computed (`engine.paths`) where
    that is not left to the settings. Raises NotFound, Conflict without the dataset's records, or
    Invalid with a message for each wrong field.
    """
    network, dataset = trainable(workspace, network_name)
    fields = Fields(overrides)
    fields.known({*TRAINING_SETTINGS, "parent", "priority"})
    training = read_training(fields, network, dataset)
    parent_number = fields.integer("parent", 0, 1, 2**31 - 1)
    priority = fields.integer("priority", 0, PRIORITIES[0], PRIORITIES[-1])
    fields.done()
    parent = get_version(workspace, network_name, parent_number) if parent_number else None
    if parent is not None and training.dtype != parent.spec.training.dtype:
        raise Invalid({"dtype": f"{parent.reference} is {parent.spec.training.dtype}: training on keeps its dtype."})
    row = {
        "network_id": network.id,
        "dataset_id": dataset.id,
        "parent_id": parent.id if parent is not None else None,
        "spec": replace(network.spec, training=training).to_json(),
        "total": training.epochs,
        "priority": priority,
        "started_by": started_by[:STARTED_BY_LENGTH],
        "result": {"path": path} if path else {},
    }
    with workspace.catalogue.writing() as connection:
        network_rows.get_network(connection, network_name)  # raises NotFound if it was put into the trash meanwhile
        if parent is not None:
            version_rows.get_version(connection, network_name, parent_number)
        run_id = run_rows.insert_run(connection, row)
    ensure_coordinator(workspace.settings)
    return get_run(workspace, run_id).run


def trainable(workspace: Workspace, network_name: str) -> tuple[Network, Dataset]:
    """Return a network and the dataset that it trains on; raises NotFound, or Conflict where it cannot be trained."""
    with workspace.catalogue.reading() as connection:
        network = network_rows.get_network(connection, network_name)
        if network.why_not_trained:
            raise Conflict(network.why_not_trained, "network")
        dataset = dataset_rows.get_dataset(connection, network.dataset)
    require_records(workspace, dataset)
    if message := why_not_trained(network, dataset):
        raise Conflict(message, "network")
    return network, dataset


def read_training(fields: Fields, network: Network, dataset: Dataset) -> TrainingSpec:
    """Return the settings of a training: the network's own, but for those that are given; notes what is wrong."""
    given = {name: value for name, value in fields.data.items() if name in TRAINING_SETTINGS}
    training = parse_training(Fields(given, "", fields.errors), network.spec.training)
    output = network.spec.layers[-1]
    check_combination(fields, output, training, network.task, dataset.has_validation, dataset.has_groups)
    # A run's settings are given by themselves, not within a definition.
    fields.errors = {path.removeprefix("training."): message for path, message in fields.errors.items()}
    if training.scaling != network.spec.training.scaling:  # networks of before keep what they were defined with
        check_reach(fields, "scaling", network.spec.layers[-1], training, dataset)
    return training


def get_run(workspace: Workspace, run_id: int, since: int = 0) -> RunDetail:
    """Return a run with its epochs after `since`; raises NotFound."""
    with workspace.catalogue.reading() as connection:
        run = run_rows.get_run(connection, run_id)
        epochs = run_rows.list_epochs(connection, run_id, since)
        versions = version_rows.versions_of_run(connection, run_id)
        mark = run_marks.run_mark(connection, run_id)
    return RunDetail(_with_waiting(workspace, [run])[0], epochs, versions, mark)


def watch_run(workspace: Workspace, run_id: int, last: int) -> RunDetail:
    """Return a run with its `last` epochs, or with all once it has ended: it is polled every second until then.

    Raises NotFound.
    """
    with workspace.catalogue.reading() as connection:
        mark = run_marks.run_mark(connection, run_id)
    return get_run(workspace, run_id, 0 if mark.state in ENDED_STATES else max(mark.done - last, 0))


def seconds_left(run: Run, epochs: Sequence[Epoch]) -> float | None:
    """Return how long a running run's rest takes if what comes takes as long as what was before; None if unknown.

    `epochs` are the last ones that it has.
    """
    if run.state != "running":
        return None
    if run.is_external and run.total and any(epoch.seconds for epoch in epochs[-5:]):
        known = [epoch.seconds for epoch in epochs[-5:] if epoch.seconds]
        return sum(known) / len(known) * max(run.total - run.done, 0)
    if not run.is_training:
        return _action_seconds_left(run)
    if not epochs:
        return None
    recent = [epoch.seconds or 0.0 for epoch in epochs[-5:]]
    return sum(recent) / len(recent) * max(run.spec.training.epochs - epochs[-1].epoch, 0)


def list_runs(
    workspace: Workspace,
    limit: int = 50,
    offset: int = 0,
    network: str | None = None,
    states: Collection[str] = (),
    but_kind: str = "",
    words: str = "",
) -> tuple[Page[Run], dict[int, Epoch]]:
    """Return a page of runs (in these states, active ones first) and the last epoch of each that has one.

    Those of the kind `but_kind`, and those without these `words`, are left out.
    """
    with workspace.catalogue.reading() as connection:
        runs = run_rows.list_runs(connection, limit + 1, offset, network, states, but_kind, words)
        last = run_rows.last_epochs(connection, [run.id for run in runs])
    return Page(_with_waiting(workspace, runs[:limit]), offset + limit if len(runs) > limit else None), last


def count_runs(workspace: Workspace, states: Collection[str], but_kind: str, words: str) -> int:
    """Return how many runs `list_runs` pages through."""
    with workspace.catalogue.reading() as connection:
        return run_rows.count_matching(connection, states, but_kind, words)


def _with_waiting(workspace: Workspace, runs: Sequence[Run]) -> list[Run]:
    waiting = waiting_runs(workspace) if any(run.state == "running" for run in runs) else {}
    return [replace(run, waiting=waiting.get(run.id, "")) if run.state == "running" else run for run in runs]


def cancel_run(workspace: Workspace, run_id: int) -> Run:
    """Request that a run stops; what it has learnt up to its last whole epoch is saved as a version.

    Raises NotFound, or Conflict if it has ended already. While the catalogue cannot be written, a file
    passes it on to the worker, and Outage is raised: that the run has ended is seen only later.
    """
    try:
        return _cancel(workspace, run_id)
    except Outage as outage:
        stop_requests.ask(workspace.settings.home_folder, run_id)
        raise Outage(f"Run {run_id} is being stopped; that is written down as soon as possible. {outage}") from outage


def _cancel(workspace: Workspace, run_id: int) -> Run:
    with workspace.catalogue.writing() as connection:
        run = run_rows.get_run(connection, run_id)
        if run.has_ended:
            raise Conflict(f"Run {run_id} has ended already ({run.state}).", "run")
        run_rows.request_cancel(connection, run_id)
        run = run_rows.get_run(connection, run_id)
        if run.has_ended:
            search_rows.pause_if_cancelled(connection, run_id)
    if run.has_ended:  # it was queued: nobody will read its password
        passwords.discard(workspace.settings.home_folder, run_id)
    return run


def restart_run(workspace: Workspace, run_id: int, started_by: str = "") -> Run:
    """Queue a new run with the settings of one that has ended; raises NotFound or Conflict.

    What needs a password is not started so: the password was for one run and is stored nowhere.
    """
    with workspace.catalogue.writing() as connection:
        run = run_rows.get_run(connection, run_id)
        if not run.has_ended:
            raise Conflict(f"Run {run_id} is still {run.state}.", "run")
        _refuse_run_of_search(run)
        if run.is_external:
            raise Conflict(f"Run {run_id} runs elsewhere: start its program there again.", "run")
        if run.request.get("password"):
            raise Conflict("This copy needs the password of its target again: start it from the Store page.", "run")
        if run_rows.has_lost_parent(connection, run_id):
            raise Conflict(PARENT_GONE, "run")
        new_id = run_rows.copy_run(connection, run_id, started_by[:STARTED_BY_LENGTH])
    ensure_coordinator(workspace.settings)
    return get_run(workspace, new_id).run


def resume_run(workspace: Workspace, run_id: int) -> Run:
    """Resume a training that ended before its goal from its checkpoint; raises NotFound, or Conflict without one."""
    with workspace.catalogue.writing() as connection:
        run = run_rows.get_run(connection, run_id)
        _refuse_run_of_search(run)
        if not run.can_resume:
            reason = "has no checkpoint (any more)" if run.state in RESUMABLE_STATES else f"is {run.state}"
            raise Conflict(f"Run {run_id} cannot be resumed: it {reason}. Start it again from its beginning.", "run")
        if run_rows.has_lost_parent(connection, run_id):
            raise Conflict(PARENT_GONE, "run")
        run_rows.resume_run(connection, run_id)
    ensure_coordinator(workspace.settings)
    return get_run(workspace, run_id).run


def why_not_trained(network: Network, dataset: Dataset | None) -> str:
    """Say in a sentence why a person cannot train a network on the records of its dataset; empty if one can."""
    if dataset is None or network.why_not_trained:
        return network.why_not_trained
    if not dataset.has_records or network.spec.inputs == len(dataset.description["inputs"]):
        return ""
    return f"{network.name} does not read {dataset.name}: it is trained by the search that it proposes for."


def _refuse_run_of_search(run: Run) -> None:
    if run.is_of_search:
        raise Conflict(f"Resume the search {run.request['search']!r} instead: it starts what it needs.", "run")


def set_priority(workspace: Workspace, run_id: int, data: Mapping[str, Any]) -> Run:
    """Give a queued run another `priority` (1 high, 0 normal, -1 low); raises Invalid, NotFound or Conflict."""
    fields = Fields(data)
    fields.known({"priority"})
    if fields.data.get("priority") in (None, ""):
        fields.refuse("priority", "Give 1 (high), 0 (normal) or -1 (low).")
    priority = fields.integer("priority", 0, PRIORITIES[0], PRIORITIES[-1])
    fields.done()
    with workspace.catalogue.writing() as connection:
        run = run_rows.get_run(connection, run_id)
        if not run_rows.set_priority(connection, run_id, priority):
            raise Conflict(f"Run {run_id} is not queued any more: it is {run.state}.", "run")
        return run_rows.get_run(connection, run_id)


def _action_seconds_left(run: Run) -> float | None:
    if not run.done or not run.total or run.started is None or run.heartbeat is None:
        return None
    return (run.heartbeat - run.started).total_seconds() / run.done * max(run.total - run.done, 0)
