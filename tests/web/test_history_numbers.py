"""Every number of the history pages equals one that numpy takes from the downloaded CSVs, whatever lies in the cells.

NaN, infinities and −0.0 are among them: cells that are not finite are left out of every number (in a spectrum they
count as 0), zero is zero of either sign, and a change is a change of bits.
"""

import csv
import io
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import dashboard
from dashboard import create_app
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import iris_preprocessing
from tests.web.page_check import Browser

IRIS = Path(dashboard.__file__).parent / "data" / "samples" / "iris.csv"
NAME, TENSOR, VERSIONS = "odd", "layer_01.weight", 5
BINS = 12
HISTORY = f"/networks/{NAME}/history"
AWKWARD = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-45, 3e38], np.float32)
SHARES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)


def odd_versions(random, shapes):
    """Five versions of random tensors, each moved a little, with awkward cells that come, stay and go."""
    tensors = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes}
    for number in range(VERSIONS):
        weight = tensors[TENSOR]
        weight += (random.normal(size=weight.shape) / 20).astype(np.float32)
        places = random.integers(weight.size, size=6)
        weight.reshape(-1)[places] = random.choice(AWKWARD[:6], 6)
        weight[3, 2] = -0.0 if number < 3 else 0.0  # a change of the sign of zero is a change of bits
        weight[:, 4] = 0.0 if number > 1 else weight[:, 4]  # a unit that dies
        weight[5, 1] = AWKWARD[6]
        yield {name: array.copy() for name, array in tensors.items()}


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A client of an app with the five versions, each by a run of its own."""
    workspace = open_workspace(Settings(home=str(tmp_path_factory.mktemp("odd"))))
    add_bundled(workspace, "iris")
    network = create_network(
        workspace, {"name": NAME, "dataset": "iris", "layers": [{"units": 7, "activation": "relu"}]}
    )
    dataset = get_dataset(workspace, "iris").id
    shapes = [(name, (40, 7) if name == TENSOR else shape) for name, shape in network.spec.tensor_shapes]
    for number, tensors in enumerate(odd_versions(np.random.default_rng(5), shapes), start=1):
        metrics = {"loss": 1 / number, "val_loss": (0.5, 0.1, 0.3, 0.1, 0.2)[number - 1]}
        save_version(workspace, network, Draft(tensors, network.spec, dataset, {}, metrics, {}, number))
    yield Browser(create_app(workspace=workspace).test_client())
    workspace.catalogue.close()


@pytest.fixture(scope="module")
def arrays(odd):
    """The tensor in each version, as its downloaded CSV says it."""
    found = []
    for number in range(1, VERSIONS + 1):
        text = odd.raw(f"/api/v1/networks/{NAME}/versions/{number}/tensors/{TENSOR}.csv").get_data(as_text=True)
        found.append(np.array([[float(cell) for cell in row] for row in list(csv.reader(io.StringIO(text)))[1:]]))
        assert (found[-1] == found[-1].astype(np.float32))[np.isfinite(found[-1])].all()
    return [array.astype(np.float32) for array in found]


def test_nothing_awkward_is_missing(arrays):
    everything = np.concatenate([array.reshape(-1) for array in arrays])
    assert np.isnan(everything).any()
    assert {np.inf, -np.inf} <= set(everything.tolist())
    assert {True, False} == set(np.signbit(everything[everything == 0]).tolist())


def table(odd, address):
    """Return the CSV at an address as column -> values; empty cells are None."""
    rows = list(csv.reader(io.StringIO(odd.raw(address).get_data(as_text=True))))
    columns = zip(*rows[1:], strict=True)
    return {name: [_value(cell) for cell in column] for name, column in zip(rows[0], columns, strict=True)}


def _value(cell):
    if cell in {"", "true", "false"}:
        return {"": None, "true": True, "false": False}[cell]
    try:
        return float(cell)
    except ValueError:
        return cell


def _number(value):
    """Return a number as the CSV's parser does, also one that JSON has as a text, such as "-inf"."""
    return _value(value) if isinstance(value, str) else float(value) if type(value) in {int, float} else value


def finite(array):
    values = array.astype(np.float64).reshape(-1)
    return values[np.isfinite(values)]


def change(base, other):
    """The finite changes; of NaN and infinities there are none."""
    with np.errstate(invalid="ignore"):
        return finite(other.astype(np.float64) - base.astype(np.float64))


def same(found, expected, rtol=1e-12):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        if other is None:
            assert one is None
        else:
            np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-300)


def test_the_bands_of_the_weights_are_numpys_percentiles_of_the_finite_cells(odd, arrays):
    found = table(odd, f"{HISTORY}/bands.csv?tensor={TENSOR}&show=weights")
    for share, name in zip(SHARES, ("min", "q05", "q25", "median", "q75", "q95", "max"), strict=True):
        same(found[name], [np.quantile(finite(array), share) for array in arrays])


def test_the_bands_of_the_change_are_those_of_the_differences_of_two_csvs(odd, arrays):
    for since, base in (("previous", lambda n: n - 1), ("first", lambda n: 0), ("best", lambda n: 1)):
        found = table(odd, f"{HISTORY}/bands.csv?tensor={TENSOR}&since={since}")
        for share, name in zip(SHARES, ("min", "q05", "q25", "median", "q75", "q95", "max"), strict=True):
            expected = [
                None if n == base(n) or base(n) < 0 else np.quantile(change(arrays[base(n)], arrays[n]), share)
                for n in range(VERSIONS)
            ]
            same(found[name], expected)


def test_distances_are_norms_of_changes_as_shares_of_the_norm_of_what_they_are_from(odd, arrays):
    found = table(odd, f"{HISTORY}/distances.csv?tensor={TENSOR}")
    norm = [np.linalg.norm(finite(array)) for array in arrays]
    first = [None, *(np.linalg.norm(change(arrays[0], array)) / norm[0] for array in arrays[1:])]
    steps = [np.linalg.norm(change(a, b)) / size for a, b, size in zip(arrays, arrays[1:], norm, strict=False)]
    same(found["first"], first)
    same(found["previous"], [None, *steps])


def test_sizes_are_numpys_norms_singular_values_and_counts(odd, arrays):
    found = table(odd, f"{HISTORY}/sizes.csv?tensor={TENSOR}")
    whole = [np.where(np.isfinite(array), array, 0).astype(np.float64) for array in arrays]
    singular = [np.linalg.svd(array, compute_uv=False) for array in whole]
    same(found["norm"], [np.linalg.norm(array) for array in whole])
    known = [np.isfinite(array).all() for array in arrays]  # of a table with a NaN it is unknown
    assert not any(known), "another test has tables without"
    norms = [values[0] if finite else None for values, finite in zip(singular, known, strict=True)]
    same(found["spectral_norm"], norms, 1e-9)
    ranks = [(values**2).sum() / values[0] ** 2 for values in singular]
    same(found["stable_rank"], [rank if finite else None for rank, finite in zip(ranks, known, strict=True)], 1e-9)
    same(found["zeros"], [np.count_nonzero(array == 0) / array.size for array in arrays])


def test_the_ridges_count_the_cells_between_edges_as_numpy_does(odd, arrays):
    for show, values in (
        ("weights", [finite(array) for array in arrays]),
        ("change", [change(a, b) for a, b in itertools.pairwise(arrays)]),
    ):
        found = table(odd, f"{HISTORY}/ridges.csv?tensor={TENSOR}&show={show}&bins={BINS}")
        ends = np.array([np.quantile(each, (0.005, 0.995)) for each in values])
        bound = 3 * np.median(np.abs(ends).max(axis=1))  # one version that moved far does not flatten the others
        low, high = max(ends[:, 0].min(), -bound), min(ends[:, 1].max(), bound)
        edges = np.linspace(low, high, BINS + 1)
        same(found["from"], [-np.inf, *edges, np.nan])
        same(found["to"], [*edges, np.inf, np.nan])
        numbers = range(1 if show == "weights" else 2, VERSIONS + 1)
        for number, each in zip(numbers, values, strict=True):
            below, above = (each < edges[0]).sum(), (each > edges[-1]).sum()
            inside = np.histogram(each, BINS, (edges[0], edges[-1]))[0]
            odd_cells = arrays[0].size - each.size
            assert found[f"v{number}"] == [below, *inside, above, odd_cells], "every cell is in a row"


def test_the_table_of_all_numbers_says_what_changed_by_bits(odd, arrays):
    found = table(odd, f"/networks/{NAME}/history.csv?tensor={TENSOR}")
    bits = [array.view(np.uint32) for array in arrays]
    assert found["change_changed"] == [None, *(np.count_nonzero(a != b) for a, b in itertools.pairwise(bits))]
    assert found["not_finite"] == [array.size - finite(array).size for array in arrays]
    same(found["std"], [finite(array).std() for array in arrays])


def test_a_weights_time_line_is_its_cell_of_each_csv(odd, arrays):
    for row, column in ((3, 2), (5, 1), (0, 0), (39, 6)):
        found = table(odd, f"{HISTORY}/timeline.csv?tensor={TENSOR}&row={row}&column={column}")
        cells = np.array([array[row, column] for array in arrays])
        np.testing.assert_array_equal(np.array(found["value"]), cells.astype(np.float64))
        changed = cells.view(np.uint32)[1:] != cells.view(np.uint32)[:-1]
        assert found["changed"] == [False, *changed.tolist()]


def test_a_sign_of_zero_is_a_change_but_no_life(odd):
    page = odd.get(f"{HISTORY}?tensor={TENSOR}&row=3&column=2")
    assert page.sentence == "In v5 it is 0; last changed in v4, 1 time in all."
    assert "zero since v1" in page.text


def test_a_units_time_line_is_the_norm_of_its_column(odd, arrays):
    for unit in range(7):
        found = table(odd, f"{HISTORY}/timeline.csv?tensor={TENSOR}&unit={unit}")
        same(found["value"], [np.linalg.norm(finite(array[:, unit])) for array in arrays])
        columns = [np.ascontiguousarray(array[:, unit]).view(np.uint32) for array in arrays]
        assert found["changed"] == [False, *((a != b).any() for a, b in itertools.pairwise(columns))]
    assert "zero since v3" in odd.get(f"{HISTORY}?tensor={TENSOR}&unit=4").text


def test_a_figure_draws_the_very_numbers_of_its_csv(odd):
    csvs = {"bands": "bands", "distances": "distances", "norms": "sizes", "ranks": "sizes"}
    columns = {
        "distances": ["first", "previous"],
        "norms": ["norm", "spectral_norm"],
        "ranks": ["stable_rank", "zeros"],
        "bands": ["q05", "q95", "q25", "q75", "max", "min", "median"],
    }
    for name, source in csvs.items():
        drawn = json.loads(odd.raw(f"{HISTORY}/{name}.figure?tensor={TENSOR}").data)
        numbers = table(odd, f"{HISTORY}/{source}.csv?tensor={TENSOR}")
        shown = [numbers[column] for column in columns[name] if numbers[column] != [None] * VERSIONS]
        assert [trace["y"] for trace in drawn["data"]] == shown
        assert all(trace["x"] == numbers["version"] for trace in drawn["data"])


def test_the_distribution_of_one_version_is_its_ridge(odd):
    found = table(odd, f"{HISTORY}/ridges.csv?tensor={TENSOR}&bins={BINS}")
    drawn = json.loads(odd.raw(f"{HISTORY}/distribution.figure?tensor={TENSOR}&bins={BINS}&at=4").data)
    assert drawn["data"][0]["y"] == found["v4"][1:-2]


def test_json_says_what_the_csv_says(odd):
    for address in (f"{HISTORY}/bands", f"{HISTORY}/ridges", f"/networks/{NAME}/health", f"{HISTORY}/timeline"):
        columns = table(odd, f"{address}.csv?tensor={TENSOR}&unit=1")
        items = json.loads(odd.raw(f"{address}.json?tensor={TENSOR}&unit=1").data)["items"]
        said = {name: [item[name] for item in items] for name in columns}
        assert said.keys() == columns.keys()
        for name, values in columns.items():
            assert [str(value) for value in map(_number, said[name])] == [str(value) for value in values]


def test_health_is_what_numpy_finds_in_the_tables(odd, arrays):
    found = table(odd, f"/networks/{NAME}/health.csv?tensor={TENSOR}&sort=-version")
    whole = [np.where(np.isfinite(array), array, 0).astype(np.float64) for array in arrays]
    assert found["version"] == list(range(1, VERSIONS + 1))
    assert found["dead"] == found["saturating"] == [None] * VERSIONS, "there are no records"
    assert found["records"] == [0] * VERSIONS
    assert found["undefined"] == [int((~np.isfinite(array)).any(axis=0).sum()) for array in arrays]
    same(found["norm_growth"], [np.linalg.norm(array) / np.linalg.norm(whole[0]) for array in whole])
    assert found["not_finite"] == [np.count_nonzero(~np.isfinite(array)) for array in arrays]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """A client of an app with versions of a relu layer over iris, unscaled, of whose units more and more stay below 0.

    A second network, "wide", has a first layer of 60 × 40, enough for the tail of a spectrum.
    """
    workspace = open_workspace(Settings(home=str(tmp_path_factory.mktemp("seen"))))
    add_bundled(workspace, "iris")
    dataset, random = get_dataset(workspace, "iris"), np.random.default_rng(7)
    made = iris_preprocessing(workspace)
    for name, rows, units in (("seen", 4, 12), ("wide", 60, 40)):
        layers = [{"units": units, "activation": "relu"}]
        network = create_network(workspace, {"name": name, "dataset": "iris", "layers": layers})
        for number in range(1, VERSIONS + 1):
            shapes = [(one, (rows, units) if one == TENSOR else shape) for one, shape in network.spec.tensor_shapes]
            tensors = {one: random.normal(-number / 8, 1, shape).astype(np.float32) for one, shape in shapes}
            save_version(workspace, network, Draft(tensors, network.spec, dataset.id, made, {}, {}, number))
    yield Browser(create_app(workspace=workspace).test_client())
    workspace.catalogue.close()


def downloaded(client, name, number, tensor):
    text = client.raw(f"/api/v1/networks/{name}/versions/{number}/tensors/{tensor}.csv").get_data(as_text=True)
    return np.array([[float(cell) for cell in row] for row in list(csv.reader(io.StringIO(text)))[1:]])


def test_a_unit_never_fires_since_the_version_from_which_numpy_finds_all_its_sums_below_zero(seen):
    measures = np.loadtxt(IRIS, delimiter=",", skiprows=1, usecols=range(4))
    sums = [
        measures @ downloaded(seen, "seen", number, TENSOR) + downloaded(seen, "seen", number, "layer_01.bias").T
        for number in range(1, VERSIONS + 1)
    ]
    fires = np.array([(each > 0).any(axis=0) for each in sums])  # (versions, units)
    expected = [VERSIONS - int(np.argmax(np.append(unit[::-1], True))) + 1 for unit in fires.T]
    assert 0 < sum(version <= VERSIONS for version in expected) < 12, "some of each kind"
    for unit, since in enumerate(expected):
        part = seen.raw(f"/api/v1/networks/seen/timeline?tensor={TENSOR}&unit={unit}").json
        assert part["records"] == 150
        assert (part["never_active_since"] or {"version": VERSIONS + 1})["version"] == since


def test_the_tail_of_the_spectrum_is_the_law_that_scipy_finds_nearest(seen):
    found = table(seen, f"/networks/wide/health.csv?tensor={TENSOR}&sort=-version")["tail_exponent"]
    for number, exponent in enumerate(found, start=1):
        values = np.sort(np.linalg.svd(downloaded(seen, "wide", number, TENSOR), compute_uv=False) ** 2)
        laws = []
        for start in range(len(values) - 8):
            shape, _, scale = stats.pareto.fit(values[start:], floc=0, fscale=values[start])
            distance = stats.kstest(values[start:], stats.pareto(shape, 0, scale).cdf).statistic
            laws.append((distance, 1 + shape))
        np.testing.assert_allclose(exponent, min(laws)[1], rtol=1e-6)


def test_several_versions_share_their_bins(odd, arrays):
    chosen = f"version={NAME}:2&version={NAME}:4&version={NAME}:5&tensor={TENSOR}&bins={BINS}"
    for show, values in (
        ("weights", [finite(arrays[place]) for place in (1, 3, 4)]),
        ("change", [change(arrays[1], arrays[place]) for place in (3, 4)]),
    ):
        found = table(odd, f"/compare/several/distributions.csv?{chosen}&show={show}")
        ends = np.array([np.quantile(each, (0.005, 0.995)) for each in values])
        edges = np.linspace(ends[:, 0].min(), ends[:, 1].max(), BINS + 1)
        same(found["from"], [-np.inf, *edges, np.nan])
        for number, each in zip((2, 4, 5)[-len(values) :], values, strict=True):
            inside = found[f"{NAME}:{number}"][1:-2]
            assert inside == np.histogram(each, BINS, (edges[0], edges[-1]))[0].tolist()
