"""The client runs under Python 3.9 with NumPy alone; what holds for the dashboard's code holds for it, too."""

import ast
import sys
import tomllib

import pytest

from tests.rules.source import ROOT, imports_of, name_of, nodes_of

CLIENT = ROOT / "client"
FILES = tuple(sorted((CLIENT / "weightbase").rglob("*.py")))
FRAMEWORKS = {"keras.py": {"keras", "tensorflow"}, "lightning.py": {"lightning", "pytorch_lightning"}}
LONGEST_FUNCTION = 45


def name_called(call):
    return call.func.id if isinstance(call.func, ast.Name) else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_module_is_python_3_9(path):
    text = path.read_text()
    tree = ast.parse(text, feature_version=(3, 9))
    assert "from __future__ import annotations" in text, "X | Y in an annotation would fail under 3.9"
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [call.lineno for call in calls if name_called(call) == "zip" and call.keywords] == []  # strict= is of 3.10
    checks = [call for call in calls if name_called(call) == "isinstance"]
    assert [call.lineno for call in checks if any(isinstance(part, ast.BinOp) for part in call.args)] == []


def test_the_client_imports_numpy_and_the_standard_library():
    allowed = set(sys.stdlib_module_names) | {"numpy", "weightbase"}
    strangers = {
        f"{name_of(path)} imports {name}"
        for path in FILES
        for name in {name.split(".")[0] for name in imports_of(path)} - allowed - FRAMEWORKS.get(path.name, set())
    }
    assert strangers == set()


def test_nothing_is_pickled():
    texts = {name_of(path): path.read_text() for path in FILES}
    assert [name for name, text in texts.items() if "import pickle" in text or "allow_pickle=True" in text] == []
    assert [name for name, text in texts.items() if text.count("np.load(") != text.count("allow_pickle=False")] == []


def test_functions_of_the_client_are_short():
    long = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_the_client_needs_numpy_and_has_the_command_of_the_dashboard():
    ours, theirs = (tomllib.loads((place / "pyproject.toml").read_text())["project"] for place in (CLIENT, ROOT))
    assert [line.partition(">")[0] for line in ours["dependencies"]] == ["numpy"]
    assert ours["requires-python"] == ">=3.9"
    assert ours["scripts"].keys() == theirs["scripts"].keys()  # so that it does not matter which was installed last
