"""Shares of the change of a loss with PyTorch's gradients: they sum to it, name a planted fault, and leave no trace."""

import copy

import pytest
import torch

import weightbase

torch.manual_seed(1)
torch.set_num_threads(1)  # the networks are small: threads would only wait for each other
X, Y = torch.randn(200, 6), torch.randint(0, 3, (200,))
PARTS = {
    "relu": lambda: [torch.nn.Linear(6, 8), torch.nn.ReLU()],
    "gelu": lambda: [torch.nn.Linear(6, 8), torch.nn.GELU()],
    "batch norm": lambda: [torch.nn.Linear(6, 8), torch.nn.BatchNorm1d(8), torch.nn.Tanh()],
    "convolution": lambda: [torch.nn.Unflatten(1, (1, 6)), torch.nn.Conv1d(1, 4, 3), torch.nn.Flatten(),
                            torch.nn.Linear(16, 8), torch.nn.SiLU()],
}  # fmt: skip


def trained(parts, epochs, model=None):
    model = model or torch.nn.Sequential(*PARTS[parts](), torch.nn.Linear(8, 3))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    model.train()
    for _ in range(epochs):
        optimizer.zero_grad()
        loss(model).backward()
        optimizer.step()
    return model.eval()


def loss(model):
    return torch.nn.functional.cross_entropy(model(X.to(next(model.parameters()).dtype)), Y)


def state_of(model):
    gradients = {name: None if one.grad is None else one.grad.clone() for name, one in model.named_parameters()}
    return copy.deepcopy(model.state_dict()), gradients, [one.requires_grad for one in model.parameters()]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("parts", PARTS)
def test_shares_sum_to_the_change_and_both_models_are_as_before(parts, dtype):
    base = trained(parts, 5)
    other = trained(parts, 60, copy.deepcopy(base))
    base, other = base.to(dtype), other.to(dtype)
    other[0 if parts != "convolution" else 1].weight.requires_grad_(False)
    states = state_of(base), state_of(other)
    with torch.no_grad():
        change = float(loss(other)) - float(loss(base))
    why = weightbase.why(base, other, loss)
    assert why.change == pytest.approx(change, rel=1e-9)
    assert abs(sum(share.sum() for share in why.shares.values()) + why.buffers - change) <= 0.001 * abs(change)
    assert (why.buffers != 0) == (parts == "batch norm")
    for model, (weights, gradients, requires) in zip((base, other), states, strict=True):
        assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
        assert [one.requires_grad for one in model.parameters()] == requires
        for name, one in model.named_parameters():
            assert one.grad is gradients[name] is None or torch.equal(one.grad, gradients[name])


@pytest.mark.parametrize("unit", range(8))
def test_the_largest_share_is_that_of_the_unit_that_was_turned_round(unit):
    base = trained("relu", 80)
    other = trained("relu", 3, copy.deepcopy(base))
    with torch.no_grad():
        other[0].weight[unit] *= -4
    why = weightbase.why(base, other, loss)
    shares = why.shares["0.weight"].sum(axis=1) + why.shares["0.bias"]
    assert shares.argmax() == unit
    assert next(iter(why.tensors)) == "0.weight"


def test_a_loss_without_gradients_and_dropout_are_refused_in_words():
    base, other = trained("relu", 5), trained("relu", 10)
    with pytest.raises(TypeError, match=r"has to return the loss as one number of PyTorch with gradients"):
        weightbase.why(base, other, lambda model: loss(model).detach())
    noisy = torch.nn.Sequential(torch.nn.Dropout(0.5), *PARTS["relu"](), torch.nn.Linear(8, 3))
    with pytest.raises(ValueError, match=r"switch dropout off with model\.eval\(\)"):
        weightbase.why(copy.deepcopy(noisy), noisy, loss)
    with pytest.raises(ValueError, match=r"of the same form; 2\.weight is \(3, 8\) in the base, missing in the other"):
        weightbase.why(base, trained("batch norm", 5), loss)
