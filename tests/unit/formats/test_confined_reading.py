"""The process that reads one file: it is confined, nothing that it leaves is trusted, and nothing stays behind."""

import ctypes
import dataclasses
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from dashboard.errors import TooLarge, UnknownFormat, UnreadableFile
from dashboard.formats.landlock import CREATE_RULESET, VERSION_FLAG
from dashboard.formats.limits import Limits, limits_of
from dashboard.formats.reading import read_file
from dashboard.settings import Settings
from tests.rules.source import ROOT
from tests.unit.formats.reading_here import arrays_of
from tests.worker import wait_until

pytestmark = pytest.mark.slow

HOSTILE = "tests.unit.formats.hostile_readers"
QUICK = dataclasses.replace(
    Limits(), seconds=3, memory=2**30, memory_times=1, unfolded_at_least=2**20, file_bytes=2**20
)


def has_landlock():
    return platform.system() == "Linux" and ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, VERSION_FLAG) >= 1


needs_landlock = pytest.mark.skipif(not has_landlock(), reason="the kernel has no Landlock")


def attempt(tmp_path, deed, more=""):
    """Let a hostile reader do its deed, and check that nothing of it is left."""
    path = tmp_path / "upload" / "file"
    path.parent.mkdir()
    path.write_text(f"{deed} {more}")
    try:
        return read_file(path, tmp_path / "read", QUICK, registry=HOSTILE)
    finally:
        assert [one.name for one in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("allocate", TooLarge),
        ("loop", TooLarge),
        ("fill", TooLarge),
        ("crash", UnreadableFile),
        ("die", TooLarge),
        ("leave_a_long_list", UnreadableFile),
        ("leave_nothing", UnreadableFile),
        ("leave_a_link", UnreadableFile),
        ("change_afterwards", UnreadableFile),
    ],
)
def test_a_reader_that_ignores_its_limits_ends_by_them(tmp_path, deed, error):
    with pytest.raises(error):
        attempt(tmp_path, deed)
    assert not (tmp_path / "read").exists()


@needs_landlock
@pytest.mark.parametrize("deed", ["open_elsewhere", "write_elsewhere", "execute"])
def test_a_reader_opens_writes_and_starts_nothing_else(tmp_path, deed, caplog):
    with pytest.raises(UnreadableFile):
        attempt(tmp_path, deed)
    assert "PermissionError" in caplog.text
    assert not (tmp_path / "read").exists()


@needs_landlock
def test_a_reader_makes_no_connection(tmp_path, caplog):
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(UnreadableFile):
        attempt(tmp_path, "connect", server.getsockname()[1])
    assert "PermissionError" in caplog.text


ASKING = """
import sys
from pathlib import Path
from dashboard.formats.limits import Limits
from dashboard.formats.reading import read_file
read_file(Path(sys.argv[1]), Path(sys.argv[2]), Limits(), registry=sys.argv[3])
"""


@pytest.mark.skipif(platform.system() != "Linux", reason="only Linux ends a process with the one that started it")
def test_the_process_ends_with_the_one_that_started_it(tmp_path):
    (tmp_path / "file").write_text("wait_for_ever")
    arguments = [tmp_path / "file", tmp_path / "read", HOSTILE]
    process = subprocess.Popen([sys.executable, "-c", ASKING, *arguments], cwd=ROOT)
    note = tmp_path / "read" / "pid"
    wait_until(lambda: note.exists() and note.read_text().endswith("\n"), "the reader runs")
    process.kill()
    process.wait()
    wait_until(lambda: is_gone(int(note.read_text())), "the reader has ended")


def is_gone(pid):
    """Return whether a process has ended; one whose parent has not yet noticed is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_facts_that_are_too_long_or_no_json_do_not_reach_the_process_that_asks(tmp_path):
    contents = attempt(tmp_path, "state_too_much")
    assert contents.about == {"short": 1, "\\ud800": ["\\0", None, None], "left_out": ["long"]}


def test_the_process_knows_no_password_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("WEIGHTBASE_PASSWORD", "secret")
    contents = attempt(tmp_path, "environment")
    assert set(contents.about["environment"]) <= {"PATH", "OPENBLAS_NUM_THREADS", "HDF5_PLUGIN_PRELOAD", "LC_CTYPE"}


def test_hdf5_loads_no_plugins_whatever_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv("HDF5_PLUGIN_PATH", str(tmp_path))
    monkeypatch.setenv("HDF5_PLUGIN_PRELOAD", "")
    assert attempt(tmp_path, "ask_for_plugins").about["plugins"] == [0, True, False]


def test_the_process_reads_what_the_reader_reads(tmp_path):
    made: dict[str, np.ndarray] = {
        "fc.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "empty": np.zeros((0, 2), np.int64),
    }
    save_file(made, tmp_path / "file", {"format": "pt"})
    contents = read_file(tmp_path / "file", tmp_path / "read", Limits(), "model.safetensors")
    assert contents == arrays_of(tmp_path / "file")[0]
    assert sorted(os.listdir(tmp_path / "read")) == ["00000.bin", "00001.bin"]


def test_pandas_works_within_the_limits_of_the_process(tmp_path):
    (tmp_path / "file").write_text("1,2\n3,4\n")
    contents = read_file(tmp_path / "file", tmp_path / "read", Limits(), "W1.csv")
    assert contents == arrays_of(tmp_path / "file", name="W1.csv")[0]
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").rename(tmp_path / "folder" / "W1.csv")
    assert read_file(tmp_path / "folder", tmp_path / "again", Limits()).tensors == contents.tensors


def test_a_file_that_is_refused_leaves_nothing(tmp_path):
    (tmp_path / "picture.safetensors").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(UnknownFormat, match="This is a PNG picture"):
        read_file(tmp_path / "picture.safetensors", tmp_path / "read", Limits())
    (tmp_path / "empty.safetensors").write_bytes(b"")
    with pytest.raises(UnreadableFile, match="The file is empty"):
        read_file(tmp_path / "empty.safetensors", tmp_path / "read", Limits())
    assert sorted(os.listdir(tmp_path)) == ["empty.safetensors", "picture.safetensors"]


def test_the_limits_follow_from_the_setting_for_uploads():
    limits = limits_of(Settings(max_upload_mb=256))
    assert limits.file_bytes == 256 * 2**20
    assert limits.unfolded(100 * 2**20) == 2**30  # never more than four of the largest uploads
    assert limits.unfolded(10 * 2**20) == 200 * 2**20  # twenty times the file
    assert limits.unfolded(10) == 64 * 2**20
    assert limits_of(Settings(max_upload_mb=1024)).unfolded(2**30) == 4 * 2**30
    assert (limits.time(2**20), limits.time(8 * 2**30)) == (60, 1024)
