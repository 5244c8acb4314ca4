"""The coordinator as a process: its lock, its journal, its signals and its lifeline."""

from dashboard.jobs.coordinator import Coordinator, coordinator_lock, install_stop_signals
from dashboard.jobs.supervisor import follow_lifeline
from dashboard.services.runs import CatalogueJournal
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings


def coordinate(settings: Settings, until_idle: bool = False) -> None:
    """Train what is queued until told to stop, or, if asked, until nothing is left; at once if another does it."""
    with coordinator_lock(settings.home_folder, wait_for_it=not until_idle) as ours:
        if not ours:
            return
        workspace = open_workspace(settings)
        coordinator = Coordinator(CatalogueJournal(workspace), settings.slots, until_idle)
        install_stop_signals(coordinator.stop.set)
        follow_lifeline(coordinator.stop.set)
        coordinator.run()
        workspace.catalogue.close()
