"""Figures of a search are valid figures, empty ones included, and draw the numbers that they are given."""

import plotly.graph_objects as go
import pytest

from dashboard.charts.search_figures import (
    Curve,
    Point,
    belief_figure,
    front_figure,
    history_figure,
    importance_figure,
    learning_curves_figure,
    predictions_figure,
)

POINTS = [Point(1, 0.5, 1), Point(2, 0.75, 2)]


def valid(figure):
    """Return the figure after plotly has accepted it."""
    go.Figure(figure)
    return figure


@pytest.mark.parametrize(
    "figure",
    [
        history_figure([], [], [], "accuracy"),
        learning_curves_figure([], "accuracy"),
        front_figure([], [], "parameters", "accuracy"),
        predictions_figure([], [], "accuracy"),
        importance_figure({}),
        belief_figure([], [], [], "units", "accuracy", True),
    ],
)
def test_without_numbers_a_figure_says_so(figure):
    assert valid(figure)["data"] == []
    assert figure["layout"]["annotations"][0]["text"] == "nothing to draw yet"


def test_the_history_has_every_score_and_the_best_so_far_as_steps():
    figure = valid(history_figure(POINTS, [Point(3, 0.1, 3)], [*POINTS, Point(3, 0.75, 3)], "accuracy"))
    assert [trace["name"] for trace in figure["data"]] == ["trials", "stopped early", "best so far"]
    assert figure["data"][2]["y"] == [0.5, 0.75, 0.75]
    assert figure["data"][2]["line"]["shape"] == "hv"


def test_learning_curves_begin_at_epoch_one_and_name_the_best():
    figure = valid(learning_curves_figure([Curve(4, [0.1, 0.5], "best"), Curve(7, [], "running")], "accuracy"))
    assert [(trace["name"], trace["x"]) for trace in figure["data"]] == [("trial 4, the best", [1, 2])]


def test_the_front_is_joined_from_the_smallest_to_the_largest():
    figure = valid(front_figure(POINTS[::-1], [Point(3, 0.1, 3)], "parameters", "accuracy"))
    assert figure["data"][1]["x"] == [1, 2]


def test_predictions_stand_beside_the_line_on_which_they_would_be_right():
    figure = valid(predictions_figure([Point(0.2, 0.3, 1), Point(0.9, 0.6, 2)], [0.1, 0.2], "accuracy"))
    assert figure["data"][0]["x"] == figure["data"][0]["y"] == [0.2, 0.9]
    assert figure["data"][1]["error_x"]["array"] == [0.1, 0.2]


def test_the_most_important_setting_stands_on_top():
    assert valid(importance_figure({"dropout": 0.1, "learning rate": 0.9}))["data"][0]["y"][-1] == "learning rate"


def test_what_is_expected_of_words_has_an_axis_of_words():
    figure = valid(belief_figure(["relu", "tanh"], [0.5, 0.6], [0.1, 0.1], "activation", "accuracy", False))
    assert figure["layout"]["xaxis"]["type"] == "category"
    numbers = valid(belief_figure([16, 64], [0.5, 0.6], [0.1, 0.1], "units", "accuracy", True))
    assert numbers["layout"]["xaxis"]["type"] == "log"
