"""The forms of a search: its goal, budget, strategy and space."""

from typing import Any

from wtforms import BooleanField, Field, FormField, SelectField

from dashboard.kinds import RangeOf
from dashboard.records.search import Budget, Search
from dashboard.services.search.requests import (
    BUDGET_SETTINGS,
    DEFAULT_SPACE,
    GOAL_SETTINGS,
    SEARCH_SETTINGS,
    SPACE_SETTINGS,
)
from dashboard.web.kit.forms import PageForm, form_field, form_of, name_field, purpose_field

RANGES = [name for name, setting in SPACE_SETTINGS.items() if isinstance(setting.kind, RangeOf)]
BudgetForm, SpaceForm = form_of(BUDGET_SETTINGS), form_of(SPACE_SETTINGS, decays=BooleanField("Try weight decay"))


class FormWithSpace(PageForm):
    """A form that asks for a search space, among others."""

    def field_at(self, path: str) -> Field | None:
        """Return the field at a path; an error of a whole range belongs to its end."""
        return super().field_at(f"{path}.high" if path.removeprefix("space.") in RANGES else path)


class SearchForm(FormWithSpace):
    """A search; `definition` has the shape of the JSON API."""

    name = name_field()
    purpose = purpose_field()
    dataset = SelectField("Dataset", description="It needs a validation part.")
    goal = FormField(form_of(GOAL_SETTINGS))
    budget = FormField(BudgetForm)
    sampler = form_field(SEARCH_SETTINGS["sampler"])
    stopping = form_field(SEARCH_SETTINGS["stopping"])
    seed = form_field(SEARCH_SETTINGS["seed"])
    space = FormField(SpaceForm)

    def definition(self) -> dict[str, Any]:
        """Return what was typed in the shape of the JSON API, unchecked."""
        typed = {name: self[name].data or "" for name in ("name", "purpose", "dataset", "sampler", "stopping", "seed")}
        return typed | {"goal": self.goal.data, "budget": self.budget.data, "space": typed_space(self.space.data)}

    def fill(self) -> None:
        """Put the defaults in."""
        self.space.process(None, space_values(DEFAULT_SPACE))
        self.budget.process(None, budget_values(Budget()))
        self.sampler.data, self.seed.data = SEARCH_SETTINGS["sampler"].default, SEARCH_SETTINGS["seed"].default


class WidenForm(FormWithSpace):
    """Another budget and space for an existing search."""

    budget = FormField(BudgetForm)
    space = FormField(SpaceForm)

    def changes(self) -> dict[str, Any]:
        """Return what was typed in the shape of the JSON API, unchecked."""
        return {"budget": self.budget.data, "space": typed_space(self.space.data)}

    def fill(self, search: Search) -> None:
        """Put in what the search has now."""
        self.budget.process(None, budget_values(search.budget))
        self.space.process(None, space_values(search.space))


def typed_space(typed: dict[str, Any]) -> dict[str, Any]:
    """Return a space in the shape of the JSON API, from what was typed."""
    space = {name: value for name, value in typed.items() if name != "decays"}
    if not typed["decays"]:
        space["weight_decay"] = "off"
    return space


def budget_values(budget: Budget) -> dict[str, Any]:
    """Return what the form shows of a budget."""
    return {"trials": budget.trials, "epochs": budget.epochs, "seconds": f"{budget.seconds:g}"}


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
