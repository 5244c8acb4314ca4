"""PyTorch's files, as a ZIP and as the older stream, without PyTorch: state_dicts, and checkpoints with one in them.

The form of the files: `torch/serialization.py` of PyTorch. No class that a file names is ever loaded.
"""

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dashboard.errors import UnreadableFile
from dashboard.formats import pickled_arrays
from dashboard.formats.archives import Archive
from dashboard.formats.checkpoints import Leaf, is_metric, take_apart
from dashboard.formats.description import OWN
from dashboard.formats.limits import MB
from dashboard.formats.pickled_arrays import PickledArray, add_pickled
from dashboard.formats.pickles import ADVICE, Persistent, Stub, read_pickle
from dashboard.formats.reader import Reader
from dashboard.formats.sink import Sink, shown
from dashboard.formats.source import Source
from dashboard.formats.torch_tensors import (
    DTYPES,
    STORAGES,
    Odd,
    Storage,
    View,
    Word,
    add_view,
    array_of,
    pieces_of,
    storage_of,
    view_2,
    view_3,
)
from dashboard.formats.types import TYPES, Array

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
RECORD = re.compile(r"[^/]+/data\.pkl")
LENGTH_BYTES = 8
ABOUT = f"{OWN}.json"
"""What a file of ours states about itself."""

Raw = Callable[[Storage], Array]


class Plain(dict[Any, Any]):
    """Stands for an OrderedDict or another dictionary; the attributes that PyTorch gives it are passed over."""

    def __setstate__(self, state: object) -> None:
        """Pass over its attributes."""


def _plain(*rows: Any) -> Plain:  # noqa: ANN401 - untrusted
    """Return a dictionary of pairs, as OrderedDict's constructor takes them; a defaultdict's factory is passed over."""
    pairs = rows[-1] if rows and isinstance(rows[-1], list | dict) else ()
    return Plain(pairs)


def _first(value: object, *rest: object) -> object:
    return value


def _nothing(*arguments: object) -> None:
    return None


def _tuple(values: object = ()) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, tuple | list) else ()


def _rebuilt(build: object, kind: object, arguments: object, *rest: object) -> object:
    """Stand in for what makes a tensor with attributes of its own."""
    if not isinstance(build, Stub) or not isinstance(arguments, tuple):
        raise UnreadableFile("The file has a tensor of an unknown kind.")
    return build(*arguments)


def _odd(why: str) -> Callable[..., Odd]:
    return lambda *arguments: Odd(why)


BUILDERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _plain,
    ("collections", "defaultdict"): _plain,
    ("builtins", "dict"): _plain,
    ("builtins", "set"): _tuple,
    ("__builtin__", "set"): _tuple,
    ("builtins", "frozenset"): _tuple,
    ("torch", "Size"): _tuple,
    ("torch", "device"): _nothing,
    ("torch", "Generator"): _nothing,
    ("torch.serialization", "_get_layout"): _nothing,
    ("torch._utils", "_rebuild_tensor"): view_2,
    ("torch._utils", "_rebuild_tensor_v2"): view_2,
    ("torch._utils", "_rebuild_tensor_v3"): view_3,
    ("torch._utils", "_rebuild_parameter"): _first,
    ("torch._utils", "_rebuild_parameter_with_state"): _first,
    ("torch._tensor", "_rebuild_from_type_v2"): _rebuilt,
    ("torch._utils", "_rebuild_sparse_tensor"): _odd("it is sparse"),
    ("torch._utils", "_rebuild_sparse_csr_tensor"): _odd("it is sparse"),
    ("torch._utils", "_rebuild_qtensor"): _odd("it is quantised"),
    ("torch._utils", "_rebuild_nested_tensor"): _odd("it is nested, of rows of different lengths"),
    ("torch._utils", "_rebuild_meta_tensor_no_storage"): _odd("it has no numbers"),
}
"""All that a file may name, exactly, and what stands for it. Anything else is refused by its name."""

WORDS = {
    **{("torch", name): name for name in (*STORAGES, *DTYPES, "Tensor", "per_tensor_affine", "per_channel_affine")},
    ("torch.storage", "UntypedStorage"): "UntypedStorage",
    ("torch.storage", "TypedStorage"): "TypedStorage",
    ("torch.nn.parameter", "Parameter"): "Parameter",
    ("torch.nn.parameter", "Buffer"): "Buffer",
    ("numpy", "ndarray"): "ndarray",
}
"""Classes and types that a file may name and that are only ever looked at, never called."""


NAMES: dict[tuple[str, str], Any] = {
    **{key: Stub(".".join(key), build) for key, build in (*BUILDERS.items(), *pickled_arrays.BUILDERS.items())},
    **{key: Word(name) for key, name in WORDS.items()},
}


def recognises(start: bytes, members: Sequence[str]) -> bool:
    """Return whether it is a ZIP with a folder and its data.pkl, or begins with PyTorch's own number."""
    return start.startswith(MAGIC) or any(RECORD.fullmatch(name) for name in members)


def read(source: Source, sink: Sink) -> None:
    """Read every tensor of a state_dict or checkpoint; raises UnreadableFile for programs and damaged files."""
    sink.about["producer"] = "PyTorch"
    if source.archive is not None:
        _read_archive(source.archive, sink)
    else:
        _read_stream(source, sink)


def _read_archive(archive: Archive, sink: Sink) -> None:
    records = [name for name in archive.names if RECORD.fullmatch(name)]
    if len(records) != 1:
        raise UnreadableFile(f"The ZIP has {len(records)} files data.pkl, and should have one: save it again.")
    root = records[0].removesuffix("data.pkl")
    if root + "constants.pkl" in archive.names:
        raise UnreadableFile(f"This is a TorchScript program, not a file of weights. {ADVICE}")
    order = root + "byteorder"
    stated = archive.read(order, MB) if order in archive.names else b"little"
    if stated not in {b"little", b"big"}:
        raise UnreadableFile(f"The file states no known order of bytes but {stated[:20]!r}: save it again.")
    swapped = stated == b"big"

    def raw(storage: Storage) -> Array:
        name = f"{root}data/{storage.key}"
        if name not in archive.names or "/" in storage.key:
            raise UnreadableFile(f"The storage {shown(storage.key)} is missing from the file: save it again.")
        if swapped and not storage.dtype:
            raise UnreadableFile("The file was written by a big-endian machine: save it as safetensors.")
        if archive.size(name) != storage.bytes:
            raise UnreadableFile(
                f"The storage {shown(storage.key)} has {archive.size(name):,} bytes, and should have "
                f"{storage.bytes:,}: the file is damaged. Save it again."
            )
        return pieces_of(storage, archive.pieces(name), swapped)

    if root + ABOUT in archive.names:
        sink.take_own(archive.text(root + ABOUT))
    known = _Storages()
    stream = io.BytesIO(archive.text(records[0]))
    _add_all(read_pickle(stream, NAMES, known, sink.limits.nesting), sink, raw)


class _Storages(dict[str, Storage]):
    """The storages that a pickle refers to, by their keys."""

    def __call__(self, reference: object) -> Storage:
        """Return the storage of a reference; raises UnreadableFile if one key stands for two of them."""
        storage = storage_of(reference)
        if self.setdefault(storage.key, storage) != storage:
            raise UnreadableFile(f"The storage {shown(storage.key)} is said to be of two types: the file is damaged.")
        return storage


def _refuse_reference(reference: object) -> object:
    raise UnreadableFile("The file refers to something outside of itself: it is no file of PyTorch.")


def _read_stream(source: Source, sink: Sink) -> None:
    """Read the older form: five pickles one after the other, and then the storages in the order of the last one."""
    stream = io.BytesIO(source.bytes_at(0, min(source.size, source.limits.text_bytes)))
    known = _Storages()

    def following(persistent: Persistent = _refuse_reference) -> Any:  # noqa: ANN401 - untrusted
        return read_pickle(stream, NAMES, persistent, sink.limits.nesting)

    if following() != MAGIC_NUMBER or following() != PROTOCOL_VERSION:
        raise UnreadableFile("The file is of an unknown version of PyTorch: save it again with a newer one.")
    system = following()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise UnreadableFile("The file was written by a big-endian machine: save it as safetensors.")
    root = following(known)
    places = _places(source, following(), stream.tell(), known)

    def raw(storage: Storage) -> Array:
        if storage.key not in places:
            raise UnreadableFile(f"The storage {shown(storage.key)} is missing from the file: save it again.")
        return pieces_of(storage, source.pieces_at(places[storage.key], storage.bytes), False)

    _add_all(root, sink, raw)


def _places(source: Source, keys: object, start: int, known: dict[str, Storage]) -> dict[str, int]:
    """Return where in the file each storage's bytes begin; raises UnreadableFile if they do not fill it exactly."""
    places = {}
    for key in keys if isinstance(keys, list) else ():
        storage = known.get(str(key))
        length = int.from_bytes(source.bytes_at(start, LENGTH_BYTES), "little")
        if storage is None or str(key) in places or length != storage.length:
            raise UnreadableFile("The storages of the file are not those that its tensors have: it is damaged.")
        places[str(key)] = start + LENGTH_BYTES
        start += LENGTH_BYTES + storage.bytes
    if start != source.size:
        raise UnreadableFile(
            f"The file has {source.size:,} bytes, and should have {start:,}: it is damaged or cut. Save it again."
        )
    return places


def _is_tensor(value: object) -> bool:
    return isinstance(value, View | Odd | PickledArray)


def _rank(value: object) -> int:
    if isinstance(value, PickledArray):
        return value.rank()
    return len(value.shape) if isinstance(value, View) and isinstance(value.shape, tuple) else 1


def _add_all(root: object, sink: Sink, raw: Raw) -> None:
    """Put every tensor of an unpickled object into the sink; a storage that tensors in a row share is read once."""
    checkpoint = take_apart(root, _is_tensor, _rank)
    last = _LastRead(raw)
    for leaf in checkpoint.leaves:
        _add(sink, leaf, last)
    metrics = checkpoint.about.pop("metrics", {})
    for leaf in checkpoint.numbers:
        metrics |= _number(sink, leaf, last)
    sink.about |= checkpoint.about | ({"metrics": metrics} if metrics else {})


def _add(sink: Sink, leaf: Leaf, raw: Raw) -> None:
    name, value = leaf.name, leaf.value
    if isinstance(value, View):
        add_view(sink, name, value, raw, is_optimizer=leaf.is_training)
    elif isinstance(value, PickledArray):
        add_pickled(sink, name, value, is_optimizer=leaf.is_training)
    else:
        sink.skip(name, value.why)


def _number(sink: Sink, leaf: Leaf, raw: Raw) -> dict[str, float]:
    """Return a number of the training that is a tensor next to the network, as a metric if it is one."""
    value = leaf.value
    if not isinstance(value, View) or value.dtype not in TYPES or value.problem:
        _add(sink, leaf, raw)
        return {}
    number = float(array_of(sink, leaf.name, value, raw).astype(np.float64).item())
    sink.skip(leaf.name, "it is one number next to the network, and is offered as a metric")
    return {leaf.name: number} if is_metric(leaf.name, number) else {}


class _LastRead:
    """Keeps the storage that was read last."""

    def __init__(self, raw: Raw) -> None:
        self.raw, self.storage, self.array = raw, Storage("", "", -1), np.empty(0, np.uint8)

    def __call__(self, storage: Storage) -> Array:
        """Return a storage's bytes."""
        if storage != self.storage:
            self.array = self.raw(storage)
            self.storage = storage
        return self.array


READER = Reader("pytorch", "PyTorch", (".pt", ".pth", ".ckpt", ".bin", ".tar"), recognises, read, units_axis=0)
