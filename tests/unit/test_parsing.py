"""What a person typed becomes a number, a name or a message; nothing in between."""

import pytest

from dashboard.errors import Invalid, UserError
from dashboard.parsing import Fields
from dashboard.records.training import parse_training
from dashboard.services.compare.versions import parse_reference


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, -(10**400), "nan", "1e999", True, [], "much"])
def test_what_is_no_finite_number_is_refused(value):
    fields = Fields({"rate": value})
    assert fields.number("rate", 0.5, 0.0, 1e6) == 0.5
    assert fields.errors == {"rate": "Give a number from 0 to 1e+06."}


@pytest.mark.parametrize(("value", "number"), [("0.25", 0.25), (1, 1.0), ("1e-3", 0.001), ("", 0.5), (None, 0.5)])
def test_a_number_is_read_and_nothing_means_the_default(value, number):
    assert Fields({"rate": value}).number("rate", 0.5, 0.0, 1.0) == number


@pytest.mark.parametrize("save", ["0", "0000001" + "9" * 5000, "100001", "²", "1.5", "-3"])
def test_a_version_is_saved_every_so_many_epochs_or_the_number_is_refused(save):
    fields = Fields({"save": save})
    parse_training(fields)
    with pytest.raises(Invalid, match="number of epochs from 1 to 100,000"):
        fields.done()


@pytest.mark.parametrize("text", ["digits", "digits:", ":3", "digits:²", "digits:-1", "digits:" + "1" * 5000])
def test_a_reference_that_names_no_version_is_refused(text):
    with pytest.raises(UserError, match="name:number"):
        parse_reference(text, "base")


def test_a_reference_is_read_to_its_last_digit():
    assert parse_reference("digits:00000000017", "base") == ("digits", 17)
    assert parse_reference("a:b:123456789012", "base") == ("a:b", 123_456_789_012)
