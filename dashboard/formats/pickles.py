"""Pickles as untrusted data: their opcodes are walked first, and then only inert stand-ins of ours are ever called."""

import io
import pickle
import pickletools
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from dashboard.errors import TooLarge, UnreadableFile
from dashboard.formats.sink import shown

MOST_OPCODES = 5_000_000
MOST_BITS = 512
REFUSED_OPCODES = {"EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER"}
"""What names objects by numbers that mean something else in each program, or that are outside of the file."""
FILLING = {"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"}
"""What puts things into an object that is there."""
GETS = {"GET", "BINGET", "LONG_BINGET"}
PUTS = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
MARK = -1
DAMAGED = (pickle.UnpicklingError, ValueError, TypeError, AttributeError, LookupError, EOFError, ImportError)
"""What Python's unpickler raises for a stream that is not sound."""
ADVICE = (
    'Save its weights instead: torch.save(model.state_dict(), "weights.pt") for PyTorch, '
    'or numpy.savez("weights.npz", *model.coefs_, *model.intercepts_) for scikit-learn.'
)


class Stub:
    """Stands for a function or class that a pickle names; calling it makes plain data, and nothing else is possible."""

    __slots__ = ("build", "name")

    def __init__(self, name: str, build: Callable[..., Any]) -> None:
        self.name, self.build = name, build

    def __call__(self, *arguments: Any) -> Any:  # noqa: ANN401 - whatever the pickle says
        """Return the inert stand-in of what the real one would make."""
        return self.build(*arguments)

    def __setstate__(self, state: object) -> NoReturn:
        """Refuse to be changed by a pickle; raises UnreadableFile."""
        raise program(self.name)


Names = Mapping[tuple[str, str], Any]
Persistent = Callable[[Any], Any]


def program(name: str) -> UnreadableFile:
    """Return the refusal of a pickle that would run something."""
    return UnreadableFile(f"This file is a program: to open it would run {shown(name)}, which is not done. {ADVICE}")


def read_pickle(stream: io.BytesIO, names: Names, persistent: Persistent, nesting: int) -> Any:  # noqa: ANN401
    """Return the object of the next pickle in the stream, made of plain data and of what the stubs in `names` make.

    Raises UnreadableFile for anything else, and for things nested deeper than `nesting`; TooLarge for too many.
    """
    start = stream.tell()
    try:
        _walk(stream, nesting)
    except (ValueError, IndexError, KeyError, UnicodeError) as error:
        raise _damaged(error) from error
    end = stream.tell()
    stream.seek(start)
    reader = _Reader(io.BytesIO(stream.read(end - start)), names, persistent)
    try:
        return reader.load()
    except DAMAGED as error:
        raise _damaged(error) from error


class _Reader(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, names: Names, persistent: Persistent) -> None:
        super().__init__(stream, encoding="latin1")
        self.names, self.persistent = names, persistent

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - a stub or a word
        stub = self.names.get((module, name))
        if stub is None:
            raise program(f"{module}.{name}")
        return stub

    def persistent_load(self, reference: object) -> object:
        return self.persistent(reference)


def _damaged(error: Exception) -> UnreadableFile:
    return UnreadableFile(f"The file is damaged or cut ({str(error)[:100]}): save or download it again.")


def _walk(stream: io.BytesIO, nesting: int) -> None:
    """Go through the opcodes without carrying them out; raises for what is refused, and ValueError for nonsense.

    `depths` has for each object on the unpickler's stack how deep it is nested. Without this a key of a hundred
    thousand tuples within each other would end the process, since Python's hash of it overflows the stack.
    """
    depths: list[int] = []
    memo: dict[int, int] = {}
    for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if count >= MOST_OPCODES:
            raise TooLarge("The file has more objects than can be read.", "file")
        name = opcode.name
        if name in REFUSED_OPCODES:
            raise program(f"the opcode {name}")
        if name in {"LONG1", "LONG4", "LONG", "INT"} and int(argument or 0).bit_length() > MOST_BITS:
            raise UnreadableFile("The file has a number of more digits than weights have: it is damaged.")
        if name in PUTS:
            _put(memo, depths, argument, count)
        elif name in GETS:
            depths.append(memo[int(argument or 0)])
        else:
            _move(opcode, depths)
        if depths and depths[-1] > nesting:
            raise UnreadableFile(f"Things in the file are nested more than {nesting} deep: it holds no plain weights.")


def _put(memo: dict[int, int], depths: list[int], argument: int | None, count: int) -> None:
    place = len(memo) if argument is None else argument
    if place > count:  # the unpickler takes memory for every place below it
        raise ValueError(f"the place {place:,} for object {count:,}")
    memo[place] = depths[-1]


def _move(opcode: pickletools.OpcodeInfo, depths: list[int]) -> None:
    """Take from the stack what an opcode takes, and put onto it what it makes; raises ValueError if it is not there."""
    before, after = opcode.stack_before, opcode.stack_after
    taken: list[int] = []
    if opcode.name == "MARK":
        depths.append(MARK)
        return
    if pickletools.markobject in before:
        place = len(depths) - 1 - depths[::-1].index(MARK)
        taken = depths[place + 1 :]
        del depths[place:]
        before = before[: before.index(pickletools.markobject)]
    if len(before) > len(depths):
        raise ValueError(f"nothing to take for {opcode.name}")
    under = [depths.pop() for _ in before]
    deepest = max([MARK, *taken, *under]) + 1
    if opcode.name in FILLING:
        filled = under.pop()
        deepest = max([filled, *(depth + 1 for depth in (*taken, *under))])
    depths.extend([deepest] * len(after))
