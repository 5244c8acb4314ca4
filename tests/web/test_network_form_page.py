"""Defining a network through the page, with and without JavaScript: what is sent is what a browser sends."""

import io

import numpy as np
import pytest

from dashboard.records.training import TrainingSpec
from dashboard.services.datasets import add_bundled, create_dataset, get_dataset, receive_upload
from dashboard.services.networks import get_network, list_networks
from dashboard.services.suggestion import suggested
from tests.web.page_check import check_page, parse_fragment, words

NEW = "/networks/new"


@pytest.fixture
def digits(workspace, browser):
    add_bundled(workspace, "digits")
    add_bundled(workspace, "life-expectancy")
    return browser


def typed(page):
    """Return what the form of a page holds, as a browser would send it."""
    data = {}
    for field in page.by_id("definition").iter():
        name = field.get("name")
        if not name or field.tag == "button" or (field.get("type") == "checkbox" and field.get("checked") is None):
            continue
        if field.tag == "select":
            chosen = [o for o in field.iter("option") if o.get("selected") is not None] or list(field.iter("option"))[
                :1
            ]
            data[name] = chosen[0].get("value")
        elif field.tag in {"input", "textarea"}:
            data[name] = field.get("value", "y") if field.tag == "input" else (field.text or "").strip()
    return data


def suggested_training(workspace, name):
    """Return what the settings are that fit a dataset."""
    return TrainingSpec(**suggested(get_dataset(workspace, name))["training"])


def send(browser, data, action, status=200):
    return browser.post(NEW, data | {"action": action}, status=status)


def problems_of(page):
    box = [e for e in page.root.iter("div") if e.get("id") == "problems"]
    return [words(item) for item in box[0].iter("li")] if box else []


def test_the_form_as_it_opens_defines_a_network(workspace, digits):
    data = typed(digits.get(f"{NEW}?dataset=digits"))
    page = send(digits, data | {"name": "first", "purpose": "to see"}, "create")
    assert page.h1 == "first"
    network = get_network(workspace, "first")
    assert network.purpose == "to see"
    assert [layer.units for layer in network.spec.layers] == [100, 10]
    assert network.spec.training == suggested_training(workspace, "digits")


def test_a_dataset_of_numbers_opens_the_form_for_a_regression(workspace, digits):
    data = typed(digits.get(f"{NEW}?dataset=life-expectancy"))
    send(digits, data | {"name": "numbers"}, "create")
    network = get_network(workspace, "numbers")
    assert network.spec.layers[-1].activation == "identity"
    assert network.spec.training.loss == "squared_error"
    assert network.spec.training == suggested_training(workspace, "life-expectancy")


@pytest.mark.parametrize(("says", "rate"), [(True, "0.002"), (False, "1e-09")])
def test_a_regression_of_few_records_that_say_nothing_stays_at_the_mean_and_says_so(workspace, browser, says, rate):
    numbers = np.random.default_rng(5).normal(3, 2, (20, 4))
    target = numbers[:, 0] if says else numbers[:, 3]
    rows = "".join(f"{a},{b},{c},{y}\n" for (a, b, c, _), y in zip(numbers, target, strict=True))
    upload = receive_upload(workspace, io.BytesIO(f"a,b,c,pulse\n{rows}".encode()), "few.csv")
    create_dataset(workspace, upload, {"name": "few"})
    page = browser.get(f"{NEW}?dataset=few")
    assert ("These few records say nothing about the target" in words(page.root)) is not says
    assert float(typed(page)["training-learning_rate"]) == float(rate)


def test_what_fits_another_dataset_is_one_button_away(workspace, digits):
    data = typed(digits.get(f"{NEW}?dataset=digits")) | {"name": "other", "dataset": "life-expectancy"}
    data = typed(send(digits, data, "preset-suggested"))
    send(digits, data, "create")
    assert get_network(workspace, "other").spec.training == suggested_training(workspace, "life-expectancy")
    send(digits, data | {"dataset": "gone"}, "preset-suggested", 404)


def test_an_output_that_cannot_reach_the_target_is_refused_beside_its_field(workspace, digits):
    data = typed(digits.get(f"{NEW}?dataset=life-expectancy")) | {"name": "capped", "output-activation": "sigmoid"}
    page = send(digits, data, "create", 422)
    assert any("sigmoid gives 0 to 1" in problem for problem in problems_of(page))


def test_layers_and_presets_change_without_javascript_and_keep_the_rest(workspace, digits):
    data = typed(digits.get(f"{NEW}?dataset=digits")) | {"name": "by hand", "layers-0-units": "33"}
    data = typed(send(digits, data, "add-layer"))
    data = typed(send(digits, data | {"layers-2-units": "7"}, "move-up-2"))
    data = typed(send(digits, data, "remove-layer-2"))
    data = typed(send(digits, data, "add-field"))
    send(digits, data | {"fields-0-key": "author", "fields-0-value": "Ada"}, "create")
    network = get_network(workspace, "by hand")
    assert [layer.units for layer in network.spec.layers] == [33, 7, 10]
    assert network.fields == {"author": "Ada"}


def test_the_books_preset_defines_the_books_network(workspace, digits):
    data = typed(send(digits, typed(digits.get(NEW)) | {"name": "book", "dataset": "digits"}, "preset-book"))
    send(digits, data, "create")
    network = get_network(workspace, "book")
    assert [(layer.units, layer.activation, layer.bias) for layer in network.spec.layers] == [
        (200, "sigmoid", False),
        (10, "sigmoid", False),
    ]
    assert network.spec.training.initializer == "normal_sqrt"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "Name: Give a name."),
        ({"name": "../etc"}, "Name: A name has"),
        ({"name": "ünter \U0001f600"}, "Name: A name has"),
        ({"name": "a" * 300}, "Name: A name has"),
        ({"layers-0-units": "-5"}, "Units 1: Give a whole number from 1"),
        ({"layers-1-units": "lots"}, "Units 2: Give a whole number from 1"),
        ({"layers-0-units": "100000", "layers-1-units": "100000"}, "at most 50,000,000 are allowed"),
        ({"training-epochs": "0"}, "Epochs: Give a whole number from 1"),
        ({"training-learning_rate": "fast"}, "Learning rate: Give a number above 0"),
        ({"training-l1": "-1"}, "L1 penalty: Give a number"),
        ({"training-loss": "surprise"}, "Loss: Choose one of"),
        ({"output-activation": "sigmoid"}, "Activation: The loss cross_entropy needs"),
        ({"dataset": "gone"}, "Dataset: There is no dataset named 'gone'"),
    ],
)
def test_a_mistake_is_shown_beside_its_field_and_nothing_typed_is_lost(workspace, digits, wrong, said):
    data = typed(digits.get(f"{NEW}?dataset=digits")) | {"name": "mine", "purpose": "Keep me."} | wrong
    page = send(digits, data, "create", status=422)
    assert any(said in problem for problem in problems_of(page))
    kept = typed(page)
    assert {name: kept[name] for name in wrong if name not in {"dataset", "training-loss"}} == {
        name: value for name, value in wrong.items() if name not in {"dataset", "training-loss"}
    }
    assert kept["purpose"] == "Keep me."
    assert list_networks(workspace).items == []


def test_a_mistake_in_the_advanced_settings_opens_them(digits):
    data = typed(digits.get(f"{NEW}?dataset=digits")) | {"name": "mine", "training-l2": "much"}
    page = send(digits, data, "create", status=422)
    assert page.root.find(".//details").get("open") is not None


def test_a_taken_name_is_told_beside_the_name(digits):
    data = typed(digits.get(f"{NEW}?dataset=digits")) | {"name": "twin"}
    send(digits, data, "create")
    page = send(digits, data, "create", status=409)
    assert problems_of(page) == ["Name: There is a network named 'twin' already. Choose another name."]


def test_a_name_in_use_by_the_pages_themselves_is_refused(digits):
    data = typed(digits.get(f"{NEW}?dataset=digits")) | {"name": "new"}
    page = send(digits, data, "create", status=422)
    assert "new" in problems_of(page)[0]


def test_the_preview_counts_parameters_as_they_are_typed(digits):
    data = typed(send(digits, typed(digits.get(f"{NEW}?dataset=digits")), "preset-modern"))
    data |= {"layers-0-units": "10", "layers-1-units": "10"}
    text = digits.client.post(f"{NEW}/preview", data=data).text
    root = parse_fragment(text)
    assert f"{64 * 10 + 10 + 10 * 10 + 10 + 10 * 10 + 10:,} parameters" in words(root)
    assert "Network: 64 inputs, then 10 relu, 10 relu, 10 softmax" in text


def test_the_preview_of_a_mistake_says_what_hinders(digits):
    data = typed(digits.get(f"{NEW}?dataset=digits")) | {"layers-0-units": "x"}
    said = words(parse_fragment(digits.client.post(f"{NEW}/preview", data=data).text))
    assert said.endswith("Preview Give a whole number from 1 to 100,000.")


def test_a_network_is_deleted_only_after_its_name_was_typed(workspace, digits):
    send(digits, typed(digits.get(f"{NEW}?dataset=digits")) | {"name": "old"}, "create")
    page = digits.post("/networks/old/delete", {"typed": "Old"}, status=422)
    assert "Type old to confirm." in words(page.root)
    assert get_network(workspace, "old")
    assert digits.post("/networks/old/delete", {"typed": "old"}).h1 == "Networks"
    assert list_networks(workspace).items == []


def test_a_form_without_its_token_changes_nothing(workspace, digits):
    data = typed(digits.get(f"{NEW}?dataset=digits")) | {"name": "forged", "csrf_token": "guess", "action": "create"}
    response = digits.client.post(NEW, data=data)
    assert response.status_code == 400
    check_page(parse_page(response))
    assert list_networks(workspace).items == []


def parse_page(response):
    from tests.web.page_check import parse  # noqa: PLC0415

    return parse(response.text)
