"""Figures as the server draws them: the points of the drawing are those of the figure, and its ticks are sensible."""

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.distributions import distribution
from dashboard.charts.axes import nice_step, number_words
from dashboard.charts.drawn import draw
from dashboard.charts.figures import change_figure, distribution_figure, leading, training_curves, whole_axis
from dashboard.charts.history_figures import Line, apart, bands_figure, farthest, lines_figure
from dashboard.charts.palette import OKABE_ITO, see_through, solid
from tests.unit.charts.test_charts_figures import EPOCHS, FIGURES

VALUES = st.lists(st.floats(-1e30, 1e30), min_size=2, max_size=30)


def drawn(figure):
    return ElementTree.fromstring(f"<div>{draw(figure).markup}</div>")


def panels(figure):
    return [panel for panel in drawn(figure).iter("svg") if panel.get("class", "").startswith("panel")]


def shares(panel):
    """Return (across, up) of each point in shares of the panel."""
    points = [(float(point.get("cx")[:-1]), float(point.get("cy")[:-1])) for point in panel.iter("circle")]
    return [(across / 100, 1 - down / 100) for across, down in points]


def ticks(panel, anchor):
    return [
        text.text for text in panel.iter("text") if text.get("class") == "tick" and text.get("text-anchor") == anchor
    ]


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_or_says_why_not(name):
    drawing = draw(FIGURES[name])
    assert bool(drawing.markup) == bool(FIGURES[name]["data"]) == bool(drawing.panels)
    assert drawing.sentence
    if drawing.panels:
        assert "NaN" not in drawing.markup
        first = panels(FIGURES[name])[0]
        assert (first.get("role"), first.get("aria-label")) == ("img", drawing.sentence)


@given(VALUES)
def test_the_points_of_a_drawing_are_those_of_the_figure(values):
    versions = list(range(1, len(values) + 1))
    (panel,) = panels(lines_figure(versions, [Line("norm", values)], "norm", signed=True))
    across, up = zip(*shares(panel), strict=True)
    assert across == pytest.approx([(version - 0.5) / len(values) for version in versions], abs=1e-4)
    low, high = min(values), max(values)
    if high - low > 1e-6 * max(abs(low), abs(high)):
        bottom, top = min(up), max(up)
        assert up == pytest.approx(
            [bottom + (value - low) / (high - low) * (top - bottom) for value in values], abs=2e-4
        )
    assert all(0 <= share <= 1 for share in up)


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_versions_and_epochs_have_ticks_at_whole_numbers_that_there_are(low, length):
    high = low + length
    figure = lines_figure([low, high], [Line("norm", [1.0, 2.0])], "norm")
    assert figure["layout"]["xaxis"] | whole_axis(low, high) == figure["layout"]["xaxis"]
    numbers = [float(words.replace(",", "")) for words in ticks(panels(figure)[0], "middle")]
    assert all(low <= number <= high and number.is_integer() for number in numbers)
    assert len(numbers) <= 11


@given(st.floats(1e-300, 1e300), st.integers(1, 12))
def test_a_step_is_one_two_or_five_times_a_power_of_ten(span, most):
    step = nice_step(0.0, span, most)
    assert span / step <= most * (1 + 1e-6)
    assert number_words(step)[0] in "125" or "0." in number_words(step)


@pytest.mark.parametrize(
    "values",
    [[1e-300, 2e-300], [1e300, 1e300], [-1.7e308, 1.7e308], [1e308, 1.7e308], [0.0, 0.0], [-1e-310, 1e-310]],
    ids=str,
)
def test_the_smallest_and_largest_numbers_are_drawn(values):
    (panel,) = panels(lines_figure([1, 2], [Line("norm", values)], "norm", signed=True))
    assert len(shares(panel)) == 2
    assert len(ticks(panel, "end")) <= 12


def test_bars_are_as_high_as_their_counts_and_say_them():
    counted = distribution([np.repeat([-3.0, 0.5, 3.0], [4, 1, 2])], 3, "full")
    pillars = list(panels(change_figure(counted))[0].iter("rect"))
    heights = [float(pillar.get("height")) for pillar in pillars]
    assert heights == pytest.approx([1000 / 1.05, 250 / 1.05, 500 / 1.05], abs=0.1)
    assert [pillar.get("fill") for pillar in pillars] == ["var(--negative)", "#8a8f98", "var(--positive)"]
    assert pillars[0].find("title").text == "change: 4 cells at change -2"


def test_a_distribution_is_drawn_as_steps_over_its_bins():
    counted = distribution([np.array([0.0, 0.0, 1.0, 3.0])], 3, "full")
    lines = [
        path for path in panels(distribution_figure(counted, ["a"]))[0].iter("path") if path.get("class") == "line"
    ]
    assert lines[0].get("d").count("H") == 3
    assert lines[0].get("stroke") == "var(--series-1)"


def test_each_metric_has_a_panel_and_each_part_of_the_data_its_colour():
    figure = training_curves(EPOCHS)
    loss, accuracy = panels(figure)
    for panel in (loss, accuracy):
        assert [line.get("stroke") for line in panel.iter("path")] == ["var(--series-1)", "var(--series-2)"]
        assert ticks(panel, "middle") == ["1", "2"]
    assert [entry.text or entry[0].tail for entry in drawn(figure).iter("li")] == ["training", "validation"]
    words = [point.find("title").text for point in accuracy.iter("circle")]
    assert words[-1] == "validation accuracy: 0.7 at epoch 2"


def test_points_lead_to_what_they_stand_for():
    figure = leading(lines_figure([3, 4], [Line("norm", [1.0, math.nan])], "norm"), "/versions/{}")
    (panel,) = panels(figure)
    assert [link.get("href") for link in panel.iter("a")] == ["/versions/3"]
    assert panel.get("role") == "group"


def test_the_lines_of_separate_runs_are_not_joined():
    figure = apart(lines_figure([1, 2, 3, 4], [Line("norm", [1.0, 2.0, 3.0, 4.0])], "norm"), {1: 1, 2: 1, 3: 2, 4: 2})
    assert figure["data"][0]["y"] == [1.0, 2.0, None, 3.0, 4.0]
    (line,) = panels(figure)[0].iter("path")
    assert line.get("d").count("M") == 2


def test_a_second_axis_stands_on_the_right_with_room_for_its_labels():
    figure = lines_figure([1, 2], [Line("norm", [1.0, 2.0]), Line("zeros", [0.0, 0.00025], "y2")], "norm", "zeros")
    (panel,) = panels(figure)
    assert ticks(panel, "start") == ["0", "0.0001", "0.0002"]
    assert "r60" in panel.get("class")


def test_areas_have_the_colour_that_the_figure_gives_them():
    assert solid(see_through(OKABE_ITO[0], 0.18)) == (OKABE_ITO[0], 0.18)
    numbers = {"min": -4.0, "q05": -2.0, "q25": -1.0, "median": 0.0, "q75": 1.0, "q95": 2.0, "max": 4.0, "limit": 4.0}
    areas = [
        one
        for one in panels(bands_figure([1, 2], [numbers] * 2, "weight"))[0].iter("path")
        if one.get("class") == "area"
    ]
    assert [(area.get("fill"), area.get("fill-opacity")) for area in areas] == [
        ("var(--series-1)", share) for share in ("0.18", "0.32")
    ]


def test_versions_with_a_cell_beyond_the_axis_of_the_percentiles_are_named():
    usual = {"min": -1.0, "q05": -0.5, "q25": -0.2, "median": 0.0, "q75": 0.2, "q95": 0.5, "max": 1.0, "limit": 0.9}
    numbers = [usual, usual | {"max": 50.0}, None, usual | {"min": -80.0}]
    assert farthest([1, 2, 3, 4], numbers) == [(4, -80.0), (2, 50.0)]
    low, high = bands_figure([1, 2, 3, 4], numbers, "weight")["layout"]["yaxis"]["range"]
    assert (low, high) == (pytest.approx(-1.12, abs=0.01), pytest.approx(1.12, abs=0.01))
    assert farthest([1], [usual]) == farthest([1], [None]) == []


def test_an_axis_of_counts_has_whole_numbers_and_begins_at_zero():
    (panel,) = panels(lines_figure([1, 2], [Line("dead units", [1, 1])], "dead units"))
    assert ticks(panel, "end") == ["0", "1"]
    (panel,) = panels(lines_figure([1, 2], [Line("norm", [1.0, 1.5])], "norm"))
    assert len(ticks(panel, "end")) > 2


def test_a_bar_whose_place_or_width_is_beyond_all_numbers_is_left_out():
    trace = {"type": "bar", "x": [1.0, None, 3.0], "y": [4, 5, 6], "width": [1.0, 1.0, None]}
    assert draw({"data": [trace], "layout": {}}).markup.count('class="pillar"') == 1


def test_a_logarithmic_axis_of_a_part_of_a_decade_has_ticks():
    figure = {"data": [{"type": "bar", "x": [1.0], "y": [4]}], "layout": {"yaxis": {"type": "log"}}}
    assert ">4</text>" in draw(figure).markup
