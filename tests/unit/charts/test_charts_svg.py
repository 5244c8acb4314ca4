import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts.svg import network_drawing, sparkline
from dashboard.records.network import LayerSpec

NAMESPACE = "{http://www.w3.org/2000/svg}"
SIMPLE = network_drawing(4, [LayerSpec(3, "tanh", dropout=0.2), LayerSpec(2, "softmax", bias=False)])


def parsed(svg):
    root = ElementTree.fromstring(str(svg).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))
    assert all(
        "style" not in element.attrib and not any(name.startswith("on") for name in element.attrib)
        for element in root.iter()
    )
    return root


def texts(root):
    return [element.text for element in root.iter(f"{NAMESPACE}text")]


def test_a_small_network_is_drawn_unit_by_unit_with_its_facts_below():
    root = parsed(SIMPLE)
    assert len(root.findall(f"{NAMESPACE}circle")) == 4 + 3 + 2
    assert texts(root) == ["4 inputs", "3 units", "tanh", "dropout 0.2", "2 outputs", "softmax", "no bias"]
    links = [path.attrib["d"].count("M") for path in root.findall(f"{NAMESPACE}path")]
    assert links == [4 * 3, 3 * 2]
    assert root.attrib["aria-label"] == "Network: 4 inputs, then 3 tanh, 2 softmax"


def test_a_layer_of_many_units_is_drawn_with_an_ellipsis():
    root = parsed(network_drawing(784, [LayerSpec(200), LayerSpec(10)]))
    assert len(root.findall(f"{NAMESPACE}circle")) == 8 + 8 + 8
    assert texts(root).count("⋮") == 3
    assert "784 inputs" in texts(root)


def test_of_a_deep_network_the_first_and_last_layers_are_drawn():
    root = parsed(network_drawing(64, [*[LayerSpec(16, "relu")] * 199, LayerSpec(1, "identity")]))
    assert "194 more layers" in texts(root)
    assert "1 output" in texts(root)
    drawn = {circle.attrib["cx"] for circle in root.iter(f"{NAMESPACE}circle")}
    assert len(drawn) + 194 == 1 + 200


@given(st.integers(1, 2000), st.lists(st.integers(1, 300), min_size=1, max_size=12))
def test_all_circles_and_captions_lie_inside_the_drawing(inputs, units):
    root = parsed(network_drawing(inputs, [LayerSpec(count) for count in units]))
    left, top, width, height = (float(number) for number in root.attrib["viewBox"].split())
    for circle in root.iter(f"{NAMESPACE}circle"):
        x, y, r = (float(circle.attrib[name]) for name in ("cx", "cy", "r"))
        assert left <= x - r
        assert x + r <= left + width
        assert top <= y - r
        assert y + r <= height
    assert all(float(text.attrib["y"]) < height for text in root.iter(f"{NAMESPACE}text"))


def test_what_a_person_typed_is_escaped():
    assert "<script>" not in network_drawing(1, [LayerSpec(1, "<script>")])
    assert "<b>" not in sparkline([1, 2], '<b>"')
    parsed(sparkline([1, 2], '<b>"'))


def test_a_sparkline_goes_through_its_values_and_marks_the_last():
    root = parsed(sparkline([0.0, None, 1.0, 0.5], "accuracy", width=96, height=20))
    assert root.find(f"{NAMESPACE}polyline").attrib["points"] == "3.0,17.0 63.0,3.0 93.0,10.0"
    assert (root.find(f"{NAMESPACE}circle").attrib["cx"], root.attrib["aria-label"]) == ("93.0", "accuracy")


@pytest.mark.parametrize("values", [[], [1.0], [None, None, 3.0], [float("nan"), 1.0]])
def test_a_sparkline_of_fewer_than_two_values_is_nothing(values):
    assert sparkline(values, "loss") == ""


def test_a_constant_sparkline_is_a_level_line():
    assert 'points="3.0,17.0 93.0,17.0"' in sparkline([2.0, 2.0], "loss")
