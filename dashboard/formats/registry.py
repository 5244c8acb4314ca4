"""The formats of weights that can be read. A new one is a module in `readers` and a line here.

They are tried in this order, and the first that recognises a file reads it.
"""

from dashboard.formats.readers import csv, csv_files, hdf5, keras, npy, npz, onnx, pytorch, safetensors, skops

READERS = (
    safetensors.READER,
    npy.READER,
    pytorch.READER,
    keras.READER,
    hdf5.READER,
    onnx.READER,
    skops.READER,
    npz.READER,
    csv_files.READER,
    csv.READER,
)
