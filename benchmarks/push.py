"""Pushing a version of four tensors of float32 to a dashboard: seconds, bytes sent, and memory of the web process.

    python benchmarks/push.py [--weights 25000000] [--port 21650] [--peers PYTHON]

Measured in one run: all four tensors new; the same push again; one of the four changed; five million and
250,000 weights, which are answered with the version. With `--peers`, a Python in which mlflow and wandb are installed,
the same arrays are logged by MLflow (to files) and by W&B offline, each in a process of its own. Ends with status 1 if
the web process grew by more than 20 MB, the same push took more than 0.1 s, or more was sent than had changed.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from dashboard.settings import Settings, to_environment  # noqa: E402

MOST_MB, AGAIN_SECONDS = 20.0, 0.1
WAITED_FOR, AT_ONCE = 5_000_000, 250_000
PEERS = {
    "MLflow": "mlflow.set_tracking_uri('file:' + folder + '/mlruns')\n"
    "with mlflow.start_run():\n    for name in names: mlflow.log_artifact(name)",
    "W&B offline": "run = wandb.init(mode='offline', dir=folder, project='p')\n"
    "artifact = wandb.Artifact('model', 'model')\n"
    "for name in names: artifact.add_file(name)\nrun.log_artifact(artifact)\nrun.finish()",
}
MODULES = {"MLflow": "mlflow", "W&B offline": "wandb"}


class Client:
    """Pushes arrays, and counts the bytes of contents that it sent."""

    def __init__(self, port):
        self.base, self.sent = f"http://127.0.0.1:{port}/api/v1", 0

    def ask(self, method, path, data=None, kind="application/json"):
        question = urllib.request.Request(self.base + path, data, {"Content-Type": kind}, method=method)
        with urllib.request.urlopen(question, timeout=600) as answer:
            return answer.status, json.load(answer)

    def push(self, key, arrays):
        """Push until it is saved; return the seconds that it took, hashing included."""
        began, self.sent = time.perf_counter(), 0
        contents = {name: memoryview(array).cast("B") for name, array in arrays.items()}
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        tensors = [
            {"name": name, "dtype": "float32", "shape": list(array.shape), "sha256": digests[name]}
            for name, array in arrays.items()
        ]
        body = json.dumps({"key": key, "tensors": tensors}).encode()
        while (answer := self.ask("POST", "/networks/pushed/versions", body))[0] == 202:
            for name, digest in digests.items():
                if digest in answer[1].get("missing", ()):
                    self.ask("PUT", f"/contents/{digest}", contents[name], "application/octet-stream")
                    self.sent += len(contents[name])
            if "run" in answer[1]:
                self.wait(answer[1]["run"])
        return time.perf_counter() - began

    def wait(self, run):
        while (state := self.ask("GET", f"/runs/{run}")[1]["state"]) in {"queued", "running"}:
            time.sleep(0.05)
        assert state == "finished", state


def web_process(server):
    """Return the process that answers pages: of those below the server, the child of gunicorn's arbiter."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            above = _parent(path)
            if b"gunicorn" in _words(path.name) and b"gunicorn" in _words(above) and server.pid in _ancestors(above):
                return int(path.name)
        except OSError:
            continue  # it has just ended
    raise SystemExit("No process of gunicorn answers pages.")


def _ancestors(pid):
    found = [pid]
    while found[-1] > 1:
        found.append(_parent(Path(f"/proc/{found[-1]}")))
    return found


def _parent(path):
    return int((path / "stat").read_text().rpartition(")")[2].split()[1])


def _words(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def peak_mb(pid):
    """Return the highest resident memory of a process since it was reset."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def reset_peak(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak_mb(pid)


def peers(python, arrays, folder):
    """Log the same arrays by other programs; return their seconds, from files to the end of the logging."""
    names = [str(folder / f"{name}.npy") for name in arrays]
    for name, array in zip(names, arrays.values(), strict=True):
        np.save(name, array)
    seconds = {}
    for peer, code in PEERS.items():
        script = (
            f"import time, {MODULES[peer]}\nfolder, names = {str(folder)!r}, {names!r}\nbegan = time.perf_counter()\n"
        )
        script += f"{code}\nprint('seconds', time.perf_counter() - began)"
        environment = os.environ | {"WANDB_SILENT": "true", "MLFLOW_ALLOW_FILE_STORE": "true"}
        done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False, env=environment)
        found = re.search(r"seconds ([\d.]+)", done.stdout)
        seconds[peer] = float(found[1]) if found else None
    return seconds


def measure(port, weights):
    """Push to a dashboard that answers; return what is printed, and whether all targets are met."""
    random, client = np.random.default_rng(1), Client(port)
    side = weights // 4
    arrays = {f"layer_{n}": random.normal(size=side).astype(np.float32).reshape(-1, 100) for n in range(4)}
    client.ask("POST", "/networks", b'{"name": "pushed", "kind": "foreign"}')
    some, few = ({"w": random.normal(size=size).astype(np.float32).reshape(-1, 100)} for size in (WAITED_FOR, AT_ONCE))
    pid = client_pid(client)
    before = reset_peak(pid)
    client.push("warm", {"w": np.ones((400, 100), np.float32)})
    lines, ok = [f"the first push loads what reads tables: web process + {peak_mb(pid) - before:.0f} MB, once"], True
    changed = arrays | {"layer_3": arrays["layer_3"] + 1}
    for words, key, pushed, allowed in (
        (f"{weights / 1e6:g} M weights", "first", arrays, 4 * side * 4),
        ("the same again", "first", arrays, 0),
        ("one of four changed", "second", changed, side * 4),
        ("5 M weights", "some", some, WAITED_FOR * 4),
        ("250,000 weights", "few", few, AT_ONCE * 4),
    ):
        before = reset_peak(pid)
        seconds = client.push(key, pushed)
        grown = peak_mb(pid) - before
        lines.append(f"{words:22} {seconds:7.2f} s  {client.sent / 1e6:7.1f} MB sent  web process + {grown:4.0f} MB")
        ok &= client.sent <= allowed and grown <= MOST_MB
        ok &= allowed > 0 or seconds - hashing(pushed) <= AGAIN_SECONDS
    return arrays, lines, ok


def hashing(arrays):
    """Return how long it takes to hash the arrays, which is the program's own work before it asks."""
    began = time.perf_counter()
    for array in arrays.values():
        hashlib.sha256(memoryview(array).cast("B")).hexdigest()
    return time.perf_counter() - began


def client_pid(client):
    client.ask("GET", "/networks")
    return web_process(SERVER[0])


SERVER = []


def main(weights, port, python):
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=home, port=port)
        SERVER.append(
            subprocess.Popen([sys.executable, str(ROOT / "app.py")], env=os.environ | to_environment(settings))
        )
        try:
            until = time.monotonic() + 120
            while time.monotonic() < until:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/healthy", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            arrays, lines, ok = measure(port, weights)
            print(*lines, sep="\n")
            seconds = peers(python, arrays, Path(home)) if python else {}
            for peer, taken in seconds.items():
                print(f"{peer:22} {'failed' if taken is None else f'{taken:7.2f} s'}")
            if not python:
                print(
                    "MLflow and W&B were not measured: give --peers a Python in which mlflow and wandb are installed."
                )
        finally:
            SERVER[0].terminate()
            SERVER[0].wait()
    return 0 if ok else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", type=int, default=25_000_000)
    parser.add_argument("--port", type=int, default=21650)
    parser.add_argument("--peers", default="")
    options = parser.parse_args()
    sys.exit(main(options.weights, options.port, options.peers))
