"""A setting's range."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from optuna.distributions import FloatDistribution, IntDistribution


@dataclass(frozen=True)
class Range:
    """All numbers from `low` to `high`, both included; with `log` each factor counts alike, not each step."""

    low: float
    high: float
    log: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether there is one value only."""
        return self.low == self.high

    def holds(self, value: object) -> bool:
        """Return whether a value is a number of this range."""
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def floats(self) -> FloatDistribution:
        """Return the range as Optuna's distribution of floats."""
        return FloatDistribution(float(self.low), float(self.high), log=self.log)

    def integers(self) -> IntDistribution:
        """Return the range as Optuna's distribution of whole numbers."""
        return IntDistribution(int(self.low), int(self.high), log=self.log)

    def levels(self, most: int, whole: bool) -> list[float]:
        """Return at most `most` numbers spread evenly over the range (over its logarithm with `log`), ends included.

        Of whole numbers it returns all if there are no more than that.
        """
        if whole and most > self.high - self.low:
            return list[float](range(int(self.low), int(self.high) + 1))
        count = 1 if self.is_fixed else max(2, most)
        steps = [step / max(1, count - 1) for step in range(count)]
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            values = [math.exp(low + step * (high - low)) for step in steps]
        else:
            values = [self.low + step * (self.high - self.low) for step in steps]
        inner = [min(max(value, self.low), self.high) for value in values]  # exp(log(x)) is not always x
        return list(dict.fromkeys(round(value) if whole else value for value in inner))

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `Range(**data)` reads them back."""
        return dataclasses.asdict(self)
