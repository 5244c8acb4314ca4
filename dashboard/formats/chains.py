"""A chain of dense layers as a file's own description of its network states it, or the reason why it states none."""

from typing import Any, NamedTuple


class Link(NamedTuple):
    """One dense layer: the names of its tensors in the file; `turned` if the weight is (units, inputs)."""

    weight: str
    bias: str | None
    turned: bool
    activation: str


class Chain(NamedTuple):
    """The layers from inputs to outputs; without any, `why` is the end of a sentence that says why not.

    `constants` are names of tensors that are no weights but numbers within an activation's formula, or shapes.
    """

    links: tuple[Link, ...]
    why: str = ""
    constants: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON, as `about` of a file's contents holds it."""
        layers = [link._asdict() for link in self.links]
        return {"layers": layers, "why": self.why, "constants": list(self.constants)}


def chain_from_json(value: object) -> Chain | None:
    """Return the chain that a file's contents hold, which is untrusted; None if it is none."""
    if not isinstance(value, dict) or not isinstance(value.get("layers"), list):
        return None
    links = [link_from_json(one) for one in value["layers"]]
    if any(link is None for link in links):
        return None
    constants = value.get("constants") or ()
    names = tuple(one for one in constants if isinstance(one, str)) if isinstance(constants, list) else ()
    return Chain(tuple(link for link in links if link is not None), str(value.get("why") or "")[:500], names)


def link_from_json(value: object) -> Link | None:
    """Return a layer of a chain; None if it is none."""
    if not isinstance(value, dict) or not isinstance(value.get("weight"), str):
        return None
    bias, activation = value.get("bias"), value.get("activation")
    if not (bias is None or isinstance(bias, str)) or not isinstance(activation, str):
        return None
    return Link(value["weight"], bias, value.get("turned") is True, activation)
