import hashlib

import ml_dtypes
import numpy as np
import pytest

from dashboard.records.tensor import TensorKey
from dashboard.weights.checksums import content_id, tensor_sha256, version_sha256


def test_the_checksum_is_that_of_the_bytes_in_c_order_little_endian():
    array = np.array([[1, 2], [3, 4]], np.float32)
    expected = hashlib.sha256(bytes.fromhex("0000803f000000400000404000008040")).hexdigest()
    assert tensor_sha256(array) == expected
    assert tensor_sha256(array.astype(">f4")) == expected
    assert tensor_sha256(np.asfortranarray(array)) == expected
    assert tensor_sha256(array.T) != expected


@pytest.mark.parametrize("dtype", [bool, np.float16, ml_dtypes.bfloat16, np.int64])
def test_every_type_and_rank_has_a_checksum_of_its_bytes(dtype):
    for shape in ((), (0,), (2, 3)):
        array = np.ones(shape, dtype)
        assert tensor_sha256(array) == hashlib.sha256(array.tobytes()).hexdigest()


def test_equal_versions_have_equal_checksums_whatever_their_network_number_and_order():
    def keys(network, version, sha="0"):
        return [TensorKey(network, version, name, "float32", (2, 3), sha) for name in ("a", "b")]

    assert version_sha256(keys("x", 1)) == version_sha256(reversed(keys("y", 2)))
    assert version_sha256(keys("x", 1)) != version_sha256(keys("x", 1, "1"))
    assert version_sha256(keys("x", 1)) != version_sha256(keys("x", 1)[:1])


def test_a_content_id_tells_type_and_shape_apart():
    assert content_id(TensorKey("n", 1, "w", "float32", (784, 200), "ab")) == "ab-float32-784x200"
    assert content_id(TensorKey("n", 1, "w", "bool", (), "ab")) == "ab-bool-scalar"
