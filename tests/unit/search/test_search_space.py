import optuna
import pytest

from dashboard.errors import Invalid
from dashboard.parsing import Fields
from dashboard.records.training import TrainingSpec
from dashboard.search.ranges import Range
from dashboard.search.samplers import SAMPLERS, make_sampler
from dashboard.search.space import SearchSpace

optuna.logging.set_verbosity(optuna.logging.WARNING)
SMALL = SearchSpace(
    layers=Range(1, 2), units=Range(4, 64, log=True), dropout=Range(0.0, 0.0), batch_size=(32,), schedule=("constant",)
)


def parse(**data):
    fields = Fields(data)
    space = SearchSpace.parse(fields)
    fields.done()
    return space


def test_a_space_survives_json():
    for space in (SearchSpace(), SMALL, SearchSpace(weight_decay=None)):
        assert SearchSpace.from_json(space.to_json()) == space


def test_what_to_json_wrote_a_form_may_send_back():
    for space in (SearchSpace(), SMALL, SearchSpace(weight_decay=None)):
        assert parse(**space.to_json()) == space


def test_what_is_not_given_keeps_its_default():
    space = parse(units={"low": "8"}, activation="relu, tanh", batch_size="64,16", weight_decay="off")
    assert space.units == Range(8, 256, log=True)
    assert space.activation == ("tanh", "relu")
    assert space.batch_size == (16, 64)
    assert space.weight_decay is None
    assert space.learning_rate == SearchSpace().learning_rate


@pytest.mark.parametrize(
    ("data", "field", "says"),
    [
        ({"layers": {"low": 3, "high": 2}}, "layers.low", "begins above its end"),
        ({"units": {"low": 0}}, "units.low", "from 1 to 4,096"),
        ({"activation": ["relu", "softmax"]}, "activation", "'softmax' is not known here"),
        ({"optimizer": []}, "optimizer", "Choose one or more of"),
        ({"batch_size": "16, many"}, "batch_size", "different whole numbers"),
        ({"learning_rate": {"low": 0.0}}, "learning_rate.low", "from 1e-08"),
        ({"leraning_rate": 1}, "leraning_rate", "Unknown field"),
    ],
)
def test_a_wrong_setting_is_refused_with_the_remedy(data, field, says):
    with pytest.raises(Invalid) as refusal:
        parse(**data)
    assert says in refusal.value.errors[field]


def test_a_third_layer_has_no_width_in_a_network_of_two():
    space = SearchSpace()
    assert space.is_active("units_2", {"layers": 2})
    assert not space.is_active("units_3", {"layers": 2})
    assert not space.is_active("weight_decay", {"has_weight_decay": False})


def test_a_candidate_becomes_a_definition_and_back():
    params = {
        "layers": 2,
        "units_1": 20,
        "units_2": 9,
        "activation": "relu",
        "optimizer": "adam",
        "learning_rate": 0.01,
        "has_weight_decay": False,
    }
    spec = SMALL.spec(params, TrainingSpec(epochs=7, seed=3), 64, 10, "classification")
    assert [layer.units for layer in spec.layers] == [20, 9, 10]
    assert [layer.activation for layer in spec.layers] == ["relu", "relu", "softmax"]
    assert (spec.training.epochs, spec.training.seed, spec.training.batch_size) == (7, 3, 32)
    assert spec.training.weight_decay == 0.0


def test_a_regression_gets_a_loss_and_an_output_of_its_own():
    params = next(SMALL.grid(2))
    spec = SMALL.spec(params, TrainingSpec(), 5, 1, "regression")
    assert (spec.training.loss, spec.layers[-1].activation) == ("squared_error", "identity")


def test_the_size_of_a_grid_is_that_of_its_candidates_each_different():
    spaces = (SMALL, SearchSpace(layers=Range(0, 2), optimizer=("adam",), schedule=("cosine",), weight_decay=None))
    for space in spaces:
        candidates = list(space.grid(2))
        assert len(candidates) == space.size(2)
        assert len({tuple(sorted(one.items())) for one in candidates}) == len(candidates)
        assert all(space.holds(one) for one in candidates)


@pytest.mark.parametrize("name", [name for name, kind in SAMPLERS.items() if kind.is_available and name != "grid"])
@pytest.mark.slow
def test_every_way_to_propose_gives_candidates_of_the_space_and_the_same_for_the_same_seed(name):
    space = SearchSpace()

    def propose():
        study = optuna.create_study(sampler=make_sampler(name, space, seed=5))
        proposed = []
        for number in range(14):
            trial = study.ask()
            proposed.append(space.suggest(trial))
            study.tell(trial, float(number % 5))
        return proposed

    first = propose()
    assert all(space.holds(params) for params in first)
    assert first == propose()


def test_a_grid_tries_each_candidate_once_also_after_the_study_was_rebuilt():
    space = SearchSpace(
        layers=Range(1, 2), units=Range(4, 8), activation=("relu",), dropout=Range(0, 0), batch_size=(8,),
        learning_rate=Range(0.1, 0.1), optimizer=("sgd",), schedule=("constant",), weight_decay=None,
    )  # fmt: skip
    study = optuna.create_study(sampler=make_sampler("grid", space, seed=1))
    tried = []
    for number in range(space.size()):
        if number == 4:
            trials = study.trials
            study = optuna.create_study(sampler=make_sampler("grid", space, seed=1))
            study.add_trials(trials)
        trial = study.ask()
        tried.append(space.suggest(trial))
        study.tell(trial, 0.0)
    assert sorted(map(str, tried)) == sorted(map(str, space.grid()))


def test_what_cannot_be_chosen_says_why():
    with pytest.raises(Invalid, match="Choose one of"):
        make_sampler("psychic", SearchSpace(), 1)
    with pytest.raises(Invalid, match="Narrow the space"):
        make_sampler("grid", SearchSpace(), 1)
