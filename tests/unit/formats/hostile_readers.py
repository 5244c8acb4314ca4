"""A registry of readers that ignore every limit; the confined process loads it instead of the project's own."""

import ctypes
import os
import signal
import socket
from pathlib import Path

import h5py

from dashboard.formats.reader import Reader


def allocate(source, sink):
    held = bytearray(5 * 2**30)
    sink.about["held"] = len(held)


def loop(source, sink):
    while True:
        pass


def open_elsewhere(source, sink):
    sink.skip("x", Path("/etc/hostname").read_text())


def write_elsewhere(source, sink):
    (source.path.parent / "written").write_text("here")


def execute(source, sink):
    os.execv("/bin/true", ["true"])


def connect(source, sink):
    socket.create_connection(("127.0.0.1", int(source.path.read_text().partition(" ")[2])))


def fill(source, sink):
    with (sink.folder / "filled").open("wb") as file:
        while True:
            file.write(bytes(2**20))


def crash(source, sink):
    os.abort()


def die(source, sink):
    sink.add_bytes("w", "uint8", (1,), [b"1"])
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for_ever(source, sink):
    (sink.folder / "pid").write_text(f"{os.getpid()}\n")
    signal.pause()


def leave_a_long_list(source, sink):
    sink.add_bytes("w", "uint8", (1,), [b"1"])
    (sink.folder / "manifest.json").write_bytes(b"[" + b"[]," * 5_660_000 + b"[]]")
    os._exit(0)


def leave_nothing(source, sink):
    os._exit(0)


def state_too_much(source, sink):
    sink.add_bytes("w", "uint8", (1,), [b"1"])
    sink.about.update({"short": 1, "long": "x" * 3 * 2**20, "\ud800": ["\0", float("nan"), b"bytes"]})


def leave_a_link(source, sink):
    (sink.folder / "00001.bin").symlink_to("/etc/hostname")
    sink.add_bytes("w", "uint8", (1,), [b"1"])


def change_afterwards(source, sink):
    sink.add_bytes("w", "uint8", (1,), [b"1"])
    (sink.folder / "00000.bin").write_bytes(b"2")


def environment(source, sink):
    sink.about["environment"] = dict(os.environ)
    sink.add_bytes("w", "uint8", (1,), [b"1"])


def ask_for_plugins(source, sink):
    """State which kinds of plugins HDF5 would load, and whether it finds a filter that only a plugin has."""
    kinds = ctypes.c_uint(99)
    assert ctypes.CDLL(h5py.h5pl.__file__).H5PLget_loading_state(ctypes.byref(kinds)) == 0
    sink.about["plugins"] = [kinds.value, h5py.h5z.filter_avail(h5py.h5z.FILTER_DEFLATE), h5py.h5z.filter_avail(32001)]
    sink.add_bytes("w", "uint8", (1,), [b"1"])


DEEDS = (
    *(allocate, loop, open_elsewhere, write_elsewhere, execute, connect, fill, crash),
    *(die, wait_for_ever, leave_a_long_list, leave_nothing, state_too_much),
    *(leave_a_link, change_afterwards, environment, ask_for_plugins),
)


def recognises_word(deed):
    return lambda start, members: start.split()[0] == deed.__name__.encode()


READERS = tuple(Reader(deed.__name__, deed.__name__, (), recognises_word(deed), deed) for deed in DEEDS)
