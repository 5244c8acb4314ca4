"""Any numbers are drawn: what is not finite, subnormal, at the ends of float64, absent or all the same."""

import json
import math
import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.distributions import distribution
from dashboard.charts.drawn import draw
from dashboard.charts.figures import change_figure, distribution_figure

NO_NUMBER = re.compile(r'="[^"]*\b(nan|inf)\b')
ENDS = [0.0, 5e-324, -5e-324, 1.8e308, -1.7e308, 1e-300, 1e300]
NUMBERS = (st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(ENDS).filter(math.isfinite)) | st.none()
AXES = st.sampled_from(
    [{}, {"type": "log"}, {"type": "log", "dtick": 1}, {"rangemode": "tozero"}, {"tickformat": ".0%"}]
)


def traces(length):
    numbers = st.lists(NUMBERS, min_size=length, max_size=length)
    of_all = {"name": st.just("a"), "x": numbers, "y": numbers}
    lines = {"type": st.just("scatter"), "mode": st.sampled_from(["lines", "markers", "lines+markers"])}
    looks = {"fill": st.just("tozeroy"), "line": st.just({"shape": "hv"})}
    bars = {"type": st.just("bar"), "width": numbers, "orientation": st.sampled_from(["v", "h"])}
    one = st.fixed_dictionaries(lines | of_all, optional=looks) | st.fixed_dictionaries(bars | of_all)
    return st.lists(one, min_size=1, max_size=3)


FIGURES = st.fixed_dictionaries(
    {
        "data": st.integers(1, 6).flatmap(traces),
        "layout": st.fixed_dictionaries({"xaxis": AXES, "yaxis": AXES}),
    }
)


@given(FIGURES)
def test_a_figure_of_any_numbers_is_drawn_at_places_that_are_numbers(figure):
    drawing = draw(figure)
    assert drawing.panels == 1
    assert not NO_NUMBER.search(str(drawing.markup))


@given(st.lists(st.floats(allow_nan=False), max_size=6), st.booleans())
def test_distributions_of_any_numbers_are_drawn(values, log):
    cells = distribution([np.array(values)], 5, "full")
    for figure in (change_figure(cells, log), distribution_figure(cells, ["a:1"], log)):
        sent = json.loads(re.sub(r"-?Infinity|NaN", "null", json.dumps(figure)))  # as the page's JSON has them
        assert not NO_NUMBER.search(str(draw(sent).markup))
