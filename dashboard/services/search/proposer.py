"""The proposer as an ordinary network: its weights become versions as it learns from further trials.

They are listed, browsed, compared and exported like any others. Its predictions for each setting are stored with the
search, so that its page need not train it again.
"""

import numpy as np

from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import searches as search_rows
from dashboard.errors import Conflict, NotFound
from dashboard.parsing import name_with_end
from dashboard.records.network import Network, NetworkSpec
from dashboard.records.search import Search
from dashboard.search.against_random import believed_random_search
from dashboard.search.belief import Belief
from dashboard.search.proposer import NeuralSampler
from dashboard.search.studies import Proposal
from dashboard.services.networks import get_network
from dashboard.services.search.findings import correlation_of, predictions
from dashboard.services.search.view import SearchView, bounds_of
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.workspace import Workspace

MOST_VERSIONS = 100
"""A version is saved after each refit that learnt of another trial; of longer searches, a hundred in all."""
NAMES_TRIED = 9


def belief_of(search: Search, proposal: Proposal) -> Belief | None:
    """Return the model behind a proposal; None if nothing had been learnt, or for another sampler."""
    belief = proposal.sampler.belief if isinstance(proposal.sampler, NeuralSampler) else None
    if belief is not None and not search.goal.second:
        belief.bounds = bounds_of(search.goal)
    return belief


def predicted(now: SearchView, proposal: Proposal) -> dict[str, float] | None:
    """Return the predicted score of a proposal with its standard deviation, if there is a prediction.

    With two goals it learns from a mixture of both that has no unit.
    """
    belief = belief_of(now.search, proposal)
    if belief is None or now.search.goal.second:
        return None
    expected = belief.expect(proposal.params)
    return {"mean": expected.value, "sd": (expected.high - expected.low) / 2}


def save_proposer(workspace: Workspace, now: SearchView, dataset_id: int, proposal: Proposal) -> int | None:
    """Save the proposer's weights as a version, and its predictions for each setting, if it has learnt enough.

    Returns the version's number, or None.
    """
    belief = belief_of(now.search, proposal)
    learnt = sum(trial.score is not None for trial in now.candidates)
    step = max(1, now.search.budget.trials // MOST_VERSIONS)
    if belief is None or learnt < now.search.beliefs.get("trials", 0) + step:
        return None
    learned = belief.ensemble.as_network()
    network = _network(workspace, now.search, dataset_id, learned.spec)
    made = predictions(now)
    metrics = {"trials": learnt, "rank_correlation": correlation_of(made), "val_loss": _squared_error(now)}
    known = {name: value for name, value in metrics.items() if value is not None}
    draft = Draft(learned.tensors(), learned.spec, dataset_id, {}, known, {}, epoch=learnt, origin={"how": "search"})
    number = save_version(workspace, network, draft)
    settings = {
        one.name: {"values": list(one.values), "mean": one.own.tolist(), "sd": one.own_spread.tolist()}
        for one in belief.partial_dependence()
    }
    random = believed_random_search(belief, now.search.budget.trials)
    believed = {name: line.tolist() for name, line in random._asdict().items()}
    has_unit = not now.search.goal.second  # two goals are weighted differently for each proposal
    beliefs = {"trials": learnt, "version": number} | ({"settings": settings, "random": believed} if has_unit else {})
    with workspace.catalogue.writing() as connection:
        search_rows.change_search(connection, now.search.id, {"beliefs": beliefs})
    return number


def _squared_error(now: SearchView) -> float | None:
    """Return the mean squared error of the predictions since the last version, each made before its trial ran."""
    since = sum(trial.score is not None for trial in now.candidates) - now.search.beliefs.get("trials", 0)
    recent = [one for one in predictions(now) if one.score is not None][-since:]
    errors = [(one.mean - (one.score or 0.0)) ** 2 for one in recent]
    return float(np.mean(errors)) if errors else None


def _network(workspace: Workspace, search: Search, dataset_id: int, spec: NetworkSpec) -> Network:
    """Return the network whose versions are the proposer's; defined at the first, or if it was deleted."""
    if search.network:
        try:
            return get_network(workspace, search.network)
        except NotFound:
            pass  # it was deleted at this moment
    row = {
        "purpose": f"Proposes the trials of the search {search.name}: it predicts the score of a candidate.",
        "task": "regression",
        "dataset_id": dataset_id,
        "fields": {"search": search.name, "made by": "the search"},
        "spec": spec.to_json(),
    }
    for number in range(1, NAMES_TRIED + 1):
        end = "-proposer" if number == 1 else f"-proposer-{number}"
        name = name_with_end(search.name, end)
        try:
            with workspace.catalogue.writing() as connection:
                network_id = network_rows.insert_network(connection, row | {"name": name})
                search_rows.change_search(connection, search.id, {"network_id": network_id})
            return get_network(workspace, name)
        except Conflict:
            continue  # a person's network has this name
    raise Conflict(f"All names like {search.name}-proposer are taken: rename or delete one of these networks.", "name")
