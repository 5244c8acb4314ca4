"""The formats of weights that can be read. A new one is a module in `readers` and a line here.

They are tried in this order, and the first that recognises a file reads it.
"""

from dashboard.formats.readers import csv, csv_files, npy, npz, safetensors, skops

READERS = (
    safetensors.READER,
    npy.READER,
    skops.READER,
    npz.READER,
    csv_files.READER,
    csv.READER,
)
