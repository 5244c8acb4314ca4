"""Slow and idle clients next to ordinary requests: the pages stay as quick as without them.

    python benchmarks/slow_clients.py [--clients 500] [--seconds 20]

`python app.py` is started on a home of its own. Pages are fetched one after the other over a connection each, first
alone, then with clients that never finish a request: they send a byte of a head or of a body now and then, or nothing
at all, and connect again when they are closed. Printed: p50 and p95 of the pages both ways, and how many connections
the server has closed. The target: a p95 under 200 ms with the clients. Ends with status 1 if it is missed or a page was
not served.
"""

import argparse
import asyncio
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dashboard.settings import Settings, to_environment  # noqa: E402

TARGET_MS = 200.0
PAGES = ("/", "/datasets", "/runs", "/store", "/help")
HEAD = b"POST /api/v1/networks HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BEGINNINGS = (b"", b"G", HEAD, HEAD + b"Content-Length: 100000\r\n\r\n{")


def fetch(port: int, path: str) -> float:
    """Return how many milliseconds a page takes; raises AssertionError if it is not served."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status)
    return 1000 * (time.perf_counter() - start)


def measure(port: int, seconds: float) -> list[float]:
    """Return the milliseconds of each page, fetched one after the other for so long."""
    end, waits = time.monotonic() + seconds, []
    while time.monotonic() < end:
        waits += [fetch(port, path) for path in PAGES]
    return waits


class SlowClients:
    """Clients that never finish a request, in a thread of their own."""

    def __init__(self, port: int, count: int) -> None:
        self.port, self.count = port, count
        self.open = self.closed = 0
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self._all(),), daemon=True)

    async def _all(self) -> None:
        await asyncio.gather(*(self._one(number) for number in range(self.count)))

    async def _one(self, number: int) -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                self.open += 1
                writer.write(BEGINNINGS[number % len(BEGINNINGS)])
                while not writer.is_closing():
                    await writer.drain()
                    await asyncio.sleep(1 + number % 5)
                    writer.write(b"x" if number % len(BEGINNINGS) else b"")
            except OSError:
                await asyncio.sleep(0.5)
            self.open, self.closed = self.open - 1, self.closed + 1


def quantile(waits: list[float], percent: int) -> float:
    """Return a percentile of some times."""
    return statistics.quantiles(waits, n=100)[percent - 1]


def wait_for(port: int) -> None:
    """Return once the dashboard answers."""
    while True:
        try:
            fetch(port, "/healthy")
            return
        except OSError:
            time.sleep(0.1)


def report(words: str, waits: list[float]) -> None:
    """Print what the pages took."""
    print(f"{words}: {len(waits)} pages, p50 {quantile(waits, 50):.1f} ms, p95 {quantile(waits, 95):.1f} ms")


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--port", type=int, default=8559)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=home, port=given.port)
        command = [sys.executable, str(ROOT / "app.py")]
        server = subprocess.Popen(command, env=os.environ | to_environment(settings), stdout=subprocess.DEVNULL)
        try:
            wait_for(given.port)
            measure(given.port, 2)
            report("alone", measure(given.port, given.seconds))
            slow = SlowClients(given.port, given.clients)
            slow.thread.start()
            while slow.open < given.clients * 0.9:
                time.sleep(0.05)
            waits = measure(given.port, given.seconds)
            report(f"with {slow.open} of {given.clients} slow clients", waits)
            print(f"connections that the server closed meanwhile: {slow.closed}")
        finally:
            server.terminate()
            server.wait()
    return int(quantile(waits, 95) > TARGET_MS)


if __name__ == "__main__":
    sys.exit(main())
