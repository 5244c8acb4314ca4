"""Each weight's share of the change of a loss, in plain NumPy; `make proof` does the same with modules of PyTorch."""

import numpy as np
import pytest

import weightbase

X = np.random.default_rng(1).normal(size=(50, 3))
TRUE = X @ [1.0, -2.0, 0.5] + np.tanh(X[:, 0])
BASE = {"first": np.eye(3), "second": np.array([1.0, -1.0, 0.5]), "unused": np.ones(2)}
OTHER = BASE | {"first": np.diag([1.0, -3.0, 1.0])}


def loss(weights):
    """Return the mean squared error of tanh(X W) v, and its gradients as calculus has them."""
    hidden = np.tanh(X @ weights["first"])
    error = hidden @ weights["second"] - TRUE
    back = 2 / len(X) * np.outer(error, weights["second"]) * (1 - hidden**2)
    gradients = {"first": X.T @ back, "second": 2 / len(X) * hidden.T @ error, "unused": np.zeros(2)}
    return float((error**2).mean()), gradients


def test_shares_sum_to_the_change_of_the_loss_and_name_the_weight_that_made_it():
    why = weightbase.why(BASE, OTHER, loss)
    change = loss(OTHER)[0] - loss(BASE)[0]
    assert why.change == pytest.approx(change, rel=1e-12)
    assert sum(share.sum() for share in why.shares.values()) == pytest.approx(change, rel=1e-3)
    assert np.argwhere(why.shares["first"]).tolist() == [[1, 1]]
    assert [name for name, share in why.shares.items() if share.any()] == ["first"]
    assert next(iter(why.tensors)) == "first"
    back = weightbase.why(OTHER, BASE, loss)
    assert back.shares["first"][1, 1] == pytest.approx(-why.shares["first"][1, 1], rel=1e-9)
    assert str(why).splitlines()[1] == f"  {why.tensors['first']:+.4g} by first"


def test_what_cannot_be_explained_says_what_to_change():
    with pytest.raises(ValueError, match=r"first is \(3, 3\) in the base, \(2, 3\) in the other"):
        weightbase.why(BASE, OTHER | {"first": np.ones((2, 3))}, loss)
    with pytest.raises(TypeError, match="Give two modules of PyTorch, or two dicts of arrays, not list"):
        weightbase.why([1], [2], loss)
    random = np.random.default_rng(2)
    with pytest.raises(ValueError, match=r"switch dropout off with model\.eval\(\)"):
        weightbase.why(BASE, OTHER, lambda weights: (loss(weights)[0] + random.normal(), loss(weights)[1]))
