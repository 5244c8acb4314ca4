"""ONNX: parsed as a message, never by the functions that fetch the numbers of other files."""

from collections.abc import Sequence

from dashboard.errors import UnreadableFile
from dashboard.formats.description import OWN
from dashboard.formats.onnx_chain import onnx_chain
from dashboard.formats.onnx_tensors import add_part, as_text, parts_of
from dashboard.formats.reader import Reader
from dashboard.formats.sink import Sink
from dashboard.formats.source import Source

VERSION_FIELD = 0x08
LATEST_VERSION = 63
NEXT_FIELDS = b"\x12\x1a\x22\x28\x32\x3a\x42\x72\xa2\xca"
"""How the fields begin that may follow the version: producer, domain, graph, and so on."""
MOST_FACTS = 200


def recognises(start: bytes, members: Sequence[str]) -> bool:
    """Return whether the file begins as a model's message does, with its version."""
    return len(start) > 2 and start[0] == VERSION_FIELD and start[1] <= LATEST_VERSION and start[2] in NEXT_FIELDS


def read(source: Source, sink: Sink) -> None:
    """Read the tensors of the model, of the graphs within it and of its functions; raises UnreadableFile, TooLarge."""
    import onnx  # noqa: PLC0415 - only the process that reads loads it
    from google.protobuf.message import DecodeError  # noqa: PLC0415

    model = onnx.ModelProto()
    try:
        model.ParseFromString(source.bytes_at(0, source.size))
    except (DecodeError, RecursionError, ValueError) as error:
        raise UnreadableFile("The file is no sound ONNX model: it is damaged or cut. Save it again.") from error
    if not model.HasField("graph"):
        raise UnreadableFile("The ONNX file has no graph: it is damaged or cut. Save it again.")
    for part in parts_of(model):
        add_part(sink, part)
    producer = f"{as_text(model.producer_name)[:100]} {as_text(model.producer_version)[:50]}"
    sink.about["producer"] = producer.strip() or "ONNX"
    facts = {as_text(one.key): as_text(one.value) for one in model.metadata_props[:MOST_FACTS]}
    if OWN in facts:
        sink.take_own(facts.pop(OWN))
    sink.about["metadata"] = {key[:200]: value[:1000] for key, value in facts.items()}
    sink.about["chain"] = onnx_chain(model).to_json()


READER = Reader("onnx", "ONNX", (".onnx",), recognises, read, ("onnx", "google.protobuf.message"))
