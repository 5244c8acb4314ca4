"""Parallel coordinates: where values lie on their axes, and what is drawn."""

import itertools
from xml.etree import ElementTree

import pytest

from dashboard.charts.parallel import Axis, Line, axis_of, parallel_coordinates


def test_a_number_lies_between_the_ends_of_its_axis():
    axis = axis_of("units", "units", [10, 20, 30])
    assert [axis.place(value) for value in (10, 25, 30)] == [0.0, 0.75, 1.0]


def test_on_a_logarithmic_axis_each_factor_is_as_long():
    axis = axis_of("rate", "rate", [0.001, 0.1], log=True)
    assert axis.place(0.01) == pytest.approx(0.5)
    assert axis.place(0.0) is None


def test_words_have_places_of_their_own_and_an_unknown_word_has_none():
    axis = axis_of("activation", "activation", ["tanh", "relu", "tanh"])
    assert axis.categories == ("relu", "tanh")
    assert [axis.place(word) for word in ("relu", "tanh", "elu")] == [0.25, 0.75, None]
    assert axis_of("decays", "decays", [True, False]).categories == ("no", "yes")


def test_an_axis_with_one_value_has_it_in_the_middle():
    assert axis_of("units", "units", [8, 8]).place(8) == 0.5


def test_each_thing_is_a_line_with_its_name_the_best_on_top_and_passes_by_what_it_lacks():
    axes = [axis_of("a", "a", [1, 2]), axis_of("b", "b", [1, 2]), axis_of("c", "c", [1, 2])]
    lines = [Line("first & best", {"a": 1, "b": 2, "c": 1}), Line("second", {"a": 2, "b": None, "c": 2})]
    root = ElementTree.fromstring(parallel_coordinates(axes, lines, "settings"))
    drawn = [element for element in root if element.tag == "polyline"]
    assert [element.get("class") for element in drawn] == ["line", "line best"]
    assert [element.find("title").text for element in drawn] == ["second", "first & best"]
    assert [len(element.get("points").split()) for element in drawn] == [2, 3]


@pytest.mark.parametrize("count", [1, 2, 13, 20])
def test_the_name_of_the_last_axis_is_whole_and_ends_inside_the_drawing(count):
    axes = [axis_of(str(place), "units", [1, 2]) for place in range(count - 1)]
    axes.append(axis_of("score", "validation accuracy", [0.5, 1.0]))
    root = ElementTree.fromstring(parallel_coordinates(axes, [Line("one", {"score": 1.0})], "settings"))
    last = [element for element in root if element.get("class") == "name"][-1]
    assert (last.text, last.get("text-anchor")) == ("validation accuracy", "end")
    assert float(last.get("x")) <= float(root.get("width"))


def test_a_name_that_is_cut_is_whole_on_hover():
    axes = [axis_of("a", "a", [1]), axis_of("score", "validation mean absolute error", [0.5])]
    root = ElementTree.fromstring(parallel_coordinates(axes, [Line("one", {})], "settings"))
    assert root[-1].text == "validation mean ab…"
    assert root[-1].find("title").text == "validation mean absolute error"


def test_many_axes_widen_the_drawing_so_that_their_names_do_not_meet():
    axes = [axis_of(str(place), "decays weights", [1, 2]) for place in range(20)]
    root = ElementTree.fromstring(parallel_coordinates(axes, [Line("one", {})], "settings"))
    names = [element for element in root if element.get("class") == "name"][:-1]
    same_level = [float(name.get("x")) for name in names[::2]]
    assert min(right - left for left, right in itertools.pairwise(same_level)) >= 110


def test_whole_numbers_at_the_ends_of_an_axis_are_written_whole():
    assert [words for _, words in axis_of("units", "units", [16, 4096]).ticks] == ["16", "4096"]


def test_nothing_is_drawn_of_nothing():
    assert parallel_coordinates([], [], "nothing") == ""
    assert parallel_coordinates([Axis("a", "a")], [], "nothing") == ""
