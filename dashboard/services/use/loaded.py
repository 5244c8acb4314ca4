"""A version made ready for use: its network, how records are read for it, and what it was trained on."""

import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property

from cachetools import LRUCache

from dashboard.data.blocks import Reading
from dashboard.data.csv_format import CsvFormat, Marks
from dashboard.data.dataset import DatasetSpec
from dashboard.data.preprocessing import Preprocessing
from dashboard.data.record_inputs import PLAIN_MARKS, RecordReader
from dashboard.engine.network import Network
from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.records.dataset import Dataset
from dashboard.records.network import Version
from dashboard.services.datasets import get_dataset
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.workspace import Workspace

MOST_LOADED = 8
MOST_PARAMETERS = 20_000_000
"""So many parameters are held in memory, in all networks together; a larger one is loaded for each answer."""
REMEDY = "Choose a version that was trained here, or import the file again as a dense network."


@dataclass(frozen=True)
class Loaded:
    """A version ready for use; `dataset` is what it was trained on, None if that is not known here."""

    version: Version
    network: Network
    known: Preprocessing | None
    dataset: Dataset | None

    @property
    def preprocessing(self) -> Preprocessing:
        """How records become inputs; raises Conflict for a version that has none."""
        if self.known is None:
            raise Conflict(
                f"{why_no_records(self.version)} Send what the network is given as inputs, or {_lower(REMEDY)}",
                "version",
            )
        return self.known

    @cached_property
    def reader(self) -> RecordReader:
        """What encodes records; raises Conflict as `preprocessing` does."""
        return RecordReader(self.preprocessing, self._readings)

    @property
    def spec(self) -> DatasetSpec | None:
        """How the dataset was read, None if that is not known."""
        return DatasetSpec.from_json(self.dataset.spec) if self.dataset is not None and self.dataset.spec else None

    @cached_property
    def format(self) -> CsvFormat | None:
        """How the file of the dataset is written, None if that is not known."""
        return self.spec.format if self.spec is not None else None

    @property
    def marks(self) -> Marks:
        """The decimal mark and the thousands separator of texts."""
        return self.format.marks if self.format is not None else PLAIN_MARKS

    @property
    def _readings(self) -> Mapping[str, Reading]:
        spec = self.spec
        return {name: spec.reading(name) for name in self.preprocessing.columns} if spec is not None else {}

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that the network predicts, as the dataset calls them; none if that is not known."""
        if self.dataset is None:
            return ()
        about = self.dataset.description
        return tuple(about.get("targets") or ([about["target"]] if about.get("target") else []))


class NetworkCache:
    """The networks that were used last, by version and SHA-256: at most 8, and so many parameters in all."""

    def __init__(self, most: int = MOST_LOADED, most_parameters: int = MOST_PARAMETERS) -> None:
        self.most, self.most_parameters = most, most_parameters
        self._known: LRUCache[Hashable, Loaded] = LRUCache(most_parameters, getsizeof=self._size)
        self._lock = threading.Lock()

    def _size(self, one: Loaded) -> int:
        return max(one.version.spec.parameters, -(-self.most_parameters // self.most))

    def get(self, key: Hashable) -> Loaded | None:
        """Return what is known under a key."""
        with self._lock:
            return self._known.get(key)

    def put(self, key: Hashable, one: Loaded) -> None:
        """Remember a version unless it is too large."""
        with self._lock:
            if self._size(one) <= self.most_parameters:
                self._known[key] = one

    def __len__(self) -> int:
        """Return how many are held."""
        return len(self._known)


NETWORKS = NetworkCache()


def load_version(workspace: Workspace, network_name: str, number: int) -> Loaded:
    """Return a version ready for use; one that was used lately is in memory.

    Raises NotFound, Conflict in words for a version without layers of ours, NotAsSaved if its tables were changed.
    """
    version = get_version(workspace, network_name, number)
    if version.why_not_run:
        raise Conflict(f"{version.why_not_run} {REMEDY}", "version")
    key = (str(workspace.datasets_folder), version.id, version.network, version.sha256)
    known = NETWORKS.get(key)
    if known is None:
        network = _network(workspace, version)
        preprocessing = Preprocessing.from_json(version.preprocessing) if version.preprocessing else None
        known = Loaded(version, network, preprocessing, _dataset(workspace, version))
        NETWORKS.put(key, known)
    return known


def why_not_used(version: Version) -> str:
    """Say in a sentence why records cannot be put through a version on a page; empty if they can."""
    return version.why_not_run or ("" if version.preprocessing else why_no_records(version))


def why_no_records(version: Version) -> str:
    """Say that a version does not know what its columns are."""
    return f"{version.reference} was saved without a dataset: nothing says what its inputs are."


def _network(workspace: Workspace, version: Version) -> Network:
    network = Network(version.spec)
    try:
        network.load(read_tensors(workspace, version))
    except Invalid as error:
        raise Conflict(
            f"{version.reference} lacks weights of its layers: {error.message} {REMEDY}", "version"
        ) from error
    return network


def _dataset(workspace: Workspace, version: Version) -> Dataset | None:
    if not version.dataset:
        return None
    try:
        return get_dataset(workspace, version.dataset)
    except NotFound:  # deleted at this moment
        return None


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
