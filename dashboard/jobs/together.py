"""Several trainings of one shape as one stack in one process, each reporting as if it were alone.

A small network's step is mostly the price of its calls; a stack pays it once for all.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from dashboard.engine.batched import StackTraining
from dashboard.engine.training import Diverged
from dashboard.jobs.job import TrainingJob
from dashboard.jobs.trainer import ENDS_BADLY, Trainer, why

SendOf = Callable[[int, str, Any], None]


def train_together(
    jobs: Sequence[TrainingJob], send: SendOf, tick: Callable[[], None], cancelled: Collection[int]
) -> None:
    """Train jobs that differ in seed and learning rate alone as one stack; each reports, and ends, as if it were alone.

    What they learn agrees with training alone within rounding (`engine.batched`). `send` is given a job's place before
    (kind, payload). `tick` is called between batches, and between the steps of preparing; those whose places it puts
    into `cancelled` are cancelled at the end of an epoch. There are no checkpoints: such trainings are small, and begin
    again.
    """
    trainers = [Trainer(job, partial(send, place)) for place, job in enumerate(jobs)]
    left = dict(enumerate(trainers))
    try:
        trainers[0].prepare(tick)
        for other in trainers[1:]:
            other.prepare_like(trainers[0])
        _follow_stack(_stack(trainers), trainers, left, tick, cancelled)
    except ENDS_BADLY as failure:
        for trainer in left.values():
            trainer.end("failed", why(failure))


def _stack(trainers: Sequence[Trainer]) -> StackTraining:
    first = trainers[0]
    seeds = [trainer.settings.seed for trainer in trainers]
    rates = [trainer.settings.learning_rate for trainer in trainers]
    stack = StackTraining(first.job.spec, seeds, rates, first.records, first.parts["validation"], first.job.task)
    for trainer, best in zip(trainers, stack.bests, strict=True):
        trainer.leading = best
    return stack


def _follow_stack(
    stack: StackTraining,
    trainers: Sequence[Trainer],
    left: dict[int, Trainer],
    tick: Callable[[], None],
    cancelled: Collection[int],
) -> None:
    """Report what each network learns; networks that have ended are no longer `left`."""
    for results in stack.epochs(tick):
        for place, result in enumerate(results):
            if place not in left:
                continue
            trainer = trainers[place]
            if result is not None:
                trainer.network.vector[...] = stack.stack.vector[place]
                trainer.note(result)
            if place in cancelled:
                stack.running[place] = False
            if not stack.running[place] or stack.epoch == stack.spec.epochs:
                del left[place]
                trainer.report_last()
                diverged = str(Diverged(stack.epoch)) if place in stack.diverged else None
                trainer.end("failed" if diverged else "cancelled" if place in cancelled else "finished", diverged)
