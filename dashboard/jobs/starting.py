"""Starting a coordinator for queued runs, also when gunicorn alone serves the pages."""

import os
import subprocess

from dashboard.jobs.coordinator import is_coordinated, wake_coordinator
from dashboard.jobs.memory import MALLOC
from dashboard.jobs.supervisor import CODE_FOLDER, LIFELINE, WORKER
from dashboard.jobs.wake_pipe import has_supervisor
from dashboard.settings import Settings, to_environment


def ensure_coordinator(settings: Settings) -> None:
    """Wake the coordinator of this data folder; if none runs, and no supervisor starts one, start one.

    What is started here ends when it is idle.
    """
    is_cared_for = is_coordinated(settings.home_folder) or has_supervisor()
    wake_coordinator(settings.home_folder)
    if is_cared_for:
        return
    environment = MALLOC | os.environ | to_environment(settings.with_absolute_paths())
    environment.pop(LIFELINE, None)
    with open(settings.home_folder / "worker.log", "ab") as log:
        # A session of its own: a web worker that is recycled takes nothing with it. If two requests start two,
        # the lock lets one work and the other end.
        subprocess.Popen(  # noqa: S603 - our own command
            [*WORKER, "--until-idle"],
            cwd=CODE_FOLDER,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
