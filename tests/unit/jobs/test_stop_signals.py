"""A process is told to stop by a signal at whatever moment the signal comes."""

import subprocess
import sys

WAITING = """
import os, signal, threading, time
from dashboard.jobs.stop_signals import end_on_signals

stop = threading.Event()
end_on_signals(stop.set)
with stop._cond:  # as Event.wait does, for some microseconds of each wait
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.1)  # the handler runs here, in this thread
stop.wait()
print("stopped")
"""


def test_a_signal_that_comes_while_its_thread_holds_the_lock_of_the_event_still_stops_it():
    ended = subprocess.run([sys.executable, "-c", WAITING], capture_output=True, text=True, timeout=300, check=True)
    assert ended.stdout == "stopped\n"


def test_a_second_signal_while_it_stops_changes_nothing():
    twice = WAITING.replace("stop.wait()", "os.kill(os.getpid(), signal.SIGINT); stop.wait()")
    ended = subprocess.run([sys.executable, "-c", twice], capture_output=True, text=True, timeout=300, check=True)
    assert ended.stdout == "stopped\n"
