"""Choosing where runs execute: this machine, or the Dask cluster that the settings name."""

from dashboard.errors import Invalid
from dashboard.jobs.local_processes import LocalProcesses
from dashboard.jobs.place import Place, SharingPlace
from dashboard.settings import Settings


def place_name(settings: Settings) -> str:
    """Return the place as people read it."""
    return f"the Dask cluster {settings.dask}" if settings.dask else "this machine"


def open_places(settings: Settings) -> tuple[SharingPlace, Place]:
    """Return (where actions execute, where trainings do); raises Invalid if Dask is required but not installed."""
    local = LocalProcesses(settings.slots)
    if not settings.dask:
        return local, local
    try:
        # Imported only here: it costs a second and 60 MB, and is installed only where it is wanted.
        from dashboard.jobs.dask_cluster import DaskCluster, security_of  # noqa: PLC0415
    except ModuleNotFoundError as error:
        message = "WEIGHTBASE_DASK needs Dask: pip install 'weightbase[dask]' (or -r requirements-dask.txt)"
        raise Invalid({"WEIGHTBASE_DASK": message}) from error
    return local, DaskCluster(settings.dask, security_of(settings.dask_ca, settings.dask_cert, settings.dask_key))
