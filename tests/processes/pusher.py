"""A program that pushes versions to a dashboard, each once for its key, and says which are saved; to be killed.

    python -m tests.processes.pusher PORT FIRST LAST LARGE

Of every LARGE versions one is so large that a run saves it; 0: none.
"""

import hashlib
import http.client
import itertools
import json
import sys
import time
import urllib.error
import urllib.request

import numpy as np

from tests.pushes import content_of, digest_of, manifest_of

NETWORK = "pushed"
LARGE_CELLS = 5_000_001
PAUSE_SECONDS = 0.05
AGAIN = frozenset({429, 500, 502, 503})
"""Answers after which the same question makes sense."""
CONFLICT = 409


def arrays_of(number, large=0):
    """Return the tensors of a version: one that all have, one of its own, and now and then a large one."""
    random = np.random.default_rng(number)
    arrays = {"same": np.zeros((50, 40), np.float32), "own": random.normal(size=(300, 100)).astype(np.float32)}
    if large and number % large == 0:
        arrays["large"] = random.integers(0, 9, (1, LARGE_CELLS), np.uint8).reshape(-1, 3)
    return arrays


def ask(port, method, path, data=None, again=AGAIN | {CONFLICT}, **headers):
    """Return (status, headers, body) of an answer; asks again until there is one that says something lasting."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    while True:
        address = f"http://127.0.0.1:{port}/api/v1{path}"
        question = urllib.request.Request(address, data, headers, method=method)
        try:
            with urllib.request.urlopen(question, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            if error.code not in again:
                return error.code, error.headers, error.read()
            said = error.read()
            if error.code == 500:
                print("500", said.decode(), flush=True)
        except (OSError, http.client.HTTPException):
            pass  # it is being started, or was killed in the middle of its answer
        time.sleep(PAUSE_SECONDS)


def post(port, path, body):
    """Send JSON, and return (status, what was answered)."""
    status, _, body = ask(port, "POST", path, json.dumps(body).encode(), Content_Type="application/json")
    return status, json.loads(body)


def send(port, content):
    """Send a content from where an earlier try broke off.

    If this one breaks off, too, a part has arrived, and the same bytes again are refused (409): then the manifest is
    sent again, and what is missing from where it is now.
    """
    path = f"/contents/{hashlib.sha256(content).hexdigest()}"
    offset = int(ask(port, "HEAD", path)[1]["Upload-Offset"])
    ask(port, "PUT", path, content[offset:], AGAIN, Upload_Offset=str(offset))


def push(port, number, large):
    """Push a version until it is saved; raises AssertionError if it is refused."""
    arrays = arrays_of(number, large)
    contents = {digest_of(array): content_of(array) for array in arrays.values()}
    manifest = manifest_of(arrays, f"version {number}", epoch=number, metrics={"loss": 1 / number})
    while True:
        status, answer = post(port, f"/networks/{NETWORK}/versions", manifest)
        assert status in {200, 201, 202}, answer
        if status != 202:
            return
        for digest in answer.get("missing", ()):
            send(port, contents[digest])
        if "missing" not in answer or not answer["missing"]:
            time.sleep(PAUSE_SECONDS)


def main(port, first, last, large):
    """Push versions, and print the number of each that is saved."""
    for number in itertools.takewhile(lambda number: number <= last, itertools.count(first)):
        push(port, number, large)
        print(number, flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
