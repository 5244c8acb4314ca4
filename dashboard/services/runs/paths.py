"""By what the steps of a new training are computed: as the settings say, and as what is installed here allows."""

from dashboard.engine.paths import NUMPY, path_of
from dashboard.records.network import NetworkSpec
from dashboard.settings import Settings


def new_path(settings: Settings, spec: NetworkSpec) -> str:
    """Return the path that a training which begins now stays on.

    On a Dask cluster that is numpy: any of its machines may go on with the training, and some may not have the library.
    """
    return path_of(spec) if settings.compiled and not settings.dask else NUMPY
