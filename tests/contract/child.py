"""Another process at the store: `python -m tests.contract.child ADDRESS hold VERSION` or `work FIRST COUNT`."""

import json
import sys
from collections.abc import Callable

from dashboard.settings import Settings
from dashboard.weights.opening import open_store
from dashboard.weights.verification import verify
from tests.contract.drafts import key_of, normal, save


def hold(store, version):
    """Write a version, say so, and publish it when told to."""
    key = key_of(normal((30, 20), seed=version), version=version)
    with store.saving(("net", version)):
        store.write(key, normal((30, 20), seed=version))
        print("written", flush=True)
        if sys.stdin.readline() == "publish\n":
            store.publish(("net", version), [key], {})
            print("published", flush=True)


def work(store, first, count):
    """Save versions, a part of which all processes share, verify each, delete every second; count what is wrong."""
    wrong = 0
    for number in range(first, first + count):
        arrays = {"own": normal((60, 50), seed=number), "shared": normal((60, 50), seed=number % 100)}
        keys = save(store, arrays, "net", number)
        wrong += sum(not verify(store, key).identical for key in keys.values())
        wrong += sum(
            (store.window(key, range(59, 60), range(50)) != arrays[name][59:]).any() for name, key in keys.items()
        )
        store.sweep()
        if number % 2 == 0:
            store.delete(("net", number))
    print(json.dumps({"saved": count, "wrong": int(wrong)}))


if __name__ == "__main__":
    opened = open_store(Settings(store=sys.argv[1]))
    verbs: dict[str, Callable[..., None]] = {"hold": hold, "work": work}
    verbs[sys.argv[2]](opened, *map(int, sys.argv[3:]))
