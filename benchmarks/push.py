"""Versions of four tensors of float32 from elsewhere, pushed and imported: seconds, ratios, bytes sent, memory.

    python benchmarks/push.py [--small] [--weights 25000000] [--stores csv,mysql] [--port 21650]
                              [--frameworks PYTHON] [--peers PYTHON]

For each store one run of: all four tensors new; the same push again; the same tensors under another key; one of the
four changed; five million and 250,000 weights, which are answered with the version; the client's `log` and `flush`;
and files of new weights imported (.safetensors, .npz, .pt), next to reading each file by its own library.
`--frameworks` is a Python with torch, which writes and reads the .pt; `--peers` one with MLflow and W&B, which log the
same arrays:

    python -m venv peers && peers/bin/pip install mlflow-skinny wandb numpy

The peers copy files; a push also writes them as tables, reads these back and compares them by SHA-256. Memory is the
peak beyond what a process had before. MySQL: a throw-away MariaDB is started. Ends with status 1 if the web process
grew by more than 20 MB, the same push took more than 0.1 s, the same tensors under another key more than 0.3 s of the
web process's time, or more was sent than had changed.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import mysql.connector  # noqa: E402, F401 - before what loads ssl, or its C extension cannot be loaded
import numpy as np  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

from dashboard.settings import Settings, to_environment  # noqa: E402
from tests.server import Server, connect  # noqa: E402

MOST_MB, AGAIN_SECONDS, UNCHANGED_SECONDS = 20.0, 0.1, 0.3
WAITED_FOR, AT_ONCE = 5_000_000, 250_000
TICK = os.sysconf("SC_CLK_TCK")
PEERS = {
    "MLflow": "import mlflow\nmlflow.set_tracking_uri('file:' + folder + '/mlruns')\nbegin()\n"
    "with mlflow.start_run():\n    for name in names: mlflow.log_artifact(name)",
    "W&B offline": "import wandb\nbegin()\nrun = wandb.init(mode='offline', dir=folder, project='p')\n"
    "artifact = wandb.Artifact('model', 'model')\n"
    "for name in names: artifact.add_file(name)\nrun.log_artifact(artifact)\nrun.finish()",
}
READERS = {
    "safetensors": "from safetensors.numpy import load_file\nbegin()\nload_file(path)",
    "npz": "import numpy\nbegin()\nwith numpy.load(path) as file: [file[name] for name in file.files]",
    "pt": "import torch\nbegin()\ntorch.load(path, weights_only=True)",
}
WRITE_PT = "import numpy, torch\ntorch.save({name: torch.from_numpy(a) for name, a in numpy.load(npz).items()}, path)"
CLIENT = """
import numpy, weightbase
weights = dict(numpy.load(npz))
weightbase.connect(url)
began_mb = peak()
begin()
weightbase.log('pushed', weights, {'loss': 0.5}, epoch=1)
logged = clock() - began
weightbase.flush()
print('logged', logged, 'grown', peak() - began_mb)
"""
TIMED = """
import resource, time
def clock(): return time.perf_counter()
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def begin():
    global began
    began = clock()
"""


class Client:
    """Pushes arrays, and counts the bytes of contents that it sent."""

    def __init__(self, port):
        self.base, self.sent = f"http://127.0.0.1:{port}/api/v1", 0

    def ask(self, method, path, data=None, kind="application/json"):
        question = urllib.request.Request(self.base + path, data, {"Content-Type": kind}, method=method)
        with urllib.request.urlopen(question, timeout=1200) as answer:
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

    def import_file(self, path):
        """Import a file as the next version of a network of its own; return the seconds until it is saved."""
        began, mark = time.perf_counter(), uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'
        body = head.encode() + path.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        self.sent = len(body)
        token = self.ask("POST", "/imports", body, f"multipart/form-data; boundary={mark}")[1]["token"]
        choice = json.dumps({"network": f"imported{path.suffix}", "as": "foreign"}).encode()
        self.wait(self.ask("POST", f"/imports/{token}/versions", choice)[1]["run"]["id"])
        return time.perf_counter() - began


class Processes:
    """The processes below a server: who answers pages, and how much memory all have taken since the last look."""

    def __init__(self, server):
        self.server, self.web, self.before, self.peaks = server, 0, {}, {}
        self.ended = threading.Event()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        while not self.ended.wait(0.02):
            for pid in self.below():
                self.note(pid)

    def note(self, pid):
        try:
            role = "web" if pid == self.web else "others" if b"gunicorn" in words(pid) else "worker"
            self.peaks[role] = max(self.peaks.get(role, 0.0), peak_mb(pid) - self.before.get(pid, 0.0))
        except (OSError, TypeError):
            return  # it has just ended

    def below(self):
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if self.server.pid in ancestors(int(path.name)):
                    found.append(int(path.name))
            except OSError:
                continue  # it has just ended
        return found

    def begin(self):
        """Begin to measure: whoever answers pages now, and what it takes."""
        pages = [pid for pid in self.below() if b"gunicorn" in words(pid) and b"gunicorn" in words(parent(pid))]
        self.web = pages[-1]
        self.before = {self.web: reset_peak(self.web)}
        self.peaks = {}
        return cpu_seconds(self.web)

    def grown(self):
        """Return MB that the web process has added, and the most that a worker or reader has had."""
        self.note(self.web)
        return self.peaks.get("web", 0.0), self.peaks.get("worker", 0.0)


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def ancestors(pid):
    found = []
    while pid > 1:
        pid = parent(pid)
        found.append(pid)
    return found


def words(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_mb(pid):
    """Return the highest resident memory of a process since it was reset."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def reset_peak(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak_mb(pid)


def run_script(python, script, **names):
    """Run a script in a process of its own; return (seconds from its begin() on, its output), None if it fails."""
    given = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    environment = os.environ | {
        "WANDB_SILENT": "true",
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "PYTHONPATH": str(ROOT / "client"),
    }
    code = f"{given}{TIMED}{script}\nprint('seconds', clock() - began)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False, env=environment)
    found = re.search(r"seconds ([\d.e+-]+)", done.stdout)
    if not found:
        print(done.stderr.strip().splitlines()[-1:] or "it printed nothing", file=sys.stderr)
        return None
    return float(found[1]), done.stdout


def line(what, seconds, more="", grown=None):
    memory = "" if grown is None else f"  web + {grown[0]:4.0f} MB, worker {grown[1]:4.0f} MB"
    print(f"  {what:34} {seconds:7.2f} s{memory}{more}", flush=True)


def measure(server, client, arrays, options, folder):
    """Push, import and compare on a server that answers; return (seconds of the first push, whether all is well)."""
    processes = Processes(server)
    try:
        first, ok = pushes(processes, client, arrays)
        logged_by_client(processes, options, arrays, folder)
        imports(processes, client, arrays, options, folder)
    finally:
        processes.ended.set()
    return first, ok


def pushes(processes, client, arrays):
    random, ok, first, size = np.random.default_rng(2), True, 0.0, sum(array.nbytes for array in arrays.values())
    client.ask("POST", "/networks", b'{"name": "pushed", "kind": "foreign"}')
    weights = size // 4
    some, few = (min(count, weights) // 100 * 100 for count in (WAITED_FOR, AT_ONCE))
    more = {n: {"w": random.normal(size=n).astype(np.float32).reshape(-1, 100)} for n in (some, few)}
    changed = arrays | {"layer_3": arrays["layer_3"] + 1}
    client.push("warm", {"w": np.ones((4, 100), np.float32)})
    for what, key, pushed, allowed in (
        ("push: all new", "first", arrays, size),
        ("push: the same again", "first", arrays, 0),
        ("push: same tensors, another key", "other", arrays, 0),
        ("push: one of four changed", "second", changed, size // 4),
        (f"push: {some / 1e6:g} M weights", "some", more[some], some * 4),
        (f"push: {few / 1e3:g},000 weights", "few", more[few], few * 4),
    ):
        before = processes.begin()
        seconds = client.push(key, pushed)
        used = cpu_seconds(processes.web) - before
        grown = processes.grown()
        asked = seconds - hashing(pushed)
        line(
            what,
            seconds,
            f"  {client.sent / 1e6:6.1f} MB sent, {asked:5.2f} s without hashing, web CPU {used:4.2f} s",
            grown,
        )
        first = first or seconds
        ok &= client.sent <= allowed and grown[0] <= MOST_MB
        ok &= key != "other" or used <= UNCHANGED_SECONDS
        ok &= what != "push: the same again" or asked <= AGAIN_SECONDS
    return first, ok


def logged_by_client(processes, options, arrays, folder):
    """Log new arrays by the client, in a process of its own."""
    np.savez(folder / "logged.npz", **{name: array + 2 for name, array in arrays.items()})
    processes.begin()
    url = f"http://127.0.0.1:{options.port}"
    done = run_script(sys.executable, CLIENT, npz=str(folder / "logged.npz"), url=url)
    if done is None:
        print("  the client failed")
        return
    logged, grown = re.search(r"logged ([\d.e+-]+) grown ([\d.]+)", done[1]).groups()
    line(
        "client: log and flush",
        done[0],
        f"  log returns after {float(logged):.2f} s, client + {float(grown):.0f} MB",
        processes.grown(),
    )


def imports(processes, client, arrays, options, folder):
    for shift, kind in enumerate(READERS, start=3):
        path, npz = folder / f"weights.{kind}", folder / f"of_{kind}.npz"
        shifted = {name: array + np.float32(shift) for name, array in arrays.items()}
        if kind == "safetensors":
            save_file(shifted, path)
        else:
            np.savez(npz, **shifted)
        if kind == "npz":
            npz.rename(path)
        python = options.frameworks if kind == "pt" else sys.executable
        if kind == "pt" and not (python and run_script(python, f"begin()\n{WRITE_PT}", npz=str(npz), path=str(path))):
            print("  import of .pt: not measured; give --frameworks a Python in which torch is installed.")
            continue
        processes.begin()
        seconds = client.import_file(path)
        reading = run_script(python, READERS[kind], path=str(path))[0]
        line(
            f"import: .{kind}",
            seconds,
            f"  its own library reads it in {reading:.2f} s: {seconds / reading:.0f} ×",
            processes.grown(),
        )


def hashing(arrays):
    """Return how long it takes to hash the arrays, which is the program's own work before it asks."""
    began = time.perf_counter()
    for array in arrays.values():
        hashlib.sha256(memoryview(array).cast("B")).hexdigest()
    return time.perf_counter() - began


def peers(python, arrays, first):
    """Print how long other programs take to log the same arrays, from files to the end of the logging."""
    if not python:
        print("MLflow and W&B were not measured: give --peers a Python in which they are installed.")
        return
    for peer, code in PEERS.items():
        with tempfile.TemporaryDirectory() as folder:
            names = [f"{folder}/{name}.npy" for name in arrays]
            for name, array in zip(names, arrays.values(), strict=True):
                np.save(name, array)
            done = run_script(python, code, folder=folder, names=names)
        ratios = (
            "" if done is None else ", ".join(f"{store} {seconds / done[0]:.1f} ×" for store, seconds in first.items())
        )
        print(f"{peer:36} {'failed' if done is None else f'{done[0]:7.2f} s'}  a push takes, of that: {ratios}")


def wait_for(port):
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthy", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The dashboard does not answer.")


def of_store(store, arrays, options):
    """Start a dashboard with this store, and measure; return what `measure` returns."""
    with ExitStack() as stack:
        home, folder = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        address = "csv:"
        if store == "mysql":
            database = Server(Path(stack.enter_context(tempfile.TemporaryDirectory())))
            database.start()
            stack.callback(database.kill)
            connect(database.url).cmd_query("CREATE DATABASE pushed")
            address = f"{database.url}pushed"
        settings = Settings(home=str(home), port=options.port, store=address)
        server = subprocess.Popen([sys.executable, str(ROOT / "app.py")], env=os.environ | to_environment(settings))
        stack.callback(server.wait)
        stack.callback(server.terminate)
        wait_for(options.port)
        return measure(server, Client(options.port), arrays, options, folder)


def main(options):
    weights = 400_000 if options.small else options.weights
    side = weights // 400 * 100
    random = np.random.default_rng(1)
    arrays = {f"layer_{n}": random.normal(size=side).astype(np.float32).reshape(-1, 100) for n in range(4)}
    first, is_met = {}, True
    for store in options.stores.split(","):
        print(f"{store}: {4 * side / 1e6:g} M weights", flush=True)
        first[store], ok = of_store(store, arrays, options)
        is_met &= ok
    peers(options.peers, arrays, first)
    print("all targets are met" if is_met else "a target is missed")
    return 0 if is_met else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--weights", type=int, default=25_000_000)
    parser.add_argument("--stores", default="csv,mysql")
    parser.add_argument("--port", type=int, default=21650)
    parser.add_argument("--frameworks", default="")
    parser.add_argument("--peers", default="")
    sys.exit(main(parser.parse_args()))
