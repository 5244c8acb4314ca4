"""A callback for Lightning: every epoch of training is a version, with the metrics that the module logs."""

from __future__ import annotations

from typing import Any

try:
    from lightning.pytorch.callbacks import Callback
except ImportError:  # the package's name before 2.0
    from pytorch_lightning.callbacks import Callback

import weightbase
from weightbase.metrics import only_numbers
from weightbase.runs import Run


class Log(Callback):  # type: ignore[misc]
    """Logs every epoch: `Trainer(callbacks=[weightbase.lightning.Log("mnist")])`; with `run`, on a live page, too.

    Cancel on that page sets `trainer.should_stop`, so that `fit` returns after the next epoch, as with early stopping.
    """

    def __init__(self, network: str, *, run: bool = True, key: str = "") -> None:
        self._network, self._wants_run, self._key = network, run, key
        self._run: Run | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401 - Lightning's signature
        """Begin the run."""
        if self._wants_run and trainer.is_global_zero:
            epochs = trainer.max_epochs
            self._run = weightbase.run(self._network, epochs=epochs if (epochs or 0) > 0 else None, key=self._key)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401
        """Log the epoch."""
        if not trainer.is_global_zero:
            return
        metrics, epoch = only_numbers(trainer.callback_metrics), trainer.current_epoch + 1
        if self._run is None:
            weightbase.log(self._network, pl_module, metrics, epoch=epoch)
            return
        self._run.epoch(epoch, **metrics)
        self._run.log(pl_module)
        if self._run.cancelled:
            trainer.should_stop = True

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401
        """End the run."""
        self._end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:  # noqa: ANN401
        """End the run with the error's words."""
        if isinstance(exception, KeyboardInterrupt):
            self._end("cancelled")
        else:
            self._end("failed", f"{type(exception).__name__}: {exception}")

    def _end(self, state: str = "", error: str = "") -> None:
        if self._run is not None:
            self._run.end(state, error)
            self._run = None
