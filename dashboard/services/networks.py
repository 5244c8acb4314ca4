"""Networks: reading a definition, creating, listing, deleting."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import trash as trash_rows
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.networks import NetworkSummary
from dashboard.errors import Conflict, Invalid
from dashboard.files import make_space
from dashboard.metrics import best_version
from dashboard.parsing import Fields
from dashboard.records.dataset import Dataset
from dashboard.records.network import (
    DENSE,
    MOST_LAYERS,
    LayerSpec,
    Network,
    NetworkSpec,
    check_combination,
    parse_layer,
)
from dashboard.records.page import Page
from dashboard.records.training import parse_training
from dashboard.services.datasets import chosen_dataset
from dashboard.services.store.trash_notes import note_trash
from dashboard.services.suggestion import check_reach
from dashboard.services.workspace import Workspace

__all__ = ["NetworkSummary"]  # what the lists hold, for those who may not enter the catalogue

KNOWN_FIELDS = {"name", "kind", "purpose", "dataset", "fields", "layers", "output", "training"}


@dataclass(frozen=True)
class Definition:
    """A person's definition after reading: what will be stored when it is created."""

    name: str
    purpose: str
    fields: dict[str, str]
    dataset: Dataset
    spec: NetworkSpec


def read_definition(workspace: Workspace, data: Mapping[str, Any]) -> Definition:
    """Read a definition in the form of the JSON API; raises Invalid with a message for each wrong field."""
    fields = Fields(data)
    fields.known(KNOWN_FIELDS)
    fields.choice("kind", DENSE, (DENSE,))
    name, purpose, free = fields.name(), fields.text("purpose"), fields.pairs("fields")
    dataset = chosen_dataset(workspace, fields)
    layers = [parse_layer(layer) for layer in fields.items("layers", 0, MOST_LAYERS)]
    output = parse_layer(fields.inner("output"), output=True)
    training = parse_training(fields.inner("training"))
    if dataset is not None:
        check_combination(fields, output, training, dataset.task, dataset.has_validation, dataset.has_groups)
    fields.done()
    if dataset is None:
        raise Invalid({"dataset": "Choose a dataset."})
    check_reach(fields, "output.activation", output, training, dataset)
    fields.done()
    inputs, outputs = len(dataset.description["inputs"]), _outputs(dataset)
    last = LayerSpec(outputs, output.activation, output.bias, 0.0, output.frozen)
    spec = NetworkSpec(inputs, (*layers, last), training)
    check_size(spec, workspace.settings.max_parameters)
    return Definition(name, purpose, free, dataset, spec)


def create_network(workspace: Workspace, data: Mapping[str, Any]) -> Network:
    """Create a network; raises Invalid, or Conflict if its name is taken."""
    definition = read_definition(workspace, data)
    row = {
        "name": definition.name,
        "purpose": definition.purpose,
        "task": definition.dataset.task,
        "dataset_id": definition.dataset.id,
        "fields": definition.fields,
        "spec": definition.spec.to_json(),
    }
    try:
        with workspace.catalogue.writing() as connection:
            network_rows.insert_network(connection, row)
    except Conflict as error:
        message = f"There is a network named {definition.name!r} already. Choose another name."
        raise Conflict(message, "name") from error
    return get_network(workspace, definition.name)


def get_network(workspace: Workspace, name: str) -> Network:
    """Return a network; raises NotFound, naming similar ones."""
    with workspace.catalogue.reading() as connection:
        return read_network(workspace, connection, name)


def read_network(workspace: Workspace, connection: Any, name: str) -> Network:  # noqa: ANN401 - a Connection
    """Return a network, read by this connection, once within one state of the catalogue; raises NotFound."""
    return workspace.catalogue.made_once(("network", name), lambda: network_rows.get_network(connection, name))


def list_networks(
    workspace: Workspace, limit: int = 50, offset: int = 0, search: str = "", kind: str = ""
) -> Page[NetworkSummary]:
    """Return a page of networks, those of one kind or all, the newest first, each with its best version."""
    with workspace.catalogue.reading() as connection:
        page = network_rows.list_networks(connection, limit + 1, offset, search, kind)
    shown = [replace(one, best=_best(workspace, one)) for one in page[:limit]]
    return Page(shown, offset + limit if len(page) > limit else None)


def _best(workspace: Workspace, summary: NetworkSummary) -> tuple[int, Mapping[str, Any]] | None:
    """Return the best of all versions; of a network with many they are looked through again once there are others."""
    history: Mapping[int, Mapping[str, Any]] = dict(summary.metrics)
    if summary.versions == len(history):
        return _best_of(summary.network, history)
    key = ("best version", summary.network.id, summary.mark)
    known: list[tuple[int, Mapping[str, Any]] | None] | None = workspace.results.get(key)
    if known is None:
        with workspace.catalogue.reading() as connection:
            history = version_rows.metric_history(connection, summary.network.id)
        known = [_best_of(summary.network, history)]
        workspace.results.put(key, known)
    return known[0]


def _best_of(network: Network, history: Mapping[int, Mapping[str, Any]]) -> tuple[int, Mapping[str, Any]] | None:
    number = best_version(network.task, network.spec.training.best_by, history)
    return None if number is None else (number, history[number])


def count_networks(workspace: Workspace) -> dict[str, int]:
    """Return how many networks there are of each kind that there is."""
    with workspace.catalogue.reading() as connection:
        return network_rows.count_networks(connection)


def delete_network(workspace: Workspace, name: str) -> None:
    """Put a network into the trash, with all its versions and runs; its name is free then.

    Raises NotFound, or Conflict while a run is active.
    """
    make_space(workspace.settings.home_folder)
    with workspace.catalogue.writing() as connection:
        network = network_rows.get_network(connection, name)
        if run_rows.active_runs(connection, network.id):
            raise Conflict(f"The network {name!r} is being trained: cancel its runs first.", "network")
        trash_rows.trash_network(connection, network.id)
    note_trash(workspace)


def check_size(spec: NetworkSpec, most: int) -> None:
    """Refuse a network with more parameters than the limit; raises Invalid naming both."""
    if spec.parameters > most:
        message = (
            f"This network would have {spec.parameters:,} parameters; at most {most:,} are allowed "
            "(WEIGHTBASE_MAX_PARAMETERS). Use fewer units or layers."
        )
        raise Invalid({"layers": message})


def _outputs(dataset: Dataset) -> int:
    return len(dataset.description["classes"]) if dataset.task == "classification" else len(dataset.targets)
