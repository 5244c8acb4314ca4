"""Why the loss changed between two versions: shares of the change by weight, and what putting weights back restores.

Base is on the left, other on the right. The shares of all cells sum to the loss of the other less the loss of the base;
every loss is the plain mean over the chosen records, in the loss that the versions were trained with, without
penalties, class weights and label smoothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dashboard.declarations import Setting, read
from dashboard.kinds import Choice, Text, Whole
from dashboard.parsing import Fields

WHY_PARTS = ("validation", "test", "training")
"""The parts of a dataset, in the order in which one with records is taken where nobody chooses."""
TOLERANCE = 1e-3
"""The shares sum to the change of the loss up to this share of it."""
ABSOLUTE = 1e-9
"""Where the loss hardly changes: the shares sum to the change up to this share of the larger of both losses."""
MOST_POINTS = 4096
MOST_UNITS = 1000
"""At most so many units are listed, the most important first."""
MOST_RECORDS_LISTED = 50
LONGEST_LABEL = 200


@dataclass(frozen=True)
class WhyRequest:
    """Which two versions (as name:number), and on which records: a part, and of it one class (`label`) or one `record`.

    `part` is "" for the first of WHY_PARTS that has records. A record is counted from 0 in the dataset, whatever its
    part; `label` is the name of a class.
    """

    base: str
    other: str
    part: str = ""
    label: str = ""
    record: int | None = None


WHY_SETTINGS = {
    "part": Setting(
        Choice(dict.fromkeys(WHY_PARTS, "")), None, "Part", "By default the first of these that has records.", ""
    ),
    "class": Setting(Text(LONGEST_LABEL), None, "Class", "Only records of this class.", ""),
    "record": Setting(Whole(0, 10**18 - 1), None, "Record", "Only this record of the dataset, from 0.", ""),
}
"""What narrows down the records."""


def parse_why(data: Mapping[str, Any]) -> WhyRequest:
    """Read a request from an untrusted mapping; raises Invalid with each wrong field."""
    fields = Fields(data)
    fields.known({"base", "other", *WHY_SETTINGS})
    sides = {name: fields.text(name, longest=LONGEST_LABEL) for name in ("base", "other")}
    for name, reference in sides.items():
        if not reference:
            fields.refuse(name, "Choose a version, written as name:number.")
    own = read(fields, WHY_SETTINGS)
    fields.done()
    return WhyRequest(sides["base"], sides["other"], own["part"] or "", own["class"] or "", own["record"])


@dataclass(frozen=True)
class Scored:
    """The mean loss and the metric that judges the task (accuracy or rmse), in float64, of some weights."""

    loss: float
    metric: float


@dataclass(frozen=True)
class PathPoint:
    """The mean loss and the metric of the weights base + t · (other − base)."""

    t: float
    loss: float
    metric: float


@dataclass(frozen=True)
class TensorShare:
    """A tensor: its share of the change, how many of its cells have changed, and the scores with the base's tensor."""

    name: str
    share: float
    changed: int
    put_back: Scored


@dataclass(frozen=True)
class UnitShare:
    """A unit that has changed: its layer from 1, its place from 0; its share is that of its incoming weights and bias.

    `put_back` are the scores of the other with the base's incoming weights and bias of this unit alone; None where
    there were too many units to measure each.
    """

    layer: int
    unit: int
    share: float
    changed: int
    put_back: Scored | None


@dataclass(frozen=True)
class CurvePoint:
    """The scores with the first `units` of the list put back, and with all units put back but those.

    `share` is what the shares of these units are of the whole change; None where the loss did not change.
    """

    units: int
    share: float | None
    back: Scored
    rest: Scored


@dataclass(frozen=True)
class ClassLoss:
    """The records of one class: the mean loss and the accuracy of base and other, and their part of the change."""

    label: str
    records: int
    base: Scored
    other: Scored
    share: float


@dataclass(frozen=True)
class RecordLoss:
    """A record, counted from 0 in the dataset: what both versions answer, both losses, and its part of the change.

    `target` and the answers are names of classes or numbers in the target's own unit, a list of several targets.
    """

    record: int
    target: Any
    base_answer: Any
    other_answer: Any
    base_loss: float
    other_loss: float
    share: float


@dataclass(frozen=True)
class WhyResult:
    """Why the loss of `other` is not that of `base`: `change` is other − base, `sum` what all shares sum to.

    `error` is |sum − change|, `tolerance` what it may be, `is_complete` whether it is within. `points` is on how many
    weights along the line the gradient was taken. `units` are those that have changed, the one that restores most when
    it is put back alone first; `changed_units` is how many there are, listed or not. `lost` are the records whose loss
    rose most, `gained` those whose loss fell most.
    """

    base: str
    other: str
    dataset: str
    part: str
    label: str
    record: int | None
    records: int
    loss_name: str
    metric_name: str
    base_score: Scored
    other_score: Scored
    change: float
    sum: float
    error: float
    tolerance: float
    is_complete: bool
    points: int
    path: tuple[PathPoint, ...]
    tensors: tuple[TensorShare, ...]
    units: tuple[UnitShare, ...]
    changed_units: int
    curve: tuple[CurvePoint, ...]
    classes: tuple[ClassLoss, ...]
    lost: tuple[RecordLoss, ...]
    gained: tuple[RecordLoss, ...]

    @property
    def relative_error(self) -> float | None:
        """The error as a share of the change; None where the loss did not change."""
        return self.error / abs(self.change) if self.change else None

    def loss_restored(self, scored: Scored) -> float | None:
        """Return which share of the change of the loss is undone in these scores; None where it did not change."""
        return (self.other_score.loss - scored.loss) / self.change if self.change else None

    def metric_restored(self, scored: Scored) -> float | None:
        """Return which share of the change of the metric is undone in these scores; None where it did not change."""
        change = self.other_score.metric - self.base_score.metric
        return (self.other_score.metric - scored.metric) / change if change else None

    def to_json(self) -> dict[str, Any]:
        """Return plain values, in the form of the JSON API; `from_json` reads them back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "WhyResult":
        """Return the result that `to_json` wrote (trusted data)."""
        lists = {name: tuple(read(one) for one in data[name]) for name, read in LISTS.items()}
        scores = {name: Scored(**data[name]) for name in ("base_score", "other_score")}
        return cls(**{**data, **lists, **scores})


def _scored(data: Mapping[str, Any] | None) -> Scored | None:
    return None if data is None else Scored(**data)


LISTS: Mapping[str, Any] = {
    "path": lambda one: PathPoint(**one),
    "tensors": lambda one: TensorShare(**one | {"put_back": _scored(one["put_back"])}),
    "units": lambda one: UnitShare(**one | {"put_back": _scored(one["put_back"])}),
    "curve": lambda one: CurvePoint(**one | {name: _scored(one[name]) for name in ("back", "rest")}),
    "classes": lambda one: ClassLoss(**one | {name: _scored(one[name]) for name in ("base", "other")}),
    "lost": lambda one: RecordLoss(**one),
    "gained": lambda one: RecordLoss(**one),
}
"""What reads the members of each list of a result."""
