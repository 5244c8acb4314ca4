"""The sampler that is a network: it learns from trials what a candidate may score, and proposes the best bet.

The first candidates are points of Sobol's sequence. From then on, at each proposal, an ensemble is trained from scratch
on all trials (running ones count as ordinary: *liars*, so that two proposals at a time differ). Of many candidates,
random ones and mutants of the best, the one with the highest expected improvement is taken after a local refinement.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from dashboard.search.acquisition import log_expected_improvement
from dashboard.search.belief import Belief
from dashboard.search.encoding import Array, Condition, Encoding
from dashboard.search.ensemble import Ensemble
from dashboard.search.goals import is_usable, one_number
from dashboard.search.moves import mutants, neighbours, random_candidates, untried
from dashboard.search.scores import Scores
from dashboard.search.sobol import sobol_point

FIRST = 10
FEWEST = 4
RANDOM = 300
MUTANTS = 700
PARENTS = 10
ROUNDS = 2
REFINED = 10
NEIGHBOURS = 10
CAP = 0.9


class NeuralSampler(BaseSampler):
    """Optuna's interface to the proposer; `conditions` says which settings count only with others.

    Without `distributions` it proposes what all trials so far have in common, as Optuna's own samplers do. Proposals
    depend on the seed, the trial's number and the trials before it alone. After each, `belief` is what it was based
    on, or None if it was a point of Sobol's sequence.
    """

    def __init__(
        self,
        distributions: Mapping[str, BaseDistribution] | None = None,
        conditions: Mapping[str, Condition] | None = None,
        seed: int = 0,
    ) -> None:
        self.distributions = None if distributions is None else dict(distributions)
        self.conditions = dict(conditions or {})
        self.seed = seed
        self.random = RandomSampler(seed)
        self.common = IntersectionSearchSpace(include_pruned=True)
        self.belief: Belief | None = None

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return every parameter: a candidate is proposed as a whole, and what does not count is left out."""
        return self.common.calculate(study) if self.distributions is None else self.distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the candidate that promises most, or a point of Sobol's sequence while little is known."""
        self.belief = None
        space = {name: one for name, one in search_space.items() if not one.single()}
        if not space:
            return {}
        encoding = Encoding(space, self.conditions)
        known = [one for one in study.get_trials(deepcopy=False) if one.number != trial.number]
        done = [one for one in known if is_usable(one)]
        if trial.number < FIRST or len(done) < FEWEST:
            return encoding.params(encoding.snap(sobol_point(trial.number, len(space), self.seed)[None])[0])
        running = [one for one in known if one.state is TrialState.RUNNING and one.params]
        genes = encoding.snap(encoding.genes([one.params for one in (*done, *running)]))
        rng = np.random.default_rng([self.seed, trial.number])
        scores = Scores(one_number(study.directions, done, rng))
        sign = -1.0 if study.directions == [StudyDirection.MINIMIZE] else 1.0
        self.belief = _learn(encoding, genes, scores, sign, self.seed)
        return encoding.params(best_bet(self.belief, genes, scores.normal, rng))

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:  # noqa: ANN401 - Optuna's signature
        """Draw at random what was not known of when the trial began."""
        return self.random.sample_independent(study, trial, param_name, param_distribution)


def _learn(encoding: Encoding, genes: Array, scores: Scores, sign: float, seed: int) -> Belief:
    """Train the ensemble on finished trials and, after them, running ones, which count as average (constant liar).

    It begins with the same weights at each proposal: what differs between two of its versions is what it has learnt.
    """
    average = np.zeros(len(genes) - len(scores.normal))
    ensemble = Ensemble(encoding.encode(genes), np.concatenate([scores.normal, average]), seed)
    return Belief(encoding, ensemble, scores, sign)


def best_bet(belief: Belief, tried: Array, normal: Array, rng: np.random.Generator) -> Array:
    """Return the genes (settings,) with the highest expected improvement, refined over ROUNDS rounds.

    What was tried (trials, settings) is not proposed again as long as there is anything else. Improvement is over the
    best *prediction* of what was tried, for the best score of noisy ones is luck. A prediction is least sure at the
    edges of the space, which would draw all bets there: none counts as less sure than CAP of the random candidates.
    """
    encoding = belief.encoding
    anywhere = random_candidates(encoding, RANDOM, rng)
    parents = tried[np.argsort(-normal, kind="stable")[:PARENTS]]
    most = float(np.quantile(belief.predict(anywhere).spread, CAP))
    best = float(belief.predict(tried).mean.max())
    pool = np.vstack([anywhere, mutants(encoding, parents, MUTANTS, rng)])
    pool = _untried_if_any(pool, tried)
    for _ in range(ROUNDS):
        top = pool[np.argsort(-_gain(belief, pool, best, most), kind="stable")[:REFINED]]
        pool = _untried_if_any(np.vstack([top, neighbours(encoding, top, NEIGHBOURS, rng)]), tried)
    chosen: Array = pool[np.argmax(_gain(belief, pool, best, most))]
    return chosen


def _gain(belief: Belief, genes: Array, best: float, most: float) -> Array:
    expected = belief.predict(genes)
    return log_expected_improvement(expected.mean, np.minimum(expected.spread, most), best)


def _untried_if_any(candidates: Array, tried: Array) -> Array:
    new = untried(candidates, tried)
    return new if len(new) else candidates
