"""Trains with a real framework until the run is cancelled on the dashboard; prints how many epochs there were.

Argument: keras, lightning or pytorch. Cancel is pressed once the second epoch has arrived. Each epoch waits until it
was sent, so that the answer does not depend on how quick a machine is.
"""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import lightning
import numpy as np
import torch

import weightbase
from weightbase.connection import Connection, call

EPOCHS = 100
X = np.random.default_rng(1).normal(size=(64, 4)).astype(np.float32)
Y = (X.sum(axis=1) > 0).astype(np.int64)


def sent(epoch):
    """Wait until an epoch was sent; after the second one press Cancel on the run's page."""
    assert weightbase.flush(600) == 0
    if epoch == 2:
        server = Connection(os.environ["WEIGHTBASE_URL"], os.environ["WEIGHTBASE_TOKEN"])
        (run,) = call(server, "GET", "/runs")["items"]
        call(server, "POST", f"/runs/{run['id']}/cancel")


class AfterEpoch(keras.callbacks.Callback):
    """Stands behind the callback that logs."""

    def on_epoch_end(self, epoch, logs=None):
        sent(epoch + 1)


def with_keras():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(X, Y, epochs=EPOCHS, verbose=0, callbacks=[weightbase.keras.Log("net"), AfterEpoch()])
    return len(history.epoch)


class Module(lightning.LightningModule):
    """A network of one layer."""

    def __init__(self):
        super().__init__()
        self.layer, self.epochs = torch.nn.Linear(4, 2), 0

    def training_step(self, batch, _):
        loss = torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1])
        self.log("loss", loss)
        return loss

    def on_train_epoch_start(self):
        self.epochs += 1
        if self.epochs > 1:
            sent(self.epochs - 1)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def with_lightning():
    module = Module()
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y)), 16)
    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "accelerator": "cpu"}
    log = weightbase.lightning.Log("net")
    lightning.Trainer(max_epochs=EPOCHS, callbacks=[log], enable_model_summary=False, **options).fit(module, data)
    return module.epochs


def with_pytorch():
    model, x, y = torch.nn.Linear(4, 2), torch.tensor(X), torch.tensor(Y)
    optimizer, epochs = torch.optim.SGD(model.parameters(), 0.1), 0
    with weightbase.run("net", epochs=EPOCHS) as run:
        for epochs in range(1, EPOCHS + 1):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            run.epoch(loss=loss)
            run.log(model)
            sent(epochs)
    return epochs


if __name__ == "__main__":
    trained = {"keras": with_keras, "lightning": with_lightning, "pytorch": with_pytorch}[sys.argv[1]]()
    assert weightbase.flush(600) == 0
    print(json.dumps({"epochs": trained}))
