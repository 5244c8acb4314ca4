"""Killing the process that saves at a random moment, and looking at what is left."""

import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from dashboard.settings import Settings
from dashboard.weights.opening import open_store
from dashboard.weights.verification import verify
from tests.processes.saver import keys_of

ROOT = Path(__file__).parent.parent.parent


def save_until_killed(address, first, seconds):
    """Start a saver, kill it `seconds` after its first acknowledgement; return the numbers that it acknowledged."""
    saver = subprocess.Popen(
        [sys.executable, "-m", "tests.processes.saver", address, str(first)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    acknowledged = [saver.stdout.readline()]
    time.sleep(seconds)
    saver.kill()
    acknowledged += saver.stdout.read().splitlines(keepends=True)
    saver.stdout.close()
    assert saver.wait() == -9
    return [int(line) for line in acknowledged if line.endswith("\n")]


def check_after_kill(address, acknowledged):
    """Assert that all that was acknowledged is there, and that what is there is whole; return its numbers."""
    with closing(open_store(Settings(store=address))) as store:
        return _check(store, acknowledged)


def _check(store, acknowledged):
    present = [number for (_, number), _ in store.manifests()]
    assert set(acknowledged) <= set(present)
    for number, manifest in ((number, manifest) for (_, number), manifest in store.manifests()):
        assert manifest["number"] == number
        for key in keys_of(number)[: 3 if number in acknowledged[-10:] or number not in acknowledged else 1]:
            proof = verify(store, key)
            assert proof.identical, proof.problem
    store.sweep()
    assert store.sweep() == []
    return present


def moments(count, seed, longest=0.6):
    """Return `count` random moments in seconds, and print the seed by which they come again."""
    print(f"random moments of seed {seed}")
    return [random.Random(seed + number).uniform(0, longest) for number in range(count)]
