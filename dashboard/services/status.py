"""Whether the store and the catalogue can be used now."""

from dataclasses import dataclass

from dashboard import __version__
from dashboard.errors import StoreError
from dashboard.jobs.coordinator import is_coordinated
from dashboard.services.workspace import Workspace


@dataclass(frozen=True)
class Health:
    """The status of the parts; `coordinator` says whether a process takes queued runs now."""

    version: str
    store: str
    catalogue: str
    coordinator: bool
    problems: list[str]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong (a sleeping coordinator is not: it is started with the next run)."""
        return not self.problems


def check_health(workspace: Workspace) -> Health:
    """Check the store and the catalogue, and collect their problems."""
    problems = []
    is_reading = bool(workspace.catalogue.read_only)  # then it is no problem that nothing can be written
    for ping in (workspace.store.versions if is_reading else workspace.store.ping, workspace.catalogue.ping):
        try:
            ping()
        except StoreError as error:
            problems.append(error.message)
    coordinated = is_coordinated(workspace.settings.home_folder)
    return Health(__version__, workspace.store.kind, workspace.catalogue.kind, coordinated, problems)
