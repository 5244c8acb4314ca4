"""A callback for Keras: every epoch of `fit` is a version, with the metrics that Keras logs."""

from __future__ import annotations

from typing import Any

try:
    from keras.callbacks import Callback
except ImportError:  # Keras 2, which came with TensorFlow
    from tensorflow.keras.callbacks import Callback

import weightbase
from weightbase.metrics import only_numbers
from weightbase.runs import Run


class Log(Callback):  # type: ignore[misc]  # Keras has no types
    """Logs every epoch of `model.fit(..., callbacks=[weightbase.keras.Log("mnist")])`; `run`: on a live page, too.

    Cancel on that page sets `model.stop_training`, so that `fit` returns after the next epoch, as with early stopping.
    """

    def __init__(self, network: str, *, run: bool = True, key: str = "") -> None:
        super().__init__()
        self._network, self._wants_run, self._key = network, run, key
        self._run: Run | None = None

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ANN401 - Keras' signature
        """Begin the run."""
        if self._wants_run:
            self._run = weightbase.run(self._network, epochs=(self.params or {}).get("epochs"), key=self._key)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ANN401
        """Log the epoch."""
        metrics = only_numbers(logs)
        if self._run is None:
            weightbase.log(self._network, self.model, metrics, epoch=epoch + 1)
            return
        self._run.epoch(epoch + 1, **metrics)
        self._run.log(self.model)
        if self._run.cancelled:
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ANN401
        """End the run."""
        if self._run is not None:
            self._run.end()
            self._run = None
