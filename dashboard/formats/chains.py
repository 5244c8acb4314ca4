"""A chain of dense layers as a file's own description of its network states it, or the reason why it states none."""

from typing import Any, NamedTuple


class Link(NamedTuple):
    """One dense layer: the names of its tensors in the file; `turned` if the weight is (units, inputs)."""

    weight: str
    bias: str | None
    turned: bool
    activation: str


class Chain(NamedTuple):
    """The layers from inputs to outputs; without any, `why` is the end of a sentence that says why not."""

    links: tuple[Link, ...]
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON, as `about` of a file's contents holds it."""
        return {"layers": [link._asdict() for link in self.links], "why": self.why}


def chain_from_json(value: object) -> Chain | None:
    """Return the chain that a file's contents hold, which is untrusted; None if it is none."""
    if not isinstance(value, dict) or not isinstance(value.get("layers"), list):
        return None
    links = [link_from_json(one) for one in value["layers"]]
    if any(link is None for link in links):
        return None
    return Chain(tuple(link for link in links if link is not None), str(value.get("why") or "")[:500])


def link_from_json(value: object) -> Link | None:
    """Return a layer of a chain; None if it is none."""
    if not isinstance(value, dict) or not isinstance(value.get("weight"), str):
        return None
    bias, activation = value.get("bias"), value.get("activation")
    if not (bias is None or isinstance(bias, str)) or not isinstance(activation, str):
        return None
    return Link(value["weight"], bias, value.get("turned") is True, activation)
