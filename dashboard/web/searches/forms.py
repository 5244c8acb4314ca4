"""The form in which a person says what is to be searched: where, for what, and how much it may cost."""

from typing import Any

from wtforms import Field, Form, FormField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.widgets import CheckboxInput, ListWidget

from dashboard.metrics import all_goals, metric_words
from dashboard.records.search import Search
from dashboard.records.training import OPTIMIZERS, SCHEDULES
from dashboard.services.search.requests import (
    ACTIVATIONS_TO_TRY,
    DEFAULT_BUDGET,
    DEFAULT_SPACE,
    SAMPLER_KINDS,
    STOPPING_KINDS,
)
from dashboard.web.kit.forms import WORDS, PageForm, number_field, options, tick_field

RANGES = ("layers", "units", "dropout", "learning_rate", "weight_decay")
USUAL_GOAL = "validation accuracy, or loss for numbers"
CHOICES = ("activation", "optimizer", "schedule")


def several_field(label: str, names: tuple[str, ...], help_text: str = "") -> SelectMultipleField:
    """Return tick boxes of which several may be chosen; a name that is not among them is left to the domain."""
    return SelectMultipleField(
        label,
        choices=options((name, WORDS.get(name, name)) for name in names),
        description=help_text,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class RangeForm(Form):
    """From, to."""

    low = number_field("from")
    high = number_field("to")


class SpaceForm(Form):
    """What may be tried; the names are those of `SearchSpace`."""

    layers = FormField(RangeForm, "Hidden layers")
    units = FormField(RangeForm, "Units of each layer")
    dropout = FormField(RangeForm, "Dropout")
    learning_rate = FormField(RangeForm, "Learning rate")
    weight_decay = FormField(RangeForm, "Weight decay")
    decays = tick_field("Try weight decay")
    no_weight_decay = tick_field("Try going without, too")
    batch_size = StringField("Batch sizes", description="Whole numbers, separated by commas.")
    activation = several_field("Activations", ACTIVATIONS_TO_TRY)
    optimizer = several_field("Optimizers", OPTIMIZERS)
    schedule = several_field("Learning-rate schedules", SCHEDULES)

    def process(self, *args: Any, **named: Any) -> None:  # noqa: ANN401 - as the base class takes them
        """Fill the fields, and name the ends of each range so that they can stand alone: Learning rate, from."""
        super().process(*args, **named)
        for name in RANGES:
            ends: Any = self[name]
            for end in ends.form:
                end.label.text = f"{ends.label.text}, {end.label.text}"


class GoalForm(Form):
    """What is looked for."""

    metric = SelectField(
        "Look for the best",
        choices=options([("", USUAL_GOAL), *((name, metric_words(name)) for name in all_goals())]),
        description="Measured on the validation part after each epoch.",
    )
    second = SelectField(
        "And keep small",
        choices=options(
            [
                ("", "nothing else"),
                ("parameters", "the number of parameters"),
                ("prediction_seconds", "prediction time"),
            ]
        ),
        description="With a second goal there is a front of best compromises.",
    )


class BudgetForm(Form):
    """How much it may cost."""

    trials = number_field("Trials", "How many networks are tried.", whole=True)
    epochs = number_field("Epochs of each", "Poor ones are stopped before.", whole=True)
    seconds = number_field("Seconds in all", "Of the clock, while trials train; 0 or empty: no limit.")


class SearchForm(PageForm):
    """A search; `definition` says it as the JSON API would be told."""

    name = StringField(
        "Name", description="Letters, digits, spaces, points, hyphens.", render_kw={"autocomplete": "off"}
    )
    purpose = TextAreaField("Purpose", description="What it is for, in your words.", render_kw={"rows": 2})
    dataset = SelectField("Dataset", description="It needs a validation part.")
    goal = FormField(GoalForm)
    budget = FormField(BudgetForm)
    sampler = SelectField("Who proposes", choices=options((kind.name, kind.title) for kind in SAMPLER_KINDS))
    stopping = SelectField(
        "Stop poor trials",
        choices=options([("", "as suits the goal"), *((kind.name, kind.title) for kind in STOPPING_KINDS)]),
        description=f"With one goal: {STOPPING_KINDS[0].title.lower()}. With two: never.",
    )
    seed = number_field("Seed", "The same seed and scores give the same proposals.", whole=True)
    space = FormField(SpaceForm)

    def definition(self) -> dict[str, Any]:
        """Return what was typed in the shape of the JSON API, unchecked."""
        typed = {name: self[name].data or "" for name in ("name", "purpose", "dataset", "sampler", "stopping", "seed")}
        return typed | {"goal": self.goal.data, "budget": self.budget.data, "space": typed_space(self.space.data)}

    def field_at(self, path: str) -> Field | None:
        """Return the field at a path; what is wrong with a range as a whole stands beside its end."""
        return super().field_at(f"{path}.high" if path.removeprefix("space.") in RANGES else path)

    def fill(self) -> None:
        """Put the defaults in."""
        self.space.process(None, space_values(DEFAULT_SPACE))
        self.budget.process(None, DEFAULT_BUDGET | {"seconds": "0"})
        self.sampler.data, self.seed.data = SAMPLER_KINDS[0].name, "1"


class WidenForm(PageForm):
    """Another budget and space for a search that there is."""

    budget = FormField(BudgetForm)
    space = FormField(SpaceForm)

    def changes(self) -> dict[str, Any]:
        """Return what was typed in the shape of the JSON API, unchecked."""
        return {"budget": self.budget.data, "space": typed_space(self.space.data)}

    def field_at(self, path: str) -> Field | None:
        """Return the field at a path, as SearchForm does."""
        return super().field_at(f"{path}.high" if path.removeprefix("space.") in RANGES else path)

    def fill(self, search: Search) -> None:
        """Put in what the search has now."""
        budget = search.budget
        self.budget.process(None, {"trials": budget.trials, "epochs": budget.epochs, "seconds": f"{budget.seconds:g}"})
        self.space.process(None, space_values(search.space))


def typed_space(typed: dict[str, Any]) -> dict[str, Any]:
    """Return a space as the JSON API would be told, from what was typed."""
    space = {name: value for name, value in typed.items() if name != "decays"}
    if not typed["decays"]:
        space["weight_decay"] = "off"
    return space


def space_values(space: dict[str, Any]) -> dict[str, Any]:
    """Return what the form shows of a space: numbers as a person types them."""
    values = dict(space)
    values["decays"] = space["weight_decay"] != "off"
    if not values["decays"]:
        values["weight_decay"] = DEFAULT_SPACE["weight_decay"]
    for name in RANGES:
        values[name] = {end: f"{values[name][end]:g}" for end in ("low", "high")}
    values["batch_size"] = ", ".join(str(size) for size in space["batch_size"])
    return values
