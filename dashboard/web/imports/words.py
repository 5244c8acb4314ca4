"""Sentences about imports."""

from collections.abc import Sequence

from dashboard.services.imports.changes import Changes, TensorForm
from dashboard.services.imports.plan import Proposal
from dashboard.services.imports.preview import FORMAT_WORDS, TensorPreview
from dashboard.services.imports.stated import Stated
from dashboard.services.imports.waiting import Import
from dashboard.web.kit.formats import plural

MOST_NAMED = 10


def import_sentence(waiting: Import) -> str:
    """Return what was read."""
    first = waiting.checkpoints[0]
    formats = sorted({one.contents.format for one in waiting.checkpoints})
    read = ", ".join(FORMAT_WORDS[name] for name in formats)
    if waiting.is_series:
        return f"{plural(len(waiting.checkpoints), 'checkpoint')} read as {read}. Nothing is saved yet."
    skipped = len(first.contents.skipped) + first.contents.about.get("more_skipped", 0)
    missing = f", {plural(skipped, 'part')} of the file cannot be imported" if skipped else ""
    return f"{plural(len(first.tensors), 'tensor')} read as {read}{missing}. Nothing is saved yet."


def proposal_words(proposal: Proposal) -> str:
    """Return a chain of layers: its units, and which tensors they are made of."""
    units = " → ".join(str(one) for one in (proposal.layers[0].inputs, *(layer.units for layer in proposal.layers)))
    names = ", ".join(f"{layer.weight}{' (turned)' if layer.turned else ''}" for layer in proposal.layers)
    left = f"; {plural(len(proposal.left_over), 'tensor')} left over" if proposal.left_over else ""
    return f"{units}: {names}; {proposal.why}{left}"


def stated_words(stated: Stated) -> str:
    """Return what a file states of its columns, or why that cannot be taken."""
    known = stated.preprocessing
    if known is None:
        return stated.why_not
    words = f"The file states {plural(len(known.columns), 'column')} ({_some(tuple(known.columns))})"
    what = f"the classes {_some(known.classes)}" if known.classes else known.task
    return f"{words}, {what}, and inputs scaled as {known.scaling}."


def _some(names: Sequence[str]) -> str:
    return f"{', '.join(names[:MOST_NAMED])}{' …' if len(names) > MOST_NAMED else ''}"


def changes_words(changes: Changes) -> str:
    """Return what is different from the checkpoint before; empty if nothing is."""
    parts = [
        (len(changes.new), "new"),
        (len(changes.gone), "gone"),
        (len(changes.changed), "reshaped or of another type"),
    ]
    return ", ".join(f"{count:,} {words}" for count, words in parts if count)


def change_of_tensor(changes: Changes, name: str) -> str:
    """Return how a tensor differs from the one of its name in the checkpoint before; empty if it does not."""
    if name in changes.new:
        return "new"
    before = next((one.before for one in changes.changed if one.name == name), None)
    return "" if before is None else f"was {form_words(before)}"


def form_words(form: TensorForm) -> str:
    """Return a shape and a type, such as 5 × 4 float32."""
    shape, dtype = form
    return f"{' × '.join(map(str, shape)) or 'scalar'} {dtype}"


def type_words(tensor: TensorPreview) -> str:
    """Return the type of a tensor, with that in the file where it is another, and whether it is optimizer state."""
    other = f" from {tensor.source_dtype}" if tensor.source_dtype != tensor.dtype else ""
    return f"{tensor.dtype}{other}{', optimizer state' if tensor.is_optimizer else ''}"
