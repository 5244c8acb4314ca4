"""Pictures in folders that are named after their classes, in a ZIP: each becomes a record of pixels, grey or coloured.

Pictures of one square size of at most 64 pixels keep it; others are made 28 by 28, or of the size that was chosen, and
padded where they are of another form. Coloured pixels are three numbers, red, green and blue, one pixel after another.
"""

import warnings
from pathlib import PurePosixPath
from zipfile import ZipFile, ZipInfo

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dashboard.data.formats.options import PICTURE_OPTIONS, Taken
from dashboard.data.formats.output import Output, refuse
from dashboard.data.formats.pixels import write_header, write_record

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
MODES = {"grey": "L", "rgb": "RGB"}
"""What is chosen -> Pillow's name of it."""
SIDE, MOST_SIDE = 28, 64
MOST_PICTURE_PIXELS = 50_000_000
MOST_PICTURE_BYTES = 64 * 2**20


def convert_folders(archive: ZipFile, entries: list[ZipInfo], output: Output) -> None:
    """Write a record a picture, its class first; raises Invalid naming the picture that cannot be read."""
    classes = {entry.filename: PurePosixPath(entry.filename).parent.name for entry in entries}
    bare = [name for name, folder in classes.items() if not folder]
    if bare:
        raise refuse(f"The picture {bare[0]} is in no folder. Put each picture into a folder named after its class.")
    if len(set(classes.values())) < 2:
        raise refuse("All pictures are in one folder. Put the pictures of each class into a folder named after it.")
    sizes = {_size(archive, entry) for entry in entries}
    width, height = next(iter(sizes))
    side = width if len(sizes) == 1 and width == height <= MOST_SIDE else SIDE
    size = output.options.size or (side, side)
    output.taken = Taken(PICTURE_OPTIONS)
    write_header(output, output.options.shape(*size))
    for entry in sorted(entries, key=lambda one: one.filename):
        label = '"' + classes[entry.filename].replace('"', '""') + '"'
        write_record(output, label.encode(), _pixels(archive, entry, size, MODES[output.options.colours]))


def _size(archive: ZipFile, entry: ZipInfo) -> tuple[int, int]:
    """Return (width, height) from a picture's head; refuses what is too large before anything is decoded."""
    if entry.file_size > MOST_PICTURE_BYTES:
        raise refuse(f"The picture {entry.filename} is larger than {MOST_PICTURE_BYTES // 2**20} MB.")
    with _readable(archive, entry) as picture:
        width, height = picture.size
    if width * height > MOST_PICTURE_PIXELS:
        raise refuse(
            f"The picture {entry.filename} has {width:,} × {height:,} pixels; {MOST_PICTURE_PIXELS:,} are the most."
        )
    return width, height


def _pixels(archive: ZipFile, entry: ZipInfo, size: tuple[int, int], mode: str) -> bytes:
    """Return a picture's pixels, row by row, of the (height, width) `size`."""
    height, width = size
    with _readable(archive, entry) as picture:
        try:
            plain = _eight_bits(ImageOps.exif_transpose(picture)).convert(mode)
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise _damaged(entry) from error
    return ImageOps.pad(plain, (width, height)).tobytes() if plain.size != (width, height) else plain.tobytes()


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return a grey picture of 16 bits as one of 8: Pillow would take all above 255 as white."""
    if not picture.mode.startswith("I"):
        return picture
    return Image.fromarray((np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))


def _readable(archive: ZipFile, entry: ZipInfo) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit is MOST_PICTURE_PIXELS
            return Image.open(archive.open(entry), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise refuse(f"The picture {entry.filename} has more than {MOST_PICTURE_PIXELS:,} pixels.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise _damaged(entry) from error


def _damaged(entry: ZipInfo) -> Exception:
    return refuse(f"The picture {entry.filename} is damaged, or no picture: remove it or save it again.")
