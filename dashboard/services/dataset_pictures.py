"""Pictures of datasets whose inputs are pixels: some of each class, of an upload and of a dataset."""

from typing import Any

import numpy as np

from dashboard.data.dataset import open_arrays
from dashboard.data.groups import is_of_class
from dashboard.data.picture_samples import EACH, MOST_CLASSES, PictureSample, pixel_places, sample_pictures
from dashboard.errors import NotFound
from dashboard.records.dataset import Dataset
from dashboard.services.datasets import Preview, Upload
from dashboard.services.workspace import Workspace

__all__ = ["EACH", "MOST_CLASSES", "PictureSample", "pixel_places"]  # for those who may not import data

Shape = tuple[int, ...]
"""Height and width of pictures and, where they have colours, 3: red, green and blue of each pixel."""


def upload_pictures(upload: Upload, preview: Preview) -> tuple[list[PictureSample], Shape]:
    """Return some pictures of each class of an upload, and their shape; none without pictures."""
    shape = preview.suggested_image_shape(preview.suggested_target)
    return (sample_pictures(upload.path, preview), shape) if shape else ([], ())


def record_pixels(
    workspace: Workspace, dataset: Dataset, count: int, label: int | None = None, first: int = 0
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], Shape]:
    """Return records of a dataset of pixels from the `first` on, (records, pixels), and the shape of its pictures.

    With `label`, a class counted from 0, those of the class. Raises NotFound without pixels, or such a class or record.
    """
    if not dataset.has_records or not dataset.description["image_shape"]:
        raise NotFound(f"The records of {dataset.name!r} are no pictures, or are not here.", "name")
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    if label is not None and not 0 <= label < len(arrays.classes):
        raise NotFound(
            f"{dataset.name!r} has {len(arrays.classes)} classes; there is none with number {label}.", "class"
        )
    rows = np.arange(len(arrays.target))
    if label is not None:
        rows = rows[is_of_class(np.asarray(arrays.target), label, [len(own) for own in arrays.groups])]
    if first and first >= len(rows):
        raise NotFound(f"{dataset.name!r} has {len(rows)} records; there is none with number {first}.", "record")
    return np.asarray(arrays.inputs[rows[first : first + count]], dtype=np.float64), tuple(
        dataset.description["image_shape"]
    )
