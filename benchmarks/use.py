"""A version put to use, 784-200-10: one prediction next to onnxruntime and PyTorch, POST /predict, a CSV of records.

    python benchmarks/use.py [--peers PYTHON] [--rows 10000] [--times 2000]

PYTHON is one with onnxruntime, torch, scikit-learn and pandas; without it the peers are those of this environment, and
what is missing is said. One thread each, wall time. Ends with 1 if one prediction takes above 1.5 × onnxruntime's, the
95th percentile of /predict is above 15 ms, or the CSV takes above twice as long as pandas and scikit-learn on arrays.
"""

# ruff: noqa: PLC0415 - each of the two processes imports what it measures

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import argparse
import importlib.util
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._summary import note

MOST_OF_ONE, MOST_P95, MOST_OF_CSV = 1.5, 15.0, 2.0
SIZES = (784, 200, 10)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=2_000)
    parser.add_argument("--as-peer", type=Path)
    given = parser.parse_args()
    if given.as_peer:
        print(json.dumps(peers(given.as_peer, given.times)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arrays = prepare(folder, given.rows)
        ours = measure(folder, arrays, given.times)
        command = [given.peers, __file__, "--as-peer", str(folder), "--times", str(given.times)]
        theirs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    sys.exit(report(ours, theirs, given.rows))


def prepare(folder, rows):
    """Write weights, the same network as ONNX, and a CSV of records of MNIST's shape."""
    import _mnist
    from onnx import TensorProto, helper, numpy_helper, save

    rng = np.random.default_rng(0)
    arrays = {
        f"layer_{place:02d}.{part}": (rng.normal(size=shape) / 20).astype(np.float32)
        for place in (1, 2)
        for part, shape in (("weight", SIZES[place - 1 : place + 1]), ("bias", SIZES[place : place + 1]))
    }
    np.savez(folder / "weights.npz", **arrays)
    nodes = [
        helper.make_node("Gemm", ["x", "layer_01.weight", "layer_01.bias"], ["z1"]),
        helper.make_node("Relu", ["z1"], ["a1"]),
        helper.make_node("Gemm", ["a1", "layer_02.weight", "layer_02.bias"], ["z2"]),
        helper.make_node("Softmax", ["z2"], ["y"], axis=1),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", size]) for n, size in (("x", 784), ("y", 10))]
    weights = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], weights)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7), folder / "model.onnx")
    inputs, codes = _mnist.load("test", rows) or _mnist.look_alike(rows)
    table = np.column_stack([codes[:rows], inputs[:rows]])
    names = ",".join(["label", *(f"p{place}" for place in range(784))])
    np.savetxt(folder / "records.csv", table, "%d", ",", header=names, comments="")
    return arrays


def measure(folder, arrays, times):
    """Return the seconds of one prediction, the 95th percentile of /predict, and the seconds of the CSV."""
    from dashboard import create_app
    from dashboard.data.dataset import open_arrays
    from dashboard.data.preprocessing import fit
    from dashboard.services.datasets import create_dataset, receive_upload
    from dashboard.services.networks import create_network
    from dashboard.services.use.loaded import load_version
    from dashboard.services.versions.saving import Draft, save_version
    from dashboard.services.workspace import open_workspace
    from dashboard.settings import Settings

    workspace = open_workspace(Settings(home=str(folder / "home")))
    content = (folder / "records.csv").read_bytes()
    upload = receive_upload(workspace, io.BytesIO(content), "records.csv")
    choices = {"name": "mnist", "target": "label", "task": "classification", "image_shape": "28x28"}
    dataset = create_dataset(workspace, upload, choices)
    network = create_network(workspace, {"name": "one", "dataset": "mnist", "layers": [{"units": 200}]})
    opened = open_arrays(workspace.datasets_folder / dataset.folder)
    preprocessing = fit(opened, np.arange(len(opened.target)), "minmax").to_json()
    save_version(workspace, network, Draft(arrays, network.spec, dataset.id, preprocessing, {}, {}))
    loaded = load_version(workspace, "one", 1)
    record = np.asarray(opened.inputs[:1], np.float32) / 255
    client = create_app(workspace=workspace).test_client()
    row = dict(zip(opened.numeric, np.asarray(opened.inputs[0]).tolist(), strict=True))

    def ask():
        assert client.post("/api/v1/networks/one/versions/1/predict", json={"rows": [row]}).status_code == 200

    def answer_file():
        sent = {"file": (io.BytesIO(content), "records.csv")}
        answer = client.post("/api/v1/networks/one/versions/1/predict.csv", data=sent, buffered=True)
        assert answer.status_code == 200
        return answer.data

    assert answer_file().count(b"\n") == content.count(b"\n")
    p95 = float(np.percentile(durations(ask, max(times // 10, 20)), 95))
    alone = float(np.median(durations(lambda: loaded.network.predict(record), times)))
    return {"one": alone, "p95": p95, "csv": min(durations(answer_file, 3))}


def peers(folder, times):
    """Return the same of the peers that are installed."""
    found = {}
    record = np.random.default_rng(1).random((1, 784), np.float32)
    if importlib.util.find_spec("onnxruntime"):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        found["onnxruntime"] = float(np.median(durations(lambda: session.run(None, {"x": record}), times)))
    with np.load(folder / "weights.npz") as file:
        arrays = dict(file)
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        layers = [torch.nn.Linear(784, 200), torch.nn.ReLU(), torch.nn.Linear(200, 10), torch.nn.Softmax(dim=1)]
        model = torch.nn.Sequential(*layers).eval()
        given = torch.from_numpy(record)
        with torch.inference_mode():
            found["torch"] = float(np.median(durations(lambda: model(given), times)))
    if importlib.util.find_spec("sklearn") and importlib.util.find_spec("pandas"):
        found["csv"] = min(durations(scikit_learn(folder, arrays), 3))
    return found


def scikit_learn(folder, arrays):
    """Return what reads the CSV with pandas and predicts with scikit-learn on the array."""
    import pandas
    from sklearn.neural_network import MLPClassifier

    few = np.random.default_rng(1).random((20, 784))
    model = MLPClassifier((200,), max_iter=1)
    model.out_activation_ = "softmax"
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(few, np.arange(20) % 10)
    model.coefs_ = [arrays["layer_01.weight"], arrays["layer_02.weight"]]
    model.intercepts_ = [arrays["layer_01.bias"], arrays["layer_02.bias"]]

    def predict():
        table = pandas.read_csv(folder / "records.csv").to_numpy()
        return model.predict(table[:, 1:].astype(np.float32) / 255)

    return predict


def durations(work, times):
    """Return how long each of so many calls took, in seconds, after one that is not counted."""
    work()
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return found


def report(ours, theirs, rows):
    """Print the figures next to the peers', and return the exit code."""
    slow = []
    print(f"one prediction: ours {ours['one'] * 1e6:.1f} µs")
    for name in ("onnxruntime", "torch"):
        if name in theirs:
            print(f"  {name} {theirs[name] * 1e6:.1f} µs: ours takes {ours['one'] / theirs[name]:.2f} ×")
            most = MOST_OF_ONE if name == "onnxruntime" else None
            note("use", "one prediction", name, ours["one"] / theirs[name], goal=most, less=True)
        else:
            print(f"  {name} is not installed there: name a Python that has it with --peers")
    if "onnxruntime" in theirs and ours["one"] > MOST_OF_ONE * theirs["onnxruntime"]:
        slow.append(f"one prediction takes above {MOST_OF_ONE} × onnxruntime's")
    print(f"POST /predict, one record of 784 columns: 95th percentile {ours['p95'] * 1e3:.1f} ms")
    if ours["p95"] * 1e3 > MOST_P95:
        slow.append(f"/predict takes above {MOST_P95} ms")
    note("use", "POST /predict, p95", "", ours["p95"] * 1e3, "ms", MOST_P95, less=True)
    print(f"predict.csv of {rows:,} records: {ours['csv']:.2f} s")
    if "csv" in theirs:
        print(
            f"  pandas.read_csv and scikit-learn's predict {theirs['csv']:.2f} s: {ours['csv'] / theirs['csv']:.2f} ×"
        )
        if ours["csv"] > MOST_OF_CSV * theirs["csv"]:
            slow.append(f"the CSV takes above {MOST_OF_CSV} × pandas and scikit-learn")
    else:
        print("  scikit-learn or pandas is not installed there")
    print("\n".join(slow) if slow else "within the limits")
    return 1 if slow else 0


if __name__ == "__main__":
    main()
