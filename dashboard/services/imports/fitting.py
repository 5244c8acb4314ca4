"""Which dataset a dense network that came without one can be trained on, and in words why another cannot."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import versions as version_rows
from dashboard.errors import Conflict, Invalid
from dashboard.parsing import Fields
from dashboard.records.dataset import Dataset
from dashboard.records.network import Network
from dashboard.services.datasets import chosen_dataset, training_datasets
from dashboard.services.networks import get_network
from dashboard.services.workspace import Workspace


class Shape(NamedTuple):
    """What a network reads and answers; `classes` are those of its outputs in order, empty where they have no names.

    `activation` is that of its last layer.
    """

    inputs: int
    outputs: int
    task: str
    classes: tuple[str, ...] = ()
    activation: str = ""


class Problem(NamedTuple):
    """Why a dataset does not fit, and the field that says so."""

    field: str
    words: str


class Offer(NamedTuple):
    """The datasets that a network can be trained on, and the others with the reasons why not."""

    fitting: list[Dataset]
    others: list[tuple[str, str]]


def why_not_fitting(dataset: Dataset, shape: Shape) -> Problem | None:
    """Return why a network of this shape cannot work on a dataset; None if it can."""
    columns, outputs = len(dataset.description["inputs"]), outputs_of(dataset)
    if columns != shape.inputs:
        words = f"{dataset.name} has {columns} inputs, the network {shape.inputs}. Choose another dataset."
        return Problem("dataset", words)
    if outputs != shape.outputs:
        what = "classes" if dataset.task == "classification" else "targets"
        return Problem("dataset", f"{dataset.name} has {outputs} {what}, the network {shape.outputs} outputs.")
    if dataset.task != shape.task:
        return Problem("task", f"{dataset.name} is for {dataset.task}.")
    if dataset.has_groups and shape.activation == "softmax":
        words = f"{dataset.name} has several targets, and the network's softmax is over one target's classes."
        return Problem("dataset", words)
    words = _other_classes(tuple(dataset.description["classes"]), shape.classes)
    return Problem("dataset", f"{dataset.name} {words}") if words else None


def outputs_of(dataset: Dataset) -> int:
    """Return how many outputs a network for a dataset has."""
    return len(dataset.description["classes"]) if dataset.task == "classification" else len(dataset.targets)


def _other_classes(own: Sequence[str], wanted: Sequence[str]) -> str:
    """Say how the classes of a dataset differ from those of a network's outputs; empty if they do not.

    Outputs that are only numbered from 0 on become the classes in their order, unless the classes are such numbers.
    """
    if not wanted or tuple(own) == tuple(wanted):
        return ""
    if set(own) == set(wanted):
        return f"has the classes in another order: {_named(own)}; the network's outputs are {_named(wanted)}."
    if list(wanted) == [str(place) for place in range(len(wanted))]:
        return ""
    return f"has other classes: {_named(own)}; the network's outputs are {_named(wanted)}."


def _named(classes: Sequence[str]) -> str:
    shown = ", ".join(classes[:10])
    return f"{shown} and {len(classes) - 10} others" if len(classes) > 10 else shown


def offered_datasets(workspace: Workspace, network: Network) -> Offer | None:
    """Return what a network without a dataset can be trained on; None if it has one, or no layers."""
    if network.dataset or network.is_foreign or not network.spec.layers:
        return None
    shape = _shape_of(workspace, network)
    checked = [(dataset, why_not_fitting(dataset, shape)) for dataset in training_datasets(workspace)]
    return Offer(
        [dataset for dataset, problem in checked if problem is None],
        [(dataset.name, problem.words) for dataset, problem in checked if problem is not None],
    )


def give_dataset(workspace: Workspace, network_name: str, data: Mapping[str, Any]) -> Network:
    """Let a network that came without a dataset train on one, for good; the same again changes nothing.

    Raises NotFound, Invalid naming the field for a dataset that does not fit, or Conflict for a network without layers
    or with another dataset.
    """
    network, fields = get_network(workspace, network_name), Fields(data)
    fields.known({"dataset"})
    if network.is_foreign or not network.spec.layers:
        raise Conflict(network.why_not_trained, "network")
    dataset = chosen_dataset(workspace, fields)
    if dataset is not None and not network.dataset:
        problem = why_not_fitting(dataset, _shape_of(workspace, network))
        if problem is not None:
            fields.refuse("dataset", problem.words)
    fields.done()
    if dataset is None:
        raise Invalid({"dataset": "Choose a dataset."})
    with workspace.catalogue.writing() as connection:
        if network.dataset != dataset.name and not network_rows.give_dataset(connection, network.id, dataset.id):
            raise Conflict(f"{network.name} has a dataset already: define a network of its own for another.", "dataset")
    return get_network(workspace, network_name)


def _shape_of(workspace: Workspace, network: Network) -> Shape:
    """Return what a network reads and answers, its classes as its newest version has them."""
    with workspace.catalogue.reading() as connection:
        newest = version_rows.newest_version(connection, network)
    classes = tuple(newest.preprocessing.get("classes") or ()) if newest else ()
    last = network.spec.layers[-1]
    return Shape(network.spec.inputs, last.units, network.task, classes, last.activation)
