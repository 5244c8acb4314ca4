"""What is different between the tensors of two checkpoints: new ones, those that are gone, other shapes and types."""

from collections.abc import Mapping
from typing import NamedTuple

TensorForm = tuple[tuple[int, ...], str]
"""The shape of a tensor and its type."""


class Changed(NamedTuple):
    """A tensor of another shape or type than before."""

    name: str
    before: TensorForm
    after: TensorForm


class Changes(NamedTuple):
    """The names of new tensors and of those that are gone, and what has another shape or type; false if none."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[Changed, ...]

    def __bool__(self) -> bool:
        """Whether anything is different."""
        return bool(self.new or self.gone or self.changed)


def changes_between(before: Mapping[str, TensorForm], after: Mapping[str, TensorForm]) -> Changes:
    """Return what is different between tensors before and after, by their names."""
    changed = [
        Changed(name, before[name], form) for name, form in after.items() if name in before and before[name] != form
    ]
    return Changes(
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        tuple(changed),
    )
