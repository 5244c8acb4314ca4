"""Uses every part of the client under an old Python with NumPy alone; prints under which, and what its verbs gave."""

import contextlib
import importlib
import io
import json
import pkgutil
import sys
from pathlib import Path

import numpy as np

import weightbase
from weightbase.command import run_client
from weightbase.tensors import DTYPES

ARRAYS = {f"of {name}": np.arange(6).reshape(2, 3).astype(name) for name in sorted(DTYPES - {"bfloat16"})}


def import_all():
    """Import each module of the client, but for the callbacks of frameworks; return their number."""
    names = [one.name for one in pkgutil.iter_modules(weightbase.__path__) if one.name not in weightbase.CALLBACKS]
    for name in names:
        importlib.import_module(f"weightbase.{name}")
    return len(names)


def log_all():
    """Log epochs by a plain loop, by a live run, and from a file."""
    with weightbase.run("old", epochs=2, key="r") as run:
        for epoch in (1, 2):
            run.epoch(epoch, loss=1 / epoch)
            run.log({name: array + array.dtype.type(epoch) for name, array in ARRAYS.items()})
    np.savez("arrays.npz", **ARRAYS)  # type: ignore[arg-type]
    weightbase.log("file", "arrays.npz", {"loss": 1}, epoch=1)
    assert weightbase.flush(600) == 0
    assert weightbase.log("strict", {"w": np.ones(3)}, strict=True) == "strict:1"


def log_to_disk():
    """Log without a network, and send it later."""
    away = weightbase.Session(mode="spool", spool="away")
    away.log("later", {"w": np.ones(3)}, {"loss": 1}, epoch=1)
    away.flush()
    assert weightbase.sync("away") == (1, ())


def type_verbs():
    """Type each verb that reads; return the exit codes."""
    verbs = (
        ["networks", "--json"],
        ["versions", "old"],
        ["show", "old:2"],
        ["runs"],
        ["datasets"],
        ["searches"],
        ["compare", "old:1", "old:1"],
        ["compare", "old:1", "old:2"],
        ["log", "typed", "arrays.npz", "--epoch", "3", "--metric", "loss=0.5"],
        *(["pull", "old:2", "--output", form, "--format", form] for form in ("npz", "npy", "csv", "safetensors")),
        ["verify", "old:2"],
        ["completion", "bash"],
        ["show", "missing:1"],
    )
    codes = {}
    for typed in verbs:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            code = codes[" ".join(typed[:3])] = run_client(typed)
        assert printed.getvalue() or code == 2
    return codes


def main():
    modules = import_all()
    log_all()
    log_to_disk()
    pulled = weightbase.pull("old:latest")
    assert {name: array.dtype for name, array in pulled.items()} == {
        name: array.dtype for name, array in ARRAYS.items()
    }
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(pulled[name], array + array.dtype.type(2))
    codes = type_verbs()
    written = np.load(Path("npz") / "old_v2.npz")
    assert all(written[name].tobytes() == array.tobytes() for name, array in pulled.items())
    about = {"python": sys.version_info[:2], "numpy": np.__version__, "modules": modules, "codes": codes}
    print(json.dumps(about))


main()
