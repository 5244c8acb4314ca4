"""The form that starts a run."""

from collections.abc import Sequence

from wtforms import SelectField

from dashboard.records.training import TRAINING_SETTINGS, TrainingSpec
from dashboard.web.kit.forms import PageForm, form_field, options


class RunForm(PageForm):
    """A training of a network; empty fields use the network's own settings."""

    parent = SelectField("Start from", description="New weights, or a version to train on.")
    epochs = form_field(TRAINING_SETTINGS["epochs"])
    learning_rate = form_field(TRAINING_SETTINGS["learning_rate"])
    batch_size = form_field(TRAINING_SETTINGS["batch_size"])
    seed = form_field(TRAINING_SETTINGS["seed"])
    save = form_field(TRAINING_SETTINGS["save"])

    def overrides(self) -> dict[str, str]:
        """Return the settings that were typed, unchecked."""
        return {
            name: text.strip()
            for name, text in self.data.items()
            if name != "parent" and isinstance(text, str) and text.strip()
        }

    def offer(self, training: TrainingSpec, versions: Sequence[int]) -> None:
        """Offer versions to train on, the newest first, and show the network's own settings in the empty fields."""
        numbers = [(str(number), f"v{number}") for number in reversed(versions)]
        self.parent.choices = options([("", "new weights"), *numbers])
        for name in ("epochs", "learning_rate", "batch_size", "seed", "save"):
            self[name].render_kw = {**(self[name].render_kw or {}), "placeholder": str(getattr(training, name))}
