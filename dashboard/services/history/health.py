"""The health of one table over all versions of a network, from stored tables alone: findings, growth and spectrum."""

from dataclasses import dataclass

from dashboard.records.network import Network
from dashboard.services.cache.numbers import UNLIMITED, Budget, Numbers, cached_numbers
from dashboard.services.history.tensor import TensorVersion, find_versions, spectra_of
from dashboard.services.history.units import findings, group, key
from dashboard.services.versions.reading import get_detail
from dashboard.services.workspace import Workspace

UNIT_FINDINGS = ("deaf", "unheard", "silent", "constant", "saturating")
MEASURES = (
    *("dead", "duplicates", "constant", "saturating"),
    *("norm_growth", "stable_rank", "spectral_norm", "tail_exponent", "not_finite"),
)


@dataclass(frozen=True)
class HealthHistory:
    """A table over the versions: `findings` has the units of each finding, `measures` the numbers that MEASURES name.

    None stands for what is not counted, which would take `cells` cells to be read.
    """

    network: Network
    tensor: str
    names: list[str]
    versions: list[TensorVersion]
    findings: list[Numbers | None]
    measures: list[dict[str, float | None]]
    cells: int


def get_health(workspace: Workspace, network_name: str, tensor: str = "", budget: Budget = UNLIMITED) -> HealthHistory:
    """Return the health of one table, by default the first, in all versions; raises NotFound or StoreError."""
    network, names, versions = find_versions(workspace, network_name, tensor)

    def count(place: int) -> Numbers:
        detail = get_detail(workspace, network_name, versions[place].number)
        return findings(workspace, detail.version, detail.tensors)

    keys = [key(version.version_id, version.sha256) for version in versions]
    weights = [version.bytes // 4 for version in versions]
    counted = cached_numbers(workspace, group(network.slug), keys, weights, count, budget)
    spectra = spectra_of(workspace, network, versions, budget)
    own = [None if each is None else each.get(versions[0].info.name) for each in counted]
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
        cells=sum(
            size
            for size, each, spectrum in zip(weights, counted, spectra, strict=True)
            if each is None or spectrum is None
        ),
    )


def dead_of(findings: Numbers | None) -> list[int]:
    """Return the units that contribute nothing; none where nothing is counted."""
    if findings is None:
        return []
    return sorted({*findings["deaf"], *findings["unheard"], *findings["silent"]})


def _measures(
    first: TensorVersion, version: TensorVersion, findings: Numbers | None, spectrum: Numbers | None
) -> dict[str, float | None]:
    """Return the numbers of one version; `duplicates` counts the units that are wasted, all but one of each group."""
    counts: dict[str, float | None] = dict.fromkeys(("dead", "duplicates", "constant", "saturating"))
    if findings is not None:
        counts = {
            "dead": len(dead_of(findings)),
            "duplicates": sum(len(group) - 1 for group in findings["duplicates"]),
            "constant": len(findings["constant"]),
            "saturating": len(findings["saturating"]),
        }
    before, now = first.info.statistics["norm"], version.info.statistics["norm"]
    names = ("stable_rank", "spectral_norm", "tail_exponent")
    return (
        counts
        | {"norm_growth": now / before if before and now is not None else None}
        | {name: None if spectrum is None else spectrum[name] for name in names}
        | {"not_finite": version.info.statistics["not_finite"]}
    )
