"""The client runs under Python 3.9 with NumPy alone; what holds for the dashboard's code holds for it, too."""

import ast
import builtins
import sys
import tomllib

import pytest

from tests.rules.source import ROOT, imports_of, name_of, nodes_of

CLIENT = ROOT / "client"
FILES = tuple(sorted((CLIENT / "weightbase").rglob("*.py")))
FRAMEWORKS = {"keras.py": {"keras", "tensorflow"}, "lightning.py": {"lightning", "pytorch_lightning"}}
LONGEST_FUNCTION = 45


NEWER_NAMES = {
    *("aiter", "anext", "ExceptionGroup", "BaseExceptionGroup", "EncodingWarning", "PythonFinalizationError"),
    *("tomllib", "pairwise", "batched", "aclosing", "chdir", "file_digest", "get_annotations", "stdlib_module_names"),
    *("TypeAlias", "TypeGuard", "TypeIs", "ParamSpec", "Concatenate", "Self", "Never", "LiteralString", "Unpack"),
    *("TypeVarTuple", "assert_never", "assert_type", "reveal_type", "dataclass_transform", "Required"),
    *("NotRequired", "ReadOnly", "NoneType", "EllipsisType", "NotImplementedType", "UnionType", "StrEnum", "ReprEnum"),
    *("UTC", "Barrier", "Runner", "TaskGroup", "timeout_at", "cbrt", "exp2", "sumprod", "correlation"),
    *("covariance", "linear_regression", "kde", "bit_count", "add_note", "hardlink_to", "is_junction", "full_match"),
    *("from_uri", "NOFLAG", "getLevelNamesMapping", "getHandlerNames", "getHandlerByName", "EnumCheck"),
    *("splitroot", "process_cpu_count", "KW_ONLY", "packages_distributions", "orig_argv"),
}
"""Names of Python's own that came after 3.9, by "What's New" of 3.10 to 3.14."""
NEWER_ARGUMENTS = {
    **{"zip": {"strict"}, "map": {"strict"}, "dataclass": {"slots", "kw_only", "weakref_slot", "match_args"}},
    **{"bisect": {"key"}, "bisect_left": {"key"}, "bisect_right": {"key"}, "insort": {"key"}, "rmtree": {"onexc"}},
    **{"TemporaryDirectory": {"ignore_cleanup_errors", "delete"}, "NamedTemporaryFile": {"delete_on_close"}},
    **{"stat": {"follow_symlinks"}, "chmod": {"follow_symlinks"}, "exists": {"follow_symlinks"}},
    **{"write_text": {"newline"}, "read_text": {"newline"}, "relative_to": {"walk_up"}, "glob": {"case_sensitive"}},
    **{"field": {"kw_only"}, "entry_points": {"group", "name"}, "add_parser": {"deprecated"}},
    **{"add_argument": {"deprecated"}, "ArgumentParser": {"suggest_on_error", "color"}, "Thread": {"context"}},
    **{"Process": {"process_group"}, "Popen": {"process_group"}, "run": {"process_group"}},
}
"""Arguments that functions of Python's own have had since."""


def called(call):
    """Return the name of what is called, without what it is of."""
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def runs(tree):
    """Yield every node of a module but those of its annotations, which are not evaluated."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        yield one
        fields = [value for field, value in ast.iter_fields(one) if field not in {"annotation", "returns"}]
        children = [child for value in fields for child in (value if isinstance(value, list) else [value])]
        waiting += [child for child in children if isinstance(child, ast.AST)]


def newer_than_3_9(text):
    """Return what a module has that Python 3.9 lacks, each with its line, as far as the source shows it."""
    tree = ast.parse(text, feature_version=(3, 9))  # refuses match, except* and parameters of types
    found = []
    for node in runs(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and is_a_type(node.left, node.right):
            found.append(f"{node.lineno}: X | Y of types")
        if isinstance(node, ast.Call):
            names = {one.arg for one in node.keywords} & NEWER_ARGUMENTS.get(called(node), set())
            found += [f"{node.lineno}: {called(node)}({name}=)" for name in sorted(names)]
            if called(node) in {"isinstance", "issubclass"}:
                found += [f"{node.lineno}: X | Y" for one in node.args[1:] if isinstance(one, ast.BinOp)]
        names = {getattr(node, "id", None), getattr(node, "attr", None)}
        if isinstance(node, ast.ImportFrom | ast.Import):
            names |= {part for one in node.names for part in one.name.split(".")} | {getattr(node, "module", None)}
        found += [f"{node.lineno}: {name}" for name in names & NEWER_NAMES]
    return found


def is_a_type(*sides):
    """Return whether what `|` joins is a type by its name: None, a builtin type, or a name in capitals and letters."""
    names = {getattr(one, "id", getattr(one, "attr", "")) for side in sides for one in [getattr(side, "value", side)]}
    nothing = any(isinstance(one, ast.Constant) and one.value is None for one in sides)
    return nothing or any(isinstance(getattr(builtins, name, None), type) or name in {"Any", "Path"} for name in names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_module_is_python_3_9(path):
    text = path.read_text()
    assert "from __future__ import annotations" in text, "X | Y in an annotation would fail under 3.9"
    assert newer_than_3_9(text) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("Number = int | None", "X | Y"),
        ("Number = list[int] | str", "X | Y"),
        ("isinstance(x, A | B)", "X | Y"),
        ("cast(dict[str, int] | None, x)", "X | Y"),
        ("list(zip(a, b, strict=True))", "zip(strict=)"),
        ("@dataclass(slots=True)\nclass A: pass", "dataclass(slots=)"),
        ("from itertools import pairwise", "pairwise"),
        ("import tomllib", "tomllib"),
        ("hashlib.file_digest(f, 'md5')", "file_digest"),
        ("datetime.now(UTC)", "UTC"),
        ("from typing import Self", "Self"),
        ("bisect.insort(a, 1, key=f)", "insort(key=)"),
    ],
)
def test_what_is_newer_than_3_9_is_found(line, what):
    assert what in " ".join(newer_than_3_9(line))


@pytest.mark.parametrize(
    "line", ["match x:\n    case 1: pass", "try: pass\nexcept* OSError: pass", "def f[T](x: T): pass"]
)
def test_syntax_that_is_newer_than_3_9_is_refused(line):
    with pytest.raises(SyntaxError):
        newer_than_3_9(line)


def test_what_is_as_old_as_3_9_is_not_found():
    assert newer_than_3_9("def f(x: int | None) -> str | None:\n    y: int | None = a | b\n    return {1} | {2}") == []


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
