"""What holds weights down while training: the L1 and L2 penalties, and the clipping of the gradient by its norm.

The penalties are l1·Σ|w| and ½·l2·Σw², over weights and not biases, added to the mean loss that is made small; they
are left out of the loss that is shown, so that it compares with the validation's.
"""

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.network import Parameters


class Penalties:
    """Adds a network's penalties to its flat gradient (parameters,) and clips it; of a stack, each network's."""

    def __init__(self, network: Parameters, gradient: Array) -> None:
        training = network.spec.training
        self.vector, self.gradient = network.vector, gradient
        self.l1, self.l2, self.most = training.l1, training.l2, training.clip_norm
        self.held = network.weight_mask() if self.l1 or self.l2 else None

    def apply(self, factor: Array | float = 1.0) -> None:
        """Add l1·sign(w) + l2·w; then, if the norm is above `clip_norm`, scale the gradient down to it.

        The gradient comes multiplied by `factor` (a number, or one a network of a stack: (networks, 1)), and leaves so.
        """
        if self.held is not None:
            pull = self.l1 * np.sign(self.vector) + self.l2 * self.vector
            np.add(self.gradient, self.held * pull * factor, out=self.gradient)
        if self.most:
            norm = np.sqrt(np.vecdot(self.gradient, self.gradient))[..., None]
            most = np.maximum(norm, factor * self.most)
            np.multiply(self.gradient, factor * self.most / most, out=self.gradient)
