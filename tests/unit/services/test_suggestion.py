"""What is suggested for a dataset, and which outputs cannot reach its target."""

import dataclasses
from datetime import datetime
from typing import Any

import pytest

from dashboard.parsing import Fields
from dashboard.records.dataset import Dataset
from dashboard.records.network import LayerSpec, check_combination, parse_layer
from dashboard.records.training import TrainingSpec, parse_training
from dashboard.services.suggestion import check_reach, suggest

LIVES = {"low": 23.6, "high": 82.6, "mean": 59.5, "std": 12.9}


def dataset(task="regression", target: Any = LIVES):
    about = {"target_statistics": target}
    return Dataset(1, "d", "", "", 100, 1, task, "", "", {}, about, datetime(2026, 1, 1))


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("records", [3, 49, 50, 120, 999, 1000, 60_000])
@pytest.mark.parametrize("inputs", [1, 784, 200_000])
def test_what_is_suggested_is_a_definition_that_the_domain_accepts(task, records, inputs):
    made = suggest(task, records, records // 8, inputs)
    fields = Fields({})
    layers = [parse_layer(Fields(layer, "", fields.errors)) for layer in made["layers"]]
    output = parse_layer(Fields(made["output"], "", fields.errors), output=True)
    training = parse_training(Fields(made["training"], "", fields.errors))
    check_combination(fields, output, training, task, records >= 8)
    check_reach(fields, "output.activation", output, training, dataset(task))
    fields.done()
    assert training == dataclasses.replace(TrainingSpec(), **made["training"])
    assert training.epochs // (int(training.save) if training.save != "every" else 1) <= 20
    assert inputs * sum(layer.units for layer in layers[:1]) <= 4_000_000


def test_patience_is_counted_in_steps_so_that_a_small_set_is_not_given_up_early():
    def steps(records):
        training = suggest("classification", records, records // 8, 4)["training"]
        return training["patience"] * -(-records // training["batch_size"])

    assert all(600 <= steps(records) < 700 for records in (64, 120, 500, 1500, 3000))
    assert suggest("classification", 60_000, 2000, 784)["training"]["patience"] == 5


def test_without_validation_records_nothing_is_stopped_early():
    assert suggest("classification", 120, 0, 4)["training"]["patience"] == 0


def test_of_a_handful_of_records_no_hidden_layer_is_learnt_and_the_start_is_the_mean():
    few = suggest("regression", 16, 2, 3)
    assert (few["layers"], few["training"]["initializer"]) == ([], "zeros")


@pytest.mark.parametrize(
    ("activation", "scaling", "target", "refused"),
    [
        (
            "sigmoid",
            "standard",
            LIVES,
            "with the scaling standard the target goes from -2.78 to 1.79",
        ),
        ("relu", "standard", LIVES, "gives 0 or more"),
        ("softplus", "standard", LIVES, "identity"),
        ("tanh", "standard", LIVES, "gives -1 to 1"),
        ("sigmoid", "standard", None, "gives 0 to 1"),
        ("sigmoid", "none", LIVES, "from 23.6 to 82.6"),
        ("relu", "none", LIVES, ""),
        ("sigmoid", "minmax", LIVES, ""),
        ("sigmoid", "book", LIVES, ""),
        ("identity", "standard", LIVES, ""),
        ("leaky_relu", "standard", LIVES, ""),
    ],
)
def test_an_output_that_cannot_give_the_target_is_refused_with_the_remedy(activation, scaling, target, refused):
    fields = Fields({})
    check_reach(fields, "scaling", LayerSpec(1, activation), TrainingSpec(scaling=scaling), dataset(target=target))
    assert refused in fields.errors.get("scaling", "")
    assert bool(fields.errors) == bool(refused)
    assert "Choose identity" in fields.errors.get("scaling", "Choose identity")


def test_classes_are_no_numbers_that_an_output_must_reach():
    fields = Fields({})
    check_reach(fields, "x", LayerSpec(3, "sigmoid"), TrainingSpec(), dataset("classification", None))
    assert fields.errors == {}
