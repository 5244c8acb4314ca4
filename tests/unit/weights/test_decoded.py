import mmap
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dashboard.errors import TensorDamaged
from dashboard.weights.csv_store import CsvStore
from dashboard.weights.decoded import DecodedCache
from dashboard.weights.dtypes import DTYPES
from tests.contract.drafts import assert_same_bits, normal, random_bits, save_one


@pytest.fixture
def store(tmp_path):
    return CsvStore(tmp_path / "weights")


@pytest.fixture
def cache(tmp_path):
    return DecodedCache(tmp_path / "cache", 100_000)


def kept(cache):
    return sorted(cache.folder.glob("*.npy"))


def what_holds(array):
    """Return what the memory of an array belongs to."""
    while isinstance(array, np.ndarray):
        array = array.base
    return array.obj


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 3), (4, 5), (2, 3, 4)])
def test_what_is_cached_equals_the_tensor_the_first_and_the_second_time(store, cache, dtype, shape):
    array = random_bits(dtype, shape)
    key = save_one(store, array)
    assert_same_bits(np.asarray(cache.get(store, key)), array)
    assert_same_bits(np.asarray(cache.get(store, key)), array)


def test_a_cached_tensor_is_mapped_and_cannot_be_written(store, cache):
    key = save_one(store, normal((5, 5)))
    for array in (cache.get(store, key), cache.get(store, key)):
        assert isinstance(what_holds(array), mmap.mmap)
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


def test_the_least_recently_used_goes_when_there_is_no_room(store, cache):
    keys = [save_one(store, normal((100, 100), seed=seed)) for seed in range(3)]  # 40,000 bytes each, two fit
    for age, key in ((30, keys[0]), (20, keys[1])):
        cache.get(store, key)
        path = next(path for path in kept(cache) if key.sha256 in path.name)
        os.utime(path, (path.stat().st_atime - age, path.stat().st_mtime))
    cache.get(store, keys[0])
    cache.get(store, keys[2])
    assert {path.name[:64] for path in kept(cache)} == {keys[0].sha256, keys[2].sha256}


@pytest.mark.slow
def test_the_folder_is_not_looked_through_for_each_of_many_small_arrays(store, tmp_path, monkeypatch):
    cache = DecodedCache(tmp_path / "cache", 1_000_000)
    looks = []

    def look():
        looks.append(None)
        return DecodedCache._files(cache)

    monkeypatch.setattr(cache, "_files", look)
    keys = [save_one(store, normal((10, 10), seed=seed)) for seed in range(150)]  # 528 bytes each, as files
    for key in keys:
        cache.get(store, key)
    assert len(kept(cache)) == 150
    assert len(looks) < 10


def test_what_is_asked_for_once_only_is_not_kept(store, cache):
    array = normal((5, 5))
    assert_same_bits(cache.get(store, save_one(store, array), keep=False), array)
    assert kept(cache) == []


@pytest.mark.slow
def test_many_small_arrays_stay_within_the_limit_however_many_caches_share_the_folder(store, tmp_path):
    caches = [DecodedCache(tmp_path / "cache", 50_000) for _ in range(4)]
    for seed in range(150):
        caches[seed % 4].get(store, save_one(store, normal((10, 10), seed=seed)))
        assert caches[0].size() <= 50_000
    assert caches[0].size() > 30_000


def test_what_was_allowed_in_an_empty_folder_counts_no_more_when_others_have_filled_it(store, tmp_path):
    first, second = DecodedCache(tmp_path / "cache", 50_000), DecodedCache(tmp_path / "cache", 50_000, look_seconds=0)
    keys = [save_one(store, normal((10, 10), seed=seed)) for seed in range(100)]  # 528 bytes each, as files
    first.get(store, keys[0])
    for key in keys[1:94]:
        second.get(store, key)
    assert second.size() > 49_000
    first.look_again = 0  # some seconds later
    for key in keys[94:]:
        first.get(store, key)
    assert first.size() <= 50_000


def test_folders_of_others_in_the_cache_folder_are_left_alone_when_there_is_no_room(store, cache):
    (cache.folder / "scripts").mkdir(parents=True)
    os.utime(cache.folder / "scripts", (0, 0))  # older than any array
    keys = [save_one(store, normal((100, 100), seed=seed)) for seed in range(3)]
    for key in keys:
        assert cache.get(store, key).shape == (100, 100)
    assert (cache.folder / "scripts").is_dir()
    assert len(kept(cache)) == 2


def test_an_array_that_cannot_be_kept_is_returned_all_the_same(store, tmp_path):
    array = normal((5, 5))
    key = save_one(store, array)
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    assert_same_bits(DecodedCache(in_the_way / "cache", 100_000).get(store, key), array)


def test_a_tensor_larger_than_the_cache_is_read_each_time(store, cache):
    array = normal((400, 100))
    assert_same_bits(cache.get(store, save_one(store, array)), array)
    assert not cache.folder.exists() or kept(cache) == []


@pytest.mark.parametrize("content", [b"", b"torn", None])
def test_a_torn_file_is_replaced(store, cache, content):
    array = normal((50, 50))
    key = save_one(store, array)
    cache.get(store, key)
    [path] = kept(cache)
    whole = path.read_bytes()
    path.write_bytes(whole[:500] if content is None else content)
    assert_same_bits(np.asarray(cache.get(store, key)), array)
    assert path.read_bytes() == whole


def test_the_folder_may_vanish_at_any_time(store, cache):
    array = normal((50, 50))
    key = save_one(store, array)
    mapped = cache.get(store, key)
    shutil.rmtree(cache.folder)
    assert_same_bits(np.asarray(mapped), array)
    assert_same_bits(np.asarray(cache.get(store, key)), array)


def test_a_cached_file_that_was_edited_is_removed_and_read_from_the_store_again(store, cache):
    array = normal((50, 50))
    key = save_one(store, array)
    cache.get(store, key)
    (path,) = kept(cache)
    for change in (lambda whole: whole[:-1] + b"\x01", lambda whole: whole[:-4], lambda _: b""):
        whole = path.read_bytes()
        path.write_bytes(change(whole))
        assert_same_bits(np.asarray(cache.get(store, key)), array)
        assert path.read_bytes() == whole
    path.write_bytes(b"\x00" + path.read_bytes()[1:])
    other = DecodedCache(cache.folder, 100_000)
    assert_same_bits(np.asarray(other.get(store, key)), array)


def test_a_table_that_was_tampered_with_is_never_kept_under_the_old_checksum(store, cache):
    array = np.ones((3, 3))
    key = save_one(store, array)
    path = store.folder / store.table_name(key)
    whole = path.read_text()
    path.write_text(whole.replace("1.0", "2.0", 1))
    with pytest.raises(TensorDamaged, match="is not what was saved"):
        cache.get(store, key)
    path.write_text(whole)
    assert_same_bits(np.asarray(cache.get(store, key)), array)


@pytest.mark.slow
def test_threads_share_a_small_cache_without_a_wrong_bit(store, cache):
    arrays = [normal((90, 100), seed=seed) for seed in range(6)]
    keys = [save_one(store, array) for array in arrays]

    def look(number):
        assert_same_bits(np.asarray(cache.get(store, keys[number % 6])), arrays[number % 6])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(look, range(200)))
    assert sum(path.stat().st_size for path in kept(cache)) <= 9 * 36_200


def test_the_cache_tells_its_size_and_can_be_cleared_at_any_time(store, cache):
    cache.clear()
    assert cache.size() == 0
    key = save_one(store, normal((10, 10)))
    array = cache.get(store, key)
    (cache.folder / "notes.txt").write_text("somebody else's")
    assert cache.size() == sum(path.stat().st_size for path in kept(cache)) > 400
    cache.clear()
    assert ([path.name for path in cache.folder.iterdir()], cache.size()) == (["notes.txt"], 0)
    assert_same_bits(np.asarray(array), normal((10, 10)))
    assert_same_bits(np.asarray(cache.get(store, key)), normal((10, 10)))
