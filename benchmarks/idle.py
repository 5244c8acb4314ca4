"""Memory and processor time of a dashboard that rests, after it has trained and its pages were looked at.

    python benchmarks/idle.py [--browse 60] [--rest 40] [--seconds 30] [--port 8558]

`python app.py` is started on a home of its own: 784-200-10 trains ten epochs with a version each, then pages, charts
and files are fetched one after the other for `--browse` seconds, as their links lead on. After `--rest` seconds
(a web server that has grown is replaced after 20), the memory of web server, worker and supervisor (proportional set
size) and the processor time of the next seconds are printed. Targets: 150 MB and 0.2 % of a core in all. Ends with
status 1 if one is missed.
"""

import argparse
import html
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from benchmarks._summary import note  # noqa: E402
from dashboard.settings import Settings, to_environment  # noqa: E402

TARGET_MB, TARGET_PERCENT = 150.0, 0.2
LINK = re.compile(r'(?:href|src|data-[\w-]*url)="(/[^"#]*)')
FIRST = (
    "/networks/net/versions/3",
    "/networks/net/versions/3/tensors/layer_01.weight",
    "/networks/net/history",
    "/networks/net/health",
    "/compare?base=net:1&other=net:9",
)
NETWORK = {"name": "net", "dataset": "big", "layers": [{"units": 200, "activation": "relu"}]}


def get(base: str, path: str) -> str:
    """Return the text of an address."""
    with urllib.request.urlopen(base + path, timeout=60) as answer:
        return str(answer.read().decode("utf-8", "replace"))


def post(base: str, path: str, body: bytes, kind: str = "application/json") -> dict[str, object]:
    """Send a body to the API and return the answer."""
    question = urllib.request.Request(f"{base}/api/v1{path}", body, {"Content-Type": kind})
    with urllib.request.urlopen(question, timeout=60) as answer:
        return dict(json.load(answer))


def train(base: str) -> None:
    """Upload 3,000 records of 784 inputs and train 784-200-10 on them."""
    random = np.random.default_rng(0)
    cells, labels = random.integers(0, 256, (3000, 784)), random.integers(0, 10, 3000)
    rows = [",".join([*map(str, row), str(label)]) for row, label in zip(cells, labels, strict=True)]
    table = "\n".join([",".join([*(f"p{number}" for number in range(784)), "label"]), *rows])
    part = "--x\r\nContent-Disposition: form-data; name={}\r\n\r\n{}\r\n"
    fields = part.format("name", "big") + part.format("target", "label")
    body = fields + part.format('file; filename="a.csv"', table) + "--x--\r\n"
    post(base, "/datasets", body.encode(), "multipart/form-data; boundary=x")
    post(base, "/networks", json.dumps(NETWORK | {"training": {"epochs": 10, "save": "every"}}).encode())
    run = post(base, "/networks/net/runs", b"{}")
    while json.loads(get(base, f"/api/v1/runs/{run['id']}"))["state"] in {"queued", "running"}:
        time.sleep(0.2)


def browse(base: str, seconds: float) -> int:
    """Follow links for so long; return how many addresses were fetched."""
    waiting, seen, end = list(FIRST), set[str](), time.monotonic() + seconds
    while waiting and time.monotonic() < end:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        try:
            text = get(base, path)
        except urllib.error.HTTPError:
            continue  # a link to what needs more in its query
        waiting += [html.unescape(link) for link in LINK.findall(text)]
    return len(seen)


def descendants(pid: int) -> Iterator[int]:
    """Yield a process and all that it has started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from descendants(int(child))


def pss(pid: int) -> float:
    """Return the proportional set size in MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
    assert found
    return int(found[1]) / 1000


def processor_seconds(pids: list[int]) -> float:
    """Return the processor time of some processes."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def measure(supervisor: int, seconds: float) -> bool:
    """Print memory and processor time at rest; return whether both targets are met."""
    pids = list(descendants(supervisor))
    sizes = [(pss(pid), Path(f"/proc/{pid}/cmdline").read_bytes()[-60:].replace(b"\0", b" ").decode()) for pid in pids]
    before = [processor_seconds([pid]) for pid in pids]
    time.sleep(seconds)
    shares = [100 * (processor_seconds([pid]) - past) / seconds for pid, past in zip(pids, before, strict=True)]
    for (size, command), share in zip(sizes, shares, strict=True):
        print(f"{size:7.1f} MB  {share:5.2f} %  …{command}")
    total, percent = sum(size for size, _ in sizes), sum(shares)
    print(f"in all {total:.0f} MB (target {TARGET_MB:.0f}), {percent:.2f} % of a core (target {TARGET_PERCENT})")
    note("idle", "memory", "", total, "MB", TARGET_MB, less=True)
    note("idle", "processor", "", percent, "% of a core", TARGET_PERCENT, less=True)
    return total <= TARGET_MB and percent <= TARGET_PERCENT


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--browse", type=float, default=60)
    parser.add_argument("--rest", type=float, default=40)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--port", type=int, default=8558)
    given = parser.parse_args()
    base = f"http://127.0.0.1:{given.port}"
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | to_environment(Settings(home=home, port=given.port))
        server = subprocess.Popen([sys.executable, str(ROOT / "app.py")], env=environment, stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            server.stdout.readline()  # it says that it is ready
            train(base)
            print(f"{browse(base, given.browse)} addresses fetched")
            time.sleep(given.rest)
            return 0 if measure(server.pid, given.seconds) else 1
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
