"""Activation functions and their derivatives: each forward is followed by its backward.

``forward(values, scratch)`` turns the sums z (batch, units) into the activations a, in place; `scratch` has the same
shape, holds zeros the first time, and belongs to the activation: what it writes there remains until the next call.
``backward(gradient, saved)`` turns dL/da into dL/dz, in place; `saved` holds a, or z for those that `need_sums`, and
may be written: it is not read afterwards. The units are the last axis.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dashboard.engine.arrays import HALF, ONE, ZERO, Array

LEAK = 0.01
GELU_SCALE = float(np.sqrt(2.0 / np.pi))
GELU_CUBE = 0.044715


@dataclass(frozen=True)
class Activation:
    """A pair of functions, whether the way back needs the sums instead of the activations, and what health looks at.

    Its outputs are between `low` and `high`. A unit of a rectifier is active on a record if its output is above 0,
    which it is if its sum is. A rectifier that `cuts_off` has the output and the slope 0 below that, so that a unit
    that is never active cannot recover. One that `saturates` is flat where its sum is far from 0, on either side.
    """

    forward: Callable[[Array, Array], None]
    backward: Callable[[Array, Array], None]
    needs_sums: bool = False
    low: float = -np.inf
    high: float = np.inf
    is_rectifier: bool = False
    cuts_off: bool = False
    saturates: bool = False

    def output(self, total: float) -> float:
        """Return the output of one unit whose sum is `total`."""
        value = np.array([[total]])
        self.forward(value, np.zeros((1, 1)))
        return float(value[0, 0])


def identity(values: Array, scratch: Array) -> None:
    """Leave the sums as they are: a = z."""


def identity_backward(gradient: Array, saved: Array) -> None:
    """Multiply by 1."""


def sigmoid(values: Array, scratch: Array) -> None:
    """Compute a = 1 / (1 + exp(-z)) as ½·tanh(z/2) + ½, which never overflows and is quicker than exp."""
    np.multiply(values, HALF, out=values)
    np.tanh(values, out=values)
    np.multiply(values, HALF, out=values)
    np.add(values, HALF, out=values)


def sigmoid_backward(gradient: Array, saved: Array) -> None:
    """Multiply by a·(1 − a)."""
    np.multiply(gradient, saved, out=gradient)
    np.subtract(ONE, saved, out=saved)
    np.multiply(gradient, saved, out=gradient)


def tanh(values: Array, scratch: Array) -> None:
    """Compute the hyperbolic tangent of z."""
    np.tanh(values, out=values)


def tanh_backward(gradient: Array, saved: Array) -> None:
    """Multiply by 1 − a²."""
    np.multiply(saved, saved, out=saved)
    np.subtract(ONE, saved, out=saved)
    np.multiply(gradient, saved, out=gradient)


def relu(values: Array, scratch: Array) -> None:
    """Compute a = max(z, 0)."""
    np.maximum(values, scratch, out=values)  # zeros: against a scalar numpy's maximum is three times slower


def relu_backward(gradient: Array, saved: Array) -> None:
    """Multiply by 1 where a > 0, else by 0."""
    np.greater(saved, ZERO, out=saved)
    np.multiply(gradient, saved, out=gradient)


def leaky_relu(values: Array, scratch: Array) -> None:
    """Compute a = z where z > 0, else z/100 (Maas, Hannun & Ng 2013)."""
    np.multiply(values, LEAK, out=scratch)
    np.maximum(values, scratch, out=values)


def leaky_relu_backward(gradient: Array, saved: Array) -> None:
    """Multiply by 1 where a > 0, else by 1/100."""
    np.greater(saved, ZERO, out=saved)
    np.maximum(saved, LEAK, out=saved)
    np.multiply(gradient, saved, out=gradient)


def elu(values: Array, scratch: Array) -> None:
    """Compute a = z where z > 0, else exp(z) − 1 (Clevert, Unterthiner & Hochreiter 2016, α = 1)."""
    np.minimum(values, ZERO, out=scratch)
    np.expm1(scratch, out=scratch)
    np.maximum(values, ZERO, out=values)
    np.add(values, scratch, out=values)


def elu_backward(gradient: Array, saved: Array) -> None:
    """Multiply by 1 where a > 0, else by exp(z) = a + 1."""
    np.minimum(saved, ZERO, out=saved)
    np.add(saved, ONE, out=saved)
    np.multiply(gradient, saved, out=gradient)


def gelu(values: Array, scratch: Array) -> None:
    """Compute a = ½·z·(1 + tanh(√(2/π)·(z + 0.044715·z³))) (Hendrycks & Gimpel 2016, their tanh form)."""
    np.tanh(_gelu_inner(values), out=scratch)
    np.add(scratch, ONE, out=scratch)
    np.multiply(scratch, HALF, out=scratch)
    np.multiply(values, scratch, out=values)


def gelu_backward(gradient: Array, saved: Array) -> None:
    """Multiply by ½·(1 + t) + ½·z·(1 − t²)·√(2/π)·(1 + 3·0.044715·z²), t being the tanh of the forward."""
    bend = np.tanh(_gelu_inner(saved))
    slope = GELU_SCALE * (1.0 + 3.0 * GELU_CUBE * saved * saved)
    np.multiply(gradient, 0.5 * (1.0 + bend) + 0.5 * saved * (1.0 - bend * bend) * slope, out=gradient)


def _gelu_inner(sums: Array) -> Array:
    inner: Array = GELU_SCALE * (sums + GELU_CUBE * sums * sums * sums)
    return inner


def silu(values: Array, scratch: Array) -> None:
    """Compute a = z·σ(z) (Elfwing, Uchibe & Doya 2018)."""
    np.copyto(scratch, values)
    sigmoid(scratch, scratch)
    np.multiply(values, scratch, out=values)


def silu_backward(gradient: Array, saved: Array) -> None:
    """Multiply by σ(z)·(1 + z·(1 − σ(z)))."""
    gate = saved.copy()
    sigmoid(gate, gate)
    np.multiply(gradient, gate * (1.0 + saved * (1.0 - gate)), out=gradient)


def softplus(values: Array, scratch: Array) -> None:
    """Compute a = log(1 + exp(z)) as max(z, 0) + log1p(exp(−|z|)), which never overflows (Dugas et al. 2001)."""
    np.absolute(values, out=scratch)
    np.negative(scratch, out=scratch)
    np.exp(scratch, out=scratch)
    np.log1p(scratch, out=scratch)
    np.maximum(values, ZERO, out=values)
    np.add(values, scratch, out=values)


def softplus_backward(gradient: Array, saved: Array) -> None:
    """Multiply by σ(z) = 1 − exp(−a)."""
    np.negative(saved, out=saved)
    np.expm1(saved, out=saved)
    np.multiply(gradient, saved, out=gradient)
    np.negative(gradient, out=gradient)


def softmax(values: Array, scratch: Array) -> None:
    """Compute a = exp(z) / Σ exp(z) over the units, shifted by max(z) so that it never overflows."""
    if values.ndim == 2:
        _softmax_of_batch(values.T, scratch[0])
        return
    np.subtract(values, np.maximum.reduce(values, axis=-1, keepdims=True), out=values)
    np.exp(values, out=values)
    np.divide(values, np.add.reduce(values, axis=-1, keepdims=True), out=values)


def _softmax_of_batch(across: Array, ones: Array) -> None:
    """Compute it for (units, batch), the layout of an output layer; a product is faster than a reduction."""
    np.subtract(across, np.maximum.reduce(across), out=across)
    np.exp(across, out=across)
    ones.fill(1.0)
    np.divide(across, ones.dot(across), out=across)


def softmax_backward(gradient: Array, saved: Array) -> None:
    """Multiply by the Jacobian diag(a) − a·aᵀ: dL/dz = a·(dL/da − Σ a·dL/da)."""
    np.subtract(gradient, np.add.reduce(gradient * saved, axis=-1, keepdims=True), out=gradient)
    np.multiply(gradient, saved, out=gradient)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(identity, identity_backward),
    "sigmoid": Activation(sigmoid, sigmoid_backward, low=0.0, high=1.0, saturates=True),
    "tanh": Activation(tanh, tanh_backward, low=-1.0, high=1.0, saturates=True),
    "relu": Activation(relu, relu_backward, low=0.0, is_rectifier=True, cuts_off=True),
    "leaky_relu": Activation(leaky_relu, leaky_relu_backward, is_rectifier=True),
    "elu": Activation(elu, elu_backward, low=-1.0, is_rectifier=True),
    "gelu": Activation(gelu, gelu_backward, needs_sums=True, low=-0.2, is_rectifier=True),
    "silu": Activation(silu, silu_backward, needs_sums=True, low=-0.3, is_rectifier=True),
    "softplus": Activation(softplus, softplus_backward, low=0.0),
    "softmax": Activation(softmax, softmax_backward, low=0.0, high=1.0),
}
