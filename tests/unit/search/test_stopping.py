import numpy as np
import pytest
from scipy.stats import t as student

from dashboard.errors import Invalid
from dashboard.search.stopping import STOPPING, chance_of_best, should_stop, student_cdf
from dashboard.search.studies import Past

EPOCHS = 20


def curve(reached, speed=4.0, noise=0.003, seed=0):
    epochs = np.arange(1, EPOCHS + 1)
    rng = np.random.default_rng([seed, int(1000 * reached)])
    return tuple(reached * (1.0 - np.exp(-epochs / speed)) + rng.normal(0.0, noise, EPOCHS))


FULL = [Past({}, "finished", (0.9,), curve(reached, seed=1)) for reached in np.linspace(0.6, 0.9, 10)]


def test_students_distribution_is_that_of_scipy():
    for freedom in (1.0, 3.0, 7.5, 40.0):
        for t in (-30.0, -2.0, -0.1, 0.0, 0.7, 5.0):
            assert student_cdf(t, freedom) == pytest.approx(student.cdf(t, freedom), abs=1e-6)


@pytest.mark.parametrize("rule", ["curve", "asha", "hyperband"])
def test_a_poor_trial_is_stopped_and_the_best_goes_on(rule):
    poor, good = curve(0.4, seed=2), curve(0.93, seed=2)
    numbers = range(10, 14)  # Hyperband's groups take trials by their numbers, and one of them stops late only
    assert any(
        should_stop(rule, poor[:epochs], FULL, "maximize", EPOCHS, number) for epochs in (6, 12) for number in numbers
    )
    assert not any(should_stop(rule, good[:epochs], FULL, "maximize", EPOCHS) for epochs in range(1, EPOCHS))


def test_without_a_rule_every_trial_goes_on():
    assert not should_stop("none", curve(0.1)[:10], FULL, "maximize", EPOCHS)


def test_a_loss_is_to_be_small():
    losses = [one._replace(curve=tuple(1.0 - np.array(one.curve))) for one in FULL]
    assert should_stop("curve", tuple(1.0 - np.array(curve(0.4)))[:8], losses, "minimize", EPOCHS)
    assert not should_stop("curve", tuple(1.0 - np.array(curve(0.93)))[:8], losses, "minimize", EPOCHS)


def test_no_curve_is_judged_before_eight_are_full():
    assert chance_of_best(curve(0.1)[:8], [one.curve for one in FULL[:7]]) is None
    assert not should_stop("curve", curve(0.1)[:8], FULL[:7], "maximize", EPOCHS)
    stopped = [one._replace(state="stopped") for one in FULL]
    assert not should_stop("curve", curve(0.1)[:8], stopped, "maximize", EPOCHS)


def test_the_chance_of_being_the_best_grows_with_the_curve():
    full = [one.curve for one in FULL]
    chances = [chance_of_best(curve(reached, seed=3)[:8], full) for reached in (0.5, 0.7, 0.88, 0.91, 0.97)]
    assert chances == sorted(chances)
    assert chances[0] < 0.01
    assert chances[-1] > 0.9


def test_a_curve_that_ran_away_has_no_chance():
    assert should_stop("curve", (0.3, float("nan"), float("nan")), FULL, "maximize", EPOCHS)


def test_an_unknown_rule_is_refused_with_those_that_there_are():
    with pytest.raises(Invalid, match=", ".join(STOPPING)):
        should_stop("mood", curve(0.5)[:5], FULL, "maximize", EPOCHS)
