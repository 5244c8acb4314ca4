import math
from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from scipy.stats import norm, qmc
from search_examples import SPACE, drawn, score, searched

from dashboard.search.acquisition import log_expected_improvement
from dashboard.search.encoding import Condition, Encoding
from dashboard.search.ensemble import Ensemble, fit_head
from dashboard.search.moves import mutants, random_candidates, untried
from dashboard.search.scores import Scores
from dashboard.search.sobol import BITS, MOST_DIMENSIONS, _bits, sobol_point
from dashboard.search.studies import Past, propose

pytestmark = pytest.mark.slow

ENCODING = Encoding(
    {
        "depth": IntDistribution(1, 3),
        "units": IntDistribution(4, 500, log=True),
        "rate": FloatDistribution(1e-4, 1.0, log=True),
        "share": FloatDistribution(0.0, 1.0, step=0.25),
        "word": CategoricalDistribution(("a", "b", "c")),
        "count": CategoricalDistribution((64, 8, 16)),
    },
    {"units": Condition("depth", (2, 3)), "rate": Condition("word", ("b",))},
)


@pytest.fixture(scope="module")
def learnt():
    return searched("neural", 26)


def test_the_points_of_sobol_are_those_of_scipy():
    ours = [[_bits(number, dimension) / 2**BITS for dimension in range(MOST_DIMENSIONS)] for number in range(64)]
    np.testing.assert_array_equal(ours, qmc.Sobol(MOST_DIMENSIONS, scramble=False, bits=BITS).random(64))


def test_the_first_eight_points_have_each_eighth_of_each_setting_once():
    points = np.array([sobol_point(number, 30, seed=5) for number in range(8)])
    for column in points.T[:MOST_DIMENSIONS]:
        assert sorted((column * 8).astype(int)) == list(range(8))
    assert not np.array_equal(points[0], sobol_point(0, 30, seed=6))


def test_a_candidate_goes_through_its_genes_unchanged():
    genes = random_candidates(ENCODING, 200, np.random.default_rng(1))
    candidates = [ENCODING.params(row) for row in genes]
    again = [ENCODING.params(row) for row in ENCODING.snap(ENCODING.genes(candidates))]
    for one, other in zip(candidates, again, strict=True):
        assert one.keys() == other.keys()
        rates = one.pop("rate", 1.0), other.pop("rate", 1.0)
        assert rates[0] == pytest.approx(rates[1], rel=1e-9)
        assert one == other


def test_each_level_is_as_likely_as_its_range_says():
    genes = random_candidates(ENCODING, 3000, np.random.default_rng(2))
    shares = [ENCODING.params(row)["share"] for row in genes]
    assert sorted(set(shares)) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert all(shares.count(level) == pytest.approx(600, abs=90) for level in set(shares))


def test_what_does_not_count_says_nothing_to_the_network():
    shallow = ENCODING.genes([{"depth": 1, "share": 0.5, "word": "a", "count": 8}])
    other = shallow.copy()
    other[0, 1:3] = 0.9
    np.testing.assert_array_equal(ENCODING.encode(shallow), ENCODING.encode(other))
    assert "units" not in ENCODING.params(other[0])
    features = dict(zip(ENCODING.features, ENCODING.encode(shallow)[0], strict=True))
    assert (features["units"], features["units counts"], features["rate counts"]) == (0.0, 0.0, 0.0)


def test_numbers_to_choose_from_lie_in_their_order():
    genes = ENCODING.genes([{"depth": 1, "share": 0.5, "word": "a", "count": count} for count in (8, 16, 64)])
    places = ENCODING.encode(genes)[:, ENCODING.features.index("count")]
    assert places[0] < places[1] == 0.0 < places[2]


def test_the_expected_improvement_is_that_of_its_formula_and_tells_apart_what_is_hopeless():
    mean, spread = np.array([0.3, -1.0, 2.0]), np.array([0.5, 0.7, 0.1])
    z = (mean - 1.0) / spread
    expected = spread * (norm.pdf(z) + z * norm.cdf(z))
    np.testing.assert_allclose(log_expected_improvement(mean, spread, 1.0), np.log(expected), rtol=1e-9, atol=1e-12)
    hopeless = log_expected_improvement(np.array([-20.0, -35.0, -36.0, -90.0]), np.ones(4), 0.0)
    assert np.all(np.isfinite(hopeless))
    assert np.all(np.diff(hopeless) < 0)


def test_scores_count_by_their_order_and_lead_back_to_their_own_unit():
    scores = Scores(np.array([0.2, 9000.0, 0.5, 0.2]))
    assert scores.normal[0] == scores.normal[3] < scores.normal[2] < scores.normal[1]
    for value, normal in zip(scores.values, scores.normal, strict=True):
        assert scores.own(normal) == pytest.approx(value)
    assert scores.own(scores.normal[0] - 0.1) < 0.2


def test_a_head_is_the_posterior_of_a_bayesian_regression():
    rng = np.random.default_rng(3)
    hidden = np.hstack([np.tanh(rng.normal(size=(30, 8))), np.ones((30, 1))])
    scores = hidden @ rng.normal(size=9) + rng.normal(0.0, 0.3, 30)
    head = fit_head(hidden, scores)
    covariance = head.root @ head.root.T
    precision = np.linalg.inv(covariance) * head.noise
    np.testing.assert_allclose(
        precision - hidden.T @ hidden, np.eye(9) * (precision - hidden.T @ hidden)[0, 0], atol=1e-6
    )
    np.testing.assert_allclose(head.mean, np.linalg.solve(precision, hidden.T @ scores), atol=1e-8)
    assert 0.03 < head.noise < 0.4


def test_the_ensemble_is_one_ordinary_network_that_says_the_members_mean():
    rng = np.random.default_rng(4)
    features = rng.normal(size=(20, 5))
    ensemble = Ensemble(features, features[:, 0], seed=1)
    network = ensemble.as_network()
    assert [layer.units for layer in network.spec.layers] == [192, 192, 1]
    assert network.tensors()["layer_02.weight"][:48, 48:].any() == np.False_
    np.testing.assert_allclose(network.predict(features)[:, 0], ensemble.predict(features).mean, atol=1e-4)


def test_the_ensemble_is_less_sure_where_it_knows_nothing():
    rng = np.random.default_rng(5)
    features = rng.uniform(-1.0, 1.0, (40, 3))
    ensemble = Ensemble(features, np.sin(2 * features[:, 0]), seed=1)
    near, far = ensemble.predict(features), ensemble.predict(features + 4.0)
    assert np.corrcoef(near.mean, np.sin(2 * features[:, 0]))[0, 1] > 0.9
    assert far.spread.mean() > 1.5 * near.spread.mean()


def test_mutants_lie_in_the_space_near_their_parents():
    rng = np.random.default_rng(6)
    parents = random_candidates(ENCODING, 5, rng)
    children = mutants(ENCODING, parents, 300, rng)
    np.testing.assert_allclose(ENCODING.snap(children), children, atol=1e-12)
    changed = [min(np.sum(child != parent) for parent in parents) for child in children]
    assert 0.5 < np.mean(changed) < 3.0
    assert len(untried(children, children[:7])) < len(children)


def test_every_proposal_is_a_candidate_of_the_space_and_none_comes_twice(learnt):
    past, _ = learnt
    assert all(SPACE.holds(one.params) for one in past)
    assert len({str(sorted(one.params.items())) for one in past}) == len(past)


def test_the_same_trials_give_the_same_proposal_and_another_seed_another(learnt):
    past, last = learnt
    assert propose(SPACE, "neural", 1, ["maximize"], past[:-1]).params == last.params
    assert propose(SPACE, "neural", 2, ["maximize"], past[:-1]).params != last.params


def test_what_it_proposes_is_better_than_what_random_search_finds(learnt):
    past, _ = learnt
    random = drawn(26)
    ours, theirs = ([one.values[0] for one in trials[10:]] for trials in (past, random))
    assert np.median(ours) > np.median(theirs) + 0.5
    assert max(ours) > -0.1


def test_it_knows_afterwards_what_matters(learnt):
    _, last = learnt
    swing = {one.name: np.ptp(one.mean) for one in last.sampler.belief.partial_dependence()}
    assert set(swing) == set(SPACE.distributions())
    assert max(swing, key=swing.get) in {"learning_rate", "layers", "activation"}
    activation = next(one for one in last.sampler.belief.partial_dependence() if one.name == "activation")
    assert dict(zip(activation.values, activation.own, strict=True))["tanh"] > activation.own[1]


def test_an_expectation_is_told_in_the_goals_own_unit(learnt):
    _, last = learnt
    expected = last.sampler.belief.expect(last.params)
    assert expected.low < expected.value < expected.high
    assert expected.value == pytest.approx(score(last.params), abs=1.0)
    _, last = searched("neural", 14, goal=lambda params: -score(params), direction="minimize")
    expected = last.sampler.belief.expect(last.params)
    assert expected.low < expected.value < expected.high
    assert expected.value == pytest.approx(-score(last.params), abs=2.0)


def test_a_running_trial_keeps_the_next_proposal_from_being_the_same():
    past = drawn(12)
    first = propose(SPACE, "neural", 1, ["maximize"], past)
    second = propose(SPACE, "neural", 1, ["maximize"], [*past, Past(first.params, "running")])
    assert second.params != first.params


def test_failed_stopped_and_strange_trials_do_not_stop_a_search():
    past = drawn(12)
    past[0] = Past(past[0].params, "failed")
    past[1] = Past(past[1].params, "stopped", (-3.0,), (-5.0, -3.0))
    past[2] = Past(past[2].params, "finished", (math.nan,))
    past[3] = Past({"layers": 99}, "finished", (1.0,))
    proposal = propose(SPACE, "neural", 1, ["maximize"], past)
    assert SPACE.holds(proposal.params)
    sampler: Any = proposal.sampler
    assert len(sampler.belief.scores.values) == 9


def test_with_two_goals_proposals_look_in_different_directions_of_the_front():
    past = drawn(12)
    both = [one._replace(values=(one.values[0], float(one.params["units_1"]))) for one in past]
    proposals = [propose(SPACE, "neural", seed, ["maximize", "minimize"], both) for seed in range(2)]
    assert all(SPACE.holds(one.params) for one in proposals)
    samplers: list[Any] = [one.sampler for one in proposals]
    values = [sampler.belief.scores.values for sampler in samplers]
    assert not np.array_equal(np.argsort(values[0]), np.argsort(values[1]))
