"""The book's network through the API: upload MNIST, define, train, and measure on the 10,000 test records.

784-200-10, sigmoid, no bias, learning rate 0.1, 5 epochs, one record at a time, on all 60,000 training records.
Needs mnist_train.csv and mnist_test.csv (or .csv.gz): `MNIST_DIR=folder python benchmarks/book.py`, or the folder as
the first argument. Prints the accuracy next to the book's, and fails below 0.970.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

ROOT = Path(__file__).parent.parent
PORT = 8766
ADDRESS = f"http://127.0.0.1:{PORT}"
BOOK = 0.9747
NEEDED = 0.970


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST_DIR", ""))
    if not any((folder / f"mnist_train.csv{suffix}").exists() for suffix in ("", ".gz")):
        raise SystemExit("Needs mnist_train.csv[.gz] and mnist_test.csv[.gz]: name their folder in MNIST_DIR.")
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"WEIGHTBASE_HOME": home, "WEIGHTBASE_PORT": str(PORT)}
        server = subprocess.Popen([sys.executable, str(ROOT / "app.py")], env=environment)
        try:
            wait_until_healthy()
            accuracy = work(folder, Path(home))
        finally:
            server.terminate()
            server.wait()
    print(f"accuracy on the test records: ours {accuracy:.4f}, the book's notebook {BOOK:.4f}, needed {NEEDED:.3f}")
    if accuracy < NEEDED:
        raise SystemExit("below what is needed")


def work(folder: Path, home: Path) -> float:
    for name, share in (("mnist-train", {"validation": "0", "test": "0"}), ("mnist-test", {})):
        start = time.perf_counter()
        path = plain_csv(folder, name.replace("-", "_") + ".csv", home)
        upload(path, {"name": name, "target": "label", "header": "auto"} | share)
        print(f"{name}: uploaded, looked through and kept in {time.perf_counter() - start:.1f} s")
    definition = {
        "name": "mnist-book",
        "purpose": "The network of Make Your Own Neural Network",
        "dataset": "mnist-train",
        "layers": [{"units": 200, "activation": "sigmoid", "bias": False}],
        "output": {"activation": "sigmoid", "bias": False},
        "training": {
            "loss": "squared_error",
            "optimizer": "sgd",
            "learning_rate": 0.1,
            "batch_size": 1,
            "epochs": 5,
            "seed": 1,
            "initializer": "normal_sqrt",
            "dtype": "float32",
            "scaling": "book",
            "save": "every",
        },
    }
    call("POST", "/api/v1/networks", definition)
    run = call("POST", "/api/v1/networks/mnist-book/runs", {})
    while (detail := call("GET", f"/api/v1/runs/{run['id']}"))["state"] in {"queued", "running"}:
        time.sleep(0.2)
    path = detail["result"]["path"]
    print(f"computed by {path}" + ("" if path == "numpy" else "; WEIGHTBASE_COMPILED=0 measures numpy alone"))
    for epoch in detail["epochs"]:
        print(f"epoch {epoch['epoch']}: accuracy while training {epoch['accuracy']:.4f}, {epoch['seconds']:.1f} s")
    if detail["state"] != "finished":
        raise SystemExit(f"The run {detail['state']}: {detail['error']}")
    last = max(detail["versions"])
    proof = call("POST", f"/api/v1/networks/mnist-book/versions/{last}/verify", {})
    print(f"version {last}: stored weights identical to those in memory: {proof['identical']}")
    found = call("POST", f"/api/v1/networks/mnist-book/versions/{last}/evaluate", {"dataset": "mnist-test"})
    return float(found["accuracy"] if "accuracy" in found else found["metrics"]["accuracy"])


def plain_csv(folder: Path, name: str, home: Path) -> Path:
    if (folder / name).exists():
        return folder / name
    target = home / name
    with gzip.open(folder / f"{name}.gz", "rb") as packed, open(target, "wb") as plain:
        shutil.copyfileobj(packed, plain)
    return target


def upload(path: Path, fields: dict[str, str]) -> None:
    mark = uuid.uuid4().hex
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + path.read_bytes() + f"\r\n--{mark}--\r\n".encode()
    send("POST", "/api/v1/datasets", body, f"multipart/form-data; boundary={mark}")


def call(method: str, path: str, data: dict | None = None) -> dict:
    return send(method, path, json.dumps(data).encode() if data is not None else None, "application/json")


def send(method: str, path: str, body: bytes | None, kind: str) -> dict:
    request = urllib.request.Request(ADDRESS + path, body, {"Content-Type": kind}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()}") from error


def wait_until_healthy() -> None:
    for _ in range(200):
        try:
            call("GET", "/healthy")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The dashboard did not answer.")


if __name__ == "__main__":
    main()
