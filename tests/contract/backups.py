"""Homes to be backed up, and what must be the same in a home that a backup was restored into."""

from contextlib import closing, contextmanager

import numpy as np

from dashboard.services.backup.making import make_backup
from dashboard.services.backup.restoring import restore_backup
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from dashboard.weights.dtypes import DTYPES
from tests.contract.drafts import random_bits
from tests.unit.services.store_examples import contents, fill, save

EVERY_TYPE = {f"{dtype}.any": random_bits(dtype, (20, 30), seed) for seed, dtype in enumerate(DTYPES)}


@contextmanager
def opened(settings):
    """A workspace that is closed at the end, store and all."""
    workspace = open_workspace(settings)
    with closing(workspace.catalogue), closing(workspace.store):
        yield workspace


def fill_with_everything(workspace):
    """Add versions, runs, a deletion, and a version with any bits of every number type."""
    fill(workspace)
    save(workspace, "odds", seed=11, tensors=EVERY_TYPE | {"empty": np.empty((0, 3), np.float32)})


def backed_up(workspace, path):
    """Make a backup and return what it says of itself."""
    return make_backup(workspace, path, lambda _: None)


def restored(settings, path, **options):
    """Restore a backup and return what that says of itself."""
    return restore_backup(settings, path, lambda _: None, **options)


def assert_whole(workspace, expected):
    """Assert that a home has what the backed up one had, that all of it verifies, and that nothing is left to sweep."""
    assert contents(workspace) == expected
    assert [proof.version.reference for proof in verify_all(workspace) if not proof.identical] == []
    assert workspace.store.sweep() == []
