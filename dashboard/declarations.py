"""A field of a record, declared once: its kind, default, label, help and group stand next to its name.

`setting` declares it; parsing, JSON Schema, the form field and the words on pages follow from `declared`.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from typing import Any, Protocol

from dashboard.parsing import Fields


class Kind(Protocol):
    """What kind of value a field holds; those that there are stand in `kinds`."""

    schema: dict[str, Any]

    def read(self, fields: Fields, name: str, default: Any) -> Any:  # noqa: ANN401 - each kind has its own type
        """Return the value of a field, or the default if it is not given or refused."""


@dataclass(frozen=True)
class Setting:
    """What is declared of one field."""

    kind: Kind
    default: Any
    label: str
    help: str
    group: str

    @property
    def words(self) -> str:
        """The label as it stands within a sentence or a list: learning rate, L1 penalty."""
        return self.label if self.label[1:2].isupper() or self.label[1:2].isdigit() else self.label.lower()

    @property
    def schema(self) -> dict[str, Any]:
        """The field as JSON Schema, with its default, and described by its help or else its label."""
        about = f"{self.help or self.label} {self.kind.schema.get('description', '')}".strip()
        default = {} if self.default in (MISSING, None) else {"default": self.default}
        return self.kind.schema | default | ({"description": about} if about else {})


def setting(kind: Kind, default: Any = MISSING, label: str = "", help: str = "", group: str = "") -> Any:  # noqa: ANN401 - dataclasses.field is so typed
    """Declare a field of a dataclass; without a default it has to be given."""
    declaration = Setting(kind, default, label, help, group)
    return dataclasses.field(default=default, metadata={"setting": declaration})


def declared(record: type) -> dict[str, Setting]:
    """Return the settings of a record by their names, in order; fields without a declaration are left out."""
    fields = dataclasses.fields(record)
    return {field.name: field.metadata["setting"] for field in fields if "setting" in field.metadata}


def read(fields: Fields, settings: Mapping[str, Setting], base: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the value of each setting; what is not given keeps the value in `base`, or else its default."""
    defaults = {name: setting.default for name, setting in settings.items()} | dict(base or {})
    return {name: setting.kind.read(fields, name, defaults[name]) for name, setting in settings.items()}


def grouped(settings: Mapping[str, Setting]) -> dict[str, list[str]]:
    """Return the names of the settings in each group, in order; the main ones stand under an empty text."""
    groups: dict[str, list[str]] = {}
    for name, setting in settings.items():
        groups.setdefault(setting.group, []).append(name)
    return groups
