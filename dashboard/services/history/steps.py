"""Which layer learnt when: each layer's share of the change of the loss from every version of a network to the next.

Steps are counted as long as a request may take, the newest first, and kept as every other answer to why a loss
changed; what takes longer than a second by itself is left to a run.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from dashboard.errors import Conflict
from dashboard.records.why import WhyRequest, WhyResult
from dashboard.services.history.progress import SECONDS, CountingProgress
from dashboard.services.versions.reading import all_versions
from dashboard.services.why.results import cached_why, known_why, why_or_run
from dashboard.services.workspace import Workspace

MOST_STEPS = 60
"""So many steps are looked at, the newest ones: each means opening two versions."""
WAITING, LONG, COUNTED, REFUSED = "waiting", "long", "counted", "refused"


class LayerStep(NamedTuple):
    """From one version to the next: why the loss changed, or in which `state` that is, with the reason if refused.

    `layers` has the share of each layer, its weights and biases together, by the layer's name.
    """

    base: int
    other: int
    epoch: int
    state: str
    result: WhyResult | None = None
    reason: str = ""

    @property
    def layers(self) -> Mapping[str, float]:
        """The share of each layer; none while it is not counted."""
        shares: dict[str, float] = {}
        for tensor in self.result.tensors if self.result else ():
            layer = layer_name(tensor.name)
            shares[layer] = shares.get(layer, 0.0) + tensor.share
        return shares


@dataclass(frozen=True)
class LearningSteps:
    """The newest steps of a network, the oldest first; `left_out` older ones are not looked at."""

    network: str
    steps: list[LayerStep]
    left_out: int

    def of(self, state: str) -> list[LayerStep]:
        """Return the steps in a state."""
        return [step for step in self.steps if step.state == state]

    @property
    def layers(self) -> list[str]:
        """The names of the layers, in their order."""
        return list(dict.fromkeys(name for step in self.steps for name in step.layers))

    @property
    def total(self) -> float:
        """The change of the loss over all counted steps."""
        return sum(step.result.change for step in self.steps if step.result)

    def total_of(self, layer: str) -> float:
        """Return what a layer did over all counted steps."""
        return sum(step.layers.get(layer, 0.0) for step in self.steps)


def layer_name(tensor: str) -> str:
    """Return what the layer of a tensor of a dense network is called: layer_02.bias belongs to layer 2."""
    return f"layer {int(tensor.removeprefix('layer_').partition('.')[0])}"


def learning_steps(workspace: Workspace, network: str, part: str = "", seconds: float = SECONDS) -> LearningSteps:
    """Return the steps of a network, counting for about so many seconds what is not known; raises NotFound."""
    versions = all_versions(workspace, network)
    pairs = list(pairwise(versions))
    end, steps = time.monotonic() + seconds, []
    for base, other in reversed(pairs[-MOST_STEPS:]):
        request = WhyRequest(base.reference, other.reference, part)
        state, result, reason = _step(workspace, request, time.monotonic() < end)
        steps.append(LayerStep(base.number, other.number, other.epoch, state, result, reason))
    return LearningSteps(network, steps[::-1], max(len(pairs) - MOST_STEPS, 0))


def _step(workspace: Workspace, request: WhyRequest, may_count: bool) -> tuple[str, WhyResult | None, str]:
    try:
        result = (known_why if may_count else cached_why)(workspace, request)
    except Conflict as error:
        return REFUSED, None, error.message
    if result is not None:
        return COUNTED, result, ""
    return (LONG if may_count else WAITING), None, ""


def continue_steps(workspace: Workspace, network: str, part: str = "") -> CountingProgress:
    """Count steps for about a second, and return how far that is; raises NotFound."""
    begin = time.monotonic()
    before = len(learning_steps(workspace, network, part, 0).of(WAITING))
    learning = learning_steps(workspace, network, part)
    left, total = len(learning.of(WAITING)), len(learning.steps)
    fresh = before - left
    return CountingProgress(total - left, total, (time.monotonic() - begin) / fresh * left if fresh > 0 else None)


def count_long_steps(workspace: Workspace, network: str, part: str = "", started_by: str = "") -> list[int]:
    """Queue a run for each step that takes longer than a second, and return their ids; raises NotFound."""
    steps = learning_steps(workspace, network, part, 0).of(WAITING)
    requests = [WhyRequest(f"{network}:{step.base}", f"{network}:{step.other}", part) for step in steps]
    answers = [why_or_run(workspace, request, started_by) for request in requests]
    return [answer.run_id for answer in answers if answer.run_id is not None]
