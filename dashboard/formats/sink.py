"""Where readers put what they read: each tensor's raw bytes in a file of its own, counted and hashed on the way."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dashboard.errors import TooLarge, UnreadableFile
from dashboard.formats.contents import Contents, Skipped, SourceTensor
from dashboard.formats.description import OWN
from dashboard.formats.limits import MB, Limits
from dashboard.formats.optimizer_state import is_optimizer_state
from dashboard.formats.texts import parse_json
from dashboard.formats.types import TYPES, WIDENED, Array, numpy_type, pieces_of, plain, widened

MOST_SKIPPED = 1000
LONGEST_SHOWN = 80
UNKNOWN = {
    "void16": "only that its numbers have 2 bytes, be they bfloat16 or another type",
    "void8": "only that its numbers have 1 byte, be they a float8, an int4 or another type",
}
"""Types of .npy and .npz files of which only the size is known, as of those that NumPy does not have itself."""
MOST_ABOUT_TEXT = 200
MOST_OWN_FACT = 2**20
"""Characters of one fact that a file of ours states: that of many thousands of columns is left out."""


def shown(name: str) -> str:
    """Return an untrusted name as messages show it: quoted, escaped and cut."""
    return repr(name if len(name) <= LONGEST_SHOWN else name[:LONGEST_SHOWN] + "…")


class Sink:
    """Takes the tensors of one file within its limits; raises TooLarge and UnreadableFile beyond them.

    A reader may put facts of the file into `about` (plain JSON). It calls `reserve` before it makes an array of a
    size that the file claims.
    """

    def __init__(self, folder: Path, limits: Limits, file_size: int) -> None:
        self.folder, self.limits = folder, limits
        self.most = limits.unfolded(file_size)
        self.bytes, self.names = 0, set[str]()
        self.tensors: list[SourceTensor] = []
        self.skipped: list[Skipped] = []
        self.about: dict[str, Any] = {}

    def unfold(self, size: int) -> None:
        """Refuse so many bytes if the file may not unfold to them; raises TooLarge."""
        if size > self.most:
            raise TooLarge(
                f"The file unfolds to more than {self.most // MB:,} MB, which is the limit for a file of its size. "
                "Send its tensors in several files, or raise WEIGHTBASE_MAX_UPLOAD_MB.",
                "file",
            )

    def reserve(self, name: str, shape: Sequence[int], item_size: int) -> int:
        """Return the bytes of a tensor by its claimed shape, before any is read; raises TooLarge, UnreadableFile."""
        if len(shape) > self.limits.rank:
            raise UnreadableFile(f"The tensor {shown(name)} has {len(shape)} axes; {self.limits.rank} are the most.")
        if not all(type(length) is int and 0 <= length < 2**62 for length in shape):
            raise UnreadableFile(f"The tensor {shown(name)} has a shape that cannot be: {str(tuple(shape))[:80]}.")
        size = math.prod(shape) * item_size
        self.unfold(self.bytes + size)
        if math.prod(max(1, length) for length in shape) * item_size >= 2**63:  # one of them is 0, and NumPy has none
            raise UnreadableFile(f"The tensor {shown(name)} has a shape that no array has: {str(tuple(shape))[:80]}.")
        return size

    def add(self, name: str, array: Array, *, is_optimizer: bool | None = None) -> None:
        """Take an array of any type and memory order under its name; one of a type that tables lack is skipped.

        Float8 is widened to float16. Without `is_optimizer` the name decides.
        """
        dtype = array.dtype
        if dtype.name not in TYPES and dtype.name not in WIDENED:
            self.skip(name, type_reason(dtype.name))
            return
        self.reserve(name, array.shape, numpy_type(WIDENED.get(dtype.name, dtype.name)).itemsize)
        exact = plain(widened(array))
        self.add_bytes(name, exact.dtype.name, array.shape, pieces_of(exact), dtype.name, is_optimizer=is_optimizer)

    def add_bytes(
        self,
        name: str,
        dtype: str,
        shape: Sequence[int],
        pieces: Iterable[bytes | memoryview],
        source_dtype: str | None = None,
        *,
        is_optimizer: bool | None = None,
    ) -> None:
        """Take a tensor as the pieces of its raw bytes, in C order and little-endian; `dtype` is one of tables.

        Raises UnreadableFile if they are not as many as its shape says.
        """
        size = self.reserve(name, shape, numpy_type(dtype).itemsize)
        if not self._takes(name):
            return
        file = f"{len(self.tensors):05d}.bin"
        digest, written = hashlib.sha256(), 0
        with (self.folder / file).open("xb") as output:
            for piece in pieces:
                written += len(piece)
                if written > size:
                    break
                digest.update(piece)
                output.write(piece)
        if written != size:
            raise UnreadableFile(
                f"The tensor {shown(name)} should have {size:,} bytes by its shape and type, but has "
                f"{'more' if written > size else f'{written:,}'}: the file is damaged or cut."
            )
        self.bytes += size
        if is_optimizer is None:
            is_optimizer = is_optimizer_state(name)
        own, sha256 = tuple(map(int, shape)), digest.hexdigest()
        self.tensors.append(SourceTensor(name, dtype, source_dtype or dtype, own, sha256, file, is_optimizer))

    def _takes(self, name: str) -> bool:
        """Return whether a tensor has a name under which it can be saved; raises for what the limits refuse."""
        if len(self.tensors) >= self.limits.tensors:
            raise TooLarge(f"The file has more than {self.limits.tensors:,} tensors, which are the most.", "file")
        self.check_name(name)
        if not name or not is_text(name):
            self.skip(name, "its name is empty" if not name else "its name is not valid text")
            return False
        if name in self.names:
            raise UnreadableFile(f"The name {shown(name)} occurs twice: which of the two tensors is meant is unknown.")
        self.names.add(name)
        return True

    def check_name(self, name: str) -> None:
        """Raise UnreadableFile for a name that is too long."""
        if len(name) > self.limits.name_length:
            raise UnreadableFile(
                f"The name {shown(name)} has {len(name):,} characters; {self.limits.name_length:,} are the most."
            )

    def skip(self, name: str, why: str) -> None:
        """Note a part that is not imported, and why; beyond the first 1,000 they are only counted."""
        if len(self.skipped) < MOST_SKIPPED:
            text = name.encode("utf-8", "backslashreplace").decode()
            self.skipped.append(Skipped(text[:MOST_ABOUT_TEXT], why[:MOST_ABOUT_TEXT]))
        else:
            self.about["more_skipped"] = self.about.get("more_skipped", 0) + 1

    def contents(self, reader: str) -> Contents:
        """Return all that was read; raises UnreadableFile if there is no tensor."""
        if not self.tensors:
            reasons = "; ".join(f"{shown(one.name)}: {one.why}" for one in self.skipped[:3])
            raise UnreadableFile(
                f"There are no tensors to import in this file{f' ({reasons})' if reasons else ''}. "
                "Save the weights themselves, as numbers."
            )
        return Contents(reader, tuple(self._in_own_order()), tuple(self.skipped), self.about)

    def take_own(self, text: str | bytes) -> None:
        """Note what a file of ours states about itself, which anybody may have changed; unsound JSON is passed over."""
        try:
            facts = parse_json(text, "What the file states about itself")
        except UnreadableFile as error:
            self.skip(OWN, error.message)
            return
        if isinstance(facts, dict):
            large = [name for name, value in facts.items() if len(str(value)) > MOST_OWN_FACT]
            self.about[OWN] = {name: value for name, value in facts.items() if name not in large}

    def _in_own_order(self) -> list[SourceTensor]:
        """Return the tensors in the order that a file of ours states, if it states one for all of them."""
        own = self.about.get(OWN)
        names = own.get("tensors") if isinstance(own, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return self.tensors
        places = {name: place for place, name in enumerate(names)}
        if places.keys() != {one.name for one in self.tensors}:
            return self.tensors
        return sorted(self.tensors, key=lambda one: places[one.name])


def is_text(name: str) -> bool:
    """Return whether a name can be stored and shown: half of a pair of surrogates, or a NUL, cannot."""
    return "\0" not in name and name.encode("utf-8", "replace").decode() == name


def type_reason(name: str) -> str:
    """Return why a tensor of this type is skipped."""
    kind = "text" if name.startswith(("str", "bytes")) else "Python objects" if name == "object" else name
    if name in UNKNOWN:
        return f"its type is unknown: NumPy wrote {UNKNOWN[name]}; save it as float32 (docs/formats.md)"
    if name.startswith("void"):
        kind = "records"
    return f"its type is {kind}, which tables do not hold"
