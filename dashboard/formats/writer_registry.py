"""The formats in which a version can be exported, as pages list them. A new one is a module in `writers` and a line."""

from dashboard.formats.writers import (
    csv_zip,
    hdf5,
    keras,
    keras_weights,
    npz,
    onnx,
    pytorch,
    pytorch_module,
    safetensors,
    script,
    script_zip,
)

WRITERS = (
    safetensors.WRITER,
    npz.WRITER,
    hdf5.WRITER,
    pytorch.WRITER,
    pytorch_module.WRITER,
    keras.WRITER,
    keras_weights.WRITER,
    onnx.WRITER,
    script.WRITER,
    script_zip.WRITER,
    csv_zip.WRITER,
)
