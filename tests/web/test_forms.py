"""Forms keep what was typed, put each message beside its field, and change layers without JavaScript."""

import dataclasses

import pytest
from werkzeug.datastructures import MultiDict

from dashboard.errors import Conflict, Invalid
from dashboard.parsing import Fields
from dashboard.records.network import MOST_LAYERS, check_combination, parse_layer
from dashboard.records.training import TRAINING_SETTINGS, TrainingSpec, parse_training
from dashboard.web.datasets.forms import DatasetForm
from dashboard.web.kit.forms import ConfirmForm, attach_errors, problems
from dashboard.web.networks.forms import NetworkForm, apply_action
from dashboard.web.networks.presets import PRESETS, preset
from dashboard.web.runs.forms import RunForm

TYPED = {
    "name": "digits",
    "purpose": "read",
    "dataset": "mnist",
    "fields-0-key": "author",
    "fields-0-value": "Ada",
    "fields-1-key": "",
    "fields-1-value": "",
    "layers-0-units": "200",
    "layers-0-activation": "sigmoid",
    "layers-1-units": "many",
    "layers-1-activation": "relu",
    "layers-1-bias": "y",
    "layers-1-dropout": "0.5",
    "output-activation": "softmax",
    "output-bias": "y",
    "training-learning_rate": "quick",
    "training-epochs": "5",
}


def typed(**changes):
    return NetworkForm(MultiDict(TYPED | {name.replace("__", "-"): value for name, value in changes.items()}))


def units(form):
    return [layer["units"] for layer in form.definition()["layers"]]


def parse(definition, task):
    fields = Fields(definition)
    layers = [parse_layer(layer) for layer in fields.items("layers", 0, MOST_LAYERS)]
    output = parse_layer(fields.inner("output"), output=True)
    training = parse_training(fields.inner("training"))
    check_combination(fields, output, training, task, has_validation=True)
    fields.done()
    return layers, output, training


def test_the_form_says_what_the_json_api_would_be_told():
    definition = typed().definition()
    assert definition["name"] == "digits"
    assert definition["fields"] == {"author": "Ada"}
    assert definition["layers"][0]["bias"] is False
    assert definition["layers"][1] == {
        "units": "many",
        "activation": "relu",
        "bias": True,
        "dropout": "0.5",
        "frozen": False,
    }
    assert definition["output"] == {"activation": "softmax", "bias": True, "frozen": False}
    assert definition["training"]["epochs"] == "5"


def test_the_training_settings_of_the_form_are_those_of_the_record_and_each_is_shown_once():
    shown = [name for names in NetworkForm.GROUPS.values() for name in names]
    assert shown == list(TRAINING_SETTINGS) == [field.short_name for field in NetworkForm().training.form]


def test_a_fresh_form_holds_the_defaults_of_the_record():
    form = NetworkForm()
    form.fill({"layers": [], "output": {}, "training": {}})
    assert parse(form.definition(), "classification")[2] == TrainingSpec()


def test_each_message_stands_beside_its_field_and_nothing_typed_is_lost():
    form = typed()
    with pytest.raises(Invalid) as refused:
        parse(form.definition(), "classification")
    attach_errors(form, refused.value)
    assert form.layers[1].units.errors == ["Give a whole number from 1 to 100,000."]
    assert form.training.learning_rate.errors == ["Give a number above 0 and up to 1000."]
    assert [(p.id, p.label) for p in problems(form)] == [
        ("layers-1-units", "Units 2"),
        ("training-learning_rate", "Learning rate"),
    ]
    assert 'value="many"' in str(form.layers[1].units())
    assert 'value="quick"' in str(form.training.learning_rate())


@pytest.mark.parametrize("path", ["layers", "layers.7.units", "layers.x", "training", "body", "nowhere.at.all", ""])
def test_a_message_that_belongs_to_no_field_stands_above_the_form(path):
    form = typed()
    attach_errors(form, Invalid({path: "No."}))
    assert problems(form) == [("", "", "No.")]


def test_an_error_without_a_mapping_is_shown_too():
    form = typed()
    attach_errors(form, Conflict("There is a network digits already.", "name"))
    attach_errors(form, Conflict("Try again."))
    assert form.name.errors == ["There is a network digits already."]
    assert form.form_errors == ["Try again."]


def test_two_messages_about_one_field_are_both_shown():
    form = typed()
    attach_errors(form, Invalid({"name": "Too long."}))
    attach_errors(form, Invalid({"name": "Taken."}))
    assert form.name.errors == ["Too long.", "Taken."]


def test_a_message_about_a_free_field_stands_beside_its_key():
    form = typed(fields__1__key="year", fields__1__value="\0")
    attach_errors(form, Invalid({"fields.year": "Remove the control characters."}))
    assert form.fields[1].key.errors == ["Remove the control characters."]
    attach_errors(form, Invalid({"fields": "Too many."}))
    assert form.fields[0].key.errors == ["Too many."]


def test_a_key_given_twice_is_refused_rather_than_lost():
    form = typed(fields__1__key=" author ", fields__1__value="Bob")
    assert not form.has_no_key_twice()
    assert "author" in form.fields[1].key.errors[0]
    assert typed().has_no_key_twice()


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ("add-layer", ["200", "many", "64"]),
        ("remove-layer-0", ["many"]),
        ("remove-layer-1", ["200"]),
        ("remove-layer-9", ["200", "many"]),
        ("move-up-1", ["many", "200"]),
        ("move-down-0", ["many", "200"]),
        ("move-up-0", ["200", "many"]),
        ("move-down-1", ["200", "many"]),
        ("add-field", ["200", "many"]),
    ],
)
def test_a_button_changes_the_layers_and_keeps_what_was_typed(action, after):
    form = typed()
    assert apply_action(form, action)
    assert [str(text) for text in units(form)] == after
    assert form.name.data == "digits"
    assert form.training.learning_rate.data == "quick"
    names = [layer.units.name for layer in form.layers]
    assert names == [f"layers-{index}-units" for index in range(len(after))]


def test_a_moved_layer_takes_all_its_settings_along():
    form = typed()
    apply_action(form, "move-up-1")
    assert form.layers[0].data == {
        "units": "many",
        "activation": "relu",
        "bias": True,
        "dropout": "0.5",
        "frozen": False,
    }


def test_a_new_layer_is_like_the_last_one():
    form = typed()
    apply_action(form, "add-layer")
    assert form.layers[2].data == {
        "units": 64,
        "activation": "relu",
        "bias": True,
        "dropout": "0.5",
        "frozen": False,
    }


def test_free_fields_are_added_and_removed():
    form = typed()
    apply_action(form, "add-field")
    assert len(form.fields) == 3
    apply_action(form, "remove-field-0")
    assert form.definition()["fields"] == {}


@pytest.mark.parametrize("action", ["create", "", "remove", "drop-layer-1", "move-sideways-1", "add-layer-1-2"])
def test_what_is_no_button_of_the_layers_changes_nothing(action):
    form = typed()
    assert not apply_action(form, action)
    assert units(form) == ["200", "many"]


def test_a_layer_beyond_the_limit_is_refused_with_the_limit_named():
    form = NetworkForm(MultiDict({f"layers-{index}-units": "1" for index in range(MOST_LAYERS)}))
    apply_action(form, "add-layer")
    assert len(form.layers) == MOST_LAYERS
    assert str(MOST_LAYERS) in form.form_errors[0]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_definition_that_the_domain_accepts(name):
    form = typed(training__optimizer="rmsprop")
    apply_action(form, f"preset-{name}")
    task = "regression" if name == "regression" else "classification"
    layers, output, training = parse(form.definition(), task)
    wanted = preset(name)
    assert [layer.units for layer in layers] == [layer["units"] for layer in wanted["layers"]]
    assert output.activation == wanted["output"]["activation"]
    assert training == dataclasses.replace(TrainingSpec(), **wanted["training"])
    assert form.name.data == "digits"


def test_the_book_is_as_the_book_says():
    book = preset("book")
    assert [layer["bias"] for layer in [*book["layers"], book["output"]]] == [False, False]
    assert book["training"] == {
        "loss": "squared_error",
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "batch_size": 1,
        "epochs": 5,
        "initializer": "normal_sqrt",
        "scaling": "book",
    }


def dataset_form(**data):
    return DatasetForm(MultiDict(data), columns=["a.b", "label", "c"])


def test_the_kinds_of_columns_are_found_by_name():
    form = dataset_form(**{"kinds-0": "categorical", "kinds-1": "numeric", "ignored": "c\n\n x \n"})
    assert form.chosen_kinds() == {"a.b": "categorical", "label": "numeric", "c": "ignore", "x": "ignore"}


def test_a_message_about_a_column_stands_beside_its_type():
    form = dataset_form(**{"kinds-0": "numeric"})
    attach_errors(form, Invalid({"kinds.a.b": "Not a number in line 3.", "kinds.c": "No.", "format.delimiter": "Hm."}))
    assert form.kinds[0].errors == ["Not a number in line 3."]
    assert form.ignored.errors == ["No."]
    assert form.delimiter.errors == ["Hm."]


def test_a_run_overrides_only_what_was_typed():
    form = RunForm(MultiDict({"parent": "3", "epochs": " 7 ", "learning_rate": "", "save": "best"}))
    assert form.overrides() == {"epochs": "7", "save": "best"}


def test_only_the_name_confirms():
    assert ConfirmForm(MultiDict({"typed": " mnist "})).confirms("mnist")
    form = ConfirmForm(MultiDict({"typed": "Mnist"}))
    assert not form.confirms("mnist")
    assert form.typed.errors == ["Type mnist to confirm."]
