"""Searches: reading what a person wants to be searched, starting, pausing, resuming, stopping, widening, deleting.

A search is driven by a run of its own (`search_driver`); what is asked of it here is a change of its row, which the
driver sees within a second. Resuming queues a new driving run: all that it has to know stands in the catalogue.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import searches as search_rows
from dashboard.declarations import declared, read, setting
from dashboard.errors import Conflict, Invalid
from dashboard.jobs.job import Job
from dashboard.jobs.starting import ensure_coordinator
from dashboard.kinds import Choice, Text, Whole
from dashboard.metrics import goals
from dashboard.parsing import LONGEST_TEXT, Fields
from dashboard.records.dataset import Dataset
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.page import Page
from dashboard.records.run import Run
from dashboard.records.run_kinds import SEARCHES
from dashboard.records.search import Budget, Goal, Search
from dashboard.records.training import TrainingSpec
from dashboard.search.samplers import DEFAULT_SAMPLER, SAMPLERS, make_sampler
from dashboard.search.space import SearchSpace
from dashboard.search.stopping import DEFAULT_STOPPING, STOPPING
from dashboard.services.datasets import chosen_dataset
from dashboard.services.networks import check_size
from dashboard.services.search.view import brief_view
from dashboard.services.workspace import Workspace
from dashboard.settings import Settings

CHANGES = {"space", "budget"}
SPACE_SETTINGS, GOAL_SETTINGS, BUDGET_SETTINGS = declared(SearchSpace), declared(Goal), declared(Budget)
DEFAULT_SPACE = SearchSpace().to_json()
SAMPLER_KINDS, STOPPING_KINDS = tuple(SAMPLERS.values()), tuple(STOPPING.values())
"""The samplers and the stopping rules: each with its name, its title and what to know of it."""


@dataclass(frozen=True)
class SearchJob(Job):
    """One attempt at driving a search; `settings` let its process open a workspace of its own."""

    target: ClassVar[str] = "dashboard.services.search.process:main"
    lane: ClassVar[str] = SEARCHES

    search_id: int
    settings: Settings = field(repr=False)


def search_job(workspace: Workspace, run: Run) -> SearchJob:
    """Return what the process of a claimed driving run needs."""
    return SearchJob(run.id, run.attempt, run.request["search_id"], workspace.settings)


@dataclass(frozen=True)
class Wanted:
    """What a person wants to be searched, after reading."""

    name: str
    dataset: Dataset
    space: SearchSpace
    goal: Goal
    budget: Budget
    purpose: str = setting(Text(LONGEST_TEXT), "", "Purpose", "What it is for, in your words.")
    sampler: str = setting(Choice({kind.name: kind.title for kind in SAMPLER_KINDS}), DEFAULT_SAMPLER, "Sampler")
    stopping: str = setting(
        Choice({kind.name: kind.title for kind in STOPPING_KINDS}, empty="as suits the goal"),
        DEFAULT_STOPPING,
        "Early stopping",
        f"With one goal: {STOPPING[DEFAULT_STOPPING].title.lower()}. With two: never.",
    )
    # Three seeds more confirm the winner.
    seed: int = setting(Whole(0, 2**31 - 5), 1, "Seed", "The same seed and metrics give the same proposals.")


SEARCH_SETTINGS = declared(Wanted)


def read_search(workspace: Workspace, data: Mapping[str, Any]) -> Wanted:
    """Read a search in the form of the JSON API; raises Invalid with a message for each wrong field."""
    fields = Fields(data)
    fields.known([field.name for field in dataclasses.fields(Wanted)])
    name, dataset = fields.name(), _dataset(workspace, fields)
    space = SearchSpace.parse(fields.inner("space"))
    goal = _goal(fields.inner("goal"), dataset.task if dataset is not None else "classification")
    budget = _budget(fields.inner("budget"), Budget())
    values = read(fields, SEARCH_SETTINGS)
    if goal.second and values["stopping"] != "none":
        if fields.data.get("stopping"):
            fields.refuse("stopping", "With a second goal no trial is stopped early: choose never (none).")
        values["stopping"] = "none"
    fields.done()
    assert dataset is not None
    check_largest(workspace, dataset, space)
    # Raises Invalid if a package is missing, or the grid is too large.
    make_sampler(values["sampler"], space, values["seed"])
    return Wanted(name, dataset, space, goal, budget, **values)


def create_search(workspace: Workspace, data: Mapping[str, Any]) -> Search:
    """Keep a new search and queue the run that drives it; raises Invalid, or Conflict if its name is taken."""
    wanted = read_search(workspace, data)
    row = {
        "name": wanted.name,
        "purpose": wanted.purpose,
        "dataset_id": wanted.dataset.id,
        "space": wanted.space.to_json(),
        "goal": asdict(wanted.goal),
        "budget": asdict(wanted.budget),
        "sampler": wanted.sampler,
        "stopping": wanted.stopping,
        "seed": wanted.seed,
        "state": "running",
    }
    try:
        with workspace.catalogue.writing() as connection:
            search_id = search_rows.insert_search(connection, row)
            search_rows.drive(connection, search_rows.get_search(connection, search_id))
    except Conflict as error:
        message = f"There is a search named {wanted.name!r} already. Choose another name."
        raise Conflict(message, "name") from error
    ensure_coordinator(workspace.settings)
    return get_search(workspace, search_id)


def get_search(workspace: Workspace, search_id: int) -> Search:
    """Return a search; raises NotFound."""
    with workspace.catalogue.reading() as connection:
        return search_rows.get_search(connection, search_id)


def count_searches(workspace: Workspace) -> tuple[int, int]:
    """Return how many searches there are, and how many of them are running."""
    with workspace.catalogue.reading() as connection:
        return search_rows.count_searches(connection)


def list_searches(
    workspace: Workspace, limit: int = 50, offset: int = 0
) -> tuple[Page[Search], dict[int, dict[str, int]]]:
    """Return a page of searches, the newest first, and how many trials of each are in which state."""
    with workspace.catalogue.reading() as connection:
        searches = search_rows.list_searches(connection, limit + 1, offset)
        counts = search_rows.count_trials(connection, [search.id for search in searches])
    return Page(searches[:limit], offset + limit if len(searches) > limit else None), counts


def pause_search(workspace: Workspace, search_id: int) -> Search:
    """Let the running trials of a search end and start no other; raises Conflict if it does not run."""
    return _ask_for(workspace, search_id, "paused", ("running",))


def stop_search(workspace: Workspace, search_id: int) -> Search:
    """Cancel the running trials of a search and start no other; raises Conflict if it has stopped already."""
    search = _ask_for(workspace, search_id, "stopped", ("running", "paused"))
    ensure_coordinator(workspace.settings)
    return search


def resume_search(workspace: Workspace, search_id: int) -> Search:
    """Let a search go on, also one that was interrupted, or whose budget was widened.

    Raises NotFound, or Conflict if it goes on already, has nothing left to spend, or was begun on a dataset without
    validation records before that was refused. What won before has to win again.
    """
    sentence, part = brief_view(workspace, search_id).nothing_left
    with workspace.catalogue.writing() as connection:
        search = search_rows.get_search(connection, search_id)
        if search.state == "running" and search.is_driven:
            raise Conflict(f"The search {search.name!r} is running already.", "search")
        if search.state == "finished" and sentence:
            raise Conflict(sentence, part)
        if problem := validation_problem(dataset_rows.get_dataset(connection, search.dataset)):
            raise Conflict(f"The dataset {search.dataset} cannot be searched. {problem}", "dataset")
        search_rows.change_search(connection, search_id, {"state": "running", "result": {}})
        if not search.is_driven:
            search_rows.drive(connection, search)
        resumed = search_rows.get_search(connection, search_id)
    ensure_coordinator(workspace.settings)
    return resumed


def change_search(workspace: Workspace, search_id: int, data: Mapping[str, Any]) -> Search:
    """Give a search another space or budget; what is not given stays. Trials outside a narrower space stay listed.

    Raises NotFound, or Invalid with a message for each wrong field. A search that is driven goes on with it at once.
    """
    search = get_search(workspace, search_id)
    with workspace.catalogue.reading() as connection:
        dataset = dataset_rows.get_dataset(connection, search.dataset)
    fields = Fields(data)
    fields.known(CHANGES)
    given = fields.inner("space")
    space = SearchSpace.parse(Fields(search.space | dict(given.data), "space", fields.errors))
    within = fields.inner("budget")
    budget = _budget(within, search.budget)
    spent = brief_view(workspace, search_id).spent
    if budget.trials < spent:
        within.refuse("trials", f"{spent:,} candidates have been tried or begun already: give at least as many.")
    fields.done()
    check_largest(workspace, dataset, space)
    with workspace.catalogue.writing() as connection:
        search_rows.get_search(connection, search_id)
        values = {"space": space.to_json(), "budget": asdict(budget)}
        if search.space != values["space"] or search.budget.epochs != budget.epochs:  # there is something to try again
            values["result"] = {name: value for name, value in search.result.items() if name != "all_tried"}
        search_rows.change_search(connection, search_id, values)
        return search_rows.get_search(connection, search_id)


def delete_search(workspace: Workspace, search_id: int) -> None:
    """Remove a search with its trials and their runs; the networks that came of it stay.

    Raises NotFound, or Conflict while a run of it is active.
    """
    with workspace.catalogue.writing() as connection:
        search = search_rows.get_search(connection, search_id)
        if search_rows.running_searches(connection, search_id):
            raise Conflict(f"The search {search.name!r} has running trials: stop it first.", "search")
        search_rows.delete_search(connection, search_id)


def base_training(search: Search, dataset: Dataset, seed: int) -> TrainingSpec:
    """Return what all candidates of a search have in common: the best epoch's weights count, inputs are standardised.

    A run of the same spec ends with the same bits, which is how any trial becomes a network afterwards.
    """
    loss = "cross_entropy" if search.task == "classification" else "squared_error"
    loss = "binary_cross_entropy" if dataset.has_groups else loss
    goal = search.goal.metric.removeprefix("val_")
    return TrainingSpec(
        loss=loss,
        epochs=search.budget.epochs,
        seed=seed,
        initializer="he_uniform",
        scaling="standard",
        save="best",
        best_by="loss" if goal == "accuracy" else goal,  # many epochs are equally accurate, and differ by the loss
    )


def sizes(dataset: Dataset) -> tuple[int, int]:
    """Return how many numbers go into a network for a dataset, and how many come out."""
    outputs = len(dataset.description["classes"]) if dataset.task == "classification" else len(dataset.targets)
    return len(dataset.description["inputs"]), outputs


def check_largest(workspace: Workspace, dataset: Dataset, space: SearchSpace) -> None:
    """Refuse a space whose largest network has more parameters than the limit; raises Invalid naming both."""
    inputs, outputs = sizes(dataset)
    hidden = [LayerSpec(int(space.units.high))] * int(space.layers.high)
    try:
        check_size(NetworkSpec(inputs, (*hidden, LayerSpec(outputs))), workspace.settings.max_parameters)
    except Invalid as error:
        raise Invalid({"space.units": f"The largest candidate is too large. {error.message}"}) from error


def _ask_for(workspace: Workspace, search_id: int, state: str, before: tuple[str, ...]) -> Search:
    with workspace.catalogue.writing() as connection:
        search = search_rows.get_search(connection, search_id)
        if search.state not in before:
            raise Conflict(f"The search {search.name!r} is {search.state} already.", "search")
        search_rows.change_search(connection, search_id, {"state": state})
        if state == "stopped" and not search.is_driven and search_rows.running_searches(connection, search_id):
            search_rows.drive(connection, search)  # somebody has to end what its last driver left running
        return search_rows.get_search(connection, search_id)


def _dataset(workspace: Workspace, fields: Fields) -> Dataset | None:
    dataset = chosen_dataset(workspace, fields)
    if dataset is not None and (problem := validation_problem(dataset)):
        fields.refuse("dataset", problem)
    return dataset


def validation_problem(dataset: Dataset) -> str:
    """Return why no trial can be scored on a dataset, and what to do; empty if it has validation records."""
    if dataset.description["split"]["validation"]:
        return ""
    if dataset.spec["validation"]:
        least = "Upload more records, or give validation a larger share."
        return f"Of its {dataset.rows:,} records none is left for validation, on which trials are scored. {least}"
    return "It has no validation part to score trials on: add the data with a validation share."


def _goal(fields: Fields, task: str) -> Goal:
    fields.known(GOAL_SETTINGS)
    metrics = goals(task)
    return Goal(fields.choice("metric", metrics[0], metrics), GOAL_SETTINGS["second"].kind.read(fields, "second", ""))


def _budget(fields: Fields, base: Budget) -> Budget:
    fields.known(BUDGET_SETTINGS)
    return Budget(**read(fields, BUDGET_SETTINGS, asdict(base)))
