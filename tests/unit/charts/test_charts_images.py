import io

import numpy as np
import pytest
from PIL import Image

from dashboard.analysis.images import heat_map
from dashboard.charts.images import png
from dashboard.charts.palette import DIVERGING, OKABE_ITO, diverging_levels, version_colours


def pixels(data):
    image = Image.open(io.BytesIO(data))
    assert image.mode == "P"
    return np.array(image.convert("RGB"))


@pytest.mark.parametrize(
    ("theme", "low", "zero", "high", "nan"),
    [
        ("light", (5, 48, 97), (255, 255, 255), (103, 0, 31), (158, 158, 158)),
        ("dark", (159, 208, 255), (20, 23, 28), (255, 196, 143), (119, 119, 119)),
    ],
)
def test_a_png_has_the_themes_colours_for_its_levels(theme, low, zero, high, nan):
    picture = pixels(png(heat_map(np.array([[-1.0, 0.0], [1.0, np.nan]]), 2, 2, limit=1.0), theme))
    assert picture.tolist() == [[list(low), list(zero)], [list(high), list(nan)]]


def test_a_cell_is_enlarged_to_whole_squares():
    picture = pixels(png(heat_map(np.array([[-1.0, 1.0]]), 1, 2, limit=1.0), "light", zoom=3))
    assert picture.shape == (3, 6, 3)
    assert (picture[:, :3] == picture[0, 0]).all()
    assert (picture[:, 3:] == picture[0, 5]).all()


def test_an_empty_table_is_one_pixel_of_background():
    assert pixels(png(heat_map(np.empty((0, 4)), 10, 10), "light")).tolist() == [[[255, 255, 255]]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_scale_grows_away_from_the_background_on_both_sides(theme):
    levels = diverging_levels(theme)
    assert len(levels) == 256
    assert levels[127] == tuple(int(DIVERGING[theme][len(DIVERGING[theme]) // 2][i : i + 2], 16) for i in (1, 3, 5))
    luma = np.array([0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in levels[:255]])
    contrast = np.abs(luma - luma[127])
    assert (np.diff(contrast[127:]) >= -1e-9).all()
    assert (np.diff(contrast[:128]) <= 1e-9).all()


def test_versions_go_from_light_to_dark_and_each_has_a_colour_of_its_own():
    colours = version_colours(8)
    luma = [sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour in colours]
    assert luma == sorted(luma, reverse=True)
    assert len(set(colours)) == 8
    assert version_colours(1) == [colours[-1]]
    assert version_colours(0) == []


def test_there_are_seven_categories():
    assert len(set(OKABE_ITO)) == 7
