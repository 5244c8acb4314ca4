"""Figures of a search are valid figures, empty ones included, and draw the numbers that they are given."""

import plotly.graph_objects as go
import pytest

from dashboard.charts.figures import whole_ticks
from dashboard.charts.search_figures import (
    ENOUGH_TRIALS,
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
        front_figure([], [], "parameters", "accuracy"),
        predictions_figure([], [], "accuracy"),
        importance_figure({}, 0),
        belief_figure([], [], [], "units", "accuracy", True),
    ],
)
def test_without_numbers_a_figure_says_so(figure):
    assert valid(figure)["data"] == []
    assert figure["layout"]["annotations"][0]["text"] == "Nothing to draw yet."


def test_the_history_has_every_score_and_the_best_so_far_as_steps():
    figure = valid(history_figure(POINTS, [Point(3, 0.1, 3)], [*POINTS, Point(3, 0.75, 3)], "accuracy"))
    assert [trace["name"] for trace in figure["data"]] == ["trials", "stopped early", "best so far"]
    assert figure["data"][2]["y"] == [0.5, 0.75, 0.75]
    assert figure["data"][2]["line"]["shape"] == "hv"


def test_the_history_counts_candidates_and_names_the_trial_on_hover():
    figure = valid(history_figure([Point(1, 0.5, 1), Point(2, 0.75, 9)], [], [], "accuracy", [0.4, 0.6]))
    assert [trace["x"] for trace in figure["data"]] == [[1, 2], [1, 2]]
    assert figure["data"][0]["customdata"] == [1, 9]
    assert figure["data"][0]["hovertemplate"].startswith("trial %{customdata}")


def test_learning_curves_begin_at_epoch_one_and_each_has_its_name_even_if_it_is_alone():
    figure = valid(learning_curves_figure([Curve(4, [0.1, 0.5], "best"), Curve(7, [], "running")], "accuracy"))
    assert [(trace["name"], trace["x"]) for trace in figure["data"]] == [("trial 4, the best", [1, 2])]
    assert figure["layout"]["showlegend"] is True


@pytest.mark.parametrize("curves", [[], [Curve(4, [0.1, 0.5], "best"), Curve(5, [0.1], "stopped")]])
def test_while_no_trial_is_running_the_learning_curves_say_so(curves):
    figure = valid(learning_curves_figure(curves, "accuracy"))
    assert figure["data"] == []
    assert figure["layout"]["annotations"][0]["text"].startswith("No trial is running.")


@pytest.mark.parametrize(("low", "high", "step"), [(1, 1, 1), (1, 3, 1), (1, 10, 1), (1, 40, 5), (1, 1000, 100)])
def test_ticks_of_whole_numbers_are_whole_and_few(low, high, step):
    assert whole_ticks(low, high)["dtick"] == step


def test_settings_that_are_whole_numbers_have_ticks_at_whole_numbers_only():
    layers = valid(belief_figure([1, 2, 3], [0.5] * 3, [0.1] * 3, "layers", "accuracy", False))["layout"]["xaxis"]
    assert (layers["tick0"], layers["dtick"]) == (0, 1)
    units = valid(belief_figure([2, 3, 4], [0.5] * 3, [0.1] * 3, "units 1", "accuracy", True))["layout"]["xaxis"]
    assert units["tickvals"] == [2, 3, 4]
    rates = valid(belief_figure([0.1, 0.2], [0.5] * 2, [0.1] * 2, "rate", "accuracy", True))["layout"]["xaxis"]
    assert "tickvals" not in rates


def test_a_long_name_of_the_upright_axis_stands_in_two_lines():
    figure = valid(belief_figure([1, 2], [0.5, 0.6], [0.1, 0.1], "layers", "validation accuracy", False))
    assert figure["layout"]["yaxis"]["title"]["text"] == "expected validation<br>accuracy"


def test_the_front_is_joined_from_the_smallest_to_the_largest():
    figure = valid(front_figure(POINTS[::-1], [Point(3, 0.1, 3)], "parameters", "accuracy"))
    assert figure["data"][1]["x"] == [1, 2]


def test_predictions_stand_beside_the_line_on_which_they_would_be_right():
    figure = valid(predictions_figure([Point(0.2, 0.3, 1), Point(0.9, 0.6, 2)], [0.1, 0.2], "accuracy"))
    assert figure["data"][0]["x"] == figure["data"][0]["y"] == [0.2, 0.9]
    assert figure["data"][1]["error_x"]["array"] == [0.1, 0.2]


def test_the_most_important_setting_stands_on_top():
    assert valid(importance_figure({"dropout": 0.1, "learning rate": 0.9}, 50))["data"][0]["y"][-1] == "learning rate"


def test_what_is_expected_of_words_has_an_axis_of_words():
    figure = valid(belief_figure(["relu", "tanh"], [0.5, 0.6], [0.1, 0.1], "activation", "accuracy", False))
    assert figure["layout"]["xaxis"]["type"] == "category"
    numbers = valid(belief_figure([16, 64], [0.5, 0.6], [0.1, 0.1], "units", "accuracy", True))
    assert numbers["layout"]["xaxis"]["type"] == "log"


def test_bars_end_where_no_score_can_lie():
    bounds = (0.0, 1.0)
    belief = valid(belief_figure([1, 2], [0.05, 0.9], [0.2, 0.2], "layers", "accuracy", False, bounds))["data"][0]
    assert belief["error_y"]["arrayminus"] == pytest.approx([0.05, 0.2])
    assert belief["error_y"]["array"] == pytest.approx([0.2, 0.1])
    trials = [Point(0.95, 0.9, 1)]
    predicted = valid(predictions_figure(trials, [0.3], "accuracy", bounds))["data"][1]["error_x"]
    assert (predicted["arrayminus"], predicted["array"]) == ([0.3], pytest.approx([0.05]))


def test_the_importance_of_few_trials_says_that_it_may_be_chance():
    def axis(trials):
        return valid(importance_figure({"dropout": 0.1, "learning rate": 0.9}, trials))["layout"]["xaxis"]["title"][
            "text"
        ]

    assert axis(8) == "share: of 8 trials, so few that the order may be chance"
    assert axis(ENOUGH_TRIALS) == "share"
