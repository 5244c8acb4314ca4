"""What the tensors of a file could be here: chains of dense layers, the best first, or the reason why there are none.

A chain that a file states itself (our own definition, Keras' config, ONNX's graph, scikit-learn's settings) is taken
as it says; else every way to read the names and shapes is proposed. Where several fit equally well, a person chooses.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dashboard.formats.bare_chains import Bare, Reading, readings
from dashboard.formats.chains import Chain, Link, chain_from_json
from dashboard.formats.contents import Contents, SourceTensor
from dashboard.formats.not_dense import why_not_dense
from dashboard.records.training import ACTIVATIONS

MOST_PROPOSALS = 8
MOST_LAYERS = 200
SKLEARN = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu", "softmax": "softmax"}
UNITS_FIRST = {"pytorch", "onnx"}
"""Formats in which a weight is (units, inputs) unless they say otherwise."""
ORDERS = {
    "file": "in the file's order",
    "reversed": "in the file's order reversed",
    "name": "in the order of the names",
}


class ProposedLayer(NamedTuple):
    """A dense layer: names of tensors of the file; `turned` if the weight is (units, inputs) there.

    A bias is (units,), or, as in tables, (units, 1) or (1, units). `activation` is None if the file does not say it.
    """

    weight: str
    bias: str | None
    turned: bool
    inputs: int
    units: int
    activation: str | None


class Proposal(NamedTuple):
    """A chain of layers; `left_over` are the weights that have no place in it; `why` says where the chain is from.

    `is_ambiguous` means that another proposal fits as well: then nothing is chosen for the person.
    """

    layers: tuple[ProposedLayer, ...]
    left_over: tuple[str, ...]
    why: str
    is_ambiguous: bool = False


def proposals(contents: Contents) -> tuple[Proposal, ...]:
    """Return the chains of dense layers that a file can be read as, the best first; none if it is no such network."""
    stated = _stated(contents)
    if stated is not None:
        return stated
    if why_not_dense(_weights(contents)):
        return ()
    return _ranked(contents, readings([Bare(one.name, one.dtype, one.shape) for one in _weights(contents)]))


def why_foreign(contents: Contents) -> str:
    """Return why a file without proposals becomes a foreign network, as a sentence; empty if it has proposals."""
    if proposals(contents):
        return ""
    chain = chain_from_json(contents.about.get("chain"))
    reason = chain.why if chain is not None and chain.why else why_not_dense(_weights(contents))
    reason = reason or "its matrices do not follow one another as the layers of a network do"
    return f"It is kept as a foreign network, which is neither run nor trained here: {reason}."


def narrowed(chains: Sequence[Proposal], inputs: int) -> tuple[Proposal, ...]:
    """Return the proposals with so many inputs, as a dataset has; what was ambiguous may be decided by that."""
    fitting = [one for one in chains if one.layers[0].inputs == inputs]
    return _marked(fitting)


def _weights(contents: Contents) -> list[SourceTensor]:
    return [one for one in contents.tensors if not one.is_optimizer]


def _stated(contents: Contents) -> tuple[Proposal, ...] | None:
    """Return what the file itself states: a chain that fits its tensors, or none; None if it states nothing sound."""
    for chain, why in (
        (_own_chain(contents.about.get("weightbase")), "as the network's own definition says"),
        (chain_from_json(contents.about.get("chain")), "as the file's description of its network says"),
        (_sklearn_chain(contents), "as scikit-learn's settings say"),
    ):
        if chain is not None and chain.why:
            return ()
        proposal = _proposal_of(chain, contents, why) if chain is not None else None
        if proposal is not None:
            return (proposal,)
    return None


def _proposal_of(chain: Chain, contents: Contents, why: str) -> Proposal | None:
    """Return the proposal of a stated chain; None if its tensors are not there or do not follow one another."""
    tensors = {one.name: one for one in _weights(contents)}
    layers: list[ProposedLayer] = []
    for link in chain.links:
        layer = _layer_of(link, tensors)
        if layer is None or (layers and layers[-1].units != layer.inputs) or len(layers) >= MOST_LAYERS:
            return None
        layers.append(layer)
    used = {name for layer in layers for name in (layer.weight, layer.bias)} | set(chain.constants)
    return Proposal(tuple(layers), tuple(name for name in tensors if name not in used), why) if layers else None


def _layer_of(link: Link, tensors: Mapping[str, SourceTensor]) -> ProposedLayer | None:
    weight = tensors.get(link.weight)
    bias = tensors.get(link.bias) if link.bias is not None else None
    if weight is None or len(weight.shape) != 2 or 0 in weight.shape or (link.bias is not None and bias is None):
        return None
    inputs, units = weight.shape[::-1] if link.turned else weight.shape
    if bias is not None and bias.shape not in {(units,), (units, 1), (1, units)}:
        return None
    activation = link.activation if link.activation in ACTIVATIONS else None
    return ProposedLayer(link.weight, link.bias, link.turned, inputs, units, activation)


def _own_chain(about: object) -> Chain | None:
    """Return the chain of a definition of ours in a file, which may have been changed by anybody; None if unsound."""
    stated = chain_from_json(about.get("chain")) if isinstance(about, dict) else None
    if stated is not None and stated.links:
        return stated
    spec: Any = about.get("spec") if isinstance(about, dict) else None
    layers = spec.get("layers") if isinstance(spec, dict) else None
    if not isinstance(layers, list) or not 0 < len(layers) <= MOST_LAYERS:
        return None
    links = []
    for number, layer in enumerate(layers, start=1):
        activation = layer.get("activation") if isinstance(layer, dict) else None
        if not isinstance(activation, str):
            return None
        bias = f"layer_{number:02d}.bias" if layer.get("bias", True) else None
        links.append(Link(f"layer_{number:02d}.weight", bias, False, activation))
    return Chain(tuple(links))


def _sklearn_chain(contents: Contents) -> Chain | None:
    """Return the chain of a network of scikit-learn, whose settings name two activations; None if they do not."""
    settings = contents.about.get("sklearn")
    hidden, output = (
        SKLEARN.get(str(settings.get(key, "")).strip('"')) if isinstance(settings, dict) else None
        for key in ("activation", "out_activation_")
    )
    count = sum(one.name.startswith("coefs_.") for one in _weights(contents))
    if hidden is None or output is None:
        return None
    activations = [*[hidden] * (count - 1), output]
    return Chain(
        tuple(Link(f"coefs_.{i}", f"intercepts_.{i}", False, activations[i]) for i in range(min(count, MOST_LAYERS)))
    )


def _ranked(contents: Contents, ways: Sequence[Reading]) -> tuple[Proposal, ...]:
    """Return readings as proposals: those that leave least over first, then in the format's layout and file's order."""
    metadata = contents.about.get("metadata")
    is_torch = isinstance(metadata, dict) and metadata.get("format") == "pt"
    usual = contents.format in UNITS_FIRST or is_torch
    order = sorted(ways, key=lambda one: (len(one.left_over), one.units_first != usual, one.order != "file"))
    return _marked([_proposal_of_reading(one) for one in order])[:MOST_PROPOSALS]


def _proposal_of_reading(reading: Reading) -> Proposal:
    layout = (
        "units first, as PyTorch keeps them" if reading.units_first else "inputs first, as Keras and NumPy keep them"
    )
    order = ORDERS.get(reading.order, "in the order in which their sizes fit")
    layers = tuple(
        ProposedLayer(step.weight, step.bias, reading.units_first, step.inputs, step.units, None)
        for step in reading.steps
    )
    return Proposal(layers, reading.left_over, f"{order}, {layout}")


def _marked(chains: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """Return proposals that say whether another one leaves as little over as they do, and less than the rest."""
    least = min((len(one.left_over) for one in chains), default=0)
    best = sum(len(one.left_over) == least for one in chains)
    return tuple(one._replace(is_ambiguous=best > 1 and len(one.left_over) == least) for one in chains)
