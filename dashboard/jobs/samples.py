"""The records of a dataset as a network is trained and measured on them."""

from dashboard.data.preprocessing import Encoded, Preprocessing
from dashboard.engine.samples import Samples


def samples_of(encoded: Encoded, preprocessing: Preprocessing) -> Samples:
    """Return encoded records (rows, inputs) with their targets, and what a class and an error of 1 are in them."""
    return Samples(
        encoded.inputs,
        encoded.targets,
        encoded.scale,
        encoded.offset,
        preprocessing.low,
        preprocessing.high,
        units=preprocessing.units,
        groups=preprocessing.group_sizes,
    )
