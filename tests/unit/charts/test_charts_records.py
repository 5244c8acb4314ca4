import io

import numpy as np
import pytest
from PIL import Image

from dashboard.charts.records import records_png

RECORDS = np.array([[0.0, 255.0, 0.0, 0.0], [255.0, 0.0, 0.0, np.nan]])


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).tolist()


@pytest.mark.parametrize(
    ("theme", "page", "ink"), [("light", [255, 255, 255], [21, 24, 29]), ("dark", [20, 23, 28], [232, 235, 239])]
)
def test_records_stand_side_by_side_in_ink_on_the_page(theme, page, ink):
    assert pixels(records_png(RECORDS, (2, 2), theme, 1)) == [
        [page, ink, page, ink, page],
        [page, page, page, page, page],
    ]


def test_coloured_records_keep_their_colours_in_both_themes():
    records = np.array([[10, 20, 30, 255, 0, 0], [0, 0, 255, 1, 2, np.nan]])
    for theme, page in (("light", [255, 255, 255]), ("dark", [20, 23, 28])):
        png = records_png(records, (1, 2, 3), theme, 1)
        assert pixels(png) == [[[10, 20, 30], [255, 0, 0], page, [0, 0, 255], [1, 2, 0]]]
    assert pixels(records_png(records[:1] / 255, (1, 2, 3), "light", 1)) == [[[10, 20, 30], [255, 0, 0]]]


def test_each_pixel_is_enlarged():
    png = Image.open(io.BytesIO(records_png(RECORDS, (2, 2), "light", 3)))
    assert png.size == (15, 6)


def test_records_without_ink_are_the_page():
    assert pixels(records_png(np.zeros((1, 4)), (2, 2), "light", 1)) == [[[255, 255, 255]] * 2] * 2
