"""SIGTERM and SIGINT reach a process through a pipe that a thread reads.

A handler runs in the main thread, wherever that is: one that sets an Event for which the main thread is just waiting
waits for ever for the lock that its own thread holds.
"""

import os
import signal
import threading
from collections.abc import Callable


def end_on_signals(end: Callable[[], None], then: Callable[[], None] = lambda: None) -> None:
    """Call `end`, `then` the other, in a thread at the first SIGTERM or SIGINT; to be called in the main thread."""
    read_end, write_end = os.pipe()

    def watch() -> None:
        os.read(read_end, 1)
        end()
        then()

    threading.Thread(target=watch, name="stop signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.write(write_end, b"x"))
