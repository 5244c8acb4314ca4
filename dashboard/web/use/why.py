"""What the page shows of why an answer is so: contributions as bars or as a picture, and the units that fired."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from flask import url_for
from markupsafe import Markup

from dashboard.charts.pixels import signed_drawing
from dashboard.http import workspace
from dashboard.services.use.answers import Answer
from dashboard.services.use.inputs import Inputs
from dashboard.services.use.loaded import Loaded
from dashboard.services.use.prediction import Array
from dashboard.services.use.why import FiredUnit, Why, why
from dashboard.web.kit.formats import number, plural
from dashboard.web.kit.tables import Column, Exports, Table, exports

COLUMNS_SHOWN, UNITS_SHOWN = 20, 12


@dataclass(frozen=True)
class WhyPage:
    """Why an answer is so; `address` is the query that the record has in an address, None if it is too long for one."""

    why: Why
    loaded: Loaded
    shape: tuple[int, ...]
    address: dict[str, Any] | None

    @property
    def sentence(self) -> str:
        """Say what the contributions sum to, and how exactly."""
        shares = self.why.shares
        return (
            f"The sum of {self.why.what}, before the activation, is {number(shares.output)} here and "
            f"{number(shares.baseline)} for the mean record of the training part. The contributions sum to "
            f"the difference, {number(shares.output - shares.baseline)}, but for {number(shares.residual)} "
            f"({plural(shares.steps, 'step')})."
        )

    @property
    def picture(self) -> Markup | None:
        """The contributions of pixels, where they are pixels; of colours the sum."""
        if not self.shape:
            return None
        shares = np.array([share for _, share in self.why.columns]).reshape(self.shape)
        grey = shares.sum(axis=2) if shares.ndim == 3 else shares
        return signed_drawing(grey, f"Contributions of the pixels to {self.why.what}")

    @property
    def columns(self) -> Table:
        """The contributions, the largest in size first."""
        ranked = sorted(self.why.columns, key=lambda one: -abs(one[1]))
        largest = max((abs(share) for _, share in ranked), default=0.0) or 1.0
        columns = (
            Column("column", "Column", lambda row: row[0]),
            Column("contribution", "Contribution", lambda row: row[1], "change"),
            Column("bar", "As a bar", lambda row: abs(row[1]) / largest, "bar", exported=False, quiet=True),
        )
        return Table(self._name("why"), columns, ranked, "Contributions of the columns", self._files("contributions"))

    @property
    def shown_columns(self) -> Table:
        """The contributions that the page shows."""
        return self.columns.part(0, COLUMNS_SHOWN)

    @property
    def units(self) -> Table:
        """The hidden units that fired, those with the largest effect first."""
        columns = (
            Column("place", "Unit", _place, link=self._weights, exported=False),
            Column("layer"),
            Column("unit"),
            Column("output", "Output", "output", "number"),
            Column("effect", "Effect", "effect", "change", help="The output times the slope of the answer by it"),
        )
        return Table(self._name("units"), columns, self.why.units, "Hidden units that fired", self._files("units"))

    @property
    def shown_units(self) -> Table:
        """The units that the page shows."""
        return self.units.part(0, UNITS_SHOWN)

    @property
    def units_sentence(self) -> str:
        """Say how many hidden units fired."""
        fired = len(self.why.units)
        return f"{fired:,} of {plural(self.why.hidden, 'hidden unit')} fired." if self.why.hidden else ""

    def _weights(self, row: FiredUnit) -> str:
        version, tensor = self.loaded.version, f"layer_{row.layer:02d}.weight"
        return url_for("tensors.show", name=version.network, number=version.number, tensor=tensor, column=row.unit)

    def _name(self, what: str) -> str:
        return f"{self.loaded.version.network}_v{self.loaded.version.number}_{what}"

    def _files(self, view: str) -> Exports | None:
        if self.address is None:
            return None
        return exports(f"use.{view}", reference=self.loaded.version.reference, **self.address)


def _place(unit: FiredUnit) -> str:
    return f"layer {unit.layer}, unit {unit.unit}"


def why_page(
    loaded: Loaded, inputs: Inputs, given: Array, answer: Answer, address: dict[str, Any] | None
) -> WhyPage | None:
    """Return why the answer to what the network was given (inputs,) is so; None where the dataset is not here."""
    explained = why(workspace(), loaded, given, answer)
    shape = inputs.image_shape
    is_picture = bool(shape) and int(np.prod(shape)) == len(inputs.columns)
    return None if explained is None else WhyPage(explained, loaded, shape if is_picture else (), address)
