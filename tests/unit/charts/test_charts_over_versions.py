"""Ridges and parallel coordinates as SVG, and the axes of figures over versions."""

from xml.etree import ElementTree

import numpy as np
import pytest

from dashboard.analysis.distributions import counts_between
from dashboard.analysis.statistics import tensor_statistics
from dashboard.charts.history_figures import bands_figure
from dashboard.charts.ridges import Ridge, height_of, is_cut, ridge_plot
from dashboard.charts.threads import Axis, Thread, threads_plot

THREADS = [Thread(f"/v/{number}", f"a & b:{number}") for number in (1, 2, 3)]


def drawn(text):
    return ElementTree.fromstring(text)


def steps(path):
    """Return the (x, y) of every point of a path."""
    return [tuple(map(float, point.split())) for point in path.replace("M", "L").rstrip("Z").split("L")[1:]]


def test_a_ridge_is_as_high_as_its_fullest_bin_and_as_low_as_its_share():
    found = counts_between([np.array([0.5, 1.5, 1.6, 2.5])], np.array([0.0, 1.0, 2.0, 3.0]))
    drawing = drawn(ridge_plot(found, [Ridge(7, "/at?v=7&x=1", "4 cells")], "Distribution"))
    link = next(drawing.iter("a"))
    assert link.get("href") == "/at?v=7&x=1"
    assert link.find("title").text == "v7: 4 cells"
    heights = {60 - y for _, y in steps(link.find("path").get("d"))}
    assert heights == {0.0, 25.0, 50.0}


@pytest.mark.parametrize(
    ("counts", "height"), [([5, 9, 4], 9), ([5, 100, 4], 7.5), ([0, 7, 0], 7), ([0, 0], 0), ([3], 3)], ids=str
)
def test_one_bin_far_above_all_others_is_cut(counts, height):
    assert height_of(np.array(counts)) == height
    assert is_cut([np.array(counts)]) == (max(counts) > height)


def test_without_versions_there_is_no_drawing():
    assert ridge_plot(counts_between([], np.array([0.0, 1.0])), [], "Distribution") == ""
    assert threads_plot([Axis("a", []), Axis("b", [])], [], [], "Versions") == ""
    assert threads_plot([Axis("a", [1, 2, 3])], THREADS, [1, 2, 3], "Versions") == ""


def test_each_version_is_a_line_through_its_values_on_every_axis():
    axes = [Axis("rate", [0.001, 0.1, 1.0]), Axis("optimizer", ["adam", "sgd", "adam"]), Axis("score", [0.5, 0.7, 0.9])]
    drawing = drawn(threads_plot(axes, THREADS, [0.5, 0.7, 0.9], "Versions"))
    lines = {a.get("href"): steps(a.find("path").get("d")) for a in drawing.iter("a")}
    top, bottom = 34.0, 300.0
    assert [y for _, y in lines["/v/1"]] == [bottom, bottom, bottom]
    assert [y for _, y in lines["/v/2"]] == [pytest.approx(bottom - (bottom - top) * 2 / 3, abs=0.1), top, 167.0]
    assert [y for _, y in lines["/v/3"]] == [top, bottom, top]
    colours = {a.get("href"): a.find("path").get("stroke") for a in drawing.iter("a")}
    assert (colours["/v/1"], colours["/v/3"]) == ("#a9cfe4", "#0b559f")


@pytest.mark.parametrize("missing", [None, float("nan"), float("inf")])
def test_a_line_is_broken_where_a_version_has_no_value(missing):
    axes = [Axis("a", [1, 2, 3]), Axis("b", [1, missing, 3]), Axis("c", [1, 2, 3]), Axis("d", [1, 2, 3])]
    drawing = drawn(threads_plot(axes, THREADS, [1, missing, 3], "Versions"))
    paths = {a.get("href"): a.find("path").get("d") for a in drawing.iter("a")}
    assert paths["/v/1"].count("M") == 1
    assert paths["/v/2"].count("M") == 2


def test_settings_that_are_no_numbers_are_words_in_their_order():
    axes = [Axis("bias", [True, False, True]), Axis("layers", ["10 relu", "<b>", "10 relu"])]
    drawing = drawn(threads_plot(axes, THREADS, [1, 2, 3], "Versions"))
    words = [text.text for text in drawing.iter("text")]
    assert words == ["bias", "False", "True", "layers", "10 relu", "<b>"]


@pytest.mark.parametrize(("count", "shown"), [(4, "validation accuracy"), (9, "validation accu…")])
def test_the_name_of_an_axis_is_whole_where_it_fits(count, shown):
    axes = [Axis("epoch", [1, 2, 3]), *[Axis("validation accuracy", [1, 2, 3])] * (count - 1)]
    drawing = drawn(threads_plot(axes, THREADS, [1, 2, 3], "Versions"))
    names = [text.text for text in drawing.iter("text") if text.get("class") == "name"]
    assert names == ["epoch", *[shown] * (count - 2), "validation accu…"]


def test_the_axis_of_bands_follows_the_bulk_and_one_far_version_does_not_flatten_the_others():
    usual, far = tensor_statistics(np.linspace(-1, 1, 1001)).to_json(), tensor_statistics(np.linspace(-50, 50, 99))
    figure = bands_figure([1, 2, 3], [usual, far.to_json(), usual], "change")
    low, high = figure["layout"]["yaxis"]["range"]
    assert -4 < low < -3
    assert 3 < high < 4
    assert figure["data"][0]["y"] == [usual["q05"], far.q05, usual["q05"]]
