"""The project's own source, read once for all rules."""

import ast
import gc
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "dashboard"
FILES = tuple(sorted(PACKAGE.rglob("*.py")))
TEMPLATES = tuple(sorted((ROOT / "templates").rglob("*.html")))


@cache
def tree_of(path):
    """Return a module's syntax tree."""
    return ast.parse(path.read_text())


@cache
def nodes_of(path):
    """Return every node of a module's syntax tree: walking through it costs more than most rules."""
    gc.disable()  # nodes are kept: looking for garbage among them takes longer than reading them
    try:
        return tuple(ast.walk(tree_of(path)))
    finally:
        gc.enable()


def name_of(path):
    """Return how a rule's message names a file."""
    return str(path.relative_to(ROOT))


def package_of(path):
    """Return the part of dashboard/ that a file belongs to: its first folder, or its own name at the top."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports_of(path):
    """Return the full names of all that a module imports."""
    names = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names
