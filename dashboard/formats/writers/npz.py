"""Named arrays of NumPy (.npz): a ZIP of .npy files, and one more that says what NumPy cannot."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.formats.description import OWN, Description, TensorFact, chain_of, own_facts
from dashboard.formats.types import Array, pieces_of, widened_bits
from dashboard.formats.writer import Writer
from dashboard.formats.zip_writing import add_member, new_zip

ABOUT = f"__{OWN}__"
"""The array of bytes with what the file states about itself, as JSON."""


def write(description: Description, arrays: Iterator[Array], path: Path) -> None:
    """Write a version; NumPy has no bfloat16: such a tensor is written as float32, which holds it exactly."""
    members = member_names([tensor.name for tensor in description.tensors])
    narrow = [tensor.name for tensor in description.tensors if tensor.dtype == "bfloat16"]
    chain = chain_of(description)
    facts = own_facts(description, WRITER.name, chain, bfloat16=narrow, members={v: k for k, v in members.items()})
    with new_zip(path) as archive:
        for tensor, array in zip(description.tensors, arrays, strict=True):
            plain = widened_bits(array) if tensor.dtype == "bfloat16" else array
            start = _header(plain.dtype, tensor.shape)
            with_start = (piece for part in ((start,), pieces_of(plain)) for piece in part)
            add_member(archive, f"{members[tensor.name]}.npy", len(start) + plain.nbytes, with_start)
        content = facts.encode()
        start = _header(np.dtype("u1"), (len(content),))
        add_member(archive, f"{ABOUT}.npy", len(start) + len(content), (start, content))


def member_names(names: list[str]) -> dict[str, str]:
    """Return tensor -> the name of its array: its own, but for one that is called as what we add."""
    return {name: name if name != ABOUT else _free(names) for name in names}


def _free(names: list[str]) -> str:
    return next(name for count in range(len(names) + 1) if (name := f"{ABOUT}{count}") not in names)


def _header(dtype: "np.dtype[Any]", shape: tuple[int, ...]) -> bytes:
    """Return what a .npy file begins with (numpy.lib.format)."""
    file = BytesIO()
    description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, description)
    return file.getvalue()


def _why_not(description: Description) -> str:
    odd = [tensor.name for tensor in description.tensors if _is_odd(tensor)]
    return f"The name {odd[0][:60]!r} cannot be that of a member of a ZIP." if odd else ""


def _is_odd(tensor: TensorFact) -> bool:
    return "\0" in tensor.name


WRITER = Writer(
    "npz",
    "NumPy arrays",
    ".npz",
    "Every tensor with its exact name, shape and bits, for numpy.load; the definition and preprocessing as JSON.",
    "bfloat16 is there as float32, which holds it exactly. It cannot compute: it holds weights only.",
    write,
    _why_not,
)
