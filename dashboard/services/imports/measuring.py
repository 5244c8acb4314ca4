"""What the inputs and outputs of an imported dense network are."""

from typing import NamedTuple

from dashboard.data.preprocessing import NumberTarget, NumericInput, Preprocessing, fit
from dashboard.records.network import NetworkSpec
from dashboard.services.imports.plan import Plan
from dashboard.services.versions.measuring import Records, encoded, open_parts
from dashboard.services.workspace import Workspace


class Prepared(NamedTuple):
    """What belongs to every version of an import; `records` is None without a dataset."""

    preprocessing: Preprocessing
    records: Records | None


def prepare(workspace: Workspace, plan: Plan) -> Prepared | None:
    """Return what is done to records before and after a dense network, and those of its dataset; None for others.

    Raises Conflict if the records of the dataset are not here.
    """
    if plan.spec is None:
        return None
    if plan.dataset is None and plan.stated is not None:
        return Prepared(plan.stated, None)
    if plan.dataset is None:
        return Prepared(raw_preprocessing(plan.spec, plan.settings.task, plan.classes), None)
    arrays, parts = open_parts(workspace, plan.dataset)
    preprocessing = plan.stated or fit(arrays, parts["training"], plan.settings.scaling)
    return Prepared(preprocessing, encoded(arrays, parts, preprocessing, plan.spec.training.dtype))


def raw_preprocessing(spec: NetworkSpec, task: str, classes: tuple[str, ...]) -> Preprocessing:
    """Return the preprocessing that changes nothing: columns are matched by their places."""
    numeric = tuple(NumericInput(f"column_{place}", 1.0, 0.0, 0.0) for place in range(1, spec.inputs + 1))
    outputs = spec.layers[-1].units if task == "regression" else 0
    several = tuple(NumberTarget(f"output_{place}", 1.0, 0.0) for place in range(1, outputs + 1))
    return Preprocessing(
        scaling="none",
        task=task,
        numeric=numeric,
        categorical=(),
        classes=classes,
        low=0.0,
        high=1.0,
        target_scale=1.0,
        target_offset=0.0,
        targets=several if outputs > 1 else (),
    )
