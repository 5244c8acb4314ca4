"""Defaults only, next to scikit-learn's: upload with nothing but the file, suggested preset, several split seeds.

The bundled sets, and every tabular set that scikit-learn carries in its package. Beside ours: MLPClassifier and
MLPRegressor as they are by default, on standardised inputs, trained on the very same records and measured on the very
same test records (`peer`), also with our validation records to train on (`peer+`); and the baseline, which answers the
most frequent class, or the mean. Accuracy for classes, root mean squared error for numbers.

Ends with status 1 unless our mean is within one standard deviation of the better peer, or better, and not below the
baseline. Two to five minutes.

    python benchmarks/defaults.py [--seeds 5] [names of sets ...]
"""

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

import argparse
import io
import sys
import tempfile
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sklearn import datasets as carried
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from dashboard.data.bundled import BUNDLED
from dashboard.data.dataset import open_arrays
from dashboard.data.preprocessing import encode, fit
from dashboard.data.splitting import split
from dashboard.engine.metrics import evaluate
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.engine.training import Training
from dashboard.services.datasets import create_dataset, receive_upload
from dashboard.services.networks import read_definition
from dashboard.services.suggestion import suggested_for
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

FLOAT32 = float(np.finfo(np.float32).eps)


class Scores(NamedTuple):
    """What one split gives: ours, the peer's, the peer's with the validation records, the baseline's; high is good."""

    ours: float
    peer: float
    peer_more: float
    baseline: float


def files():
    """Return name -> the bytes of a CSV whose last column is the target."""
    found = {sample.name: sample.path.read_bytes() for sample in BUNDLED}
    for name in ("breast_cancer", "diabetes"):
        found[name] = csv_of(getattr(carried, f"load_{name}")(as_frame=True).frame)
    body = carried.load_linnerud(as_frame=True)
    for target in body.target_names:
        found[f"linnerud {target}"] = csv_of(body.data.join(body.target[target]))
    return found


def csv_of(frame):
    if set(frame.iloc[:, -1]) == {0, 1}:
        frame = frame.assign(target=frame["target"].map({0: "malignant", 1: "benign"}))
    return frame.to_csv(index=False).encode()


def scores(workspace, name, body, seed):
    """Upload, train with what is suggested, and measure; then the same for the peer."""
    upload = receive_upload(workspace, io.BytesIO(body), f"{name}.csv")
    dataset = create_dataset(workspace, upload, {"name": f"{name} {seed}", "seed": seed})
    chosen = suggested_for(workspace, dataset)
    chosen["training"]["seed"] = seed
    spec = read_definition(workspace, {"name": "n", "dataset": dataset.name} | chosen).spec
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    shares = (dataset.spec["validation"], dataset.spec["test"], dataset.spec["seed"])
    parts = split(arrays.target, *shares, dataset.task)
    prepared = fit(arrays, parts.train, spec.training.scaling)
    encoded = encode(arrays, prepared, np.dtype("float32"))
    samples = Samples(encoded.inputs, encoded.targets, encoded.scale, encoded.offset)
    network = Network(spec)
    network.initialize(seed)
    for _ in Training(network, samples.take(parts.train), samples.take(parts.validation), dataset.task).epochs():
        pass
    measured = evaluate(network, samples.take(parts.test), dataset.task)
    ours = measured["accuracy"] if arrays.classes else -measured["rmse"] / abs(prepared.target_scale)
    inputs, target = np.asarray(encoded.inputs * encoded.scale + encoded.offset, np.float64), np.asarray(arrays.target)
    more = np.sort(np.concatenate([parts.train, parts.validation]))
    theirs = (peer(inputs, target, rows, parts.test, seed, arrays.classes) for rows in (parts.train, more))
    return Scores(ours, *theirs, baseline(target[parts.train], target[parts.test], arrays.classes))


def peer(inputs, target, rows, test, seed, is_classes):
    """Return the score of scikit-learn's network, trained on these rows with its defaults."""
    model = (MLPClassifier if is_classes else MLPRegressor)(random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # its default is 200 iterations, whatever it says
        answers = model.fit(inputs[rows], target[rows]).predict(inputs[test])
    return score(answers, target[test], is_classes)


def baseline(train, test, is_classes):
    """Return the score of the answer that is always the most frequent class, or the mean."""
    answer = np.bincount(train).argmax() if is_classes else train.mean()
    return score(np.full(len(test), answer), test, is_classes)


def score(answers, target, is_classes):
    if is_classes:
        return float(np.mean(answers == target))
    return -float(np.sqrt(np.mean((answers - target) ** 2)))


def is_good(all_scores):
    """Return whether ours is as good as the better peer within a standard deviation, and as the baseline.

    As the baseline but for the rounding of float32, in which a network that stays at the mean answers.
    """
    ours, *peers, base = np.array(all_scores).T
    best = max(peers, key=np.mean)
    spread = max(ours.std(), best.std())
    return ours.mean() >= best.mean() - spread and ours.mean() >= base.mean() - FLOAT32 * abs(base.mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("names", nargs="*")
    chosen = parser.parse_args()
    good = True
    print(f"{'set':24} {'ours':>16} {'peer':>16} {'peer+':>16} {'baseline':>9}   {chosen.seeds} splits")
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Settings(home=home))
        for name, body in files().items():
            if chosen.names and name not in chosen.names:
                continue
            found = [scores(workspace, name, body, seed) for seed in range(1, chosen.seeds + 1)]
            columns = np.abs(np.array(found)).T
            cells = [f"{one.mean():.3f} ± {one.std():.3f}" for one in columns[:3]]
            good &= (passed := is_good(found))
            words = "" if passed else "  worse"
            print(f"{name:24} {cells[0]:>16} {cells[1]:>16} {cells[2]:>16} {columns[3].mean():9.3f}{words}", flush=True)
        workspace.catalogue.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
