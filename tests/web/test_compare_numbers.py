"""Every figure of a comparison, computed once more: by numpy and scipy, from the CSV files that anybody can download.

The tensors hold NaN, infinities and −0.0. NaN equals NaN by its bits; +0.0 and −0.0 differ in their bits, and in
nothing else; a change is measured where both sides are finite; distributions are those of each side's finite cells.
"""

import csv
import io

import numpy as np
import pytest
from scipy import spatial, stats

from dashboard import create_app
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import new_network, save
from tests.web.page_check import Browser
from tests.web.test_compare_pages import shares

SHAPES = {"wide": (40, 30), "tall": (90, 70), "vector": (50,), "half": (7, 9), "double": (12, 5)}
DTYPES = {"half": "f2", "double": "f8"}


def random_tensors():
    """Return (base, other) by name: other is a little changed, and both hold what trips people up."""
    random = np.random.default_rng(6)
    base, other = {}, {}
    for name, shape in SHAPES.items():
        one = random.normal(0, 0.1, shape).astype(DTYPES.get(name, "f4"))
        two = (one + random.normal(0, 0.02, shape) * (random.random(shape) < 0.8)).astype(one.dtype)
        odd = [(np.nan, np.nan), (np.nan, 0.5), (0.25, np.inf), (-np.inf, -np.inf), (0.0, -0.0), (-0.0, -0.0), (-1, 1)]
        places = random.choice(one.size, len(odd), replace=False)
        one.flat[places], two.flat[places] = zip(*odd, strict=True)
        base[name], other[name] = one, two
    return base, other


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A browser on two versions of such tensors."""
    opened = open_workspace(Settings(home=str(tmp_path_factory.mktemp("odd"))))
    network = new_network(opened)
    for tensors in random_tensors():
        save(opened, network, tensors)
    yield Browser(create_app(workspace=opened).test_client())
    opened.catalogue.close()


def table(odd, number, name):
    """Return a tensor's table as its downloaded CSV has it, in the tensor's own type."""
    text = odd.raw(f"/api/v1/networks/small/versions/{number}/tensors/{name}.csv").text
    _, *rows = csv.reader(io.StringIO(text))
    return np.array([[float(cell) for cell in row] for row in rows]).astype(DTYPES.get(name, "f4"))


def rows_of(odd, what, name, more=""):
    """Return a CSV of the comparison as a list of mappings."""
    text = odd.raw(f"/compare/{what}.csv?base=small:1&other=small:2&tensor={name}{more}").text
    return list(csv.DictReader(io.StringIO(text)))


def numbers_of(odd, what, name, columns, more=""):
    """Return these columns of a CSV of the comparison as float64."""
    found = rows_of(odd, what, name, more)
    return np.array([[float(row[column]) for column in columns] for row in found]).reshape(-1, len(columns))


class Sides:
    """Both sides of a tensor: the tables, as float64, the change where both are finite, and which bits differ."""

    def __init__(self, odd, name):
        self.one, self.two = table(odd, 1, name), table(odd, 2, name)
        self.a, self.b = self.one.astype(np.float64), self.two.astype(np.float64)
        bits = f"u{self.one.dtype.itemsize}"
        self.moved = self.one.view(bits) != self.two.view(bits)
        self.both = np.isfinite(self.a) & np.isfinite(self.b)
        with np.errstate(invalid="ignore"):
            self.raw = self.b - self.a
        self.change = np.where(self.both, self.raw, np.nan)
        self.size = np.nan_to_num(np.abs(self.change), nan=0.0)

    def ulps(self):
        """Return how many numbers lie between the comparable cells, by counting the bits as integers."""
        signed = f"i{self.one.dtype.itemsize}"
        ordinals = [side[self.both].view(signed).astype(object) for side in (self.one, self.two)]
        smallest = -(2 ** (8 * self.one.dtype.itemsize - 1))
        first, second = ([bits if bits >= 0 else smallest - bits for bits in side] for side in ordinals)
        return np.array([float(abs(two - one)) for one, two in zip(first, second, strict=True)])


@pytest.fixture(params=SHAPES)
def tensor(request, odd):
    return request.param, Sides(odd, request.param)


def test_the_numbers_of_each_tensor(odd, tensor):
    name, sides = tensor
    found = next(row for row in rows_of(odd, "tensors", name) if row["tensor"] == name)
    a, b = sides.a[sides.both], sides.b[sides.both]
    d, own = b - a, [side[np.isfinite(side)] for side in (sides.a, sides.b)]
    place = np.unravel_index(np.argmax(sides.size), sides.size.shape)
    low, high = min(map(np.min, own)), max(map(np.max, own))
    counts = [np.histogram(side, 64, (low, high))[0] + 0.5 for side in own]
    ulps = sides.ulps()
    expected = {
        "max_abs": np.abs(d).max(),
        "mean_abs": np.abs(d).mean(),
        "rms": np.sqrt(np.mean(d**2)),
        "relative": np.linalg.norm(d) / np.linalg.norm(a),
        "cosine": 1 - spatial.distance.cosine(a, b),
        "correlation": stats.pearsonr(a, b).statistic,
        "ulp_median": np.median(ulps),
        "ulp_max": ulps.max(),
        "wasserstein": stats.wasserstein_distance(*own),
    }
    unmet = counts[0][counts[1] == 0.5].sum() / counts[0].sum()
    if min(side.size for side in own) >= 1280 and unmet < 0.01:
        expected["kl"] = stats.entropy(*counts)
    else:
        assert found["kl"] == "", "it would be no estimate"
    for number, value in expected.items():
        assert float(found[number]) == pytest.approx(value, rel=1e-9), number
    counted = {
        "count": d.size + 4,
        "changed": sides.moved.sum(),
        "not_comparable": 4,
        "sign_flips": (np.sign(a) * np.sign(b) < 0).sum(),
        "max_row": place[0],
        "max_column": place[1],
        "first_row": np.argwhere(sides.moved)[0][0],
        "first_column": np.argwhere(sides.moved)[0][1],
    }
    assert {number: int(found[number]) for number in counted} == counted
    assert found["status"] == "changed"


@pytest.mark.parametrize("axis", ["column", "row"])
def test_how_far_each_unit_and_each_input_moved(odd, tensor, axis):
    name, sides = tensor
    along = 0 if axis == "column" else 1
    found = numbers_of(odd, "units", name, ["unit", "norm", "max_abs", "changed"], f"&axis={axis}")
    units = found[:, 0].astype(int)
    norms = np.linalg.norm(np.nan_to_num(sides.change, nan=0.0), axis=along)
    assert sorted(units) == list(range(norms.size))
    assert found[:, 1] == pytest.approx(norms[units], rel=1e-12)
    assert (np.diff(found[:, 1]) <= 0).all()
    assert (found[:, 2] == sides.size.max(axis=along)[units]).all()
    assert (found[:, 3] == sides.moved.sum(axis=along)[units]).all()


def test_the_cells_that_changed_most(odd, tensor):
    name, sides = tensor
    found = numbers_of(odd, "cells", name, ["row", "column", "base", "other", "change"], "&count=10000")
    order = np.lexsort((np.arange(sides.size.size), -sides.size.reshape(-1)))
    order = order[sides.moved.reshape(-1)[order] | (sides.size.reshape(-1)[order] > 0)]
    rows, columns = np.unravel_index(order, sides.size.shape)
    assert (found[:, 0] == rows).all()
    assert (found[:, 1] == columns).all()
    for place, side in ((2, sides.a), (3, sides.b), (4, sides.change)):
        known = found[:, place]
        expected = side[rows, columns]
        finite = np.isfinite(expected)
        assert (known[finite] == expected[finite]).all()
        assert not np.isfinite(known[~finite]).any()


@pytest.mark.parametrize(("axis", "unit"), [("column", 3), ("row", 4)])
def test_every_cell_of_one_unit(odd, axis, unit):
    sides = Sides(odd, "wide")
    along = "row" if axis == "column" else "column"
    found = numbers_of(odd, "unit", "wide", [along, "base", "other", "change"], f"&axis={axis}&unit={unit}")
    own = [side[:, unit] if axis == "column" else side[unit] for side in (sides.a, sides.b, sides.raw)]
    assert np.array_equal(found.T, [np.arange(own[0].size), *own], equal_nan=True)


def test_one_cell_down_to_its_bits(odd, tensor):
    name, sides = tensor
    ulps = np.full(sides.a.shape, np.nan)
    ulps[sides.both] = sides.ulps()
    order = np.lexsort((np.arange(sides.size.size), -sides.size.reshape(-1)))
    for place, cell in enumerate(order[:3].tolist(), start=1):
        row, column = np.unravel_index(cell, sides.size.shape)
        (found,) = rows_of(odd, "cell", name, f"&row={row}&column={column}")
        assert (float(found["base"]), float(found["other"])) == (sides.a[row, column], sides.b[row, column])
        assert float(found["change"]) == sides.change[row, column]
        assert (float(found["ulps"]), int(found["place"])) == (ulps[row, column], place)
        bits = (side[row, column].tobytes()[::-1].hex() for side in (sides.one, sides.two))
        assert (found["base_bits"], found["other_bits"]) == tuple(bits)


@pytest.mark.parametrize(("bins", "full"), [(60, ""), (7, "&full=1"), (200, "")])
def test_distributions_and_the_histogram_of_the_change_with_any_bins(odd, tensor, bins, full):
    name, sides = tensor
    more = f"&bins={bins}{full}"
    shares_of_ends = (0, 1) if full else (0.005, 0.995)
    own = [side[np.isfinite(side)] for side in (sides.a, sides.b)]
    ends = np.array([np.quantile(side, shares_of_ends) for side in own])
    found = numbers_of(odd, "distributions", name, ["from", "to", "base", "other"], more)
    check_counts(found, own, (ends[:, 0].min(), ends[:, 1].max()), bins)
    change = sides.change[sides.both]
    found = numbers_of(odd, "changes", name, ["from", "to", "cells"], more)
    check_counts(found, [change], tuple(np.quantile(change, shares_of_ends)), bins)


def check_counts(found, sides, ends, bins):
    low, high = ends
    edges = np.linspace(low, high, bins + 1)
    beyond, found = found[[0, -2]], found[1:-2]
    outside = [[(side < low).sum() for side in sides], [(side > high).sum() for side in sides]]
    assert beyond[:, 2:].tolist() == outside
    assert found[:, 0] == pytest.approx(edges[:-1], rel=1e-9, abs=1e-12)
    assert found[:, 1] == pytest.approx(edges[1:], rel=1e-9, abs=1e-12)
    edges = np.append(found[:, 0], found[-1, 1])  # the same to their last digit: a cell may lie on one
    for place, side in enumerate(sides, start=2):
        assert found[:, place].tolist() == np.histogram(side, edges)[0].tolist()


def test_base_against_other_as_points_and_as_a_density(odd):
    sides = Sides(odd, "wide")
    found = numbers_of(odd, "scatter", "wide", ["row", "column", "base", "other"])
    rows, columns = np.nonzero(sides.both)
    assert np.array_equal(found.T, [rows, columns, sides.a[sides.both], sides.b[sides.both]])
    sides = Sides(odd, "tall")
    heads = ["base_from", "base_to", "other_from", "other_to", "cells"]
    found = numbers_of(odd, "scatter", "tall", heads, "&full=1")
    a, b = sides.a[sides.both], sides.b[sides.both]
    own = [side[np.isfinite(side)] for side in (sides.a, sides.b)]
    edges = np.linspace(min(map(np.min, own)), max(map(np.max, own)), 81)
    counts = np.histogram2d(a, b, [edges, edges])[0]
    first, second = np.nonzero(counts)
    assert found[:, 4].sum() == a.size
    assert found[:, 4].tolist() == counts[first, second].tolist()
    assert found[:, 0] == pytest.approx(edges[first], rel=1e-9, abs=1e-12)
    assert found[:, 2] == pytest.approx(edges[second], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("part", ["", "&places=3-9&inputs=10-24", "&order=raw&places=0-29&inputs=39-39"])
def test_the_map_its_numbers_and_its_picture(odd, part):
    sides = Sides(odd, "wide")
    norms = np.linalg.norm(np.nan_to_num(sides.change, nan=0.0), axis=0)
    order = np.arange(30) if "raw" in part else np.argsort(-norms, kind="stable")
    down, across = (slice(3, 10), slice(10, 25)) if "3-9" in part else (slice(0, 30), slice(0, 40))
    across = slice(39, 40) if "39-39" in part else across
    own = sides.raw.T[order][down, across]
    inputs = [f"input_{number}" for number in range(40)[across]]
    found = numbers_of(odd, "map", "wide", ["unit", *inputs], part)
    assert found[:, 0].tolist() == order[down].tolist()
    assert np.array_equal(found[:, 1:], own, equal_nan=True)
    limit = np.quantile(np.abs(sides.change[sides.both]), 0.995)
    png = odd.raw(f"/compare/heat-map.png?base=small:1&other=small:2&tensor=wide{part}").data
    drawn = shares(png, limit).T  # inputs down, units across
    assert np.array_equal(np.isnan(drawn), np.isnan(own))  # of which a few are grey
    assert np.nanmax(np.abs(drawn - np.clip(own, -limit, limit))) <= limit / 127
