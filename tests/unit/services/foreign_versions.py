"""Weights from elsewhere, as hostile as a file may hold them: names, ranks, types and shapes of every kind."""

import ml_dtypes
import numpy as np

from dashboard.errors import NotFound
from dashboard.services.networks import get_network
from dashboard.services.versions.given import GivenTensor, given_arrays
from dashboard.services.versions.outside import create_foreign_network, save_outside
from dashboard.weights.checksums import tensor_sha256

IMPORTED = {"how": "import", "format": "npz", "file": {"name": "model.npz", "bytes": 1, "sha256": "0" * 64}}
NAN_WITH_A_PAYLOAD = np.array([0x7FC01234, 0xFF800001], np.uint32).view(np.float32)


def odd_arrays():
    """Return name -> array: 20 of them, among them two of a thousand columns and more, and an empty one."""
    random = np.random.default_rng(1)
    return {
        "fc1.weight": random.normal(size=(3, 4)).astype(np.float32),
        "fc1.bias": random.normal(size=3).astype(np.float32),
        "../up": np.array([[1.5, np.nan], [-np.inf, -0.0]], ml_dtypes.bfloat16),
        "..": np.array(7, np.int64),
        ".": np.arange(3, dtype=np.uint8),
        "<script>alert(1)</script>": np.array([True, False]),
        "x" * 361: np.zeros((0, 5), np.float32),
        "W1": np.arange(6, dtype=np.float64).reshape(2, 3),
        "w1": np.arange(6, dtype=np.float16).reshape(2, 3),
        "?": np.array([[2**63 - 1, -(2**63)]], np.int64),
        "#": NAN_WITH_A_PAYLOAD.copy(),
        "a/b": random.normal(size=(2, 3, 4)).astype(np.float32),
        "a b": random.normal(size=(2, 3, 2, 2)).astype(np.float32),
        "a_b": random.normal(size=(2, 1, 2, 1, 2)).astype(np.float32),
        "conv.kernel": random.normal(size=(1, 1, 3, 3, 2)).astype(np.float32),
        "embedding": np.arange(2 * 30_522, dtype=np.float32).reshape(2, 30_522),
        "übrigens & so % 100 \U0001f600": np.full((2, 2), np.nan, np.float32),
        "empty": np.zeros(0, np.float32),
        "quote\"'`": np.array([2**64 - 1, 0], np.uint64),
        "x" * 1024: np.array(0.5, np.float32),
        "layer_01.weight": np.arange(3, dtype=np.float32),
        "layer_01.bias": np.arange(6, dtype=np.float32).reshape(2, 3),
    }


def other_arrays():
    """Return the same with some of them changed, one reshaped, one gone and one new."""
    arrays = odd_arrays()
    arrays["fc1.weight"] = arrays["fc1.weight"] * np.float32(1.5)
    arrays["a/b"] = arrays["a/b"].reshape(3, 2, 4)
    arrays["../up"] = arrays["../up"][::-1]
    del arrays["empty"]
    return arrays | {"new": np.ones((2, 2), np.float32)}


def save_foreign(workspace, name="imported", arrays=None, **about):
    """Save arrays as the next version of a foreign network, which is created at the first; return the version."""
    network = find_or_create(workspace, name)
    return save_outside(workspace, network, odd_arrays() if arrays is None else arrays, **{"origin": IMPORTED} | about)


def find_or_create(workspace, name="imported"):
    try:
        return get_network(workspace, name)
    except NotFound:
        return create_foreign_network(workspace, name, "from a file")


def unread(array, name="known", sha256=None):
    """Return a tensor whose contents are said to be in the store already."""
    return GivenTensor(name, array.dtype.name, array.shape, sha256 or tensor_sha256(array), None)


def with_axis(name, array, axis):
    """Return an array as a tensor whose units are along this axis."""
    return given_arrays({name: array})[0]._replace(units_axis=axis)
