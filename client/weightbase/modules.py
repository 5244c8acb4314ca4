"""The straight line between two modules of PyTorch, without an import of it: the modules themselves bring it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from weightbase.names import plain_names

STEP = 0.01
"""How far from a point, as a share of the line, the loss is measured for the slope of the buffers."""


def same_form(base: Mapping[str, object], other: Mapping[str, object]) -> None:
    """Raise ValueError, naming the tensor, if two models have not the same names with the same shapes."""
    for name in [*base, *other]:
        if base.get(name) != other.get(name):
            sides = f"{_words(base.get(name))} in the base, {_words(other.get(name))} in the other"
            raise ValueError(f"Both models have to be of the same form; {name} is {sides}.")


def _words(shape: object) -> str:
    return "missing" if shape is None else str(shape)


class Module:
    """A module that is put on any point of the line from `base` to itself, and is itself again afterwards.

    Buffers of floating numbers, such as running means, move along the line, too. They have no gradients: what they do
    together is measured by small steps. Buffers of whole numbers stay those of the module.
    """

    def __init__(self, base: Any, other: Any, loss: Callable[[Any], Any]) -> None:  # noqa: ANN401 - torch.nn.Module
        self._module, self._loss = other, loss
        self._parameters, buffers = _by_name(other.named_parameters()), _by_name(other.named_buffers())
        self._tensors = {**self._parameters, **buffers}
        starts = {**_by_name(base.named_parameters()), **_by_name(base.named_buffers())}
        same_form(*({name: tuple(one.shape) for name, one in side.items()} for side in (starts, self._tensors)))
        self._ends = {name: value.detach().clone() for name, value in self._tensors.items()}
        self._starts = {name: starts[name].detach().clone().to(end.device) for name, end in self._ends.items()}
        self.changes = {name: _double(self._ends[name]) - _double(self._starts[name]) for name in self._parameters}
        self._moving = [name for name, value in buffers.items() if value.is_floating_point()]

    def __enter__(self) -> Module:
        """Let every parameter have gradients."""
        self._state = {name: (one.grad, one.requires_grad) for name, one in self._parameters.items()}
        for one in self._parameters.values():
            one.grad = None
            one.requires_grad_(True)
        return self

    def __exit__(self, *error: object) -> None:
        """Give the module its own weights, buffers and gradients again."""
        for name, value in self._tensors.items():
            value.detach().copy_(self._ends[name])
        for name, (gradient, requires) in self._state.items():
            self._parameters[name].requires_grad_(requires).grad = gradient

    def loss_at(self, t: float) -> float:
        """Return the loss at a share of the way."""
        return float(self._at(t, t).detach())

    def gradients_at(self, t: float) -> tuple[float, dict[str, Any]]:
        """Return the loss at a share of the way, and its gradients (none of what the loss does not depend on)."""
        for one in self._parameters.values():
            one.grad = None
        loss = self._at(t, t)
        if not getattr(loss, "requires_grad", False) or loss.numel() != 1:
            raise TypeError(
                "loss(model) has to return the loss as one number of PyTorch with gradients, such as "
                "cross_entropy(model(x), y): without .item(), outside of torch.no_grad()."
            )
        loss.backward()
        known = {name: one.grad for name, one in self._parameters.items() if one.grad is not None}
        return float(loss.detach()), {name: _double(gradient) for name, gradient in known.items()}

    def slope_of_buffers(self, t: float) -> float:
        """Return by how much the loss changes along the line by the buffers alone (central difference)."""
        if not any(bool((self._starts[name] != self._ends[name]).any()) for name in self._moving):
            return 0.0
        step = min(STEP, t, 1 - t)
        after, before = (float(self._at(t, t + sign * step).detach()) for sign in (1, -1))
        return (after - before) / (2 * step)

    def _at(self, t: float, t_of_buffers: float) -> Any:  # noqa: ANN401 - a torch.Tensor
        """Return the loss with parameters and buffers on these points; both ends are exact."""
        places = dict.fromkeys(self._parameters, t) | dict.fromkeys(self._moving, t_of_buffers)
        for name, value in self._tensors.items():
            start, end, place = self._starts[name], self._ends[name], places.get(name, 1.0)
            value.detach().copy_(end if place == 1 else start if place == 0 else start + place * (end - start))
        return self._loss(self._module)


def _by_name(named: Any) -> dict[str, Any]:  # noqa: ANN401
    tensors = dict(named)
    names = plain_names(tensors)
    return {names[name]: value for name, value in tensors.items()}


def _double(value: Any) -> Any:  # noqa: ANN401
    return value.detach().double().cpu().numpy()
