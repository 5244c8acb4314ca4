"""The cells with the largest shares, found block by block."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.services.why.largest import largest


@given(st.lists(st.integers(-3, 3), max_size=40), st.integers(1, 12), st.integers(1, 9))
def test_the_largest_are_those_of_the_whole_sorted_at_once_whatever_the_blocks(shares, count, block):
    array = np.array(shares, np.float64)
    ranked = sorted((place for place, share in enumerate(shares) if share), key=lambda place: -abs(shares[place]))
    assert largest(array, count, block).tolist() == ranked[:count]
