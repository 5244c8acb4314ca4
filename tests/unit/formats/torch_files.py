"""Writes files as PyTorch does, opcode by opcode, so that tests can say in them what PyTorch never would."""

import pickle
import zipfile

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
ZEROS = (6).to_bytes(8, "little") + bytes(24)
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def value(thing):
    """Return the opcodes that push a plain thing."""
    return pickle.dumps(thing, 2)[2:-1]


def named(module, name):
    """Return the opcode that pushes a function or class."""
    return f"c{module}\n{name}\n".encode()


def storage(key="0", length=6, kind="FloatStorage"):
    """Return the opcodes that push a reference to a storage."""
    return b"(" + value("storage") + named("torch", kind) + value(key) + value("cpu") + value(length) + b"tQ"


def tensor(shape=(2, 3), stride=(3, 1), offset=0, of=None, lazy=b""):
    """Return the opcodes that push a tensor."""
    parts = [of or storage(), value(offset), value(shape), value(stride), b"\x89", b"}", lazy]
    return named("torch._utils", "_rebuild_tensor_v2") + b"(" + b"".join(parts) + b"tR"


def state(**tensors):
    """Return the pickle of a dictionary of opcodes."""
    rows = b"".join(value(name) + opcodes for name, opcodes in tensors.items())
    return b"\x80\x02}(" + rows + b"u."


def zip_file(path, data, storages=None, extra=None, root="archive"):
    """Write a file as `torch.save` does, and return its path."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {
            "data.pkl": data,
            "byteorder": b"little",
            **{f"data/{key}": raw for key, raw in ({"0": bytes(24)} if storages is None else storages).items()},
            "version": b"3\n",
            **(extra or {}),
        }.items():
            archive.writestr(f"{root}/{name}", content)
    return path


def legacy_file(path, data, keys=("0",), content=ZEROS):
    """Write a file as PyTorch before 1.6 did, and return its path."""
    parts = [MAGIC, pickle.dumps(1001, 2), pickle.dumps(SYSTEM, 2), data, pickle.dumps(list(keys), 2), content]
    path.write_bytes(b"".join(parts))
    return path
