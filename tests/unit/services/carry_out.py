"""Carrying out a queued action or training in this process, through the functions that its own process would use."""

import multiprocessing

from dashboard.jobs.job import TrainingJob
from dashboard.jobs.trainer import Trainer
from dashboard.records.run_kinds import ACTIONS, TRAININGS
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.services.runs.runs import get_run, start_run
from dashboard.services.store import process as action_process
from dashboard.services.store.actions import ActionJob


def carry_out(workspace, told_to_stop=False, lane=ACTIONS):
    """Claim the next action of a lane, carry it out, write its reports down, and return the ended run."""
    journal = CatalogueJournal(workspace)
    job = journal.claim([lane])
    assert isinstance(job, ActionJob)
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        if told_to_stop:
            ours.send("stop")
        action_process.main(job, theirs)
        while True:
            kind, payload = ours.recv()
            if kind == "end":
                break
            assert journal.progress(job, payload)
    assert journal.end(job, payload["state"], payload["error"])
    return get_run(workspace, job.run_id).run


def train(workspace, name, settings):
    """Train in this process, and write down what the training reports."""
    run = start_run(workspace, name, settings, "Ada")
    journal = CatalogueJournal(workspace)
    job = journal.claim([TRAININGS])
    assert isinstance(job, TrainingJob)

    def write_down(kind, payload):
        if kind == "epoch":
            journal.epochs(job, [payload])
        elif kind == "version":
            journal.version(job, payload)

    trainer = Trainer(job, write_down)
    trainer.train(lambda: None)
    journal.end(job, "finished", None)
    return run.id
