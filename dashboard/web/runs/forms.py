"""The form that starts a run."""

from collections.abc import Sequence

from wtforms import SelectField

from dashboard.declarations import Setting
from dashboard.errors import Invalid, UserError
from dashboard.kinds import Whole
from dashboard.records.dataset import Dataset
from dashboard.records.repeats import FEWEST, MOST
from dashboard.records.training import TRAINING_SETTINGS, TrainingSpec
from dashboard.web.kit.forms import PageForm, attach_errors, form_field, options

COUNT = Setting(Whole(FEWEST, MOST), 5, "How often", "", "")
"""How many folds or seeds; the buttons next to it say which."""


class DatasetForm(PageForm):
    """The dataset that a network which came without one is to train on."""

    dataset = SelectField("Dataset", description="As many inputs and outputs as the network has, for the same task.")

    def offer(self, datasets: Sequence[Dataset]) -> None:
        """Offer the datasets that fit."""
        self.dataset.choices = options((one.name, one.name) for one in datasets)


class RunForm(PageForm):
    """A training of a network; empty fields use the network's own settings."""

    parent = SelectField("Start from", description="New weights, or a version to train on.")
    epochs = form_field(TRAINING_SETTINGS["epochs"])
    learning_rate = form_field(TRAINING_SETTINGS["learning_rate"])
    batch_size = form_field(TRAINING_SETTINGS["batch_size"])
    seed = form_field(TRAINING_SETTINGS["seed"])
    save = form_field(TRAINING_SETTINGS["save"])
    count = form_field(COUNT)
    OWN = ("parent", "epochs", "learning_rate", "batch_size", "seed", "save")

    def overrides(self) -> dict[str, str]:
        """Return the settings that were typed, unchecked."""
        return {
            name: text.strip()
            for name, text in self.data.items()
            if name not in {"parent", "count"} and isinstance(text, str) and text.strip()
        }

    def attach(self, error: UserError, kind: str) -> None:
        """Attach what is wrong with several trainings, folds or seeds, to the fields; how many is one field of both."""
        if isinstance(error, Invalid):
            error = Invalid({"count" if path == kind else path: text for path, text in error.errors.items()})
        attach_errors(self, error)

    def offer(self, training: TrainingSpec, versions: Sequence[int]) -> None:
        """Offer versions to train on, the newest first, and show the network's own settings in the empty fields."""
        numbers = [(str(number), f"v{number}") for number in reversed(versions)]
        self.parent.choices = options([("", "new weights"), *numbers])
        shown = {name: str(getattr(training, name)) for name in self.OWN[1:]} | {"count": str(COUNT.default)}
        for name, text in shown.items():
            self[name].render_kw = {**(self[name].render_kw or {}), "placeholder": text}
