"""What the CSV store promises beyond the contract: files that people may copy, edit, lose, or forbid us."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from dashboard.errors import StoreUnavailable, TensorDamaged
from dashboard.settings import Settings
from dashboard.weights import save_lock
from dashboard.weights.csv_store import CsvStore
from dashboard.weights.files import translated
from dashboard.weights.opening import open_store
from dashboard.weights.verification import verify
from tests.contract.drafts import assert_same_bits, normal, random_bits, save, save_one

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def store(tmp_path):
    return CsvStore(tmp_path / "weights")


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_version_is_a_folder_of_plain_csv_files(store):
    arrays = {"layer_01.weight": np.array([[0.5, 1.0], [2.0, 1e-7]]), "layer_01.bias": np.array([np.nan])}
    save(store, arrays, "net", 3, {"purpose": "digits"})
    folder = store.folder / "net" / "v0003"
    assert files_of(folder) == [
        "layer_01_bias.checks.npy",
        "layer_01_bias.csv",
        "layer_01_weight.checks.npy",
        "layer_01_weight.csv",
        "version.json",
    ]
    assert (folder / "layer_01_weight.csv").read_text() == "c0,c1\n0.5,1.0\n2.0,1e-7\n"
    assert (folder / "layer_01_bias.csv").read_text() == "c0\nnan\n"
    about = json.loads((folder / "version.json").read_text())
    assert about["purpose"] == "digits"
    assert [tensor["file"] for tensor in about["tensors"]] == ["layer_01_weight.csv", "layer_01_bias.csv"]


def test_bits_of_a_nan_lie_in_a_side_table_in_runs(store):
    array = np.zeros((2, 4), np.float32)
    array.view(np.uint32)[1, 1:3] = 0xFFC00001
    save(store, {"layer_01.weight": array}, "net", 1)
    folder = store.folder / "net" / "v0001"
    assert (folder / "layer_01_weight.special.csv").read_text() == "row,first_column,last_column,bits\n1,1,2,ffc00001\n"
    assert (folder / "layer_01_weight.csv").read_text() == "c0,c1,c2,c3\n0.0,0.0,0.0,0.0\n0.0,nan,nan,0.0\n"


def test_a_cell_that_was_written_over_a_special_one_counts(store):
    array = np.zeros((1, 3), np.float32)
    array.view(np.uint32)[0] = 0xFFC00001
    key = save_one(store, array)
    (store.folder / store.table_name(key)).write_text("c0,c1,c2\nnan,7,nan\n")
    assert store.read(key)[0, 1] == 7
    with pytest.raises(TensorDamaged, match="is not what was saved"):
        store.window(key, range(1), range(1, 2))
    assert store.read(key).view(np.uint32)[0, 2] == 0xFFC00001


def test_shared_tables_are_one_file_with_several_names(store):
    keys = [save_one(store, normal((9, 9)), version=version) for version in (1, 2)]
    one, two = (store.folder / store.table_name(key) for key in keys)
    assert one.samefile(two)


def test_a_version_copied_elsewhere_is_complete(store, tmp_path):
    arrays = {"a": random_bits("float32", (30, 2000)), "b": normal((7,))}
    keys = save(store, arrays, "net", 1, {"epoch": 4})
    shutil.copytree(store.folder / "net", tmp_path / "elsewhere" / "net")
    copy = CsvStore(tmp_path / "elsewhere")
    [(version, manifest)] = copy.manifests()
    assert (version, manifest["epoch"]) == (("net", 1), 4)
    for name, key in keys.items():
        assert verify(copy, key).identical
        assert_same_bits(copy.window(key, range(5, 7), range(1)), arrays[name].reshape(key.rows, -1)[5:7, :1])
    copy.sweep()
    assert all(verify(copy, key).identical for key in keys.values())


def test_a_copy_of_the_folder_without_links_leaves_no_unused_file_after_a_sweep(store, tmp_path):
    arrays = [normal((9, 9), seed=seed) for seed in range(3)]
    keys = [save_one(store, array, version=version) for version, array in enumerate(arrays, start=1)]
    assert store.sweep() == []
    shutil.copytree(store.folder, tmp_path / "copy")
    copy = CsvStore(tmp_path / "copy")
    assert len(copy.sweep()) == 9  # tables, sums and marks
    assert [path.name for path in (tmp_path / "copy" / ".tables").iterdir()] == [".place"]
    assert copy.sweep() == []
    for key, array in zip(keys, arrays, strict=True):
        assert verify(copy, key).identical
        assert_same_bits(copy.window(key, range(9), range(9)), array)


def test_a_file_edited_with_other_line_ends_still_reads(store):
    array = normal((300, 70), "float64")
    key = save_one(store, array)
    path = store.folder / store.table_name(key)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert_same_bits(store.read(key), array)
    assert_same_bits(store.window(key, range(298, 300), range(60, 70)), array[298:, 60:])
    assert verify(store, key).identical


def test_a_window_of_an_edited_file_is_refused_until_the_file_is_as_it_was(store):
    array = np.arange(6000.0).reshape(2000, 3)
    key = save_one(store, array)
    path = store.folder / store.table_name(key)
    whole = path.read_text()
    for edited in (whole.replace("\n3.0,", "\n3.14159,"), whole.replace("\n3.0,", "\n4.0,")):
        path.write_text(edited)
        for _ in range(2):
            with pytest.raises(TensorDamaged, match="is not what was saved"):
                store.window(key, range(1999, 2000), range(3))
        with pytest.raises(TensorDamaged, match="is not what was saved"):
            store.csv_file(key)
        assert "is not what was saved" in store.examine(key)
    path.write_text(whole)
    assert store.window(key, range(1, 2), range(3)).tolist() == [[3.0, 4.0, 5.0]]
    assert store.examine(key) is None


def test_marks_that_were_edited_are_not_believed(store):
    array = np.arange(6000.0).reshape(2000, 3)
    key = save_one(store, array)
    (path,) = (store.folder / ".tables").glob("*.marks.npy")
    numbers = np.load(path)
    for change in (numbers + (np.arange(len(numbers)) == 5), numbers.astype(float), numbers[:-1], numbers.astype(str)):
        np.save(path, change)
        assert store.window(key, range(1999, 2000), range(3)).tolist() == [[5997.0, 5998.0, 5999.0]]
    assert np.load(path).tolist() == numbers.tolist()


def test_a_lost_or_edited_table_of_special_cells_is_noticed(store):
    array = np.zeros((1, 3), np.float32)
    array.view(np.uint32)[0] = 0xFFC00001
    key = save_one(store, array)
    path = (store.folder / store.table_name(key)).with_name("layer_01_weight.special.csv")
    whole = path.read_text()
    for change in (lambda: path.write_text(whole.replace("ffc00001", "ffc00002")), path.unlink):
        change()
        with pytest.raises(TensorDamaged, match="is not what was saved"):
            store.window(key, range(1), range(3))


DAMAGES = {
    "a word": (lambda lines: [*lines[:3], "1.0,abc,3.0", *lines[4:]], "row 2, column 1 holds 'abc'"),
    "an empty cell": (lambda lines: [*lines[:3], "1.0,,3.0", *lines[4:]], "row 2, column 1 holds ''"),
    "an underscore": (lambda lines: [*lines[:3], "1.0,1_0,3.0", *lines[4:]], "row 2, column 1 holds '1_0'"),
    "a cell too many": (lambda lines: [*lines[:3], "1.0,2.0,3.0,4.0", *lines[4:]], "row 2 has 4 cells where 3 belong"),
    "a cell too few": (lambda lines: [*lines[:3], "1.0,2.0", *lines[4:]], "row 2 has 2 cells where 3 belong"),
    "a moved line end": (lambda lines: [*lines[:3], "1.0,2.0", "3.0,1.0,2.0,3.0", *lines[5:]], "row 2 has 2 cells"),
    "a row too few": (lambda lines: lines[:2] + lines[3:], "whole rows of"),
    "a row too many": (lambda lines: lines[:3] + lines[2:], "has more than its"),
    "a torn end": (lambda lines: [*lines[:-1], "1"], "its last line ends in the middle: '1'"),
    "nothing": (lambda lines: [], "has 0 whole rows of"),
    "no rows": (lambda lines: [*lines[:1], ""], "has 0 whole rows of"),
}


@pytest.mark.parametrize("rows", [50, pytest.param(11_000, marks=pytest.mark.slow)], ids=["small", "large"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_and_says_where(store, rows, damage):
    change, message = DAMAGES[damage]
    key = save_one(store, normal((rows, 3), "float64"))
    path = store.folder / store.table_name(key)
    path.write_text("\n".join(change(path.read_text().split("\n"))))
    for look in (store.read, lambda key: store.window(key, range(2, 3), range(3))):
        with pytest.raises(TensorDamaged, match=r"layer_01_weight\.csv") as refusal:
            look(key)
        assert message in str(refusal.value)
    assert verify(store, key).identical is False


@pytest.mark.parametrize(("dtype", "cell"), [("int8", "300"), ("uint8", "-1"), ("bool", "2"), ("int32", "1.5")])
@pytest.mark.parametrize("rows", [5, pytest.param(11_000, marks=pytest.mark.slow)], ids=["small", "large"])
def test_a_number_that_its_type_cannot_hold_is_refused(store, dtype, cell, rows):
    key = save_one(store, np.zeros((rows, 2), dtype))
    path = store.folder / store.table_name(key)
    path.write_text(path.read_text().replace("0,0\n", f"0,{cell}\n", 1))
    for look in (store.read, lambda key: store.window(key, range(1), range(2))):
        with pytest.raises(TensorDamaged, match=rf"row 0, column 1 holds '{cell}', which is not a {dtype}"):
            look(key)


def test_the_proof_survives_the_loss_of_the_sums(store):
    key = save_one(store, normal((5, 5)))
    path = store.folder / store.table_name(key)
    path.with_name("layer_01_weight.checks.npy").unlink()
    assert verify(store, key).identical
    path.write_text(path.read_text().replace("0.", "1.", 1))
    proof = verify(store, key)
    assert (proof.identical, proof.first_difference) == (False, None)
    assert "cannot be located" in proof.problem


def test_a_table_that_was_tampered_with_is_not_given_to_a_later_version(store):
    array = normal((5, 5))
    old = save_one(store, array)
    path = store.folder / store.table_name(old)
    path.write_text(path.read_text().replace("0.", "1.", 1))
    new = save_one(store, array)
    assert (verify(store, old).identical, verify(store, new).identical) == (False, True)
    assert verify(store, save_one(store, array)).identical
    assert len(store.tables()) == 2


def test_a_version_whose_list_is_damaged_says_so_and_can_be_deleted(store):
    key = save_one(store, normal((5, 5)), version=1)
    (store.folder / "net/v0001/version.json").write_text("{")
    with pytest.raises(TensorDamaged, match=r"version\.json"):
        list(store.manifests())
    store.delete((key.network, key.version))
    assert files_of(store.folder) == []
    assert store.sweep() == []


def test_a_store_without_hard_links_keeps_a_file_for_each_version(store, tmp_path):
    # Another file system, wherever the test's own folder is: no link can lead there.
    others = [path for path in map(Path, ("/dev/shm", "/var/tmp")) if path.stat().st_dev != tmp_path.stat().st_dev]
    elsewhere = Path(tempfile.mkdtemp(dir=others[0]))
    try:
        store.folder.mkdir()
        (store.folder / ".tables").symlink_to(elsewhere)
        array = random_bits("float32", (300, 20))
        keys = [save_one(store, array, version=version) for version in (1, 2)]
        store.delete(("net", 1))
        store.sweep()
        assert_same_bits(store.read(keys[1]), array)
        assert_same_bits(store.window(keys[1], range(299, 300), range(20)), array[299:])
        assert verify(store, keys[1]).identical
    finally:
        shutil.rmtree(elsewhere)


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="Not a directory"):
        CsvStore(tmp_path / "file" / "weights").ping()


def test_a_full_disk_is_named_with_the_remedy(tmp_path):
    with pytest.raises(StoreUnavailable, match="disk is full") as refusal, translated(tmp_path):  # noqa: SIM117
        with Path("/dev/full").open("wb") as full:
            full.write(b"x" * 100_000)
    assert isinstance(refusal.value.__cause__, OSError)


LIMITED = """
import resource, sys
from pathlib import Path
from dashboard.weights import save_lock
from dashboard.weights.csv_store import CsvStore
from tests.contract.drafts import normal, save_one
from dashboard.errors import StoreUnavailable
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    save_one(CsvStore(Path(sys.argv[1])), normal((500, 100)), version=2)
except StoreUnavailable as error:
    print(error)
"""


@pytest.mark.slow
def test_a_save_that_the_disk_refuses_publishes_nothing(store):
    save_one(store, normal((5, 5)), version=1)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, store.folder], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "free some space" in done.stdout
    assert [version for version, _ in store.manifests()] == [("net", 1)]
    assert store.sweep() == []
    save_one(store, normal((500, 100)), version=2)


READ_ONLY = """
import os, sys
from pathlib import Path
from dashboard.weights import save_lock
from dashboard.weights.csv_store import CsvStore
from dashboard.errors import StoreUnavailable
if os.getuid() == 0:
    os.setuid(65534)
try:
    CsvStore(Path(sys.argv[1])).ping()
except StoreUnavailable as error:
    print(error)
"""


def test_a_folder_that_we_may_not_write_is_named_with_the_remedy(tmp_path):
    folder = Path("/tmp") / f"read-only-{tmp_path.parent.parent.name}-{os.getpid()}"
    folder.mkdir()
    try:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, folder / "weights"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert "give the user who runs the dashboard rights" in done.stdout
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_the_settings_name_the_folder(tmp_path):
    home = str(tmp_path / "home")
    default, other = open_store(Settings(home=home)), open_store(Settings(home=home, store=f"csv:{tmp_path}/other"))
    assert isinstance(default, CsvStore)
    assert isinstance(other, CsvStore)
    assert default.folder == tmp_path / "home" / "weights"
    assert other.folder == tmp_path / "other"


def test_a_network_folder_that_is_not_ours_is_left_alone(store):
    save_one(store, normal((2, 2)), version=1)
    (store.folder / "net" / "notes").mkdir()
    (store.folder / "my papers").mkdir()
    assert [version for version, _ in store.manifests()] == [("net", 1)]
    store.sweep()
    store.delete(("net", 1))
    assert (store.folder / "net" / "notes").is_dir()


def test_a_save_waits_for_a_sweep_that_looks_whether_it_is_alive(store, monkeypatch):
    (store.folder / ".locks").mkdir(parents=True)
    looked = save_lock.take(store.folder / ".locks" / "net__v0001")
    tries = []

    def counted(path):
        if tries:
            looked.release(settled=True)  # the sweep has ended behind the first try
        tries.append(path.name)
        return take(path)

    take = save_lock.take
    monkeypatch.setattr(save_lock, "take", counted)
    array = np.array([[0.5, 1.0]])
    key = save_one(store, array, "net", 1)
    assert tries == ["net__v0001", "net__v0001"]
    assert_same_bits(store.read(key), array)


def test_a_process_that_saves_250_000_weights_does_not_load_pyarrow(tmp_path):
    script = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from dashboard.records.tensor import TensorKey\n"
        "from dashboard.weights.checksums import tensor_sha256\n"
        "from dashboard.weights.csv_store import CsvStore\n"
        "array = np.arange(250_000, dtype=np.float32).reshape(500, 500) / 7\n"
        "key = TensorKey('net', 1, 'w', 'float32', array.shape, tensor_sha256(array))\n"
        "store = CsvStore(Path(sys.argv[1]))\n"
        "with store.saving(('net', 1)):\n"
        "    store.write(key, array)\n"
        "    store.publish(('net', 1), [key], {})\n"
        "assert (store.read_proven(key) == array).all()\n"
        "sys.exit('pyarrow' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "store")], check=True, cwd=ROOT)
