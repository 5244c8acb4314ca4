"""What a file states of columns and classes is taken whole, or refused by the part that is wrong."""

import copy
from typing import Any

import numpy as np
import pytest

from dashboard.data.preprocessing import Preprocessing
from dashboard.data.stated import stated_preprocessing
from dashboard.errors import Invalid

SOUND = {
    "scaling": "standard",
    "task": "classification",
    "numeric": [
        {"name": "size", "scale": 0.1, "offset": -1.0, "fill": 3.5, "may_miss": True},
        {"name": "member", "scale": 1.0, "offset": 0.0, "fill": 1.0, "may_miss": False, "words": ["no", "yes"]},
        {"name": "when.days", "scale": 0.01, "offset": 0.0, "fill": 9.0, "may_miss": False},
    ],
    "categorical": [{"name": "colour", "levels": ["red", "blue"], "fill": "red", "may_miss": False}],
    "classes": ["a", "b"],
    "low": 0.0,
    "high": 1.0,
    "target_scale": 1.0,
    "target_offset": 0.0,
    "indicators": ["size"],
    "dates": [{"name": "when", "order": "year", "first": 738886.0, "parts": ["days"]}],
    "targets": [],
}
GROUPS = [{"name": "x", "classes": ["a", "b"]}, {"name": "y", "classes": ["c", "d"]}]
SEVERAL = SOUND | {"classes": ["x=a", "x=b", "y=c", "y=d"], "groups": GROUPS}


def test_what_we_write_is_taken_as_it_is():
    assert stated_preprocessing(SOUND) == Preprocessing.from_json(SOUND)
    assert stated_preprocessing(SEVERAL) == Preprocessing.from_json(SEVERAL)


@pytest.mark.parametrize(
    "changed", [{"classes": ["x=a", "x=b", "y=d", "y=c"]}, {"task": "regression", "classes": []}, {"groups": [{}]}]
)
def test_several_targets_whose_classes_are_not_the_outputs_are_refused(changed):
    with pytest.raises(Invalid):
        stated_preprocessing(SEVERAL | changed)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("scaling",), "loud"),
        (("task",), "guess"),
        (("classes",), ["a", "a"]),
        (("classes",), "ab"),
        (("classes",), ["a"]),
        (("classes",), [["a"], "b"]),
        (("high",), 0.0),
        (("high",), float("nan")),
        (("target_scale",), 0.0),
        (("numeric",), {}),
        (("numeric", 0), 3),
        (("numeric", 0, "scale"), None),
        (("numeric", 0, "scale"), "1e400"),
        (("numeric", 0, "name"), "member"),
        (("numeric", 0, "name"), "x\0"),
        (("numeric", 1, "words"), ["no"]),
        (("numeric", 0, "more"), 1),
        (("categorical", 0, "fill"), "green"),
        (("categorical", 0, "levels"), list(map(str, range(2000)))),
        (("indicators",), ["shoe"]),
        (("dates", 0, "parts"), ["century"]),
        (("dates", 0, "order"), "random"),
        (("dates", 0, "first"), -1),
        (("targets",), [{"name": "y", "scale": 1.0, "offset": 0.0}]),
        (("more",), 1),
    ],
)
def test_what_is_not_sound_is_refused(path, value):
    changed = copy.deepcopy(SOUND)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(Invalid):
        stated_preprocessing(changed)


@pytest.mark.parametrize("value", [None, [], "x", 3, {}, np.float64(1)])
def test_what_is_no_object_is_refused(value):
    with pytest.raises(Invalid):
        stated_preprocessing(value)
