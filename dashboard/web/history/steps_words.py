"""What is said of which layer learnt when."""

from dashboard.services.history.steps import COUNTED, REFUSED, LayerStep, LearningSteps
from dashboard.web.kit.formats import change, number, plural


def steps_sentence(learning: LearningSteps) -> str:
    """Say what the layers did to the loss over all steps, in which step most happened, and by which layer."""
    counted = learning.of(COUNTED)
    if not learning.steps:
        return "There is one version: which layer learnt when can be said from the second on."
    if not counted:
        refused = learning.of(REFUSED)
        return (
            f"It cannot be said: {refused[0].reason}"
            if len(refused) == len(learning.steps)
            else "Nothing is counted yet."
        )
    first = counted[0].result
    assert first is not None  # it is counted
    verb = "rose" if learning.total > 0 else "fell"
    text = (
        f"Over {_steps_words(learning, counted)} the loss on {plural(first.records, f'{first.part} record')} {verb} by "
    )
    parts = [f"{change(learning.total_of(layer))} by {layer}" for layer in learning.layers]
    text += f"{number(abs(learning.total))}: {', '.join(parts)}. "
    largest = max(counted, key=lambda step: abs(step.result.change) if step.result else 0.0)
    return text + _largest_words(largest)


def _steps_words(learning: LearningSteps, counted: list[LayerStep]) -> str:
    if len(counted) < len(learning.steps):
        return f"{len(counted):,} of {plural(len(learning.steps), 'step')}"
    return f"{plural(len(counted), 'step')} from v{counted[0].base} to v{counted[-1].other}"


def _largest_words(step: LayerStep) -> str:
    """Say what the largest step was."""
    assert step.result is not None  # it is counted
    layer = max(step.layers, key=lambda name: abs(step.layers[name]), default="")
    by = f", most by {layer}" if layer else ""
    return f"The largest step is v{step.base} to v{step.other} ({change(step.result.change)}{by})."
