import os

import pytest

from dashboard.files import RESERVE, RESERVE_BYTES, atomic_write, keep_reserve, make_space, overwrite


def test_the_content_is_written_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new folder" / "file"
    atomic_write(path, b"first")
    atomic_write(path, lambda file: file.write(b"second"))
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


def test_a_content_that_fails_halfway_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    atomic_write(path, b"before")

    def write(file):
        file.write(b"half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        atomic_write(path, write)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_readers_see_no_half_written_file(tmp_path):
    path = tmp_path / "file"
    atomic_write(path, b"before")
    seen = []

    def write(file):
        file.write(b"half")
        file.flush()
        seen.append(path.read_bytes())

    atomic_write(path, write)
    assert seen == [b"before"]


def test_a_durable_file_is_synced_before_it_takes_its_name(tmp_path, monkeypatch):
    path, synced = tmp_path / "file", []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append((path.exists(), os.fstat(descriptor))))
    atomic_write(path, b"12345", durable=True)
    assert [(existed, status.st_size) for existed, status in synced] == [(False, 5)]


def test_a_file_that_is_written_over_keeps_its_size_and_its_place_on_the_disk(tmp_path):
    path = tmp_path / "state.json"
    overwrite(path, b'{"waiting": {"7": "why"}}', 4096)
    place = path.stat().st_ino
    overwrite(path, b"{}", 4096)
    assert (path.read_text().strip(), path.stat().st_size, path.stat().st_ino) == ("{}", 4096, place)
    assert path.stat().st_blocks * 512 >= 4096


def test_a_reserve_is_kept_where_there_is_space_and_stays_while_there_is(tmp_path):
    keep_reserve(tmp_path)
    assert (tmp_path / RESERVE).stat().st_blocks * 512 >= RESERVE_BYTES
    make_space(tmp_path)
    assert (tmp_path / RESERVE).exists()
    make_space(tmp_path / "not there")
