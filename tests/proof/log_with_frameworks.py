"""Trains with the real frameworks and logs each epoch; prints what was logged last. Argument: first or again."""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import lightning
import numpy as np
import torch
from sklearn.neural_network import MLPClassifier

import weightbase
from weightbase.models import tensors_of
from weightbase.tensors import sha256

X = np.random.default_rng(1).normal(size=(64, 4)).astype(np.float32)
Y = (X.sum(axis=1) > 0).astype(np.int64)


def listed(model):
    return {one.name: [one.dtype, list(one.shape), sha256(one.bits)] for one in tensors_of(model)}


def with_keras():
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(5, "relu"), keras.layers.BatchNormalization(), keras.layers.Dense(2, name="answers")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(X, Y, epochs=3, verbose=0, validation_split=0.25, callbacks=[weightbase.keras.Log("keras", key="k")])
    return listed(model)


class Module(lightning.LightningModule):
    """A network of one layer."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 2)

    def training_step(self, batch, _):
        loss = torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1])
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def with_lightning():
    torch.manual_seed(1)
    module = Module()
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y)), 16)
    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "accelerator": "cpu"}
    log = weightbase.lightning.Log("lightning", key="l")
    lightning.Trainer(max_epochs=2, callbacks=[log], enable_model_summary=False, **options).fit(module, data)
    return listed(module)


def with_pytorch():
    torch.manual_seed(1)
    plain = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2).to(torch.bfloat16))
    for epoch in (1, 2):
        with torch.no_grad():
            plain[0].weight += epoch
        weightbase.log(
            "pytorch", torch.nn.DataParallel(plain) if epoch == 2 else torch.compile(plain), {"loss": 1}, epoch=epoch
        )
    return listed(plain)


def with_scikit_learn():
    model = MLPClassifier((5,), random_state=1)
    for epoch in (1, 2):
        model.partial_fit(X, Y, classes=[0, 1])
        weightbase.log("scikit-learn", model, {"loss": model.loss_}, epoch=epoch)
    return listed(model)


if __name__ == "__main__":
    if sys.argv[1] == "again":
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.BatchNormalization()])  # counts on
    last = {
        "keras": with_keras(),
        "lightning": with_lightning(),
        "pytorch": with_pytorch(),
        "scikit-learn": with_scikit_learn(),
    }
    assert weightbase.flush(600) == 0
    print(json.dumps(last))
