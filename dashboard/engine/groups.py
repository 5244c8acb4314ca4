"""Several targets of classes in one network: each target has a group of outputs, one for each of its classes.

The groups stand next to each other in the order of the targets. The answer of a group is the class of its largest
output; nothing is shared between groups but the layers below, and no softmax runs over all outputs: it would let the
classes of one target take from those of another. So the loss, which is a sum over outputs, is one of single outputs.
"""

from collections.abc import Sequence

import numpy as np

from dashboard.engine.arrays import Array


def group_slices(groups: Sequence[int]) -> list[slice]:
    """Return which outputs belong to each group, given how many each has."""
    ends = np.cumsum(groups).tolist()
    return [slice(end - size, end) for size, end in zip(groups, ends, strict=True)]


def group_answers(scores: Array, groups: Sequence[int]) -> Array:
    """Return the code of the largest output of each group, (..., rows, groups), of scores (..., rows, outputs)."""
    return np.stack([np.argmax(scores[..., own], axis=-1) for own in group_slices(groups)], axis=-1)


class GroupTable:
    """The outputs wanted for the codes of several targets: `table[codes]`, as a table of single classes is used.

    `smoothing` s moves what is wanted to (1 − s)·wanted + s·the mean of its group.
    """

    def __init__(self, groups: Sequence[int], low: float, high: float, smoothing: float, dtype: np.dtype) -> None:
        sizes = np.repeat(groups, groups)
        means = (low * (sizes - 1) + high) / sizes
        self.off, self.on = ((wanted * (1.0 - smoothing) + means * smoothing).astype(dtype) for wanted in (low, high))
        self.starts = np.array([own.start for own in group_slices(groups)])

    def __getitem__(self, codes: Array) -> Array:
        """Return the outputs wanted (..., outputs) for codes (..., groups)."""
        wanted = np.broadcast_to(self.off, (*codes.shape[:-1], len(self.off))).copy()
        places = codes + self.starts
        np.put_along_axis(wanted, places, self.on[places], axis=-1)
        return wanted
