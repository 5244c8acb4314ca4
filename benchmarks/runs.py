"""The overhead of a run: many small candidates, a cancel, and a kill.

Sixty trainings of a tenth of a second are queued at once on two slots, as a search does. The pure training is timed
on both at once, on the same spec and records, with as many epochs as take a tenth of a second here: sixty would take
thirty times that. Then a long run is cancelled, and another one is killed.

    python benchmarks/runs.py [runs]
"""

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import contextlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._summary import note
from dashboard.jobs.coordinator import coordinator_lock, is_coordinated
from dashboard.jobs.trainer import train
from dashboard.services.datasets import add_bundled
from dashboard.services.networks import create_network
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.services.runs.runs import cancel_run, get_run, start_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment

ROOT = Path(__file__).resolve().parents[1]
SLOTS = 2
CANDIDATE = {"epochs": 8, "batch_size": 8, "save": "last"}
SECONDS = 0.1
ENDLESS = {"epochs": 100_000, "save": "last"}
REPEATS = 5
PURE_REPEATS = 20
TRIES = 8


def main():
    """Print overhead for each run, seconds until a cancel has ended a run, and until a killed one goes on."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=home, slots=SLOTS)
        workspace = open_workspace(settings)
        define(workspace)
        candidate, pure = candidate_of(workspace)
        print(f"a candidate's pure training: {pure * 1000:.0f} ms for {candidate['epochs']} epochs")
        environment = os.environ | to_environment(settings)
        worker = subprocess.Popen([sys.executable, str(ROOT / "app.py"), "worker"], env=environment)
        try:
            wait_for(lambda: is_coordinated(settings.home_folder))
            measure_candidates(workspace, candidate, count, pure)
            cancel = statistics.median(cancel_seconds(workspace))
            death = statistics.median(kill_seconds(workspace, worker))
            print(f"cancel of a running run: {cancel:.2f} s until it has ended")
            print(f"kill -9 of its process: {death:.2f} s until it goes on")
        finally:
            worker.terminate()
            worker.wait()
        workspace.catalogue.close()


def define(workspace):
    add_bundled(workspace, "digits")
    layers = [{"units": 30, "activation": "tanh"}]
    create_network(workspace, {"name": "net", "dataset": "digits", "layers": layers, "training": CANDIDATE})


def candidate_of(workspace):
    """Return a candidate that takes about SECONDS on this machine, and its seconds; of a restless machine, the last."""
    candidate = CANDIDATE
    for _ in range(TRIES):
        pure = pure_seconds(workspace, candidate)
        if 0.9 * SECONDS < pure < 1.1 * SECONDS:
            break
        candidate = candidate | {"epochs": max(1, round(candidate["epochs"] * SECONDS / pure))}
    return candidate, pure_seconds(workspace, candidate)


def pure_seconds(workspace, candidate):
    """Time the training alone, on every slot at once: what its process does, without pipe, catalogue and store."""
    run = start_quietly(workspace, candidate)
    job = CatalogueJournal(workspace).claim(["trainings"])
    cancel_run(workspace, run.id)
    with ProcessPoolExecutor(SLOTS, get_context("fork")) as processes:
        return statistics.median(chain(*processes.map(times_of, [job] * SLOTS)))


def times_of(job):
    times = []
    for _ in range(PURE_REPEATS + 1):
        began = time.perf_counter()
        train(job, lambda kind, payload: None, lambda: None)
        times.append(time.perf_counter() - began)
    return times[1:]


def start_quietly(workspace, settings):
    """Queue a run while we hold the coordinator's lock, so that none is started for it."""
    with coordinator_lock(workspace.settings.home_folder):
        return start_run(workspace, "net", settings)


def measure_candidates(workspace, candidate, count, pure):
    first = [start_run(workspace, "net", candidate | {"seed": seed}).id for seed in range(SLOTS)]
    wait_for(lambda: all(get_run(workspace, run_id).run.has_ended for run_id in first))  # the fork server is warm now
    began = time.perf_counter()
    ids = [start_run(workspace, "net", candidate | {"seed": seed}).id for seed in range(count)]
    queued = time.perf_counter() - began
    wait_for(lambda: get_run(workspace, ids[-1]).run.has_ended and get_run(workspace, ids[-2]).run.has_ended)
    whole, ideal = time.perf_counter() - began, count * pure / SLOTS
    assert all(get_run(workspace, run_id).run.state == "finished" for run_id in ids)
    more = 1000 * (whole * SLOTS / count - pure)
    print(f"{count} candidates on {SLOTS} slots: {whole:.2f} s, {whole / ideal:.2f} × the pure training there")
    print(f"that is {more:.0f} ms more for each run; to queue them took {queued:.2f} s of it")
    note("runs", f"{count} trainings on {SLOTS} slots", "the pure training there", whole / ideal, goal=1.3, less=True)
    note("runs", "overhead of a run", "", more, "ms", 20, less=True)
    print("target met" if whole <= 3 * ideal else "TARGET MISSED: at most 3 ×")


def cancel_seconds(workspace):
    for _ in range(REPEATS):
        run_id = start_run(workspace, "net", ENDLESS).id
        wait_for(lambda: get_run(workspace, run_id).epochs)  # noqa: B023
        began = time.perf_counter()
        cancel_run(workspace, run_id)
        wait_for(lambda: get_run(workspace, run_id).run.has_ended)  # noqa: B023
        yield time.perf_counter() - began


def kill_seconds(workspace, worker):
    for _ in range(REPEATS):
        run_id = start_run(workspace, "net", ENDLESS).id
        wait_for(lambda: get_run(workspace, run_id).epochs)  # noqa: B023
        began = time.perf_counter()
        os.kill(newest_descendant(worker.pid), signal.SIGKILL)
        wait_for(lambda: get_run(workspace, run_id).run.attempt == 2 and get_run(workspace, run_id).epochs)  # noqa: B023
        yield time.perf_counter() - began
        cancel_run(workspace, run_id)
        wait_for(lambda: get_run(workspace, run_id).run.has_ended)  # noqa: B023


def newest_descendant(pid):
    """Return the youngest process below a process: the one that trains."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            fields = stat.read_text().rpartition(")")[2].split()
            parents[int(stat.parent.name)] = (int(fields[1]), int(fields[19]))
    below = {pid}
    for _ in parents:
        below |= {child for child, (parent, _) in parents.items() if parent in below}
    return max(below - {pid}, key=lambda child: parents[child][1])


def wait_for(condition, pause=0.01):
    while not condition():
        time.sleep(pause)


if __name__ == "__main__":
    main()
