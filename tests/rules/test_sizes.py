"""Functions of a screenful, and lines of templates that can be read."""

import ast
import statistics

from tests.rules.source import FILES, TEMPLATES, name_of, nodes_of

LONGEST_FUNCTION = 45
LONGEST_TEMPLATE_LINE = 160
SMALLEST = 3
"""Shorter functions do not count: a property of two lines says nothing about the others."""


def functions():
    """Return (lines, name) of every function of three lines and more."""
    return [
        (node.end_lineno - node.lineno + 1, f"{name_of(path)}:{node.lineno} {node.name}")
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno + 1 >= SMALLEST
    ]


def test_functions_are_short():
    sizes = sorted(size for size, _ in functions())
    assert statistics.median(sizes) <= 7
    assert sizes[len(sizes) * 9 // 10] <= 20
    assert [(size, name) for size, name in functions() if size > LONGEST_FUNCTION] == []


def test_lines_of_templates_are_short():
    long = [
        f"{name_of(path)}:{number} has {len(line)} characters"
        for path in TEMPLATES
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > LONGEST_TEMPLATE_LINE
    ]
    assert long == []
