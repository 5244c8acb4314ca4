import pytest

from dashboard.weights.csv_store import CsvStore
from tests.processes.kills import check_after_kill, moments, save_until_killed
from tests.representatives import most_in_soak

pytestmark = pytest.mark.processes

SEED = 20261123


@pytest.mark.parametrize("seconds", most_in_soak(moments(20, SEED), 3), ids=lambda seconds: f"{seconds:.3f}s")
def test_a_csv_save_that_is_killed_leaves_nothing_half_and_loses_nothing_acknowledged(tmp_path, seconds):
    address = f"csv:{tmp_path / 'weights'}"
    acknowledged = save_until_killed(address, 1, seconds)
    present = check_after_kill(address, acknowledged)
    again = save_until_killed(address, max(present) + 1, seconds / 3)
    present = check_after_kill(address, acknowledged + again)
    assert_only_what_is_referenced(CsvStore(tmp_path / "weights"))


def assert_only_what_is_referenced(store):
    """Assert that every file belongs to a published version, or is the pool's: a name, an index, or its place."""
    versions = list(store.folder.glob("net/v*/*"))
    inodes = {path.stat().st_ino for path in versions}
    contents = set()
    for _, manifest in store.manifests():
        contents |= {tensor["sha256"] for tensor in manifest["tensors"]}
    for path in store.folder.rglob("*"):
        if path.is_dir() or path in versions or path.relative_to(store.folder).as_posix() == ".tables/.place":
            continue
        assert path.parent.name == ".tables", path
        assert path.stat().st_ino in inodes or (path.name.endswith(".marks.npy") and path.name[:64] in contents), path
