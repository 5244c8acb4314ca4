"""What the contract saves: keys, versions of a few tensors, and arrays made of any bits."""

import itertools

import numpy as np
from hypothesis import strategies as st

from dashboard.records.tensor import TensorKey
from dashboard.weights.checksums import tensor_sha256
from dashboard.weights.dtypes import bits_dtype, bits_of, from_bits

numbers = itertools.count(1)
"""Version numbers that no other save of this test process has."""


def key_of(array, tensor="layer_01.weight", network="net", version=1):
    return TensorKey(network, version, tensor, array.dtype.name, array.shape, tensor_sha256(array))


def save(store, arrays, network="net", version=None, manifest=None):
    """Save a version of arrays by tensor name; return its keys by name."""
    version = next(numbers) if version is None else version
    keys = {name: key_of(array, name, network, version) for name, array in arrays.items()}
    with store.saving((network, version)):
        for name, key in keys.items():
            store.write(key, arrays[name])
        store.publish((network, version), list(keys.values()), manifest or {})
    return keys


def save_one(store, array, network="net", version=None):
    return save(store, {"layer_01.weight": array}, network, version)["layer_01.weight"]


def assert_same_bits(found, expected):
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    differing = np.flatnonzero(bits_of(found) != bits_of(expected))
    assert differing.tolist() == [], f"found {found.reshape(-1)[differing]}, saved {expected.reshape(-1)[differing]}"


def array_of_bits(dtype, shape, content):
    """Return an array of this type whose cells' bits are the bytes of `content`."""
    bits = np.frombuffer(content, bits_dtype(dtype))
    return from_bits(bits & 1 if dtype == "bool" else bits, dtype, shape).copy()


@st.composite
def any_bits(draw, dtype, shapes):
    shape = tuple(draw(shapes))
    size = int(np.prod(shape)) * bits_dtype(dtype).itemsize
    return array_of_bits(dtype, shape, draw(st.binary(min_size=size, max_size=size)))


def random_bits(dtype, shape, seed=1):
    size = int(np.prod(shape)) * bits_dtype(dtype).itemsize
    return array_of_bits(dtype, shape, np.random.default_rng(seed).bytes(size))


def normal(shape, dtype="float32", seed=1):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)
