"""Drawings: what a person draws becomes a picture as the dataset's own, wherever, however large and with what pen."""

import numpy as np
import pytest

from dashboard.data.dataset import open_arrays
from dashboard.services.datasets import get_dataset
from dashboard.services.use.drawing import draw
from dashboard.services.use.loaded import load_version
from tests.unit.services.drawn_versions import book_version, drawings
from tests.unit.services.used_versions import mixed_version

DRAW = "/api/v1/networks/book/versions/1/draw"


@pytest.fixture
def book(client, filled, workspace):
    filled(workspace, book_version)
    return client


def changed(strokes, scale, right, down):
    return [[[x * scale + right, y * scale + down] for x, y in stroke] for stroke in strokes]


def test_the_books_network_reads_200_drawings_wherever_and_however_large_they_are(book, workspace):
    loaded = load_version(workspace, "book", 1)

    def label(strokes):
        return draw(workspace, loaded, {"strokes": strokes}).answer.label

    answers = [label(strokes) for _, strokes in drawings()]
    right = sum(answer == digit for answer, (digit, _) in zip(answers, drawings(), strict=True))
    assert right >= 190
    for scale, moved in ((0.5, 3), (1.5, -200), (1.25, 9.25)):
        again = [label(changed(strokes, scale, moved, -moved)) for _, strokes in drawings()[:60]]
        assert again == answers[:60]
    sent = book.post(DRAW, json={"strokes": drawings()[7][1]})
    assert sent["answer"]["label"] == answers[7] == "7"


def test_how_pictures_look_is_measured_from_the_dataset(book):
    look = book.post(DRAW, json={"strokes": drawings()[3][1]})["look"]
    assert (look["side"], look["by_mass"], look["ground"], look["ink"]) == (20, True, 0, 255)
    assert look["centre"] == pytest.approx([14.5, 14.5], abs=0.3)
    assert 2 < look["pen"] < 3


def test_a_nudge_moves_what_the_network_sees(book):
    seen = [
        np.array(book.post(DRAW, json={"strokes": drawings()[7][1], "nudge": nudge})["pixels"])
        for nudge in ([0, 0], [1, 0], [0, 2], [100, 0])
    ]
    assert np.array_equal(seen[0][:, :-1], seen[1][:, 1:])
    assert np.array_equal(seen[0][:-2], seen[2][2:])
    assert not seen[3].any()
    assert set(np.unique(seen[0])) <= set(range(256))


def test_pixels_are_answered_as_the_record_of_the_dataset_is(book, workspace):
    loaded = load_version(workspace, "book", 1)
    arrays = open_arrays(workspace.datasets_folder / get_dataset(workspace, "mnist-100").folder)
    pixels = np.asarray(arrays.inputs[5]).reshape(28, 28).tolist()
    drawn = book.post(DRAW, json={"pixels": pixels})
    row = dict(zip(loaded.reader.columns, np.asarray(arrays.inputs[5]).tolist(), strict=True))
    (answer,) = book.post("/api/v1/networks/book/versions/1/predict", json={"rows": [row]})["answers"]
    assert drawn["pixels"] == pixels
    assert drawn["answer"] == answer


def test_a_dot_and_points_outside_the_canvas_are_drawn(book):
    for strokes in ([[[3, 3]]], [[[0, 0], [0, 0]]], [[[-900, 5], [900, 5]]], [[[1e6, 1e6], [-1e6, 1e6]]]):
        assert np.any(book.post(DRAW, json={"strokes": strokes})["pixels"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "strokes"),
        ({"strokes": []}, "strokes"),
        ({"strokes": [[]]}, "strokes.0"),
        ({"strokes": [[[1, 2, 3]]]}, "strokes.0"),
        ({"strokes": [[[1, "2"]]]}, "strokes.0"),
        ({"strokes": [[[1, 1e30]]]}, "strokes.0"),
        ({"strokes": [[[1, 2]]], "pixels": []}, "strokes"),
        ({"strokes": [[[1, 2]]], "nudge": [1]}, "nudge"),
        ({"strokes": [[[1, 2]]], "pen": 3}, "pen"),
        ({"pixels": [[1, 2], [3, 4]]}, "pixels"),
        ({"pixels": [["a"] * 28] * 28}, "pixels"),
        ({"pixels": 784}, "pixels"),
    ],
)
def test_what_is_no_drawing_is_refused(book, body, field):
    assert book.fails("POST", DRAW, 422, json=body)["field"] == field


def test_a_version_that_reads_no_pictures_says_so(client, workspace):
    mixed_version(workspace)
    error = client.fails("POST", "/api/v1/networks/mixed/versions/1/draw", 409, json={"strokes": [[[1, 2]]]})
    assert "reads no pictures" in error["message"]
