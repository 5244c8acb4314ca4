"""Why the loss changed, 784-200-10 on 10,000 records: seconds next to 16 plain passes of PyTorch on the same records.

    python benchmarks/why.py [--peers PYTHON] [--rows 10000] [--times 3]

PYTHON is one with torch; without it, that of this environment. One thread each, seconds of the processor, the quickest
of so many times; PyTorch in batches of 1,000, in float32 and in float64 (ours is float64). Ends with 1 if the shares
take above 1.2 × PyTorch's 16 passes in float32. Putting every unit back is timed by itself.
"""

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._summary import note

MOST = 1.2
SIZES = (784, 200, 10)
PASSES = 16
BATCH = 1_000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--as-peer", type=Path)
    given = parser.parse_args()
    if given.as_peer:
        print(json.dumps(peer(given.as_peer, given.times)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, given.rows)
        ours = measure(folder, given.times)
        command = [given.peers, __file__, "--as-peer", str(folder), "--times", str(given.times)]
        answer = subprocess.run(command, check=False, capture_output=True, text=True)
        theirs = json.loads(answer.stdout) if answer.returncode == 0 else {}
    sys.exit(report(ours, theirs, given.rows))


def prepare(folder, rows):
    """Write the weights after the first and the second epoch of a training, and the records, of MNIST's shape."""
    import _mnist  # noqa: PLC0415 - a file next to this one

    from dashboard.engine.network import Network  # noqa: PLC0415 - not by the peer's process
    from dashboard.engine.samples import Samples  # noqa: PLC0415
    from dashboard.engine.training import Training  # noqa: PLC0415

    inputs, codes = _mnist.load("test", rows) or _mnist.look_alike(rows)
    arrays = {"inputs": inputs[:rows].astype(np.uint8), "codes": codes[:rows].astype(np.int64)}
    network = Network(spec_of())
    network.initialize(1)
    samples = Samples(arrays["inputs"], arrays["codes"], 1 / 255)
    for side, _ in zip(("base", "other"), Training(network, samples, None, "classification").epochs(), strict=False):
        arrays |= {f"{side} {name}": tensor.copy() for name, tensor in network.tensors().items()}
    np.savez(folder / "arrays.npz", **arrays)


def spec_of():
    """Return the network, as it is trained for two epochs."""
    from dashboard.records.network import LayerSpec, NetworkSpec  # noqa: PLC0415 - not by the peer's process
    from dashboard.records.training import TrainingSpec  # noqa: PLC0415

    layers = LayerSpec(SIZES[1], "relu"), LayerSpec(SIZES[2], "softmax")
    return NetworkSpec(SIZES[0], layers, TrainingSpec(epochs=2))


def measure(folder, times):
    """Return our seconds for the shares and for putting every unit back, points, error, and memory."""
    from dashboard.engine.line import Line, Records  # noqa: PLC0415 - not by the peer's process
    from dashboard.engine.putting_back import Unit, score_put_back  # noqa: PLC0415
    from dashboard.engine.samples import Samples  # noqa: PLC0415
    from dashboard.engine.weight_shares import weight_shares  # noqa: PLC0415
    from dashboard.services.why.records import BLOCK_CELLS  # noqa: PLC0415

    arrays = dict(np.load(folder / "arrays.npz"))
    sides = (
        {name.partition(" ")[2]: array for name, array in arrays.items() if name.startswith(side)}
        for side in ("base", "other")
    )
    line, rows, block = Line(spec_of(), *sides), len(arrays["codes"]), BLOCK_CELLS // SIZES[0]
    samples = Samples(arrays["inputs"], arrays["codes"], 1 / 255)

    def blocks():
        return (samples.take(np.arange(start, min(start + block, rows))) for start in range(0, rows, block))

    records = Records(blocks, samples, "classification", rows, "accuracy")
    tracemalloc.start()
    shares = weight_shares(line, records)
    arrays_peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    units = [Unit(layer, unit) for layer in range(2) for unit in range(SIZES[layer + 1])]
    return {
        "shares": min(durations(lambda: weight_shares(line, records), times)),
        "put back": min(durations(lambda: score_put_back(line, records, units, []), 1)),
        "points": shares.points,
        "error": shares.error / abs(shares.change),
        "arrays": arrays_peak / 2**20,
        "process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def peer(folder, times):
    """Return the seconds of PyTorch's 16 passes by dtype."""
    import torch  # noqa: PLC0415 - only in the peer's process

    torch.set_num_threads(1)
    arrays = dict(np.load(folder / "arrays.npz"))
    found = {}
    for dtype in (torch.float32, torch.float64):
        model = torch.nn.Sequential(torch.nn.Linear(*SIZES[:2]), torch.nn.ReLU(), torch.nn.Linear(*SIZES[1:])).to(dtype)
        inputs = torch.from_numpy(arrays["inputs"]).to(dtype) / 255
        codes = torch.from_numpy(arrays["codes"])
        taken = durations(lambda given=(torch, model, inputs, codes): passes(*given), times)
        found[str(dtype).removeprefix("torch.")] = min(taken)
    return found


def passes(torch, model, inputs, codes):
    """Carry out 16 plain forward and backward passes of all records."""
    for _ in range(PASSES):
        for start in range(0, len(codes), BATCH):
            batch = slice(start, start + BATCH)
            model.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs[batch]), codes[batch], reduction="sum").backward()


def durations(work, times):
    """Return how long each of so many calls took, in seconds of the processor."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return taken


def report(ours, theirs, rows):
    """Print the figures next to the peer's, and return the exit code."""
    points = f"{ours['points']} points, the sum within {100 * ours['error']:.4f} % of the change"
    print(f"784-200-10, {rows:,} records: shares of all weights in float64 {ours['shares']:.3f} s ({points})")
    print(f"memory: peak {ours['arrays']:.0f} MB of arrays for the shares, {ours['process']:.0f} MB of the process")
    print(f"putting each of 210 units back: {ours['put back']:.3f} s")
    if not theirs:
        print("torch is not installed there: name a Python that has it with --peers")
        return 0
    for dtype, seconds in theirs.items():
        note(
            "why", "shares of all weights", f"PyTorch, {PASSES} passes in {dtype}", ours["shares"] / seconds, less=True
        )
        print(f"  PyTorch, {PASSES} passes in {dtype}: {seconds:.3f} s: ours takes {ours['shares'] / seconds:.2f} ×")
    is_slow = ours["shares"] > MOST * theirs["float32"]
    print(f"the shares take above {MOST} × PyTorch's passes" if is_slow else "within the limit")
    return int(is_slow)


if __name__ == "__main__":
    main()
