"""What is declared of a field is what is parsed, described in the API's document, asked in forms and said on pages."""

import dataclasses

import pytest
from jsonschema import Draft202012Validator

from dashboard.api.schemas import SCHEMAS
from dashboard.data.csv_format import CsvFormat
from dashboard.data.specification import DatasetSpec
from dashboard.declarations import declared, read
from dashboard.errors import Invalid
from dashboard.kinds import Choice, Flag, Number, RangeOf, Several, Text, Whole, WholeNumbers
from dashboard.parsing import Fields
from dashboard.records.network import LAYER_SETTINGS, OUTPUT_SETTINGS, LayerSpec, NetworkSpec
from dashboard.records.search import Budget, Goal
from dashboard.records.training import TRAINING_SETTINGS, SaveRule, TrainingSpec
from dashboard.search.space import SearchSpace
from dashboard.services.datasets import DATASET_SETTINGS, IMPORT_SETTINGS
from dashboard.services.search.requests import SEARCH_SETTINGS
from dashboard.web.datasets.forms import DatasetForm
from dashboard.web.kit.words import folded_settings, setting_words
from dashboard.web.networks.forms import NetworkForm
from dashboard.web.runs.forms import COUNT, RunForm
from dashboard.web.searches.forms import SearchForm

DATASET_FORM = DatasetForm(columns=["a"])
NETWORK_FORM, SEARCH_FORM = NetworkForm(), SearchForm()
NETWORK_FORM.layers.append_entry()
PLACES = {
    "Training": (declared(TrainingSpec), NETWORK_FORM.training.form),
    "Layer": (LAYER_SETTINGS, NETWORK_FORM.layers[0].form),
    "OutputLayer": (OUTPUT_SETTINGS, NETWORK_FORM.output.form),
    "SearchSpace": (declared(SearchSpace), SEARCH_FORM.space.form),
    "Budget": (declared(Budget), SEARCH_FORM.budget.form),
    "Goal": (declared(Goal), SEARCH_FORM.goal.form),
    "SearchDefinition": (SEARCH_SETTINGS, SEARCH_FORM),
    "DatasetUpload": (IMPORT_SETTINGS | DATASET_SETTINGS, DATASET_FORM),
}
"""Schema -> what is declared, and the form that asks for it."""

CASES = [
    pytest.param(schema, name, setting, form, id=f"{schema}.{name}")
    for schema, (settings, form) in PLACES.items()
    for name, setting in settings.items()
]
each_field = pytest.mark.parametrize(("schema", "name", "setting", "form"), CASES)


def accepted(kind):
    """Return values that a kind accepts, its limits among them, as JSON gives them."""
    if isinstance(kind, Whole):
        return [kind.low, kind.high]
    if isinstance(kind, Number):
        return [kind.low + (kind.high - kind.low) * 1e-9 if kind.above else kind.low, kind.high]
    if isinstance(kind, Choice):
        return list(kind.words)
    if isinstance(kind, Several):
        return [[word] for word in kind.words] + [list(kind.words)]
    if isinstance(kind, WholeNumbers):
        return [[kind.low], [kind.low, kind.high]]
    if isinstance(kind, RangeOf):
        return [{"low": value, "high": value} for value in accepted(kind.numbers) if value] + ["off"] * kind.can_be_off
    return {Flag: [True, False], SaveRule: ["every", "best", "last", "7"], Text: ["words"]}[type(kind)]


def refused(kind):
    """Return values that a kind refuses, one beyond its limits among them."""
    if isinstance(kind, Whole):
        return [kind.low - 1, kind.high + 1, 0.5]
    if isinstance(kind, Number):
        return [kind.low if kind.above else kind.low - 1e-6, kind.high * 1.001, "x"]
    if isinstance(kind, Choice):
        return ["nothing like it"]
    if isinstance(kind, Several):
        return [[], ["nothing like it"]]
    if isinstance(kind, WholeNumbers):
        return [[], [kind.low - 1], [kind.high + 1], list(range(kind.low, kind.low + kind.most + 1))]
    if isinstance(kind, RangeOf):
        return [{end: value} for value in refused(kind.numbers) for end in ("low", "high")]
    return {Flag: ["perhaps"], SaveRule: ["often"], Text: [7]}[type(kind)]


def parse(name, setting, value):
    """Read one field as it is read within its record; raises Invalid."""
    fields = Fields({name: value})
    answer = read(fields, {name: setting}, {"kinds": {}})[name]
    fields.done()
    return answer


def is_described(schema, name, value):
    return Draft202012Validator(SCHEMAS[schema]["properties"][name]).is_valid(value)


@each_field
def test_what_the_document_promises_is_accepted_up_to_the_limits(schema, name, setting, form):
    for value in accepted(setting.kind):
        assert is_described(schema, name, value), value
        parse(name, setting, value)


@each_field
def test_what_is_one_beyond_the_limits_is_refused_and_not_promised(schema, name, setting, form):
    for value in refused(setting.kind):
        assert not is_described(schema, name, value), value
        with pytest.raises(Invalid) as refusal:
            parse(name, setting, value)
        assert [path.partition(".")[0] for path in refusal.value.errors] == [name]


@each_field
def test_a_default_is_promised_and_accepted(schema, name, setting, form):
    default = SCHEMAS[schema]["properties"][name].get("default")
    if default is not None:
        assert is_described(schema, name, default)
        assert default == "" or parse(name, setting, default) == setting.default


@each_field
def test_the_form_asks_with_the_label_the_help_and_the_choices_that_are_declared(schema, name, setting, form):
    field = form["kinds"].append_entry() if name == "kinds" else form[name]
    assert setting.label
    assert field.label.text == setting.label
    assert field.description == setting.help
    if isinstance(setting.kind, Choice | Several):
        offered = {choice.value: choice.label for choice in field.choices}
        assert {value: offered[value] for value in setting.kind.words} == setting.kind.words
    if isinstance(setting.kind, RangeOf):
        assert [end.label.text for end in field.form] == [f"{setting.label}, from", f"{setting.label}, to"]


@each_field
def test_the_document_says_what_the_form_says(schema, name, setting, form):
    assert setting.help in SCHEMAS[schema]["properties"][name].get("description", "")


def test_the_document_has_no_other_field():
    of_the_whole = {"name", "dataset", "goal", "budget", "space", "file", "validation_file", "test_file"}
    for schema, (settings, _) in PLACES.items():
        assert set(SCHEMAS[schema]["properties"]) - of_the_whole == set(settings), schema


def test_every_field_of_a_record_is_declared():
    for record in (TrainingSpec, LayerSpec, SearchSpace, Budget, Goal, CsvFormat, DatasetSpec):
        names = [field.name for field in dataclasses.fields(record) if field.name not in {"format", "given", "rules"}]
        assert list(declared(record)) == names


def test_a_run_is_asked_for_in_the_words_of_the_training():
    for field in RunForm():
        if field.name != "parent":
            setting = (TRAINING_SETTINGS | {"count": COUNT})[field.name]
            assert (field.label.text, field.description) == (setting.label, setting.help)


def test_the_settings_list_has_each_setting_once_under_its_label():
    lists = folded_settings(NetworkSpec(1, (LayerSpec(1),), TrainingSpec(l1=0.5)))
    shown = [label for label, _ in lists["shown"]]
    assert sorted(shown + [label for label, _ in lists["folded"]]) == sorted(map(setting_words, TRAINING_SETTINGS))
    assert "L1 penalty" in shown
    for name, setting in TRAINING_SETTINGS.items():
        assert setting_words(name).lower() == setting.label.lower()


def test_words_within_a_sentence_keep_their_capitals_only_where_they_are_names():
    assert [setting_words(name) for name in ("learning_rate", "l2", "warmup_epochs")] == [
        "learning rate",
        "L2 penalty",
        "warm-up epochs",
    ]


@each_field
def test_a_value_of_any_shape_is_accepted_or_refused_by_a_message(schema, name, setting, form):
    for value in ([], {}, 3, None, True, ["a"]):
        fields = Fields({name: value})
        read(fields, {name: setting}, {"kinds": {}})
        assert all(message.endswith(".") for message in fields.errors.values()), value
