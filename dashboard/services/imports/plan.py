"""What an import is to become: which tensors under which names, in which network, and as which versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from dashboard.catalogue import networks as network_rows
from dashboard.data.preprocessing import Preprocessing
from dashboard.declarations import declared, read, setting
from dashboard.errors import Invalid, NotFound
from dashboard.formats.contents import SourceTensor
from dashboard.formats.mapping import Proposal, narrowed
from dashboard.kinds import Choice, Flag, Text
from dashboard.parsing import LONGEST_NAME, Fields
from dashboard.records.dataset import TASKS, Dataset
from dashboard.records.network import DENSE, FOREIGN, LayerSpec, Network, NetworkSpec
from dashboard.records.training import ACTIVATIONS, SCALINGS, TrainingSpec
from dashboard.services.datasets import get_dataset
from dashboard.services.imports.changes import Changes, TensorForm, changes_between
from dashboard.services.imports.choosing import FIELDS as CHOSEN
from dashboard.services.imports.choosing import left_out
from dashboard.services.imports.fitting import Shape, why_not_fitting
from dashboard.services.imports.stated import stated_of
from dashboard.services.imports.waiting import Checkpoint, Import
from dashboard.services.versions.given import LONGEST_METRIC, LONGEST_TENSOR, checked_number, is_metric_name
from dashboard.services.workspace import Workspace

__all__ = ["Proposal"]  # for those who may not enter the formats

LONGEST_CLASS = 200
LOSSES = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}
"""The loss that belongs to the output's activation of a classification; else it is the squared error."""


@dataclass(frozen=True)
class ImportSettings:
    """What a person says of an import in single words; the field names are those of the JSON API."""

    network: str = setting(Text(LONGEST_NAME), "", "Network", "A new name, or a network of the same kind.")
    purpose: str = setting(Text(), "", "Purpose", "Of a new network: what it is for.")
    optimizer: bool = setting(Flag(), False, "Optimizer state", "Take it in as further tensors.")
    unnamed: str = setting(
        Text(LONGEST_METRIC), "", "Metric", "What the fraction in the names measures; left empty, it is not saved."
    )
    task: str = setting(Choice(TASKS), "classification", "Task", "What the outputs of a dense network are.")
    dataset: str = setting(Text(LONGEST_NAME), "", "Dataset", "On which it is measured at once; not needed.")
    scaling: str = setting(
        Choice(SCALINGS), "none", "Scaling of inputs", "What the network was given while it was trained elsewhere."
    )
    stated: bool = setting(
        Flag(),
        False,
        "Take columns, classes and scaling as the file states them",
        "Of a file that was exported here: task, classes and scaling are the file's, which nobody has checked.",
    )
    accept_changes: bool = setting(
        Flag(), False, "Accept changes", "Save although tensors are new, gone or reshaped since the version before."
    )


IMPORT_SETTINGS = declared(ImportSettings)
LISTS = {"as", "proposal", "activations", "classes", "names", "checkpoints", "metrics", *CHOSEN}


class Mapped(NamedTuple):
    """Which tensor of a file becomes which tensor here, of the shape `shape`, turned (transposed) or as it is."""

    tensor: str
    source: SourceTensor
    shape: tuple[int, ...]
    is_turned: bool

    @property
    def form(self) -> TensorForm:
        """Its shape and type here."""
        return self.shape, self.source.dtype


class PlannedVersion(NamedTuple):
    """A version that a checkpoint is to become."""

    checkpoint: Checkpoint
    epoch: int
    metrics: dict[str, float]
    tensors: tuple[Mapped, ...]

    @property
    def forms(self) -> dict[str, TensorForm]:
        """The shapes and types of its tensors by name."""
        return {one.tensor: one.form for one in self.tensors}


@dataclass(frozen=True)
class Plan:
    """All of an import as a person wants it. `existing` is the network that it goes into, None for a new one.

    `spec`, `dataset` and `classes` are of dense networks only; `stated` is what the file states of its columns, None if
    that is not taken.
    """

    settings: ImportSettings
    kind: str
    existing: Network | None
    versions: tuple[PlannedVersion, ...]
    proposal: Proposal | None
    spec: NetworkSpec | None
    dataset: Dataset | None
    classes: tuple[str, ...]
    stated: Preprocessing | None = None

    def changes(self, last: Mapping[str, TensorForm] | None) -> list[tuple[PlannedVersion, Changes]]:
        """Return the versions whose tensors are not those of the one before; `last` are the network's last ones."""
        before, changed = last, []
        for version in self.versions:
            if before is not None and (changes := changes_between(before, version.forms)):
                changed.append((version, changes))
            before = version.forms
        return changed


def read_plan(workspace: Workspace, waiting: Import, data: Mapping[str, Any]) -> Plan:
    """Read what a person wants of an import, in the form of the JSON API; raises Invalid with each wrong field."""
    fields = Fields(data)
    fields.known({*IMPORT_SETTINGS, *LISTS})
    settings = ImportSettings(**read(fields, IMPORT_SETTINGS))
    network_name = fields.name("network")
    kind = fields.choice("as", FOREIGN, (DENSE, FOREIGN))
    taken = _taken(fields, waiting)
    dataset = get_dataset(workspace, settings.dataset) if settings.dataset and kind == DENSE else None
    inputs = len(dataset.description["inputs"]) if dataset else 0
    proposal = _chosen_proposal(fields, waiting, inputs) if kind == DENSE else None
    stated = _stated(fields, waiting, proposal) if settings.stated else None
    if stated is not None:
        settings = replace(settings, task=stated.task, scaling=stated.scaling)
    fields.done()
    existing = _find_network(workspace, network_name)
    if existing is not None and existing.kind != kind:
        raise Invalid({"network": f"{network_name!r} is a {existing.kind} network. Choose another name, or that kind."})
    known = {one.name for checkpoint in waiting.checkpoints for one in checkpoint.tensors}
    left = left_out(fields, known, proposal is None)
    versions = tuple(_planned(fields, checkpoint, settings, data, proposal, left) for checkpoint in taken)
    fields.done()
    spec: NetworkSpec | None = None
    classes: tuple[str, ...] = ()
    if proposal is not None:
        spec = _spec(fields, settings, proposal, versions[0], existing)
        activation = spec.layers[-1].activation if spec.layers else ""
        classes = _classes(fields, settings, proposal, dataset, stated, activation)
        fields.done()
    return Plan(settings, kind, existing, versions, proposal, spec, dataset, classes, stated)


def _stated(fields: Fields, waiting: Import, proposal: Proposal | None) -> Preprocessing | None:
    """Return what the file states of its columns; refused where it cannot be taken, or something else is given, too."""
    if proposal is None:
        fields.refuse("stated", "Only a dense network has columns and classes: leave stated out.")
        return None
    taken = stated_of(waiting, proposal)
    if taken.preprocessing is None:
        fields.refuse("stated", f"{taken.why_not} Leave stated out, and say it yourself.")
        return None
    own = {"task": taken.preprocessing.task, "scaling": taken.preprocessing.scaling}
    for name, value in (own | {"classes": list(taken.preprocessing.classes)}).items():
        if fields.data.get(name) not in (None, "", [], value):
            fields.refuse(name, f"The file states another one: leave {name} out, or leave stated out.")
    return taken.preprocessing


def _find_network(workspace: Workspace, name: str) -> Network | None:
    try:
        with workspace.catalogue.reading() as connection:
            return network_rows.get_network(connection, name)
    except NotFound:
        return None


def _taken(fields: Fields, waiting: Import) -> Sequence[Checkpoint]:
    """Return the checkpoints that are wanted, in their order; all if none are named."""
    given = fields.data.get("checkpoints")
    if given is None:
        return waiting.checkpoints
    count = len(waiting.checkpoints)
    is_list = isinstance(given, list | tuple) and all(type(one) is int and 0 <= one < count for one in given)
    if not is_list or not given or len(set(given)) < len(given):
        fields.refuse(
            "checkpoints", f"List the checkpoints to save by their numbers, from 0 to {count - 1}, each once."
        )
        return ()
    return [waiting.checkpoints[index] for index in sorted(given)]


def _chosen_proposal(fields: Fields, waiting: Import, inputs: int) -> Proposal | None:
    """Return the chain of layers that was chosen; refused if there is none, or several as likely and none chosen.

    A dataset with so many `inputs` (0: none) decides between them.
    """
    offered = waiting.proposals
    if not offered:
        fields.refuse("as", waiting.why_foreign)
        return None
    if fields.data.get("proposal") not in (None, ""):
        return offered[fields.integer("proposal", 0, 0, len(offered) - 1)]
    fitting = narrowed(offered, inputs) if inputs else offered
    if not fitting or fitting[0].is_ambiguous:
        count = sum(one.is_ambiguous for one in offered) or len(offered)
        fields.refuse("proposal", f"{count} readings fit equally well: say which, from 0 to {len(offered) - 1}.")
        return None
    return fitting[0]


def _planned(
    fields: Fields,
    checkpoint: Checkpoint,
    settings: ImportSettings,
    data: Mapping[str, Any],
    proposal: Proposal | None,
    left: frozenset[str],
) -> PlannedVersion:
    tensors = _chain(fields, checkpoint, proposal) if proposal else _all(fields, checkpoint, settings, left)
    metrics = _metrics(fields, checkpoint, data.get("metrics"), settings.unnamed)
    return PlannedVersion(checkpoint, checkpoint.number or 0, metrics, tensors)


def _metrics(fields: Fields, checkpoint: Checkpoint, wanted: object, unnamed: str) -> dict[str, float]:
    """Return the metrics that a checkpoint's name and contents state, those that are wanted; all if none are named."""
    stated = stated_metrics(checkpoint)
    if wanted is not None and not (isinstance(wanted, list | tuple) and all(isinstance(one, str) for one in wanted)):
        fields.refuse("metrics", "List the names of the metrics to save.")
    elif wanted is not None:
        stated = {name: value for name, value in stated.items() if name in wanted}
    if unnamed and checkpoint.place.unnamed:
        stated[unnamed] = checkpoint.place.unnamed[-1]
    return stated


def stated_metrics(checkpoint: Checkpoint) -> dict[str, float]:
    """Return the metrics that a checkpoint states by its name, or else within."""
    within = checkpoint.contents.about.get("metrics")
    known = within if isinstance(within, Mapping) else {}
    stated = {name: value for name, value in known.items() if type(value) in (int, float)} | checkpoint.place.metrics
    possible = {name: checked_number(value) for name, value in stated.items() if is_metric_name(name)}
    return {name: value for name, value in possible.items() if value is not None}


def _all(fields: Fields, checkpoint: Checkpoint, settings: ImportSettings, left: frozenset[str]) -> tuple[Mapped, ...]:
    """Return all tensors but those that are left out, under the names that they have or are given."""
    names = _names(fields)
    taken = [one for one in checkpoint.tensors if one.name not in left]
    taken = [one for one in taken if settings.optimizer or not one.is_optimizer]
    mapped = tuple(Mapped(names.get(one.name, one.name), one, one.shape, False) for one in taken)
    if not mapped:
        fields.refuse("leave_out", f"No tensor of {checkpoint.name} is left.")
    if len({one.tensor for one in mapped}) < len(mapped):
        fields.refuse("names", f"Two tensors of {checkpoint.name} would have one name.")
    return mapped


def _names(fields: Fields) -> dict[str, str]:
    inner = fields.inner("names")
    return {str(name): inner.text(str(name), longest=LONGEST_TENSOR) or str(name) for name in inner.data}


def _chain(fields: Fields, checkpoint: Checkpoint, proposal: Proposal) -> tuple[Mapped, ...]:
    """Return the tensors of a chain of layers under our names; refused if one is missing or does not fit."""
    known = {one.name: one for one in checkpoint.tensors}
    mapped: list[Mapped] = []
    for number, layer in enumerate(proposal.layers, start=1):
        parts: list[tuple[str | None, str, tuple[int, ...]]] = [
            (layer.weight, "weight", (layer.inputs, layer.units)),
            (layer.bias, "bias", (layer.units,)),
        ]
        for source, what, shape in parts:
            if source is not None:
                is_turned = layer.turned and what == "weight"
                tensor = _part(fields, checkpoint, known.get(source), source, shape[::-1] if is_turned else shape)
                if tensor is not None:
                    mapped.append(Mapped(f"layer_{number:02d}.{what}", tensor, shape, is_turned))
    return tuple(mapped)


def _part(
    fields: Fields, checkpoint: Checkpoint, tensor: SourceTensor | None, name: str, shape: tuple[int, ...]
) -> SourceTensor | None:
    """Return a tensor that is in a chain; refused if a checkpoint lacks it, or has it in another shape."""
    if tensor is None:
        fields.refuse("checkpoints", f"{checkpoint.name} has no tensor {name!r}: leave it out of the series.")
        return None
    if [length for length in tensor.shape if length != 1] != [length for length in shape if length != 1]:
        fields.refuse("checkpoints", f"{name!r} of {checkpoint.name} has another shape than in the first.")
        return None
    return tensor


def _classes(
    fields: Fields,
    settings: ImportSettings,
    proposal: Proposal,
    dataset: Dataset | None,
    stated: Preprocessing | None,
    activation: str,
) -> tuple[str, ...]:
    """Return the classes of the outputs: the file's, the dataset's, those that are given, or else 0, 1, 2 and so on."""
    inputs, outputs = proposal.layers[0].inputs, proposal.layers[-1].units
    if dataset is not None:
        known = stated.classes if stated else ()
        problem = why_not_fitting(dataset, Shape(inputs, outputs, settings.task, known, activation))
        if problem is not None:
            fields.refuse(*problem)
        return tuple(dataset.description["classes"])
    if stated is not None:
        if stated.groups and activation == "softmax":
            fields.refuse("stated", "The file states several targets, and softmax is over one target's classes.")
        return stated.classes
    if settings.task != "classification":
        return ()
    given = fields.data.get("classes")
    if not given:
        return tuple(map(str, range(max(outputs, 2))))
    texts = given if isinstance(given, list | tuple) and all(isinstance(one, str) for one in given) else ()
    if len(texts) != outputs or len(set(texts)) < outputs or max(map(len, texts), default=0) > LONGEST_CLASS:
        fields.refuse("classes", f"List {outputs} different classes, one for each output, in their order.")
    return tuple(texts)


def _spec(
    fields: Fields, settings: ImportSettings, proposal: Proposal, first: PlannedVersion, existing: Network | None
) -> NetworkSpec:
    """Return the definition of a dense network, with the activations of the file or those that are given."""
    given = fields.data.get("activations")
    count = len(proposal.layers)
    if given is not None and (not isinstance(given, list | tuple) or len(given) != count):
        fields.refuse("activations", f"List {count} activations, one for each layer, in their order.")
        given = None
    layers = []
    for index, layer in enumerate(proposal.layers):
        name = (given[index] if given else None) or layer.activation
        if not isinstance(name, str) or name not in ACTIVATIONS:
            fields.refuse(f"activations.{index}", f"Say the activation of layer {index + 1}: the file does not.")
            continue
        if name == "softmax" and index < count - 1:
            fields.refuse(f"activations.{index}", "softmax is for the last layer only.")
        layers.append(LayerSpec(layer.units, name, layer.bias is not None))
    if len(layers) < count:
        return NetworkSpec(proposal.layers[0].inputs, ())
    is_double = any(one.source.dtype == "float64" for one in first.tensors)
    loss = LOSSES.get(layers[-1].activation, "squared_error") if settings.task == "classification" else "squared_error"
    training = TrainingSpec(loss=loss, scaling=settings.scaling, dtype="float64" if is_double else "float32")
    spec = NetworkSpec(proposal.layers[0].inputs, tuple(layers), training)
    if existing is not None and (existing.spec.inputs, existing.spec.layers) != (spec.inputs, spec.layers):
        fields.refuse("network", f"{existing.name!r} has other layers. Choose another name.")
    if existing is not None and existing.task != settings.task:
        fields.refuse("task", f"{existing.name!r} is for {existing.task}.")
    return spec
