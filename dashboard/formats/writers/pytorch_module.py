"""A ZIP of PyTorch's state_dict and of the module that it belongs to, as a short program."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from dashboard.formats.description import Description
from dashboard.formats.types import PIECE, Array
from dashboard.formats.writer import Writer
from dashboard.formats.writers import pytorch
from dashboard.formats.zip_writing import add_member, add_text, new_zip

STATE, MODULE = "model.pt", "model.py"
MODULES = {
    "identity": "torch.nn.Identity()",
    "sigmoid": "torch.nn.Sigmoid()",
    "tanh": "torch.nn.Tanh()",
    "relu": "torch.nn.ReLU()",
    "leaky_relu": "torch.nn.LeakyReLU(0.01)",
    "elu": "torch.nn.ELU()",
    "gelu": 'torch.nn.GELU(approximate="tanh")',
    "silu": "torch.nn.SiLU()",
    "softplus": "torch.nn.Softplus()",
    "softmax": "torch.nn.Softmax(dim=1)",
}
"""Activation -> PyTorch's module of the same function."""
PROGRAM = '''"""{title}: the network as a module of PyTorch, which `load` fills with the weights of {state}."""

import collections
import pathlib

import torch

model = torch.nn.Sequential(
    collections.OrderedDict(
        [
{layers}
        ]
    )
)


def load(path=pathlib.Path(__file__).with_name("{state}")):
    """Return the module with the weights of the file, ready to predict."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state, strict=True)
    return model.eval()
'''


def write(description: Description, arrays: Iterator[Array], path: Path) -> None:
    """Write the two files of a version."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, new_zip(path) as archive:
        state = Path(folder) / STATE
        pytorch.write(description, arrays, state)
        with state.open("rb") as file:
            add_member(archive, STATE, state.stat().st_size, iter(lambda: file.read(PIECE), b""))
        add_text(archive, MODULE, module_text(description))


def module_text(description: Description) -> str:
    """Return the program that defines the module; it has nothing in it that a person has typed but for the title."""
    inputs = description.spec["inputs"] if description.spec else 0
    dtype = next(iter(description.dtypes))
    lines = []
    for number, layer in enumerate(description.layers, start=1):
        sizes = f"{inputs}, {layer['units']}, bias={layer['bias']}, dtype=torch.{dtype}"
        lines.append(f'            ("layer_{number:02d}", torch.nn.Linear({sizes})),')
        lines.append(f'            ("activation_{number:02d}", {MODULES[layer["activation"]]}),')
        inputs = layer["units"]
    title = f"Version {description.version} of {description.slug}"
    return PROGRAM.format(title=title, state=STATE, layers="\n".join(lines))


def _why_not(description: Description) -> str:
    if not description.layers:
        return "It has no layers of this dashboard, of which a module could be made: take the state_dict."
    if len(description.dtypes) > 1:
        return "Its tensors are of several types, which one module cannot have: take the state_dict."
    return ""


WRITER = Writer(
    "pytorch-module",
    "PyTorch module",
    ".pt.zip",
    "The state_dict as model.pt, and model.py with the torch.nn.Sequential that it fills.",
    "Preprocessing is there as JSON only: the module takes inputs that are scaled already.",
    write,
    _why_not,
    inner=STATE,
)
