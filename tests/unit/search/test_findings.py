import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from search_examples import SPACE, drawn, searched

from dashboard.errors import Invalid
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec
from dashboard.search.against_random import believed_random_search
from dashboard.search.findings import epochs_of, importances, pareto_front, rank_correlation
from dashboard.search.studies import Past
from dashboard.search.together import is_quicker, on_seeds

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("way", ["ped_anova", "fanova"])
def test_the_settings_that_matter_are_named_first(way):
    past = drawn(60)
    found = importances(SPACE, ["maximize"], past, way)
    assert found[0].name in {"learning_rate", "activation", "layers"}
    assert sum(one.share for one in found) == pytest.approx(1.0)


def test_few_trials_say_nothing_of_importance():
    past = drawn(7)
    assert importances(SPACE, ["maximize"], past) == []
    with pytest.raises(Invalid, match="ped_anova"):
        importances(SPACE, ["maximize"], [*past, *past], "tea_leaves")


@pytest.mark.soak
def test_with_few_trials_of_a_setting_importances_say_nothing_in_the_log():
    code = "from search_examples import SPACE, drawn; from dashboard.search.findings import importances; "
    code += "[importances(SPACE, ['maximize'], drawn(8, seed)) for seed in range(3)]"
    paths = {"PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parents[3]}"}
    command = [sys.executable, "-W", "always", "-c", code]
    done = subprocess.run(command, env=paths, capture_output=True, text=True, check=True)
    assert "regimes" not in done.stderr


def test_two_goals_have_importances_too():
    past = drawn(30)
    both = [one._replace(values=(one.values[0], float(one.params["units_1"]))) for one in past]
    assert "units_1" in {one.name for one in importances(SPACE, ["maximize", "minimize"], both)[:6]}


def test_a_rank_correlation_sees_the_order_only():
    assert rank_correlation([1, 2, 3, 4], [10, 100, 1000, 10**9]) == pytest.approx(1.0)
    assert rank_correlation([1, 2], [1, 2]) is None
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None


def test_the_front_holds_what_nothing_beats():
    values = [(0.9, 100), (0.8, 10), (0.7, 50), (0.95, 400), (0.8, 10)]
    assert pareto_front(values, ["maximize", "minimize"]) == [3, 0, 1]
    assert pareto_front([], ["maximize", "minimize"]) == []


def test_epochs_are_saved_by_stopped_trials_only():
    past = [Past({}, "finished", (1.0,), (0.1,) * 8), Past({}, "stopped", (1.0,), (0.1,) * 3), Past({}, "failed")]
    found = epochs_of(past, full=10)
    assert (found.trained, found.saved) == (11, 7)


def test_a_believed_random_search_gets_better_and_is_beaten():
    past, last = searched("neural", 20)
    believed = believed_random_search(last.sampler.belief, 20)
    assert np.all(np.diff(believed.mean) >= 0)
    assert np.all(believed.low <= believed.high)
    assert max(one.values[0] for one in past) > believed.low[-1]


def small(units=6, **training):
    return NetworkSpec(4, (LayerSpec(units, "tanh"), LayerSpec(3, "softmax")), TrainingSpec(epochs=3, **training))


def test_only_small_networks_of_one_shape_are_quicker_together():
    assert is_quicker(on_seeds(small(), [1, 2]), rows=100)
    assert not is_quicker([small()], rows=100)
    assert not is_quicker([small(), small(units=7)], rows=100)
    assert not is_quicker(on_seeds(small(units=5000), [1, 2]), rows=100)
    assert not is_quicker(on_seeds(small(batch_size=1), [1, 2]), rows=10_001)  # an epoch would be long
