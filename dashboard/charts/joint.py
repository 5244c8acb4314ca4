"""Base against other, cell by cell: unchanged cells are on the diagonal. Points when few, a density when many."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.analysis.joint import JointCounts
from dashboard.charts.figures import Figure, plain_layout, whole_figure
from dashboard.charts.palette import NEITHER, OKABE_ITO, see_through
from dashboard.records.tensor import cell_name

Array = np.ndarray[Any, Any]


def joint_figure(
    cells: JointCounts | tuple[Array, Array, Array, Array], base: str, other: str, shape: Sequence[int]
) -> Figure:
    """Return counts on a grid, or (rows, columns, base's values, other's values) of a tensor's cells, as a figure."""
    layout = plain_layout(base, other)
    trace = _density(cells) if isinstance(cells, JointCounts) else _points(*cells, shape)
    ends = cells.edges if isinstance(cells, JointCounts) else np.concatenate(cells[2:])
    if not ends.size:
        return whole_figure([], layout)
    low, high = float(ends.min()), float(ends.max())
    line = {"color": NEITHER, "width": 1, "dash": "dot"}
    layout["shapes"] = [{"type": "line", "x0": low, "y0": low, "x1": high, "y1": high, "line": line}]
    return whole_figure([trace], layout)


def _density(joint: JointCounts) -> dict[str, Any]:
    """Return the grid: the fuller a field, the darker, on a scale by powers of ten; an empty one is transparent."""
    counts = joint.counts.T  # rows of a heat map go upwards: the other
    shades = np.log10(np.maximum(counts, 1)) + 0.3
    return {
        "type": "heatmap",
        "x": joint.edges.tolist(),
        "y": joint.edges.tolist(),
        "z": [
            [shade if count else None for shade, count in zip(line, own, strict=True)]
            for line, own in zip(shades.round(3).tolist(), counts.tolist(), strict=True)
        ],
        "customdata": counts.tolist(),
        "zmin": 0,
        "hoverongaps": False,
        "colorscale": [[share, see_through(OKABE_ITO[0], share)] for share in (0, 1)],
        "showscale": False,
        "hovertemplate": "about %{x:.4~g} became about %{y:.4~g}: %{customdata:,} cells<extra></extra>",
    }


def _points(rows: Array, columns: Array, base: Array, other: Array, shape: Sequence[int]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": base.tolist(),
        "y": other.tolist(),
        "text": [cell_name(shape, *cell) for cell in zip(rows.tolist(), columns.tolist(), strict=True)],
        "marker": {"size": 4, "color": OKABE_ITO[0], "opacity": 0.6},
        "hovertemplate": "%{text}: %{x:.4~g} became %{y:.4~g}<extra></extra>",
    }
