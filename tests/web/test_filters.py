"""How numbers are written on the pages."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.web.kit import formats as filters


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.8879, "0.8879"),
        (0.88794321, "0.8879"),
        (0.9, "0.9000"),
        (159010, "159,010"),
        (np.int64(159010), "159,010"),
        (159010.4, "159,010"),
        (1234.567, "1,235"),
        (99.996, "100.0"),
        (0.004179, "0.004179"),
        (3.2e-5, "3.2e-5"),
        (-3.2174e-5, "-3.217e-5"),
        (1e-4, "0.0001000"),
        (-0.04574, "-0.04574"),
        (0.0, "0"),
        (-0.0, "-0"),
        (math.nan, "NaN"),
        (math.inf, "Inf"),
        (-math.inf, "-Inf"),
        (1.5e20, "1.5e20"),
        (np.float32(0.1), "0.1000"),
    ],
)
def test_a_number_has_four_significant_digits(value, text):
    assert filters.number(value) == text


@given(st.floats(-1e300, 1e300))
def test_a_written_number_is_within_half_a_unit_of_its_fourth_digit(value):
    read_back = float(filters.number(value).replace(",", ""))
    assert read_back == value or math.isclose(read_back, value, rel_tol=5.01e-4)


@given(st.floats(allow_nan=False))
def test_the_full_text_reads_back_as_the_same_number(value):
    assert float(filters.full(value)) == value


def test_a_change_carries_its_sign():
    assert filters.change(0.05873) == "+0.05873"
    assert filters.change(-0.04574) == "-0.04574"
    assert filters.change(0.0) == "0"
    assert filters.change(12) == "+12"
    assert filters.change(None) == "–"


def test_the_full_text_of_a_float32_is_that_of_the_double_it_equals():
    assert filters.full(np.float32(0.1)) == "0.10000000149011612"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.001, "0.001"),
        (1e-5, "1e-5"),
        (True, "yes"),
        (False, "no"),
        (60000, "60,000"),
        ("adam", "adam"),
        ("", "–"),
        (0.1, "0.1"),
    ],
)
def test_a_setting_is_written_as_it_is_typed(value, text):
    assert filters.setting(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.883, "88.3 %"),
        (0.00004, "< 0.1 %"),
        (-0.00004, "> -0.1 %"),
        (0.99999, "> 99.9 %"),
        (1.25, "125.0 %"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share, text):
    assert filters.percent(share) == text.replace(" ", filters.JOINED)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (632_000, "632 kB"),
        (999_999, "1.00 MB"),
        (1_500_000, "1.50 MB"),
        (327_000_000, "327 MB"),
        (5 * 10**15, "5,000 TB"),
    ],
)
def test_a_size_is_written_in_units_of_a_thousand(size, text):
    assert filters.file_size(size) == text.replace(" ", filters.JOINED)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.00 s"),
        (0.000042, "0.042 ms"),
        (0.00214, "2.1 ms"),
        (0.00994, "9.9 ms"),
        (0.00996, "0.01 s"),
        (0.254, "0.25 s"),
        (12.34, "12.3 s"),
        (59.96, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_duration_is_written_in_its_two_largest_units_and_breaks_between_them(seconds, text):
    written = filters.duration(seconds)
    assert written.replace(filters.JOINED, " ") == text
    assert [len(part.split(filters.JOINED)) for part in written.split(" ")] == [2] * (len(text.split()) // 2)


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=3, minutes=59), "3 h ago"),
        (timedelta(days=1, hours=5), "1 day ago"),
        (timedelta(days=12), "12 days ago"),
        (timedelta(days=40), "14 Oct 2026"),
    ],
)
def test_an_age_is_said_in_one_unit(ago, text):
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert filters.age(now - ago, now) == text


def test_a_moment_without_a_zone_is_utc():
    naive = datetime(2026, 11, 23, 8, 5, 1)
    assert filters.moment(naive) == "2026-11-23 08:05:01 UTC"
    assert filters.iso(naive) == "2026-11-23T08:05:01+00:00"


def test_a_count_agrees_with_its_noun():
    assert [filters.plural(n, "version") for n in (0, 1, 2000)] == ["0 versions", "1 version", "2,000 versions"]
    assert filters.plural(2, "entry", "entries") == "2 entries"


def test_a_wash_is_symmetric_about_zero_and_clipped_at_its_limit():
    levels = [filters.shade(value, 2.0) for value in (-9.0, -2.0, -0.2, -0.0, 0.05, 0.2, 2.0, 9.0, math.nan)]
    assert levels == ["w-10", "w-10", "w-1", "w0", "w0", "w1", "w10", "w10", "wn"]
    assert filters.shade(3.0, 0.0) == "w0"
    assert filters.shade(-math.inf, 1.0) == "w-10"
