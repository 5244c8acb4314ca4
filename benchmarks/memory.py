"""Peak resident memory of training 784-200-10 on MNIST's shape: ours, PyTorch and scikit-learn, each in a process.

Every process reads the same .npy file of uint8 pixels, as datasets are on the disk, and trains two epochs with Adam
and batches of 128. Ends with status 1 if ours is not the smallest.

    python benchmarks/memory.py [folder with MNIST]
"""

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import importlib.util
import resource
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._summary import note

BATCH, EPOCHS = 128, 2


def nothing(inputs, codes):
    """Hold Python and numpy alone: the floor under all."""


def ours(inputs, codes):
    from dashboard.engine.network import Network  # noqa: PLC0415 - only what this process measures is imported
    from dashboard.engine.samples import Samples  # noqa: PLC0415
    from dashboard.engine.training import Training  # noqa: PLC0415
    from dashboard.records.network import LayerSpec, NetworkSpec  # noqa: PLC0415
    from dashboard.records.training import TrainingSpec  # noqa: PLC0415

    layers = (LayerSpec(200, "relu"), LayerSpec(10, "softmax"))
    network = Network(NetworkSpec(784, layers, TrainingSpec(batch_size=BATCH, epochs=EPOCHS)))
    network.initialize(1)
    print(list(Training(network, Samples(inputs, codes, scale=1 / 255), None, "classification").epochs())[-1].accuracy)


def with_torch(inputs, codes):
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)
    model = torch.nn.Sequential(torch.nn.Linear(784, 200), torch.nn.ReLU(), torch.nn.Linear(200, 10))
    loss_of, stepper = torch.nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters())
    x, y = torch.tensor(np.array(inputs), dtype=torch.float32) / 255, torch.tensor(codes)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            stepper.zero_grad()
            loss_of(model(x[rows]), y[rows]).backward()
            stepper.step()


def with_scikit_learn(inputs, codes):
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    warnings.simplefilter("ignore")  # two epochs do not converge
    MLPClassifier((200,), batch_size=BATCH, max_iter=EPOCHS).fit(inputs.astype(np.float32) / 255, codes)


CANDIDATES = {"numpy alone": nothing, "ours": ours, "PyTorch": with_torch, "scikit-learn": with_scikit_learn}
NEEDS = {"PyTorch": "torch", "scikit-learn": "sklearn"}


def measure(name, folder):
    """Run one candidate in a fresh process and return its peak in megabytes."""
    command = [sys.executable, __file__, "--alone", name, folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024


def peak_kilobytes():
    """Return this process's own peak; getrusage would answer with the parent's where that was larger at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def alone(name, folder):
    inputs = np.load(Path(folder) / "inputs.npy", mmap_mode="r")
    CANDIDATES[name](inputs, np.load(Path(folder) / "codes.npy"))
    print(peak_kilobytes())


def main():
    import _mnist  # noqa: PLC0415

    loaded = _mnist.load("train")
    if loaded is None:
        print(_mnist.HELP, "\nMeasured on drawn data of the same shape instead.")
    inputs, codes = loaded or _mnist.look_alike(60_000)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "inputs.npy", inputs)
        np.save(Path(folder) / "codes.npy", codes)
        found = {
            name: measure(name, folder)
            for name in CANDIDATES
            if name not in NEEDS or importlib.util.find_spec(NEEDS[name]) is not None
        }
    for name, megabytes in found.items():
        print(f"{name:14} {megabytes:7.0f} MB   {megabytes / found['ours']:5.2f} × ours")
        if name in NEEDS:
            note("memory", "peak of training on MNIST", name, found["ours"] / megabytes, goal=0.25, less=True)
    missing = [name for name in NEEDS if name not in found]
    if missing:
        print(f"Without {' and '.join(missing)}: pip install torch==2.13.0 scikit-learn in an environment of its own.")
    return 0 if all(found["ours"] <= found[name] for name in NEEDS if name in found) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        alone(*sys.argv[2:])
    else:
        sys.exit(main())
