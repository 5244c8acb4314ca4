"""A process that saves versions until it is killed: `python -m tests.processes.saver ADDRESS FIRST`.

Each version's number is printed once its save has been carried through. What a version holds follows from its
number, so that whoever looks later can tell whether it is right.
"""

import sys
from itertools import count

from dashboard.settings import Settings
from dashboard.weights.opening import open_store
from tests.contract.drafts import key_of, normal


def arrays_of(number):
    """Return a version's tensors: one of its own, a small one, and one that ten versions in a row share."""
    return {
        "layer_01.weight": normal((60, 100), seed=number),
        "layer_01.bias": normal((100,), "float64", seed=number),
        "frozen.weight": normal((80, 50), seed=number // 10),
    }


def keys_of(number):
    return [key_of(array, name, "net", number) for name, array in arrays_of(number).items()]


def save(store, number):
    arrays, keys = arrays_of(number), keys_of(number)
    with store.saving(("net", number)):
        for key in keys:
            store.write(key, arrays[key.tensor])
        store.publish(("net", number), keys, {"number": number})


if __name__ == "__main__":
    opened = open_store(Settings(store=sys.argv[1]))
    for version in count(int(sys.argv[2])):
        save(opened, version)
        if version % 3 == 0:
            opened.delete(("net", version))
        else:
            print(version, flush=True)
