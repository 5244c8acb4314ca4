"""Records on which the outputs of an exported file are compared: the first of the dataset that a version belongs to."""

from typing import NamedTuple

import numpy as np

from dashboard.data.dataset import Arrays, open_arrays
from dashboard.data.matching import matched
from dashboard.data.preprocessing import Preprocessing, encode_inputs
from dashboard.errors import Invalid, NotFound
from dashboard.formats.running import RawRecords
from dashboard.formats.types import Array
from dashboard.records.network import Version
from dashboard.services.datasets import are_records_here, get_dataset
from dashboard.services.exports.describing import Leaving
from dashboard.services.workspace import Workspace

MOST_RECORDS = 1000
MOST_BYTES = 160_000_000
"""Of the weights whose outputs are compared: they are held in memory, twice, while that is done."""


class SampleRecords(NamedTuple):
    """Records as a file has them, in the order of the version's preprocessing, and as a network is given them.

    `inputs` (records, inputs) are scaled.
    """

    raw: RawRecords
    inputs: Array


def sample_records(workspace: Workspace, taken: Leaving) -> SampleRecords | str:
    """Return up to 1,000 records of a version's dataset, or the reason why there are none, as a sentence."""
    version = taken.version
    if reason := _why_not_run(taken):
        return reason
    try:
        dataset = get_dataset(workspace, version.dataset)
    except NotFound:  # deleted at this moment
        return "Its dataset is not here any more."
    if not are_records_here(workspace, dataset):
        return "The records of its dataset are not here."
    preprocessing = Preprocessing.from_json(version.preprocessing)
    try:
        return _sampled(open_arrays(workspace.datasets_folder / dataset.folder), preprocessing, version)
    except Invalid as error:
        return f"The dataset has other columns than the version reads: {error.message}"


def _why_not_run(taken: Leaving) -> str:
    """Return why a version is not run on records whatever there are, as a sentence; empty if it is."""
    if not taken.description.layers:
        return "It has no layers of this dashboard."
    if not taken.version.preprocessing:
        return "It has no preprocessing."
    if taken.description.bytes > MOST_BYTES:
        return f"It has more than {MOST_BYTES // 10**6} MB of weights, which are not held in memory for that."
    return "" if taken.version.dataset else "It has no dataset here whose records it could be run on."


def _sampled(arrays: Arrays, preprocessing: Preprocessing, version: Version) -> SampleRecords:
    first = arrays._replace(
        inputs=np.asarray(arrays.inputs[:MOST_RECORDS], np.float64),
        categories=np.asarray(arrays.categories[:MOST_RECORDS]),
        target=np.asarray(arrays.target[:MOST_RECORDS]),
    )
    numeric = {column.name: column.words for column in preprocessing.numeric}
    own = matched(first, numeric, {column.name: column.levels for column in preprocessing.categorical})
    inputs = encode_inputs(own, preprocessing, np.dtype(version.spec.training.dtype))
    texts = [
        [own.levels[place][code] if code >= 0 else "" for place, code in enumerate(row)]
        for row in own.categories.tolist()
    ]
    words = {name: list(given) for name, given in numeric.items() if given}
    raw = RawRecords(list(numeric), words, np.asarray(own.inputs, np.float64), list(own.categorical), texts)
    return SampleRecords(raw, np.asarray(inputs.inputs * inputs.scale + inputs.offset))
