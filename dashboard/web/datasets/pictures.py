"""Pictures of records on the pages of uploads and datasets: a strip for each class."""

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.charts.palette import THEMES
from dashboard.charts.records import records_png, records_size
from dashboard.records.dataset import Dataset
from dashboard.services.dataset_pictures import EACH, MOST_CLASSES, pixel_places, upload_pictures
from dashboard.services.datasets import Preview, Upload
from dashboard.web.kit.formats import plural
from dashboard.web.kit.urls import address

PICTURE_PIXELS = 64
COLOURS = "red, green and blue of each pixel"


class Strip(NamedTuple):
    """Some pictures of a class (its name is empty where there are no classes): their addresses in both themes."""

    label: str
    light: str
    dark: str
    width: int
    height: int


class Pictures(NamedTuple):
    """What is shown of an upload's pictures: a sentence, a strip for each class, and which columns are pixels."""

    sentence: str
    strips: list[Strip]
    places: frozenset[int]
    folded: str


def shape_words(shape: Sequence[int]) -> str:
    """Say how large pictures are."""
    size = f"{shape[0]} × {shape[1]} pixels"
    return f"{size}, {COLOURS}" if len(shape) == 3 else size


def pictures_of_upload(upload: Upload, preview: Preview) -> Pictures | None:
    """Return some pictures of each class of an upload, within the page; None where it has none."""
    samples, shape = upload_pictures(upload, preview)
    if not samples:
        return None
    strips = []
    for label, pixels in samples:
        zoom, width, height = records_size(shape, len(pixels), PICTURE_PIXELS)
        light, dark = (_data_address(records_png(pixels, shape, theme, zoom)) for theme in THEMES)
        strips.append(Strip(label, light, dark, width, height))
    target = preview.suggested_target
    classes = preview.column(target).distinct
    of_each = f"Some of each class of {target}"
    if samples[0].label and classes > len(samples):
        of_each = f"Some of {len(samples)} of the {classes:,} classes of {target}"
    sentence = f"Pictures of {shape_words(shape)}. " + (f"{of_each}." if samples[0].label else "Some of the file.")
    places = frozenset(pixel_places(preview))
    return Pictures(sentence, strips, places, plural(len(places), "pixel column"))


def pictures_of_dataset(dataset: Dataset) -> list[Strip]:
    """Return where the first records of each class are drawn, if they are pixels; of many classes, of the first."""
    about = dataset.description
    if not about["image_shape"]:
        return []
    if not about["classes"]:
        return [_strip_of(dataset, "", dataset.rows, None)]
    shown = about["classes"][:MOST_CLASSES]
    return [_strip_of(dataset, label, about["balance"][label], place) for place, label in enumerate(shown)]


def _strip_of(dataset: Dataset, label: str, rows: int, place: int | None) -> Strip:
    _, width, height = records_size(dataset.description["image_shape"], max(min(rows, EACH), 1), PICTURE_PIXELS)
    where: dict[str, Any] = {"name": dataset.name, "class": place, "v": dataset.sha256[:12]}
    light, dark = (address("datasets.records", theme=theme, **where) for theme in THEMES)
    return Strip(label, light, dark, width, height)


def _data_address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
