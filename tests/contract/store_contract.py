"""The promises of `TableStore`, as tests. A backend joins by a subclass with a few fixtures; none is exempt."""

import csv
import io
import json
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.errors import Conflict, Invalid, NotFound, TensorDamaged, TensorMissing
from dashboard.records.tensor import TensorKey
from dashboard.settings import Settings
from dashboard.weights.cell_sums import cell_sums
from dashboard.weights.decoded import DecodedCache
from dashboard.weights.dtypes import DTYPES, FLOATS, bits_dtype, bits_of, from_bits, is_nan_bits
from dashboard.weights.opening import open_store
from dashboard.weights.verification import verify
from tests.contract.drafts import any_bits, assert_same_bits, key_of, normal, numbers, random_bits, save, save_one

ROOT = Path(__file__).parent.parent.parent
# Each example is written and read: a fifth of those of other tests, so that `make soak` has more of them, too.
many = settings(deadline=None, max_examples=settings().max_examples // 5, suppress_health_check=list(HealthCheck))
shapes = st.lists(st.integers(0, 4), max_size=4) | st.tuples(st.integers(0, 3), st.integers(1020, 1030))
PARTS = ("weight", "bias")
# Of each kind of number one: tables of a few cells are there for every type in each run of the tests.
LARGE = [
    dtype if dtype in {"float32", "bfloat16", "int64", "bool"} else pytest.param(dtype, marks=pytest.mark.soak)
    for dtype in DTYPES
]


def child(address, verb, *arguments):
    """Start a process that opens the store and does something with it; it prints a line when it has."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.contract.child", address, verb, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def end(process):
    process.stdin.close()
    process.stdout.close()
    return process.wait()


class StoreContract:
    @pytest.fixture
    def address(self):
        """The address of an empty store, as a person would write it in the settings."""
        raise NotImplementedError("A backend says where its stores are.")

    @pytest.fixture
    def tamper(self):
        """A function (key, row, column, number) that overwrites a cell behind our back."""
        raise NotImplementedError("A backend says how a cell is overwritten.")

    @pytest.fixture
    def store(self, address):
        with closing(open_store(Settings(store=address))) as store:
            yield store

    # --- bit-exact, any shape

    @pytest.mark.parametrize("dtype", DTYPES)
    @many
    @given(data=st.data())
    def test_what_is_read_equals_what_was_written_for_any_bits_and_shape(self, store, dtype, data):
        array = data.draw(any_bits(dtype, shapes))
        assert_same_bits(store.read(save_one(store, array)), array)

    @pytest.mark.parametrize("dtype", FLOATS)
    def test_zeros_denormals_infinities_and_every_kind_of_nan_come_back_as_they_were(self, store, dtype):
        width = 8 * bits_dtype(dtype).itemsize
        sign, infinity = 1 << (width - 1), (1 << (width - 1)) - (1 << FLOATS[dtype])
        patterns = [0, 1, 2, infinity - 1, infinity, infinity + 1, infinity + 2, sign - 1, (sign + infinity) // 2]
        bits = np.array(patterns + [sign | b for b in patterns], bits_dtype(dtype))
        array = from_bits(bits, dtype, (2, 9))
        assert_same_bits(store.read(save_one(store, array)), array)

    @pytest.mark.parametrize("dtype", LARGE)
    @pytest.mark.slow
    def test_a_table_of_half_a_million_random_bits_comes_back(self, store, dtype):
        array = random_bits(dtype, (500, 1000))
        assert_same_bits(store.read(save_one(store, array)), array)

    @pytest.mark.parametrize("bits", [0x15AE43FE, 0x95AE43FE, 0x00000001, 0x7F7FFFFF, 0x3DCCCCCD])
    def test_a_float32_that_is_wrong_when_rounded_twice_comes_back(self, store, bits):
        array = np.full((3, 2), bits, np.uint32).view(np.float32)
        assert_same_bits(store.read(save_one(store, array)), array)

    @pytest.mark.parametrize(
        "shape", [(), (0,), (1,), (7,), (0, 3), (3, 0), (2, 0, 3), (2, 3, 4), (1, 5000), (2, 2, 2, 2, 2, 2, 2, 2)]
    )
    def test_arrays_of_every_rank_and_with_empty_axes_come_back(self, store, shape):
        array = normal(shape, "float64")
        assert_same_bits(store.read(save_one(store, array)), array)

    def test_a_layer_of_5000_units_and_one_of_70000_columns_come_back(self, store):
        arrays = {"a": normal((3, 5000)), "b": normal((2, 70, 1000))}
        keys = save(store, arrays)
        for name, key in keys.items():
            assert_same_bits(store.read(key), arrays[name])

    def test_a_network_of_60_layers_comes_back(self, store):
        arrays = {f"layer_{number:02d}.{part}": normal((3, 2), seed=number) for number in range(60) for part in PARTS}
        keys = save(store, arrays)
        assert len(store.tables()) == 60
        for name, key in keys.items():
            assert_same_bits(store.read(key), arrays[name])

    def test_an_array_that_is_a_transposed_view_comes_back(self, store):
        array = normal((4, 6)).T
        assert_same_bits(store.read(save_one(store, array)), array)

    def test_what_is_read_is_the_callers_own(self, store):
        key = save_one(store, normal((3, 3)))
        store.read(key)[0, 0] = 99.0
        store.window(key, range(1), range(1))[0, 0] = 99.0
        assert store.read(key)[0, 0] != 99.0

    def test_an_unknown_number_type_is_refused_and_nothing_is_stored(self, store):
        array = np.zeros((2, 2), np.complex128)
        with pytest.raises(Invalid, match="complex128"):
            save_one(store, array)
        assert store.tables() == []

    def test_an_array_that_is_not_what_its_key_says_is_refused(self, store):
        key = key_of(normal((3, 2)), version=next(numbers))
        with store.saving((key.network, key.version)), pytest.raises(Conflict, match="float32"):
            store.write(key, normal((2, 3)))

    # --- windows

    @pytest.mark.parametrize("dtype", DTYPES)
    @many
    @given(data=st.data())
    def test_any_window_equals_the_part_of_the_array(self, store, dtype, data):
        array = data.draw(any_bits(dtype, st.tuples(st.integers(1, 4), st.integers(1, 4))))
        key = save_one(store, array)
        top, left = data.draw(st.integers(0, key.rows)), data.draw(st.integers(0, key.columns))
        rows, columns = range(top, data.draw(st.integers(top, key.rows))), range(left, key.columns)
        expected = array[rows.start : rows.stop, columns.start : columns.stop]
        assert_same_bits(store.window(key, rows, columns), expected)

    @pytest.mark.parametrize("shape", [(1500, 7), (3, 3000), (2100, 1), (40, 1024), (5, 1025), (5000, 0)])
    def test_windows_at_every_corner_of_a_large_table_equal_the_array(self, store, shape):
        array = random_bits("float32", shape)
        key = save_one(store, array)
        tops, lefts = [0, 1, shape[0] // 2, shape[0] - 1], [0, shape[1] // 3, max(0, shape[1] - 2)]
        for top in tops:
            for left in lefts:
                rows, columns = range(top, min(top + 3, shape[0])), range(left, min(left + 1500, shape[1]))
                expected = array[rows.start : rows.stop, columns.start : columns.stop]
                assert_same_bits(store.window(key, rows, columns), expected)

    def test_a_window_of_a_vector_a_scalar_and_a_cube_is_two_dimensional(self, store):
        arrays = {"vector": normal((5,)), "scalar": normal(()), "cube": normal((3, 2, 2))}
        keys = save(store, arrays)
        assert_same_bits(store.window(keys["vector"], range(1, 4), range(1)), arrays["vector"][1:4, None])
        assert_same_bits(store.window(keys["scalar"], range(1), range(1)), arrays["scalar"].reshape(1, 1))
        assert_same_bits(store.window(keys["cube"], range(2, 3), range(1, 3)), arrays["cube"].reshape(3, 4)[2:3, 1:3])

    @pytest.mark.parametrize(
        ("rows", "columns"),
        [(range(4), range(2)), (range(-1, 1), range(2)), (range(2), range(1, 4)), (range(0, 3, 2), range(2))],
    )
    def test_a_window_outside_the_table_is_not_found(self, store, rows, columns):
        key = save_one(store, normal((3, 3)))
        with pytest.raises(NotFound, match="has 3"):
            store.window(key, rows, columns)

    # --- CSV

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_the_csv_reads_back_exactly_with_python_and_with_pandas(self, store, dtype):
        array = random_bits(dtype, (30, 40))
        array[is_nan_bits(bits_of(array), dtype).reshape(30, 40)] = np.nan
        text = b"".join(store.rows_csv(save_one(store, array))).decode()
        header, *rows = csv.reader(io.StringIO(text))
        assert header == [f"c{column}" for column in range(40)]
        assert_same_bits(np.array([[float(cell) for cell in row] for row in rows]).astype(dtype), array)
        assert_same_bits(pd.read_csv(io.StringIO(text)).to_numpy(np.float64).astype(dtype), array)

    def test_the_csv_of_odd_numbers_is_this_text(self, store):
        array = np.array([[np.nan, np.inf, -np.inf], [-0.0, 0.1, 1e-45]], np.float32)
        text = b"".join(store.rows_csv(save_one(store, array)))
        assert text == b"c0,c1,c2\nnan,inf,-inf\n-0.0,0.10000000149011612,1.401298464324817e-45\n"

    @pytest.mark.parametrize(
        ("array", "text"),
        [
            (np.array([[True, False]]), b"c0,c1\n1,0\n"),
            (np.array([[-128], [127]], np.int8), b"c0\n-128\n127\n"),
            (np.array([2**64 - 1, 0], np.uint64), b"c0\n18446744073709551615\n0\n"),
            (np.zeros((2, 0), np.float32), b"\n\n\n"),
            (np.zeros((0, 2), np.float32), b"c0,c1\n"),
        ],
        ids=["bool", "int8", "uint64", "no columns", "no rows"],
    )
    def test_the_csv_of_other_types_is_plain(self, store, array, text):
        assert b"".join(store.rows_csv(save_one(store, array))) == text

    def test_the_csv_of_a_large_table_comes_in_pieces_of_bounded_size(self, store):
        array = normal((2000, 300))
        pieces = list(store.rows_csv(save_one(store, array)))
        assert max(map(len, pieces)) <= 1 << 20
        assert len(pieces) > 5
        text = b"".join(pieces)
        assert_same_bits(np.loadtxt(io.BytesIO(text), delimiter=",", skiprows=1).astype(np.float32), array)

    # --- all or nothing

    def test_what_is_written_is_invisible_until_it_is_published(self, store):
        array, version = normal((4, 4)), ("net", next(numbers))
        key = key_of(array, version=version[1])
        with store.saving(version):
            store.write(key, array)
            assert store.tables() == []
            assert list(store.manifests()) == []
            for look in (store.read, store.rows_csv, lambda key: store.window(key, range(1), range(1))):
                with pytest.raises(TensorMissing):
                    look(key)
            store.publish(version, [key], {})
        assert_same_bits(store.read(key), array)

    def test_an_error_inside_a_save_leaves_nothing(self, store):
        version = ("net", next(numbers))
        with pytest.raises(RuntimeError, match="the power went"), store.saving(version):
            store.write(key_of(normal((4, 4)), version=version[1]), normal((4, 4)))
            raise RuntimeError("the power went")
        assert (store.tables(), list(store.manifests()), store.sweep()) == ([], [], [])

    def test_a_save_that_is_left_without_publishing_leaves_nothing(self, store):
        version = ("net", next(numbers))
        with store.saving(version):
            store.write(key_of(normal((4, 4)), version=version[1]), normal((4, 4)))
        assert (store.tables(), list(store.manifests()), store.sweep()) == ([], [], [])
        save_one(store, normal((4, 4)), version=version[1])

    def test_a_table_that_is_not_what_its_checksum_says_is_never_published(self, store):
        key = key_of(normal((4, 4), seed=1), version=next(numbers))
        with store.saving((key.network, key.version)):
            store.write(key, normal((4, 4), seed=2))
            with pytest.raises(TensorDamaged, match=re.escape(key.tensor)):
                store.publish((key.network, key.version), [key], {})
        assert (store.tables(), list(store.manifests()), store.sweep()) == ([], [], [])
        other = save_one(store, normal((4, 4), seed=1))
        assert_same_bits(store.read(other), normal((4, 4), seed=1))

    def test_publishing_a_tensor_that_was_not_written_or_not_listed_is_refused(self, store):
        array = normal((2, 2))
        one, two = (key_of(array, name, version=next(numbers)) for name in ("a", "b"))
        with store.saving((one.network, one.version)), pytest.raises(TensorMissing):
            store.publish((one.network, one.version), [one], {})
        with store.saving((two.network, two.version)), pytest.raises(Conflict, match="b was written"):
            store.write(two, array)
            store.publish((two.network, two.version), [], {})
        assert store.tables() == []

    def test_a_tensor_listed_twice_is_refused(self, store):
        key = key_of(normal((2, 2)), version=next(numbers))
        with store.saving((key.network, key.version)), pytest.raises(Conflict, match="names of their own"):
            store.write(key, normal((2, 2)))
            store.publish((key.network, key.version), [key, TensorKey(**vars(key))], {})

    def test_a_tensor_is_written_once(self, store):
        key = key_of(normal((2, 2)), version=next(numbers))
        with store.saving((key.network, key.version)):
            store.write(key, normal((2, 2)))
            with pytest.raises(Conflict, match="written already"):
                store.write(key, normal((2, 2)))

    def test_a_content_that_is_published_is_linked_without_the_array_and_no_other_is(self, store):
        array = normal((3, 5), seed=next(numbers))
        known = save_one(store, array)
        key, new = key_of(array, "renamed", version=next(numbers)), normal((2, 2), seed=next(numbers))
        other = key_of(new, "other", version=key.version)
        with store.saving((key.network, key.version)):
            assert store.link(key)
            assert not store.link(other)
            with pytest.raises(Conflict, match="written already"):
                store.link(key)
            store.write(other, new)
            store.publish((key.network, key.version), [key, other], {})
        assert_same_bits(store.read(key), array)
        assert_same_bits(store.read(other), new)
        store.delete((known.network, known.version))
        assert_same_bits(store.read(key), array)

    def test_writing_and_publishing_outside_a_save_are_refused(self, store):
        key = key_of(normal((2, 2)), version=next(numbers))
        with pytest.raises(Conflict, match="not being saved"):
            store.write(key, normal((2, 2)))
        with pytest.raises(Conflict, match="not being saved"):
            store.publish((key.network, key.version), [key], {})

    def test_a_published_version_is_not_published_again(self, store):
        key = save_one(store, normal((2, 2)))
        with store.saving((key.network, key.version)):
            other = key_of(normal((2, 2), seed=2), version=key.version)
            with pytest.raises(Conflict, match="in the store already"):
                store.write(other, normal((2, 2), seed=2))
            with pytest.raises(Conflict, match="in the store already"):
                store.publish((key.network, key.version), [], {})
        assert_same_bits(store.read(key), normal((2, 2)))

    @pytest.mark.slow
    def test_a_version_is_saved_by_one_at_a_time(self, store, address):
        version = ("net", next(numbers))
        with store.saving(version), closing(open_store(Settings(store=address))) as same:
            for other in (store, same):
                with pytest.raises(Conflict, match="being saved"), other.saving(version):
                    pass
        with store.saving(version):
            pass

    def test_who_holds_a_published_version_may_delete_it(self, store):
        key = save_one(store, normal((2, 2)))
        with store.saving((key.network, key.version)):
            store.delete((key.network, key.version))
            assert store.tables() == []
        assert store.sweep() == []

    @pytest.mark.slow
    def test_a_save_in_another_process_is_neither_swept_nor_deleted_nor_joined(self, store, address):
        other = child(address, "hold", 7)
        assert other.stdout.readline() == "written\n"
        assert store.sweep() == []
        with pytest.raises(Conflict, match="being saved"):
            store.delete(("net", 7))
        with pytest.raises(Conflict, match="being saved"), store.saving(("net", 7)):
            pass
        other.stdin.write("publish\n")
        other.stdin.flush()
        assert other.stdout.readline() == "published\n"
        assert end(other) == 0
        assert [version for version, _ in store.manifests()] == [("net", 7)]

    @pytest.mark.slow
    def test_what_a_killed_save_has_left_is_invisible_and_swept(self, store, address):
        kept = save_one(store, normal((3, 3)), version=1)
        other = child(address, "hold", 7)
        assert other.stdout.readline() == "written\n"
        other.send_signal(signal.SIGKILL)
        end(other)
        assert [version for version, _ in store.manifests()] == [("net", 1)]
        assert len(store.tables()) == 1
        assert store.sweep() != []
        assert store.sweep() == []
        assert_same_bits(store.read(kept), normal((3, 3)))
        save_one(store, normal((3, 3), seed=2), version=7)

    @pytest.mark.slow
    def test_a_save_goes_ahead_over_what_a_killed_one_has_left(self, store, address):
        other = child(address, "hold", 7)
        assert other.stdout.readline() == "written\n"
        other.send_signal(signal.SIGKILL)
        end(other)
        key = save_one(store, normal((3, 3), seed=2), version=7)
        assert_same_bits(store.read(key), normal((3, 3), seed=2))
        assert store.sweep() == []

    # --- stored once

    def test_an_identical_tensor_costs_no_second_table(self, store):
        array = normal((30, 20))
        keys = [save_one(store, array, version=version) for version in (1, 2, 3)]
        [table] = store.tables()
        assert (table.rows, table.columns) == (30, 20)
        assert table.versions == (("net", 1), ("net", 2), ("net", 3))
        assert table.name == store.table_name(keys[0])
        for key in keys:
            assert_same_bits(store.read(key), array)

    def test_identical_tensors_of_one_version_and_of_two_networks_are_one_table(self, store):
        array = random_bits("float32", (5, 5))
        save(store, {"a": array, "b": array}, "one", 1)
        keys = save(store, {"c": array}, "two", 1)
        [table] = store.tables()
        assert table.versions == (("one", 1), ("two", 1))
        assert_same_bits(store.read(keys["c"]), array)

    def test_equal_bytes_of_another_type_or_shape_are_another_table(self, store):
        array = normal((4, 4))
        save(store, {"a": array, "b": array.reshape(2, 8), "c": array.view(np.int32)})
        assert sorted((t.rows, t.columns) for t in store.tables()) == [(2, 8), (4, 4), (4, 4)]

    def test_deleting_a_version_removes_only_what_no_other_uses(self, store):
        shared, own, later = normal((5, 5), seed=1), normal((5, 5), seed=2), normal((5, 5), seed=3)
        first = save(store, {"a": shared, "b": own}, version=1)
        second = save(store, {"a": shared, "b": later}, version=2)
        store.delete(("net", 1))
        for key in first.values():
            with pytest.raises(TensorMissing):
                store.read(key)
        assert_same_bits(store.read(second["a"]), shared)
        assert_same_bits(store.window(second["a"], range(5), range(5)), shared)
        assert_same_bits(store.read(second["b"]), later)
        assert [table.name for table in store.tables()] == sorted(map(store.table_name, second.values()))
        store.delete(("net", 2))
        assert (store.tables(), list(store.manifests()), store.sweep()) == ([], [], [])

    def test_a_deleted_tensor_can_be_saved_again(self, store):
        array = normal((5, 5))
        save_one(store, array, version=3)
        store.delete(("net", 3))
        assert_same_bits(store.read(save_one(store, array)), array)

    def test_deleting_what_is_not_there_is_no_error(self, store):
        store.delete(("net", 12345))

    # --- names

    nasty = (
        "../../etc/passwd", "a/b\\c", "x" * 300, "x" * 299 + "y", "Layer", "layer", "LAYER", "naïve 🧠",
        "`; DROP TABLE x", "con", "layer_01.weight", "layer_01_weight", "Layer_01.weight", ".", "", "a\nb\0c",
        "%s", "'\"",
    )  # fmt: skip

    def test_tensors_with_nasty_names_are_kept_apart_under_safe_names(self, store):
        arrays = {name: np.full((2, 3), number, np.float32) for number, name in enumerate(self.nasty)}
        keys = save(store, arrays)
        for name, key in keys.items():
            assert_same_bits(store.read(key), arrays[name])
        names = [store.table_name(key) for key in keys.values()]
        assert len({name.lower() for name in names}) == len(self.nasty)
        assert all(re.fullmatch(r"[a-z0-9_./]{1,100}", name) and ".." not in name for name in names)
        assert all(len(part) <= 64 for name in names for part in name.split("/"))
        [(_, manifest)] = store.manifests()
        assert [tensor["name"] for tensor in manifest["tensors"]] == list(self.nasty)

    @pytest.mark.parametrize("network", ["../x", "a/b", "", "x" * 25, "Net", "a b", "a`b"])
    def test_a_network_that_is_not_one_of_our_slugs_is_refused(self, store, network):
        with pytest.raises(Invalid, match="slug"):
            save_one(store, normal((2, 2)), network)
        assert store.tables() == []

    def test_a_network_with_the_longest_slug_and_many_versions_is_kept(self, store):
        key = save_one(store, normal((2, 2)), "n" * 24, 12345)
        assert_same_bits(store.read(key), normal((2, 2)))

    # --- lists

    def test_manifests_come_in_order_with_what_was_given_and_the_tensors(self, store):
        given = {"metrics": {"accuracy": 0.5}, "purpose": "ünï 🧠", "nested": [1, None, True]}
        for network, version in (("b", 2), ("a", 10), ("b", 10000), ("a", 2)):
            save(store, {"w": normal((2, 3))}, network, version, given)
        found = list(store.manifests())
        assert [version for version, _ in found] == [("a", 2), ("a", 10), ("b", 2), ("b", 10000)]
        manifest = dict(found)["a", 2]
        key = key_of(normal((2, 3)), "w", "a", 2)
        assert {name: manifest[name] for name in given} == given
        [tensor] = manifest["tensors"]
        expected = {"name": "w", "dtype": "float32", "shape": [2, 3], "sha256": key.sha256}
        assert {name: tensor[name] for name in expected} == expected
        json.dumps(manifest)

    def test_tables_are_listed_by_the_beginning_of_their_names(self, store):
        shared = normal((2, 2), seed=9)
        one = save(store, {"w": normal((2, 3), seed=1), "s": shared}, "one", 1)
        two = save(store, {"w": normal((2, 3), seed=2), "s": shared}, "two", 1)
        assert [table.name for table in store.tables("one")] == sorted(map(store.table_name, one.values()))
        assert {table.name for table in store.tables("two")} == {store.table_name(two["w"]), store.table_name(one["s"])}
        assert store.tables(store.table_name(one["w"]))[0].versions == (("one", 1),)
        assert store.tables("three") == []
        assert all(table.bytes > 0 for table in store.tables())

    def test_the_bytes_of_some_tables_are_those_that_the_list_of_all_says(self, store):
        shared = normal((40, 30), seed=9)
        one = save(store, {"w": normal((50, 30), seed=1), "s": shared}, "one", 1)
        two = save(store, {"s": shared}, "two", 1)
        listed = {table.name: table.bytes for table in store.tables()}
        sizes = store.bytes_of([one["w"], one["s"], two["s"]])
        assert sizes == [listed[store.table_name(key)] for key in (one["w"], one["s"], one["s"])]
        assert store.bytes_of([key_of(normal((2, 2)), version=4711), one["w"]]) == [None, sizes[0]]
        assert store.bytes_of([]) == []

    def test_an_empty_store_lists_nothing_and_answers(self, store):
        store.ping()
        assert (store.tables(), list(store.manifests()), store.sweep()) == ([], [], [])

    def test_what_is_not_there_is_missing_and_named(self, store):
        key = key_of(normal((2, 2)), version=4711)
        for look in (store.read, store.rows_csv, lambda key: store.window(key, range(1), range(1))):
            with pytest.raises(TensorMissing, match=re.escape(store.table_name(key))):
                look(key)

    # --- proof

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_an_untouched_tensor_is_proven_identical(self, store, dtype):
        key = save_one(store, random_bits(dtype, (20, 30)))
        proof = verify(store, key)
        assert (proof.identical, proof.sha256_stored, proof.first_difference) == (True, key.sha256, None)

    @pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "int8"])
    def test_the_proof_names_the_cell_that_was_tampered_with_and_restores_its_number(self, store, tamper, dtype):
        array = (normal((50, 40), "float64") * 10).astype(key_dtype(dtype))
        array[30, 20] = 3
        key = save_one(store, array)
        tamper(key, 30, 20, 64)
        proof = verify(store, key)
        assert proof.identical is False
        first = proof.first_difference
        assert (first.row, first.column, float(first.expected), float(first.found)) == (30, 20, 3.0, 64.0)

    def test_of_several_cells_the_proof_names_the_first(self, store, tamper):
        array = normal((50, 40))
        array[7, 3] = 0.5
        key = save_one(store, array)
        for row, column in ((9, 3), (7, 30), (7, 3), (49, 39)):
            tamper(key, row, column, 2)
        first = verify(store, key).first_difference
        assert (first.row, first.column, first.expected, first.found) == (7, 3, "0.5", "2.0")

    def test_a_tensor_that_is_missing_is_proven_missing(self, store):
        proof = verify(store, key_of(normal((2, 2)), version=4711))
        assert proof.identical is False
        assert "layer_01_weight" in proof.problem

    def test_the_sums_that_are_kept_are_those_of_the_array_in_memory(self, store):
        array = random_bits("float16", (70, 30))
        assert store.cell_sums(save_one(store, array)).tolist() == cell_sums(bits_of(array)).tolist()

    def test_a_decoded_copy_equals_the_table_and_is_made_once(self, store, tmp_path):
        array = random_bits("bfloat16", (20, 30))
        key = save_one(store, array)
        cache = DecodedCache(tmp_path / "decoded", 1 << 20)
        assert_same_bits(np.asarray(cache.get(store, key)), array)
        store.delete((key.network, key.version))
        assert_same_bits(np.asarray(cache.get(store, key)), array)

    # --- together

    def test_threads_save_and_read_one_store_at_once_without_a_wrong_bit(self, store):
        def work(number):
            arrays = {"own": normal((40, 30), seed=number), "shared": normal((40, 30), seed=0)}
            keys = save(store, arrays, "net", number)
            for name, key in keys.items():
                assert_same_bits(store.read(key), arrays[name])
                assert_same_bits(store.window(key, range(39, 40), range(30)), arrays[name][39:])
            return number

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(work, range(1, 25))) == list(range(1, 25))
        assert len(list(store.manifests())) == 24
        assert store.sweep() == []

    @pytest.mark.slow
    def test_processes_save_read_delete_and_sweep_one_store_at_once_without_a_wrong_bit(self, store, address):
        others = [child(address, "work", first, 8) for first in (100, 200, 300)]
        reports = [json.loads(other.communicate()[0]) for other in others]
        assert reports == [{"saved": 8, "wrong": 0}] * 3
        assert [other.returncode for other in others] == [0, 0, 0]
        kept = {version for (_, version), _ in store.manifests()}
        assert kept == {first + n for first in (100, 200, 300) for n in range(1, 8, 2)}
        assert store.sweep() == []


def key_dtype(dtype):
    return from_bits(np.zeros(0, bits_dtype(dtype)), dtype, (0,)).dtype
