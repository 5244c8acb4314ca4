"""The pickle of a state_dict, written opcode by opcode: PyTorch reads it with weights_only=True.

The form: `torch/serialization.py` and `torch/_utils.py` (_rebuild_tensor_v2 and _v3) of PyTorch; protocol 2.
"""

import math
import struct
from collections.abc import Iterable, Sequence

from dashboard.formats.description import TensorFact
from dashboard.formats.torch_tensors import STORAGES

CLASSES = {dtype: name for name, dtype in STORAGES.items() if dtype}
"""Type -> PyTorch's class of storages; the unsigned types of 16 bits and more have none."""
PROTO, MARK, TUPLE, REDUCE, REFER, SET_ITEMS, STOP, FALSE = b"\x80\x02", b"(", b"t", b"R", b"Q", b"u", b".", b"\x89"
EMPTY_DICT = b"ccollections\nOrderedDict\n" + b")" + REDUCE


def state_dict_pickle(tensors: Sequence[TensorFact]) -> bytes:
    """Return the pickle of an OrderedDict of tensors, each in a storage of its own whose key is its place."""
    entries = b"".join(_text(tensor.name) + _tensor(tensor, place) for place, tensor in enumerate(tensors))
    return PROTO + EMPTY_DICT + MARK + entries + SET_ITEMS + STOP


def strides_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides, in numbers, of an array in C order as PyTorch counts them."""
    return tuple(math.prod(max(length, 1) for length in shape[place + 1 :]) for place in range(len(shape)))


def _tensor(tensor: TensorFact, place: int) -> bytes:
    """Return what makes a tensor: a function's name, its arguments, and the call."""
    kind = CLASSES.get(tensor.dtype)
    count = math.prod(tensor.shape) if kind else tensor.bytes
    name = f"ctorch\n{kind}\n" if kind else "ctorch.storage\nUntypedStorage\n"
    storage = _tuple((_text("storage"), name.encode(), _text(str(place)), _text("cpu"), _whole(count))) + REFER
    sizes = _tuple(map(_whole, tensor.shape)), _tuple(map(_whole, strides_of(tensor.shape)))
    arguments = (storage, _whole(0), *sizes, FALSE, EMPTY_DICT)
    if kind:
        return b"ctorch._utils\n_rebuild_tensor_v2\n" + _tuple(arguments) + REDUCE
    dtype = f"ctorch\n{tensor.dtype}\n".encode()
    return b"ctorch._utils\n_rebuild_tensor_v3\n" + _tuple((*arguments, dtype)) + REDUCE


def _tuple(parts: Iterable[bytes]) -> bytes:
    return MARK + b"".join(parts) + TUPLE


def _text(text: str) -> bytes:
    content = text.encode()
    return b"X" + struct.pack("<I", len(content)) + content


def _whole(number: int) -> bytes:
    """Return a whole number of at least 0 in the shortest form."""
    if number < 2**8:
        return b"K" + bytes([number])
    if number < 2**31:
        return b"J" + struct.pack("<i", number)
    length = number.bit_length() // 8 + 1
    return b"\x8a" + bytes([length]) + number.to_bytes(length, "little", signed=True)
