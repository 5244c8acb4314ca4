"""Whether everything that the dashboard stands on can be used now."""

from dataclasses import dataclass

from dashboard import __version__
from dashboard.errors import StoreError
from dashboard.jobs.coordinator import is_coordinated
from dashboard.services.workspace import Workspace


@dataclass(frozen=True)
class Health:
    """What was found; `coordinator` tells whether queued runs are being looked after at this moment."""

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
    """Ask the store and the catalogue whether they can be used, and collect what they say."""
    problems = []
    for ping in (workspace.store.ping, workspace.catalogue.ping):
        try:
            ping()
        except StoreError as error:
            problems.append(error.message)
    coordinated = is_coordinated(workspace.settings.home_folder)
    return Health(__version__, workspace.store.kind, workspace.catalogue.kind, coordinated, problems)
