"""The lineage of a network as a drawing: a node a row, indented by its distance from the first one."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from dashboard.charts.svg import element

ROW, INDENT, MARGIN, RADIUS = 26, 22, 14, 5
LETTER = 7.2
MOST_INDENTS = 24


class Drawn(NamedTuple):
    """A node: its words, its page, its kind (version, group or run), and the nodes that it comes from."""

    id: str
    words: str
    address: str
    kind: str
    parents: tuple[str, ...]


def lineage_drawing(nodes: Sequence[Drawn], label: str) -> Markup:
    """Return the drawing of nodes that stand after their parents; each leads to its page. Empty without nodes."""
    if not nodes:
        return Markup()
    rows = {node.id: place for place, node in enumerate(nodes)}
    depths = _depths(nodes)
    width = max(_x(depths[node.id]) + 2 * MARGIN + LETTER * len(node.words) for node in nodes)
    height = ROW * len(nodes)
    edges = [
        _edge(depths[parent], rows[parent], depths[node.id], rows[node.id])
        for node in nodes
        for parent in node.parents
        if parent in rows
    ]
    marks = [_mark(node, depths[node.id], rows[node.id]) for node in nodes]
    size = {"viewBox": f"0 0 {width:.0f} {height}", "width": f"{width:.0f}", "height": height}
    return element("svg", *edges, *marks, class_="lineage", role="group", aria_label=label, **size)


def _depths(nodes: Sequence[Drawn]) -> Mapping[str, int]:
    """Return how far to the right each node stands: one step more than the nearest of its parents to the right."""
    depths: dict[str, int] = {}
    for node in nodes:
        known = [depths[parent] for parent in node.parents if parent in depths]
        depths[node.id] = min(max(known, default=-1) + 1, MOST_INDENTS)
    return depths


def _x(depth: int) -> int:
    return MARGIN + INDENT * depth


def _y(row: int) -> int:
    return ROW * row + ROW // 2


def _edge(depth: int, row: int, to_depth: int, to_row: int) -> Markup:
    """Return the line from a parent down to its row and right to the child."""
    path = f"M{_x(depth)} {_y(row)}V{_y(to_row)}H{_x(to_depth)}"
    return element("path", d=path, fill="none")


def _mark(node: Drawn, depth: int, row: int) -> Markup:
    x, y = _x(depth), _y(row)
    if node.kind == "run":
        side = 2 * RADIUS
        shape = element("rect", x=x - RADIUS, y=y - RADIUS, width=side, height=side, rx=2)
    else:
        shape = element("circle", cx=x, cy=y, r=RADIUS)
    text = element("text", node.words, x=x + MARGIN, y=y + 4)
    return element("a", shape, text, href=node.address or None, class_=node.kind)
