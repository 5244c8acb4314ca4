"""A space that is quick to search, and a score in it whose best is known."""

import math

import optuna

from dashboard.search.ranges import Range
from dashboard.search.space import SearchSpace
from dashboard.search.studies import Past, propose

SPACE = SearchSpace(
    layers=Range(1, 3), units=Range(4, 64, log=True), activation=("tanh", "relu"), dropout=Range(0.0, 0.5),
    batch_size=(16, 32, 64), optimizer=("sgd", "adam"), schedule=("constant",),
)  # fmt: skip


def score(params):
    """Return a score whose highest is 0, at a rate of 0.01 and two layers of tanh; the widths say nothing."""
    rate = (math.log10(params["learning_rate"]) + 2.0) ** 2
    return -rate - abs(params["layers"] - 2) - (params["activation"] == "relu")


def drawn(trials, seed=1):
    """Return random trials."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    drawn = [SPACE.suggest(study.ask()) for _ in range(trials)]
    return [Past(params, "finished", (score(params),)) for params in drawn]


def searched(sampler, trials, seed=1, space=SPACE, goal=score, direction="maximize"):
    """Return the trials of a whole search, and the last proposal."""
    past = []
    for _ in range(trials):
        proposal = propose(space, sampler, seed, [direction], past)
        past.append(Past(proposal.params, "finished", (goal(proposal.params),)))
    return past, proposal
