import numpy as np
from analysis_arrays import pairs, wide
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.joint import joint_counts


@given(pairs(), st.integers(1, 12))
def test_every_comparable_cell_is_in_one_square_or_outside(arrays, bins):
    base, other = arrays
    found = joint_counts(base, other, bins)
    a, b = (wide(side.reshape(-1)) for side in arrays)
    both = np.isfinite(a) & np.isfinite(b)
    low, high = found.edges[0], found.edges[-1]
    inside = both & (a >= low) & (a <= high) & (b >= low) & (b <= high)
    assert found.counts.shape == (bins, bins)
    assert found.counts.sum() == inside.sum()
    assert found.outside == both.sum() - inside.sum()
    assert found.not_comparable == base.size - both.sum()
    assert found.counts.sum(axis=1).tolist() == np.histogram(a[inside], found.edges)[0].tolist()
    assert found.counts.sum(axis=0).tolist() == np.histogram(b[inside], found.edges)[0].tolist()
