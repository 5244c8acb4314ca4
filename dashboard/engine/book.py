"""The class of Rashid's *Make Your Own Neural Network* (2016), over the engine: a reader's script runs unchanged.

The rule is the book's, in float64 as there: Δw_jk = rate · E_k · o_k · (1 − o_k) · o_jᵀ, with the hidden errors
E_hidden = Whoᵀ · E_output. (That is the gradient's step at the output layer; at the hidden one the gradient would pass
back E_output · o · (1 − o), and `Training` does.) The weights are in a `Network`, so what a script has trained can be
saved as a version; docs/engine.md shows how.
"""

import numpy as np
from numpy.typing import ArrayLike

from dashboard.engine.activations import sigmoid
from dashboard.engine.arrays import Array
from dashboard.engine.network import Network
from dashboard.engine.single_records import Chain
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec


def book_spec(inputs: int, hidden: int, outputs: int, rate: float = 0.1, epochs: int = 5) -> NetworkSpec:
    """Return the book's network: sigmoids without biases, squared error, one record at a time, N(0, 1/√n)."""
    training = TrainingSpec(
        loss="squared_error",
        optimizer="sgd",
        learning_rate=rate,
        batch_size=1,
        epochs=epochs,
        initializer="normal_sqrt",
        dtype="float64",
        scaling="book",
    )
    layers = (LayerSpec(hidden, "sigmoid", bias=False), LayerSpec(outputs, "sigmoid", bias=False))
    return NetworkSpec(inputs, layers, training)


class neuralNetwork:  # noqa: N801 - the book's name
    """The book's network of one hidden layer: `wih` (hidden, inputs), `who` (outputs, hidden), `lr`.

    The weights begin as the book's do, drawn from numpy's global stream in its order, so that a seeded script begins
    at the same numbers. Reading `wih` gives a view, assigning it copies; raises ValueError for another shape.
    """

    def __init__(self, inputnodes: int, hiddennodes: int, outputnodes: int, learningrate: float) -> None:
        self.inodes, self.hnodes, self.onodes, self.lr = inputnodes, hiddennodes, outputnodes, learningrate
        self.network = Network(book_spec(inputnodes, hiddennodes, outputnodes, learningrate))
        self._chain = Chain(self.network, as_printed=True)
        self._out = np.empty(outputnodes)
        self.wih = np.random.normal(0.0, pow(hiddennodes, -0.5), (hiddennodes, inputnodes))
        self.who = np.random.normal(0.0, pow(outputnodes, -0.5), (outputnodes, hiddennodes))

    @property
    def wih(self) -> Array:
        """The weights from the inputs to the hidden layer, (hidden, inputs)."""
        return self.network.layers[0].weight.T

    @wih.setter
    def wih(self, weights: Array) -> None:
        self.network.layers[0].weight.T[...] = _of_shape(weights, (self.hnodes, self.inodes))

    @property
    def who(self) -> Array:
        """The weights from the hidden layer to the outputs, (outputs, hidden)."""
        return self.network.layers[1].weight.T

    @who.setter
    def who(self, weights: Array) -> None:
        self.network.layers[1].weight.T[...] = _of_shape(weights, (self.onodes, self.hnodes))

    def activation_function(self, x: Array) -> Array:
        """Return the sigmoid of x."""
        values = np.array(x, dtype=np.float64)
        sigmoid(values, values)
        return values

    def train(self, inputs_list: ArrayLike, targets_list: ArrayLike) -> None:
        """Learn one record; several rows at once add up their errors, as in the book's formula."""
        inputs = np.array(inputs_list, dtype=np.float64, ndmin=2)
        targets = np.array(targets_list, dtype=np.float64, ndmin=2)
        if len(inputs) > 1:
            self._train_rows(inputs, targets)
            return
        first = self._chain.first
        first.sum_up(inputs[0])
        self._chain.forward(self._out)
        self._chain.backward(targets[0], self.lr)
        first.move(inputs[0])

    def _train_rows(self, inputs: Array, targets: Array) -> None:
        hidden = self.activation_function(inputs @ self.wih.T)
        outputs = self.activation_function(hidden @ self.who.T)
        errors = targets - outputs
        hidden_errors = errors @ self.who
        self.who += self.lr * (errors * outputs * (1.0 - outputs)).T @ hidden
        self.wih += self.lr * (hidden_errors * hidden * (1.0 - hidden)).T @ inputs

    def query(self, inputs_list: ArrayLike) -> Array:
        """Return the outputs as a column (outputs, 1), or (outputs, rows) for several rows of inputs."""
        return self.network.predict(np.array(inputs_list, dtype=np.float64, ndmin=2)).T


def _of_shape(weights: Array, shape: tuple[int, int]) -> Array:
    if np.shape(weights) != shape:
        raise ValueError(f"These weights have the shape {np.shape(weights)}; the network needs {shape}.")
    return np.asarray(weights)
