"""What holds weights down while training: the L1 and L2 penalties, and the clipping of the gradient by its norm.

The penalties are l1·Σ|w| and ½·l2·Σw², over weights and not biases, added to the mean loss that is made small; they
are left out of the loss that is shown, so that it compares with the validation's.
"""

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.network import LayerViews, Network, lay_out


class Penalties:
    """Adds a network's penalties to its flat gradient and clips it."""

    def __init__(self, network: Network, gradient: Array) -> None:
        training = network.spec.training
        self.gradient = gradient
        self.l1, self.l2, self.most = training.l1, training.l2, training.clip_norm
        pairs = zip(network.layers, lay_out(network.spec, gradient), strict=True)
        held = [(layer, slope) for layer, slope in pairs if not layer.spec.frozen]
        self.held: list[tuple[LayerViews, LayerViews]] = held if self.l1 or self.l2 else []

    def apply(self) -> None:
        """Add l1·sign(w) + l2·w; then, if the norm is above `clip_norm`, scale the gradient down to it."""
        for layer, slope in self.held:
            if self.l1:
                np.add(slope.weight, self.l1 * np.sign(layer.weight), out=slope.weight)
            if self.l2:
                np.add(slope.weight, self.l2 * layer.weight, out=slope.weight)
        if self.most:
            norm = float(np.sqrt(self.gradient.dot(self.gradient)))
            if norm > self.most:
                np.multiply(self.gradient, self.most / norm, out=self.gradient)
