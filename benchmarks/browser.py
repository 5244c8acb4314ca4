"""Every type of page in a real browser: paint, bytes, nodes, main thread, shift, next to the floor of the same minutes.

Run `python benchmarks/browser.py [--peers PYTHON] [--repeats 5] [--pages history compare]`. It makes a home of its own:
20 versions of 784-200-10, trained by the server that is measured. Each page is opened in a browser without a cache,
in turn with an empty page and, if it has charts, with a page that draws its figures with Plotly and has nothing else:
what remains of both is the machine's, whatever else it does. Of each figure the median is shown.

- *paint* is the first contentful paint, *drawn* the largest one (milliseconds);
- *main* is the CPU time of the browser's main thread until nothing has happened for half a second;
- *kB* are the compressed bytes of all that was fetched; *nodes* are elements, those in shadow trees among them.

Budgets (UX.md): paint at most the floor's + 150 ms; main thread of a page with charts at most 1.2 times that of its
Plotly page, of another 100 ms; a step inside a page 100 ms; p95 of the network's page 40 ms; no shift.

`--peers` is the Python of an environment in which TensorBoard, MLflow and Datasette show the same network:
`python3 -m venv peers && peers/bin/pip install tensorboard mlflow datasette "setuptools<81"`, then `--peers
peers/bin/python`. A page with charts is compared with TensorBoard's and MLflow's, another one with Datasette's.

It ends with the rows above their budget or above the best peer; the exit status is 1 if there are any.
"""

import argparse
import http.client
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402 - after the number of BLAS threads is set
from playwright.sync_api import sync_playwright  # noqa: E402

from benchmarks._mnist import look_alike  # noqa: E402
from dashboard.services.datasets import create_dataset, receive_upload  # noqa: E402
from dashboard.services.networks import create_network  # noqa: E402
from dashboard.services.workspace import open_workspace  # noqa: E402
from dashboard.settings import Settings, to_environment  # noqa: E402
from tests.chromium import launch  # noqa: E402

PORT, FLOOR_PORT = 8771, 8772
PEER_PORTS = {"tensorboard": 8773, "mlflow": 8774, "datasette": 8775}
NAME, VERSIONS = "book", 20
PAINT, OTHER_MAIN, PLOTLY_SHARE, STEP, NETWORK_P95 = 150, 100, 1.2, 100, 40
QUIET, PATIENCE = 0.5, 20.0
TOLERANCE = 1.1
"""A tenth above a peer is within what medians of five vary by."""

NETWORK, V17 = f"/networks/{NAME}", f"/networks/{NAME}/versions/17"
PAIR = f"base={NAME}:3&other={NAME}:17"
OF_WEIGHT = f"{PAIR}&tensor=layer_01.weight"
PAGES = {
    "list": "/",
    "new network": "/networks/new",
    "network": NETWORK,
    "lineage": f"{NETWORK}/lineage",
    "version": V17,
    "change": f"{V17}/change",
    "export": f"{V17}/export",
    "tensor": f"{V17}/tensors/layer_01.weight",
    "history": f"{NETWORK}/history?tensor=layer_01.weight",
    "history unit": f"{NETWORK}/history?tensor=layer_01.weight&unit=5",
    "health": f"{NETWORK}/health",
    "learning": f"{NETWORK}/history/why",
    "compare": f"/compare?{PAIR}",
    "compare tensor": f"/compare?{OF_WEIGHT}",
    "compare unit": f"/compare/unit?{OF_WEIGHT}&unit=5",
    "compare cell": f"/compare/cell?{OF_WEIGHT}&row=300&column=5",
    "why": f"/compare/why?{PAIR}",
    "several": f"/compare/several?version={NAME}:1&version={NAME}:10&version={NAME}:20",
    "all versions": "/compare/all",
    "chooser": "/compare",
    "use": f"/use/{NAME}:17",
    "evaluate": f"{V17}/evaluate?dataset=pixels",
    "datasets": "/datasets",
    "dataset": "/datasets/pixels",
    "upload": "/datasets/new",
    "import": "/import",
    "runs": "/runs",
    "run": "/runs/1",
    "searches": "/searches",
    "new search": "/searches/new?dataset=pixels",
    "store": "/store",
    "help": "/help",
}
STEPS = {"version": (V17, "]"), "history": (f"{PAGES['history']}&at=9", "]"), "compare": (PAGES["compare tensor"], "]")}
OBSERVE = """window.seen = { shift: 0, drawn: 0 };
const each = (list, note) => list.getEntries().forEach(note);
const shifted = (one) => { if (!one.hadRecentInput) seen.shift += one.value; };
new PerformanceObserver((list) => each(list, shifted)).observe({ type: "layout-shift", buffered: true });
const drawn = (one) => { seen.drawn = one.startTime; };
new PerformanceObserver((list) => each(list, drawn)).observe({ type: "largest-contentful-paint", buffered: true });"""
READ = """() => {
  const below = (one) => 1 + (one.shadowRoot ? count(one.shadowRoot) : 0);
  const count = (root) => [...root.querySelectorAll("*")].reduce((sum, one) => sum + below(one), 0);
  const got = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null;
  const kB = got.reduce((sum, one) => sum + one.transferSize, 0) / 1000;
  return { paint, drawn: seen.drawn, kB, nodes: count(document), shift: seen.shift };
}"""
WATCH_STEP = """() => {
  window.step = { begun: null, done: null };
  document.addEventListener("keydown", () => { step.begun = performance.now(); }, { capture: true, once: true });
  const note = () => { step.done = performance.now(); };
  document.addEventListener("pagechange", () => requestAnimationFrame(() => setTimeout(note)), { once: true });
}"""


class Seen(NamedTuple):
    """What was measured of one page."""

    paint: float
    drawn: float
    kB: float  # noqa: N815 - a unit
    nodes: float
    main: float
    shift: float


class Row(NamedTuple):
    """A page's medians, and those of the empty page and of the bare Plotly page next to it (None without charts)."""

    name: str
    seen: Seen
    floor: Seen
    plotly: Seen | None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default="", metavar="PYTHON")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--pages", nargs="*", default=list(PAGES), choices=PAGES, metavar="PAGE")
    given = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fill(home)
        stack.enter_context(serving(home))
        train(home)
        bare = stack.enter_context(floor_server())
        peers = stack.enter_context(peers_serving(given.peers, home)) if given.peers else {}
        browser = launch(stack.enter_context(sync_playwright()))
        rows = [measure(browser, bare, name, PAGES[name], given.repeats) for name in given.pages]
        others = {name: median([look(browser, url) for _ in range(given.repeats)]) for name, url in peers.items()}
        show(rows, others)
        faults = [*above_budget(rows), *above_peers(rows, others), *steps(browser, given.repeats), *server_time()]
        browser.close()
    print("\n".join(["above:", *faults]) if faults else "nothing is above its budget or the best peer")
    return 1 if faults else 0


@contextmanager
def serving(home: Path) -> Iterator[None]:
    settings = Settings(home=str(home / "home"), port=PORT)
    server = subprocess.Popen([sys.executable, str(ROOT / "app.py")], env=os.environ | to_environment(settings))
    try:
        wait_for(PORT, "/healthy")
        yield
    finally:
        server.terminate()
        server.wait()


def wait_for(port: int, path: str) -> None:
    for _ in range(600):
        try:
            if ask(port, "GET", path)[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"Nothing answers at port {port}.")


def ask(port: int, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    kind = "text/csv" if isinstance(body, bytes) else "application/json"
    connection.request(method, path, sent, {"Content-Type": kind} if sent else {})
    answer = connection.getresponse()
    return answer.status, answer.read()


def api(method: str, path: str, body: object = None) -> dict:
    status, answer = ask(PORT, method, f"/api/v1/{path}", body)
    if status >= 400:
        raise SystemExit(f"{method} {path}: {status} {answer.decode()}")
    return json.loads(answer)


def fill(home: Path) -> None:
    """Make the home: a dataset of drawn pixels, and the network."""
    workspace = open_workspace(Settings(home=str(home / "home")))
    inputs, codes = look_alike(1000)
    np.savetxt(home / "pixels.csv", np.column_stack([codes, inputs]), fmt="%d", delimiter=",")
    with (home / "pixels.csv").open("rb") as file:
        create_dataset(workspace, receive_upload(workspace, file, "pixels.csv"), {"name": "pixels", "target": "0"})
    training = {"epochs": VERSIONS, "batch_size": 32, "save": "every"}
    layers = [{"units": 200, "activation": "relu"}]
    create_network(workspace, {"name": NAME, "dataset": "pixels", "layers": layers, "training": training})
    workspace.catalogue.close()


def train(home: Path) -> None:
    """Train 20 versions, and store what the peers are to show of them."""
    run = api("POST", f"networks/{NAME}/runs", {})
    while api("GET", f"runs/{run['id']}")["state"] not in {"finished", "failed"}:
        time.sleep(0.5)
    stored: dict[str, list] = {}
    for number in range(1, VERSIONS + 1):
        for name, value in api("GET", f"networks/{NAME}/versions/{number}")["metrics"].items():
            if isinstance(value, float):
                stored.setdefault(name, []).append(value)
        _, file = ask(PORT, "GET", f"/api/v1/networks/{NAME}/versions/{number}/tensors/layer_01.weight.npy")
        stored.setdefault("layer_01.weight", []).append(np.load(io.BytesIO(file)))
    np.savez(home / "versions.npz", **{name: np.array(values) for name, values in stored.items()})


class Bare(BaseHTTPRequestHandler):
    """Answers with an empty page, or with one that draws the figures of a page and nothing else."""

    pages: dict[str, bytes] = {}  # noqa: RUF012 - of the class, as the server makes an object a request

    def do_GET(self) -> None:
        body = self.pages.get(self.path, b"")
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def floor_server() -> Iterator[type[Bare]]:
    Bare.pages["/"] = b"<!doctype html><title>empty</title><p>empty"
    server = ThreadingHTTPServer(("127.0.0.1", FLOOR_PORT), Bare)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Bare
    finally:
        server.shutdown()


def add_plotly_page(bare: type[Bare], path: str) -> bool:
    """Make the page that draws the figures of one of ours; return whether it has any."""
    page = ask(PORT, "GET", path)[1].decode()
    addresses = [part.split('"')[0].replace("&amp;", "&") for part in page.split('data-figure-url="')[1:]]
    if not addresses:
        return False
    source = page.split('data-plotly="')[1].split('"')[0]
    bare.pages["/plotly.js"] = ask(PORT, "GET", source)[1]
    figures = [json.loads(ask(PORT, "GET", address)[1]) for address in addresses]
    holders = "".join(f'<div id="c{place}" style="height:240px"></div>' for place in range(len(figures)))
    draw = "figures.forEach((one, place) => Plotly.newPlot(`c${place}`, one.data, one.layout))"
    bare.pages["/plotly"] = (
        f"<!doctype html><title>plotly</title><p>charts{holders}<script src=/plotly.js></script>"
        f"<script>const figures = {json.dumps(figures)}; {draw}</script>"
    ).encode()
    return True


def measure(browser, bare: type[Bare], name: str, path: str, repeats: int) -> Row:
    """Open a page and its floors in turn."""
    has_charts = add_plotly_page(bare, path)
    urls = [f"http://127.0.0.1:{PORT}{path}", f"http://127.0.0.1:{FLOOR_PORT}/"]
    urls += [f"http://127.0.0.1:{FLOOR_PORT}/plotly"] if has_charts else []
    seen = [[look(browser, url) for url in urls] for _ in range(repeats)]
    ours, floor, *plotly = [median(list(one)) for one in zip(*seen, strict=True)]
    return Row(name, ours, floor, plotly[0] if plotly else None)


def median(seen: list[Seen]) -> Seen:
    return Seen(*(statistics.median(values) for values in zip(*seen, strict=True)))


def look(browser, url: str) -> Seen:
    """Open a page with an empty cache, and measure it once nothing happens any more."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(OBSERVE)
    client = context.new_cdp_session(page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})
    begun = main_thread(client)
    page.goto(url, wait_until="load")
    read = when_quiet(page, client)
    seen = Seen(main=main_thread(client) - begun, **read)
    context.close()
    return seen


def when_quiet(page, client) -> dict[str, float]:
    """Return what the page says of itself once it is painted, and for half a second nothing was fetched or computed."""
    end, before = time.monotonic() + PATIENCE, (-1.0, -1.0)
    while time.monotonic() < end:
        page.wait_for_timeout(QUIET * 1000)
        read = page.evaluate(READ)
        now = (read["kB"], main_thread(client))
        if read["paint"] is not None and now[0] == before[0] and now[1] - before[1] < 15:
            return read
        before = now
    return read | {"paint": read["paint"] or float("inf")}


def main_thread(client) -> float:
    """Return the CPU milliseconds of the page's main thread so far."""
    metrics = {one["name"]: one["value"] for one in client.send("Performance.getMetrics")["metrics"]}
    return metrics["TaskDuration"] * 1000


@contextmanager
def peers_serving(python: str, home: Path) -> Iterator[dict[str, str]]:
    """Start the peers on the same network; give the addresses of their pages."""
    subprocess.run([python, str(Path(__file__).parent / "_peers.py"), str(home)], check=True)
    ports, programs = PEER_PORTS, Path(python).parent
    here = "127.0.0.1"

    def where(name: str) -> list[str]:
        return ["--host", here, "--port", str(ports[name])]

    commands = {
        "tensorboard": ["--logdir", str(home / "tensorboard"), *where("tensorboard")],
        "mlflow": [
            "server",
            "--workers",
            "1",
            *where("mlflow"),
            "--backend-store-uri",
            f"sqlite:///{home / 'mlflow.db'}",
        ],
        "datasette": [str(home / "datasette.db"), *where("datasette")],
    }
    started = []
    try:
        for name, words in commands.items():
            silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": home}
            started.append(subprocess.Popen([str(programs / name), *words], start_new_session=True, **silent))
        for port in ports.values():
            wait_for(port, "/")
        table = "/datasette/layer_01_weight_v17"
        paths = {
            "TensorBoard histograms": ("tensorboard", "/#histograms"),
            "TensorBoard": ("tensorboard", "/#timeseries"),
        }
        paths |= {
            "MLflow run": ("mlflow", (home / "mlflow.txt").read_text()),
            "Datasette": ("datasette", "/datasette/versions"),
        }
        paths |= {"Datasette weights": ("datasette", table)}
        yield {name: f"http://{here}:{ports[peer]}{path}" for name, (peer, path) in paths.items()}
    finally:
        for process in started:
            os.killpg(process.pid, 15)
            process.wait()
        shutil.rmtree(home / "tensorboard", ignore_errors=True)


HEADS = ("paint", "floor", "drawn", "kB", "nodes", "main", "Plotly", "floor", "shift")


def show(rows: list[Row], others: dict[str, Seen]) -> None:
    """Print a line for each page, and for each page of the peers."""
    print(f"{'page':24}" + "".join(f"{head:>8}" for head in HEADS))
    for row in rows:
        show_line(row.name, row.seen, row.floor.paint, row.plotly.main if row.plotly else None, row.floor.main)
    for name, own in others.items():
        show_line(name, own, None, None, None)


def show_line(name: str, own: Seen, paint: float | None, plotly: float | None, floor: float | None) -> None:
    numbers = [own.paint, paint, own.drawn, own.kB, own.nodes, own.main, plotly, floor]
    print(f"{name:24}" + "".join(f"{'-' if one is None else f'{one:.0f}':>8}" for one in numbers) + f"{own.shift:8.3f}")


def above_budget(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        most = PLOTLY_SHARE * row.plotly.main if row.plotly else OTHER_MAIN
        if row.seen.paint > row.floor.paint + PAINT:
            yield f"{row.name}: paint {row.seen.paint:.0f} ms, budget {row.floor.paint:.0f} + {PAINT}"
        if row.seen.main > most:
            yield f"{row.name}: main thread {row.seen.main:.0f} ms, budget {most:.0f}"
        if row.seen.shift > 0:
            yield f"{row.name}: layout shift {row.seen.shift:.3f}"


def above_peers(rows: list[Row], others: dict[str, Seen]) -> Iterator[str]:
    """Say which pages are above the best peer: of those with charts for a page with charts, of tables for another."""
    for row in rows:
        peers = [one for name, one in others.items() if name.startswith("Datasette") == (row.plotly is None)]
        for what in ("paint", "drawn", "kB", "main") if peers else ():
            best, own = min(getattr(one, what) for one in peers), getattr(row.seen, what)
            if own > TOLERANCE * best:
                yield f"{row.name}: {what} {own:.0f}, the best peer {best:.0f}"


def steps(browser, repeats: int) -> Iterator[str]:
    """Print how long a step to the next version takes inside a page, and say which is above the budget."""
    for name, (path, key) in STEPS.items():
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{PORT}{path}", wait_until="load")
        page.wait_for_timeout(QUIET * 1000)
        times = [take_step(page, key if turn % 2 == 0 else "[") for turn in range(2 * repeats)]
        context.close()
        print(f"step inside {name}: {statistics.median(times):.0f} ms, the first {times[0]:.0f} ms")
        if statistics.median(times) > STEP:
            yield f"step inside {name}: {statistics.median(times):.0f} ms, budget {STEP}"


def take_step(page, key: str) -> float:
    """Press a key, and return the milliseconds until the next version is painted in place; raises where it is not."""
    page.evaluate(WATCH_STEP)
    page.keyboard.press(key)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        page.wait_for_timeout(20)
        step = page.evaluate("window.step")
        if step is None:
            break
        if step["done"] is not None:
            return step["done"] - step["begun"]
    raise SystemExit(f"{page.url}: {key} did not step inside the page")


def server_time() -> Iterator[str]:
    times = []
    for _ in range(41):
        start = time.perf_counter()
        ask(PORT, "GET", NETWORK)
        times.append((time.perf_counter() - start) * 1000)
    p50, p95 = statistics.median(times[1:]), sorted(times[1:])[38]
    print(f"the server's time for the network's page: p50 {p50:.0f} ms, p95 {p95:.0f} ms")
    if p95 > NETWORK_P95:
        yield f"network: the server's p95 {p95:.0f} ms, budget {NETWORK_P95}"


if __name__ == "__main__":
    sys.exit(main())
