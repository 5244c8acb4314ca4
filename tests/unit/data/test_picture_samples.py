"""The pictures that a person sees of an upload: some of every class, wherever they stand in the file."""

import numpy as np
import pytest

from dashboard.data.picture_samples import EACH, MOST_CLASSES, sample_pictures
from tests.unit.data.data_files import look


def pixel_file(labels, end=False, pixels=64):
    """Return a CSV of pictures whose first pixel is black; the second is 0, or 20 times the label, by turns."""
    rng = np.random.default_rng(3)
    rows = []
    for number, label in enumerate(labels):
        own = 20 * label * (number % 2) if isinstance(label, int) else 0
        values = [0, own, *(rng.integers(0, 256, pixels - 2) * rng.integers(0, 2, pixels - 2)).tolist()]
        rows.append([*values, label] if end else [label, *values])
    names = [f"pixel{place}" for place in range(pixels)]
    head = [*names, "label"] if end else ["label", *names]
    return "".join(",".join(map(str, row)) + "\n" for row in [head, *rows])


@pytest.mark.parametrize("end", [False, True])
def test_every_class_of_a_sorted_file_has_some_pictures(tmp_path, end):
    found = look(tmp_path, pixel_file(sorted([10, *range(10)] * 80), end=end))
    samples = sample_pictures(tmp_path / "table.csv", found)
    assert [sample.label for sample in samples] == [str(label) for label in range(11)]
    assert {sample.pixels.shape for sample in samples} == {(EACH, 64)}
    assert [set(sample.pixels[:, 1]) <= {0, 20 * int(sample.label)} for sample in samples] == [True] * 11
    assert len(np.unique(samples[0].pixels, axis=0)) == EACH


def test_of_very_many_classes_the_first_are_shown(tmp_path):
    found = look(tmp_path, pixel_file([f"c{n % 30:02}" for n in range(90)]))
    samples = sample_pictures(tmp_path / "table.csv", found)
    assert [sample.label for sample in samples] == [f"c{n:02}" for n in range(MOST_CLASSES)]


def test_pictures_of_which_a_number_is_predicted_have_no_class(tmp_path):
    found = look(tmp_path, pixel_file([n * 1.37 for n in range(40)]))
    (sample,) = sample_pictures(tmp_path / "table.csv", found)
    assert (sample.label, sample.pixels.shape) == ("", (EACH, 64))


def test_a_table_has_no_pictures(tmp_path):
    assert sample_pictures(tmp_path / "table.csv", look(tmp_path, "a,b,y\n1,2,x\n3,4,z\n5,6,x\n")) == []
