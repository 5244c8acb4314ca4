"""The form that starts a run."""

from wtforms import SelectField, StringField

from dashboard.web.kit.forms import PageForm, number_field


class RunForm(PageForm):
    """A training of a network: what is left empty is as the network's definition says."""

    parent = SelectField("Start from", description="New weights, or a version to train on.")
    epochs = number_field("Epochs", whole=True)
    learning_rate = number_field("Learning rate")
    batch_size = number_field("Batch size", whole=True)
    seed = number_field("Seed", whole=True)
    save = StringField("Save a version", description="every, best, last or a number of epochs.", render_kw={"size": 8})

    def overrides(self) -> dict[str, str]:
        """Return the settings that were typed, unchecked."""
        return {
            name: text.strip()
            for name, text in self.data.items()
            if name != "parent" and isinstance(text, str) and text.strip()
        }
