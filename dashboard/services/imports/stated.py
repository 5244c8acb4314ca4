"""What a file of ours states of columns, classes and scaling: anybody may have changed it, so it is checked."""

from typing import NamedTuple

from dashboard.data.preprocessing import Preprocessing
from dashboard.data.stated import stated_preprocessing
from dashboard.errors import Invalid
from dashboard.formats.description import OWN
from dashboard.formats.mapping import Proposal
from dashboard.services.imports.waiting import Import

WHAT = "columns, classes and scaling"


class Stated(NamedTuple):
    """What a file states, None if nothing that can be used; then `why_not` says why in a sentence."""

    preprocessing: Preprocessing | None
    why_not: str = ""


def stated_of(waiting: Import, proposal: Proposal | None) -> Stated:
    """Return what the first checkpoint's file states of its columns, if it fits the layers that are chosen."""
    facts = waiting.checkpoints[0].contents.about.get(OWN)
    value = facts.get("preprocessing") if isinstance(facts, dict) else None
    if not value:
        return Stated(None, f"The file states nothing of {WHAT}.")
    try:
        known = stated_preprocessing(value)
    except Invalid as error:
        field, words = next(iter(error.errors.items()))
        return Stated(None, f"What the file states of {WHAT} is not sound ({field[:100]}: {words})")
    why_not = _why_not_fitting(known, proposal) if proposal is not None else ""
    return Stated(None if why_not else known, why_not)


def _why_not_fitting(known: Preprocessing, proposal: Proposal) -> str:
    inputs, outputs = proposal.layers[0].inputs, proposal.layers[-1].units
    if len(known.inputs) != inputs:
        return f"The columns that the file states are {len(known.inputs):,} inputs, and the layers have {inputs:,}."
    is_pair = known.task == "classification" and len(known.classes) == 2 and outputs == 1
    wanted = len(known.classes) if known.task == "classification" else max(1, len(known.targets))
    if wanted != outputs and not is_pair:
        what = "classes" if known.task == "classification" else "targets"
        return f"The file states {wanted:,} {what}, and the layers have {outputs:,} outputs."
    if known.groups and proposal.layers[-1].activation == "softmax":
        return "The file states several targets, and the layers end with a softmax, which is over one target's classes."
    return ""
