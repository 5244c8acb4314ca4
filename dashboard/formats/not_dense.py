"""What shows by names and shapes that tensors are of a network that is no chain of dense layers."""

import re
from collections.abc import Sequence

from dashboard.formats.contents import SourceTensor

SIGNS = (
    (r"(running|moving)_(mean|var(iance)?)$|num_batches_tracked$", "normalisation"),
    (r"(^|[._/])(weight|bias)_(ih|hh)(_l\d+)?|recurrent_kernel", "recurrence"),
    (r"(^|[._/])(embed\w*|wte|wpe)([._/](weight|embeddings))?$|[._/]embeddings$", "an embedding"),
    (r"(^|[._/])(q_proj|k_proj|v_proj|in_proj_weight|query|key|attn\w*|attention)([._/]|$)", "attention"),
    (r"(^|[._/])(layer_?norm\w*|group_?norm\w*|ln_\w+|gamma)([._/]|$)", "normalisation"),
)
"""Names that only such parts have, and what they are."""


def why_not_dense(tensors: Sequence[SourceTensor]) -> str:
    """Return which tensor is no part of a chain of dense layers, as the end of a sentence; empty if none is."""
    for one in tensors:
        what = next((what for pattern, what in SIGNS if re.search(pattern, one.name, re.IGNORECASE)), "")
        if not what and len(one.shape) > 2:
            what = f"a kind with {len(one.shape)} axes, such as a convolution"
        if what:
            return f"{one.name[:100]!r} is of {what}, which the engine does not have"
    return "" if any(len(one.shape) == 2 for one in tensors) else "no tensor of it is a matrix"
