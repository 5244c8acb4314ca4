"""The form that copies the store."""

from wtforms import PasswordField, StringField

from dashboard.records.store import EXAMPLES
from dashboard.services.store.targets import REMEDY
from dashboard.web.kit.forms import PageForm


class CopyForm(PageForm):
    """The store to copy everything to; its password is never sent back to the page."""

    to = StringField("Store", description=f"{EXAMPLES}: {REMEDY}.", render_kw={"size": 42, "list": "copy-targets"})
    password = PasswordField("Password of its user", render_kw={"autocomplete": "off"})
    home = StringField(
        "Home of the copy",
        description="The folder for its datasets, and for its catalogue if it is CSV. Left empty: this one's.",
        render_kw={"size": 42},
    )

    def typed(self) -> dict[str, str]:
        """Return what was typed, unchecked."""
        return {name: text.strip() for name, text in self.data.items() if isinstance(text, str)}
