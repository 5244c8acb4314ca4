"""Imported networks give what their own frameworks give: |difference| ≤ 1e-5 in float32, 1e-12 in float64."""

import keras
import numpy as np
import onnxruntime
import pytest
import skops.io
import torch
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

from dashboard.errors import UserError
from tests.formats import make_golden
from tests.proof.importing import arrays_of, outputs_of

INPUTS = np.random.default_rng(1).normal(size=(500, 8)).astype("f4")
TORCH = {
    "relu": nn.ReLU(),
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
    "leaky_relu": nn.LeakyReLU(0.01),
    "elu": nn.ELU(),
    "gelu": nn.GELU(approximate="tanh"),
    "silu": nn.SiLU(),
    "softplus": nn.Softplus(),
}
IN_ONNX = [name for name in TORCH if name != "silu"]
"""The exporter writes silu as a product of two branches, which is no chain."""


def close(ours, theirs, most=1e-5):
    assert ours.shape == theirs.shape
    assert float(np.abs(ours - theirs).max()) <= most


def mlp(activation, bias=True):
    torch.manual_seed(2)
    layers = [nn.Linear(8, 16, bias=bias), TORCH[activation], nn.Linear(16, 12), TORCH[activation], nn.Linear(12, 3)]
    return nn.Sequential(*layers, nn.Softmax(1)).eval()


def torch_outputs(model):
    with torch.no_grad():
        return model(torch.from_numpy(INPUTS)).numpy()


@pytest.mark.parametrize("as_zip", [True, False])
@pytest.mark.parametrize("activation", TORCH)
def test_pytorch(tmp_path, activation, as_zip):
    model = mlp(activation, bias=activation != "tanh")
    torch.save({"epoch": 3, "model": model.state_dict()}, tmp_path / "a.pt", _use_new_zipfile_serialization=as_zip)
    close(outputs_of(tmp_path / "a.pt", INPUTS, [activation, activation, "softmax"]), torch_outputs(model))


@pytest.mark.parametrize("dynamo", [True, False])
@pytest.mark.parametrize("activation", IN_ONNX)
def test_onnx_by_pytorchs_exporters(tmp_path, activation, dynamo):
    model, path = mlp(activation), tmp_path / "a.onnx"
    if dynamo:
        torch.onnx.export(model, (torch.zeros(1, 8),), dynamo=True, verbose=False).save(path, external_data=False)
    else:
        torch.onnx.export(model, (torch.zeros(1, 8),), path, dynamo=False)
    session = onnxruntime.InferenceSession(path)
    theirs = np.concatenate([session.run(None, {session.get_inputs()[0].name: row[None]})[0] for row in INPUTS])
    close(outputs_of(path, INPUTS), theirs)


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "elu", "silu", "softplus"])
def test_keras(tmp_path, activation, ending):
    keras.utils.set_random_seed(3)
    layers = keras.layers
    inner = keras.Sequential([keras.Input((16,)), layers.Dense(12), layers.LeakyReLU(negative_slope=0.01)])
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(16, activation=activation),
            inner,
            layers.Dropout(0.5),
            layers.Dense(3),
            layers.Softmax(),
        ]
    )
    model.save(tmp_path / f"a.{ending}")
    close(outputs_of(tmp_path / f"a.{ending}", INPUTS), model.predict(INPUTS, verbose=0))


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_scikit_learn(tmp_path, activation):
    inputs, targets = load_iris(return_X_y=True)
    classifier = MLPClassifier(hidden_layer_sizes=(7, 5), activation=activation, max_iter=20, random_state=0)
    regressor = MLPRegressor(hidden_layer_sizes=(6,), activation=activation, max_iter=20, random_state=0)
    for model, answer, wanted in ((classifier, "predict_proba", targets), (regressor, "predict", inputs[:, 0])):
        skops.io.dump(model.fit(inputs, wanted), tmp_path / "a.skops")
        ours = outputs_of(tmp_path / "a.skops", inputs)
        close(ours, getattr(model, answer)(inputs).reshape(ours.shape), 1e-12)


def test_files_made_now_are_read_to_the_bit_as_the_golden_ones_are(tmp_path, monkeypatch):
    monkeypatch.setattr(make_golden, "FOLDER", tmp_path / "golden")
    make_golden.main()
    assert len(make_golden.truth) >= 30
    for file, truth in make_golden.truth.items():
        if "refused" in truth:
            with pytest.raises(UserError, match=truth["refused"]):
                arrays_of(tmp_path / "golden" / file)
            continue
        contents, _ = arrays_of(tmp_path / "golden" / file)
        known = [one for one in contents.tensors if truth["optimizer"] is not None or not one.is_optimizer]
        read = {one.name: [one.dtype, one.source_dtype, list(one.shape), one.sha256] for one in known}
        assert read == truth["tensors"] | (truth["optimizer"] or {}), file
