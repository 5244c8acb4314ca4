"""The book's class follows the book's formula, line by line."""

import numpy
import numpy as np
import pytest
from scipy.special import expit

from dashboard.engine.book import book_spec, neuralNetwork
from dashboard.engine.network import Network


class AsPrinted:
    """The published formulas in their own terms: ΔW = rate · E · O · (1 − O) × Oᵀ, hidden errors = Whoᵀ · E."""

    def __init__(self, wih, who, rate):
        self.wih, self.who, self.rate = wih.copy(), who.copy(), rate

    def query(self, inputs):
        return expit(self.who @ expit(self.wih @ np.array(inputs, ndmin=2).T))

    def train(self, inputs, targets):
        column = np.array(inputs, ndmin=2).T
        hidden = expit(self.wih @ column)
        outputs = expit(self.who @ hidden)
        errors = np.array(targets, ndmin=2).T - outputs
        hidden_errors = self.who.T @ errors
        self.who = self.who + self.rate * (errors * outputs * (1 - outputs)) @ hidden.T
        self.wih = self.wih + self.rate * (hidden_errors * hidden * (1 - hidden)) @ column.T


def records(count=50, inputs=7, outputs=3):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count, inputs)) / 255.0 * 0.99 + 0.01
    return pixels, np.eye(outputs)[np.arange(count) % outputs] * 0.98 + 0.01


def test_training_follows_the_published_formula():
    numpy.random.seed(3)
    network = neuralNetwork(7, 5, 3, 0.3)
    printed = AsPrinted(network.wih, network.who, 0.3)
    for inputs, targets in zip(*records(), strict=True):
        network.train(inputs, targets)
        printed.train(inputs, targets)
    np.testing.assert_allclose(network.wih, printed.wih, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(network.who, printed.who, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(network.query(records()[0][0]), printed.query(records()[0][0]), rtol=1e-12)


def test_several_rows_at_once_add_up_their_errors_as_in_the_formula():
    network = neuralNetwork(7, 5, 3, 0.3)
    printed = AsPrinted(network.wih, network.who, 0.3)
    inputs, targets = records(4)
    network.train(inputs, targets)
    printed.train(inputs, targets)
    np.testing.assert_allclose(network.wih, printed.wih, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(network.query(inputs), printed.query(inputs), rtol=1e-12)


def test_a_seeded_script_begins_at_the_books_weights():
    numpy.random.seed(11)
    network = neuralNetwork(4, 3, 2, 0.1)
    numpy.random.seed(11)
    np.testing.assert_array_equal(network.wih, numpy.random.normal(0.0, pow(3, -0.5), (3, 4)))
    np.testing.assert_array_equal(network.who, numpy.random.normal(0.0, pow(2, -0.5), (2, 3)))


def test_the_books_script_runs_unchanged():
    input_nodes = 3
    hidden_nodes = 3
    output_nodes = 3
    learning_rate = 0.3
    n = neuralNetwork(input_nodes, hidden_nodes, output_nodes, learning_rate)
    assert n.query([1.0, 0.5, -1.5]).shape == (3, 1)
    before = n.query([1.0, 0.5, -1.5])[0]
    n.train([1.0, 0.5, -1.5], [0.99, 0.01, 0.01])
    assert n.query([1.0, 0.5, -1.5])[0] > before
    assert int(numpy.argmax(n.query([1.0, 0.5, -1.5]))) in (0, 1, 2)
    assert (n.inodes, n.hnodes, n.onodes, n.lr) == (3, 3, 3, 0.3)
    np.testing.assert_allclose(n.activation_function(np.array([0.0, 2.0])), expit([0.0, 2.0]))


def test_weights_can_be_read_changed_in_place_and_assigned():
    network = neuralNetwork(4, 3, 2, 0.1)
    new = np.arange(12.0).reshape(3, 4)
    network.wih = new
    np.testing.assert_array_equal(network.wih, new)
    network.wih += 1.0
    network.wih[0, 0] = 7.0
    np.testing.assert_array_equal(network.wih[0], [7.0, 2.0, 3.0, 4.0])
    network.who *= 0.0
    np.testing.assert_array_equal(network.query([1, 2, 3, 4]), [[0.5], [0.5]])
    with pytest.raises(ValueError, match=r"\(4, 3\)"):
        network.wih = new.T


def test_a_changed_learning_rate_is_used():
    network = neuralNetwork(4, 3, 2, 0.1)
    network.lr = 0.0
    before = network.wih.copy()
    network.train([1.0, 2.0, 3.0, 4.0], [0.99, 0.01])
    np.testing.assert_array_equal(network.wih, before)


def test_its_weights_travel_as_tensors_and_come_back_identical():
    network = neuralNetwork(4, 3, 2, 0.1)
    kept = Network(book_spec(4, 3, 2))
    kept.load(network.network.tensors())
    back = neuralNetwork(4, 3, 2, 0.1)
    back.network.load(kept.tensors())
    assert back.wih.tobytes() == network.wih.tobytes()
    assert back.who.tobytes() == network.who.tobytes()
