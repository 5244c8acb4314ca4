"""The health of one table over all versions of a network: findings about its units, growth and spectrum."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.records.network import Network
from dashboard.records.units import unit_word, units_axis
from dashboard.services.cache.numbers import UNLIMITED, Budget, Numbers, cached_numbers
from dashboard.services.datasets import record_count
from dashboard.services.history.activity import work
from dashboard.services.history.since import Since, since_of
from dashboard.services.history.tensor import TensorVersion, find_versions, spectra_of
from dashboard.services.history.units import findings, group, key
from dashboard.services.versions.damage import damaged_numbers
from dashboard.services.versions.reading import get_detail
from dashboard.services.workspace import Workspace

UNIT_FINDINGS = ("dead", "no_input", "no_output", "never_active", "unvarying", "undefined", "constant", "saturating")
OF_RECORDS = ("unvarying", "saturating")
"""The findings that need records: None without them."""
MEASURES = (
    *("dead", "duplicates", "constant", "saturating", "undefined"),
    *("norm_growth", "stable_rank", "spectral_norm", "tail_exponent", "not_finite"),
)


@dataclass(frozen=True)
class HealthHistory:
    """A table over the versions: `findings` has the units of each finding, `measures` the numbers that MEASURES name.

    None stands for what is not counted yet (`uncounted` versions), or cannot be known, as of the `damaged` versions.
    """

    network: Network
    tensor: str
    names: list[str]
    versions: list[TensorVersion]
    findings: list[Numbers | None]
    measures: list[dict[str, float | None]]
    uncounted: int
    damaged: set[int | None]

    @property
    def axis(self) -> str | None:
        """Along which axis of the newest version's table its units are; None where that is not known."""
        return units_axis(self.versions[-1].info, self.network.kind)

    @property
    def word(self) -> str:
        """What its findings are about: unit, or column where it is not known what a unit is."""
        return unit_word(self.versions[-1].info, self.network.kind)

    def dead_since(self, count: int) -> Since | None:
        """Return since which version at least so many units are dead."""
        counts = [measures["dead"] for measures in self.measures]
        return since_of(self.versions, [None if one is None else one >= count for one in counts])


def get_health(workspace: Workspace, network_name: str, tensor: str = "", budget: Budget = UNLIMITED) -> HealthHistory:
    """Return the health of one table, by default the first, in all versions; raises NotFound or StoreError."""
    network, names, versions = find_versions(workspace, network_name, tensor)
    counted = findings_of(workspace, network, versions, budget)
    spectra = spectra_of(workspace, network, versions, budget)
    own = [None if each is None else each.get(versions[0].info.name) for each in counted]
    damaged = damaged_numbers(workspace, network.name)
    return HealthHistory(
        network=network,
        tensor=versions[0].info.name,
        names=names,
        versions=versions,
        findings=own,
        measures=[
            _measures(versions[0], version, health, spectrum)
            for version, health, spectrum in zip(versions, own, spectra, strict=True)
        ],
        uncounted=sum(
            None in numbers and version.number not in damaged
            for version, *numbers in zip(versions, counted, spectra, strict=True)
        ),
        damaged=damaged,
    )


def findings_of(
    workspace: Workspace, network: Network, versions: Sequence[TensorVersion], budget: Budget = UNLIMITED
) -> list[Numbers | None]:
    """Return table -> finding -> units of each version, as far as the budget goes; None for the others."""

    def count(place: int) -> Numbers:
        detail = get_detail(workspace, network.name, versions[place].number)
        return findings(workspace, detail.version, detail.tensors)

    rows = record_count(workspace, network.dataset)
    keys = [key(version.version_id, version.sha256, rows) for version in versions]
    cells = [work(rows, version.bytes // 4) for version in versions]
    return cached_numbers(workspace, group(network.slug), keys, cells, count, budget)


def dead_of(findings: Numbers | None) -> list[int]:
    """Return the units that contribute nothing, as far as it is known; none where nothing is counted."""
    return [] if findings is None else findings["dead"]


def _measures(
    first: TensorVersion, version: TensorVersion, findings: Numbers | None, spectrum: Numbers | None
) -> dict[str, float | None]:
    """Return the numbers of one version; `duplicates` counts the units that are wasted, all but one of each group.

    Without records the number of dead units is None: there may be more than those that are dead by their weights.
    """
    counts: dict[str, float | None] = dict.fromkeys(("dead", "duplicates", "constant", "saturating", "undefined"))
    if findings is not None:
        counts = {
            "dead": len(findings["dead"]) if findings["records"] else None,
            "duplicates": sum(len(group) - 1 for group in findings["duplicates"]),
            "constant": len(findings["constant"]),
            "saturating": None if findings["saturating"] is None else len(findings["saturating"]),
            "undefined": len(findings["undefined"]),
        }
    before, now = first.info.statistics["norm"], version.info.statistics["norm"]
    names = ("stable_rank", "spectral_norm", "tail_exponent")
    return (
        counts
        | {"norm_growth": now / before if before and now is not None else None}
        | {name: None if spectrum is None else spectrum[name] for name in names}
        | {"not_finite": version.info.statistics["not_finite"]}
    )
