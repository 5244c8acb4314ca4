"""Steps from a comparison to the ones next to it: an older or newer base, an older or newer other version."""

from collections.abc import Callable

from dashboard.http import workspace
from dashboard.records.network import Version
from dashboard.services.compare.versions import neighbours

Step = tuple[str, str, str]


def version_steps(address: Callable[..., str], base: Version, other: Version) -> list[Step]:
    """Return (address, key, words) of the neighbours of both sides; `address` takes base or other."""
    steps = []
    for side, version, keys in (("base", base, "{}"), ("other", other, "[]")):
        for key, number in zip(keys, neighbours(workspace(), version), strict=True):
            to = address(**{side: f"{version.network}:{number}"}) if number else ""
            steps.append((to, key, f"{side} v{number}" if number else f"{side} {'older' if key in '{[' else 'newer'}"))
    return steps
