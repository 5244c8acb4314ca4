import json
import subprocess
import sys

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.analysis.distributions import distribution
from dashboard.analysis.joint import joint_counts
from dashboard.analysis.statistics import tensor_statistics
from dashboard.charts import figures
from dashboard.charts.history_figures import (
    Line,
    bands_figure,
    curves_figure,
    lines_figure,
    mark_version,
    overlay_figure,
)
from dashboard.charts.joint import joint_figure
from dashboard.charts.why_figures import restored_figure, steps_figure, way_figure

EPOCHS = [
    {"epoch": 1, "loss": 0.9, "val_loss": 1.0, "accuracy": 0.5, "val_accuracy": 0.4, "seconds": 0.1},
    {"epoch": 2, "loss": 0.5, "val_loss": 0.7, "accuracy": 0.8, "val_accuracy": 0.7, "seconds": 0.1},
]
WEIGHTS = distribution([np.array([-1.0, 0.0, 0.0, 3.0]), np.array([2.0])], 4, "full")

FIGURES = {
    "curves": figures.training_curves(EPOCHS),
    "no curves": figures.training_curves([]),
    "distribution": figures.distribution_figure(WEIGHTS, ["a:1", "a:2"]),
    "distribution, log": figures.distribution_figure(WEIGHTS, ["a:1", "a:2"], log=True),
    "no distribution": figures.distribution_figure(distribution([], 5), []),
    "change": figures.change_figure(distribution([np.array([-1.0, 0.0, 2.0])], 3, "full")),
    "change, log": figures.change_figure(distribution([np.array([-1.0, 0.0, 2.0])], 3, "full"), log=True),
    "no change": figures.change_figure(distribution([], 3)),
    "empty change": figures.change_figure(distribution([np.empty(0)], 3)),
    "density": joint_figure(joint_counts(np.arange(9.0), np.arange(9.0) ** 2, 4, "full"), "a:1", "a:2", (9,)),
    "points": joint_figure(
        (np.arange(2), np.zeros(2, int), np.array([0.5, 1.0]), np.array([0.5, 2.0])), "a:1", "a:2", (2,)
    ),
    "no points": joint_figure((np.zeros(0, int),) * 2 + (np.zeros(0),) * 2, "a:1", "a:2", (0,)),
    "bands": bands_figure([1, 2], [tensor_statistics(np.arange(9.0)).to_json(), None], "weight"),
    "no bands": bands_figure([1], [None], "weight"),
    "lines": lines_figure([1, 2], [Line("norm", [1.0, None]), Line("zeros", [0.0, 0.5], "y2")], "norm", "zeros"),
    "no lines": lines_figure([], [], "norm"),
    "marked": mark_version(lines_figure([1, 2], [Line("norm", [1.0, 0.0])], "norm"), 2, "zero since v2"),
    "overlay": overlay_figure(figures.distribution_figure(WEIGHTS, ["a:1", "a:2"]), ["#111111", "#222222"]),
    "run curves": curves_figure([("run 1", "#111111", [1, 2], [0.5, None])], [("a:1", "#222222", 1, 0.5)], "loss"),
    "no run curves": curves_figure([], [], "loss"),
    "way": way_figure([0.0, 1.0], [0.5, 0.7], [0.9, None], "accuracy"),
    "no way": way_figure([], [], [], "accuracy"),
    "restored": restored_figure([0.0, 1.0], [0.5, 0.9], (0.9, 0.5), "accuracy"),
    "nothing restored": restored_figure([], [], (None, None), "accuracy"),
    "steps": steps_figure([2, 3], {"layer 1": [-0.5, None], "layer 2": [0.1, None]}, "in all"),
    "no steps": steps_figure([], {}, "in all"),
}


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_plotly_takes_every_figure_for_a_valid_one(figure):
    read = go.Figure(json.loads(json.dumps(figure, allow_nan=False)))
    assert read.layout.height >= 300
    assert len(read.data) == len(figure["data"])


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_no_figure_says_what_colour_the_page_has(figure):
    layout = figure["layout"]
    assert not {"template", "paper_bgcolor", "plot_bgcolor", "font"} & set(layout)
    assert not any("gridcolor" in layout[axis] or "color" in layout[axis] for axis in ("xaxis", "yaxis"))


@pytest.mark.parametrize("name", [name for name in FIGURES if name.startswith("no ")])
def test_an_empty_figure_says_so(name):
    figure = FIGURES[name]
    assert figure["data"] == []
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["Nothing to draw yet."]


def test_curves_show_only_what_was_measured():
    names = [trace["meta"] for trace in FIGURES["curves"]["data"]]
    assert names == ["training loss", "validation loss", "training accuracy", "validation accuracy"]
    regression = figures.training_curves([{"epoch": 1, "loss": 2.0, "val_loss": None, "accuracy": None}])
    assert [trace["meta"] for trace in regression["data"]] == ["training loss"]
    assert "yaxis2" not in regression["layout"]
    assert regression["data"][0]["y"] == [2.0]


def test_a_loss_that_is_not_finite_leaves_a_gap():
    figure = figures.training_curves([{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": float("nan")}])
    assert figure["data"][0]["y"] == [2.0, None]


def test_a_distribution_is_drawn_from_its_bins_and_never_from_the_weights():
    first, second = FIGURES["distribution"]["data"]
    assert first["x"] == [-1.0, 0.0, 1.0, 2.0, 3.0]
    assert first["y"] == [1, 2, 0, 1, 1]  # the last step is held to the last edge
    assert second["y"] == [0, 0, 0, 1, 1]
    assert first["line"]["color"] != second["line"]["color"]


def test_on_a_logarithmic_axis_an_empty_bin_stands_below_one_and_says_zero():
    first, _ = FIGURES["distribution, log"]["data"]
    assert first["y"] == [1, 2, 0.5, 1, 1]
    assert first["customdata"] == [1, 2, 0, 1, 1]
    assert FIGURES["distribution, log"]["layout"]["yaxis"]["type"] == "log"


def test_a_change_is_blue_below_zero_red_above_and_grey_around_it():
    found = distribution([np.array([-3.0, 0.5, 3.0])], 3, "full")
    assert figures.change_figure(found)["data"][0]["marker"]["color"] == ["#2166ac", "#8a8f98", "#b2182b"]


@pytest.mark.parametrize(
    ("counts", "top"), [([5, 9, 4], 9), ([5, 100, 4], 10), ([0, 7, 0], 7), ([0, 0, 0], 1 / 1.05)], ids=str
)
def test_the_bar_around_zero_is_cut_where_it_would_flatten_all_others(counts, top):
    found = distribution([np.repeat([-1.0, 0.0, 1.0], counts)], 3, "full")
    if any(counts):
        found = found._replace(edges=np.array([-1.5, -0.5, 0.5, 1.5]), counts=(np.array(counts),))
    assert figures.change_figure(found)["layout"]["yaxis"]["range"] == [0, pytest.approx(1.05 * top)]


def test_importing_the_figures_does_not_import_plotly():
    code = "import dashboard.charts.figures, dashboard.charts.bundle, sys; print('plotly' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_a_density_counts_the_other_upwards_and_leaves_empty_fields_to_the_page():
    (field,) = FIGURES["density"]["data"]
    assert np.array(field["customdata"]).sum() == 9
    empty = [[count == 0 for count in line] for line in field["customdata"]]
    assert [[shade is None for shade in line] for line in field["z"]] == empty
    assert field["customdata"][3][0] == 2  # 7 became 49 and 8 became 64: first bin of the base, last of the other
    (diagonal,) = FIGURES["density"]["layout"]["shapes"]
    assert (diagonal["x0"], diagonal["y1"]) == (0.0, 64.0)
