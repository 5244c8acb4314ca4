"""What a search tries next: a candidate that none of its trials has trained, whatever was changed in between."""

from collections.abc import Mapping

from dashboard.catalogue import searches as search_rows
from dashboard.records.dataset import Dataset
from dashboard.records.network import NetworkSpec
from dashboard.records.search import Trial
from dashboard.search.space import Params, SearchSpace
from dashboard.search.untried import Choice, choose, same_weights
from dashboard.services.search.requests import base_training, sizes
from dashboard.services.search.view import SearchView, directions
from dashboard.services.workspace import Workspace


def spec_of(now: SearchView, dataset: Dataset, params: Params) -> NetworkSpec:
    """Return the definition that a candidate of a search trains."""
    search, space = now.search, SearchSpace.from_json(now.search.space)
    return space.spec(params, base_training(search, dataset, search.seed), *sizes(dataset), search.task)


def weights_of(workspace: Workspace, dataset: Dataset, trials: list[Trial]) -> dict[int, NetworkSpec]:
    """Return trial number -> what is equal for all trials that train to the same weights (`same_weights`)."""
    with workspace.catalogue.reading() as connection:
        specs = search_rows.specs_of(connection, [trial.run_id for trial in trials])
    return {trial.number: same_weights(specs[trial.run_id], _records(dataset)) for trial in trials}


def next_candidate(now: SearchView, dataset: Dataset, weights: Mapping[int, NetworkSpec]) -> Choice:
    """Return what to try next, given what trials train (`weights_of`).

    What a person cancelled comes last: only where nothing else is left to try.
    """
    search, space = now.search, SearchSpace.from_json(now.search.space)
    begun = {weights[trial.number] for trial in now.candidates}
    tried = {weights[trial.number] for trial in now.candidates if trial.state != "cancelled"}
    records = _records(dataset)

    def definition(params: Params) -> NetworkSpec:
        return same_weights(spec_of(now, dataset, params), records)

    arguments = (space, search.sampler, search.seed, directions(search.goal), now.past(), definition)
    choice = choose(*arguments, begun)
    return choice if choice.proposal is not None or begun == tried else choose(*arguments, tried)


def _records(dataset: Dataset) -> int:
    return int(dataset.description["split"]["train"])
