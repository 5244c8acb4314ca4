"""Pictures to upload."""

import io
import zipfile

import numpy as np
from PIL import Image


def colour_zip(side=8, end="png"):
    """Return a ZIP of pictures of red and of blue shades."""
    shades = np.random.default_rng(1).integers(100, 256, (24, side, side), np.uint8)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for number, shade in enumerate(shades):
            one, channels = io.BytesIO(), np.zeros((side, side, 3), np.uint8)
            channels[:, :, 2 * (number % 2)] = shade
            Image.fromarray(channels).save(one, "PNG")
            archive.writestr(f"{'blue' if number % 2 else 'red'}/{number}.{end}", one.getvalue())
    return whole.getvalue()
