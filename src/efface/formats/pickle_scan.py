"""Read the arrays and number lists of a pickle by walking its opcodes; nothing is ever loaded.

A pickle is a program. This module plays the program on a stack of plain values and marks: a call of a
function becomes a note that it was asked for, an object becomes a note of its class and state. Of such
notes NumPy arrays can be read, since their numbers lie in the pickle as bytes.

Sources: Python's `pickletools` (protocols 0 to 5); NumPy's `ndarray.__reduce__` and `__reduce_ex__`;
joblib's `NumpyArrayWrapper`, which writes the numbers behind the object that describes them.
"""

from __future__ import annotations

import io
import pickletools
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.errors import FormatError, LimitExceededError
from efface.formats.pickle_values import Call, Global, Machine, joblib_bytes, ndarray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["MAX_OPCODES", "Found", "Place", "notes", "place_of", "scan"]

MAX_OPCODES = 10_000_000  # a list of 512 numbers takes 512; a gallery of 19,000 people fits
_MAX_DEPTH = 64  # containers inside one another that are walked for numbers
_PLUMBING = ("numpy.", "copyreg.", "copy_reg.", "_codecs.", "builtins.", "collections.")
_SHARED = range(-5, 257)  # whole numbers that Python keeps one object of
_MIN_NUMBERS = 32  # shorter lists of numbers are boxes, sizes and the like


@dataclass(frozen=True, slots=True)
class Found:
    """Numbers in a pickle.

    Attributes:
        names: Keys of the dictionaries and attributes that lead to it, from the inside out.
        numbers: The numbers; one row per vector where the array has two axes.
        kind: "array" or "list".
        value: The note or list that the numbers were read from.
    """

    names: tuple[str, ...]
    numbers: NDArray[Any] = field(repr=False)
    kind: str
    value: object = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value of a pickle stands.

    Attributes:
        opcode: That gives it, or "" for numbers that lie in the pickle as they are.
        start: Of the opcode.
        end: Behind its argument.
    """

    opcode: str
    start: int
    end: int


def place_of(names: tuple[str, ...]) -> str | None:
    """Return the fragment of a place, from the names that lead to it, from the inside out; None for the whole."""
    return "/".join(("", *reversed(names))) if names else None


def scan(
    data: bytes, *, opcodes: int = MAX_OPCODES, places: dict[int, Place] | None = None
) -> Iterator[Found]:
    """Yield the arrays and long lists of numbers in a pickle, with the names that lead to them.

    Args:
        data: The pickle.
        opcodes: How many it may have.
        places: Where it is given, filled with the place of every number and binary value, by `id`.

    Raises:
        FormatError: It is no pickle, or one whose program makes no sense.
        LimitExceededError: It has more opcodes than `opcodes`.

    Not promised: numbers in out-of-band buffers, in Python objects of other libraries' own encoding, or in
    what an extension code or a persistent reference stands for.
    """
    yield from _walk(_play(data, opcodes, places))


def notes(data: bytes, *, opcodes: int = MAX_OPCODES) -> object:
    """Return the value that a pickle stands for, in plain values and notes of what would have been called.

    Raises:
        FormatError: It is no pickle, or one whose program makes no sense.
        LimitExceededError: It has more opcodes than `opcodes`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # odd escapes in a text of protocol 0
        return _play(data, opcodes, None)


def _play(data: bytes, limit: int, places: dict[int, Place] | None) -> object:
    stream = io.BytesIO(data)
    machine = Machine()
    count = 0
    try:
        for opcode, argument, position in pickletools.genops(stream):
            count += 1
            if count > limit:
                raise LimitExceededError(f"pickle: more than {limit} opcodes")
            if opcode.name == "STOP":
                return machine.result()
            machine.step(opcode.name, argument)
            if places is not None and _is_own(argument):
                places[id(argument)] = Place(opcode.name, position or 0, stream.tell())
            if opcode.name == "BUILD":
                _read_joblib(machine, data, stream, places)
    except FormatError:
        raise
    except (
        ValueError,
        IndexError,
        TypeError,
        KeyError,
        OverflowError,
        AttributeError,
        RecursionError,
    ) as error:
        raise FormatError("not a pickle, or a damaged one") from error
    raise FormatError("the pickle has no end")


def _is_own(argument: object) -> bool:
    """Return whether a value is an object of its own, so that its `id` tells where it stands."""
    if isinstance(argument, int):
        return argument not in _SHARED
    return isinstance(argument, float) or (
        isinstance(argument, str | bytes | bytearray) and len(argument) > 1
    )


def _read_joblib(machine: Machine, data: bytes, stream: io.BytesIO, places: dict[int, Place] | None) -> None:
    """Take the numbers that joblib writes right behind the description of an array."""
    start = stream.tell()
    wanted = joblib_bytes(machine.top(), data[start : start + 1])
    if wanted is None:
        return
    skip, size, note = wanted
    if start + skip + size > len(data):
        raise FormatError("the pickle ends inside an array")
    note.state = data[start + skip : start + skip + size]
    if places is not None and size > 1:
        places[id(note.state)] = Place("", start + skip, start + skip + size)
    stream.seek(start + skip + size)


def _walk(root: object) -> Iterator[Found]:
    seen: set[int] = set()
    pending: list[tuple[object, tuple[str, ...], int]] = [(root, (), 0)]
    while pending:
        value, names, depth = pending.pop()
        if isinstance(value, list | tuple | dict | set | Call):
            if id(value) in seen or depth > _MAX_DEPTH:
                continue
            seen.add(id(value))
        numbers = _numbers(value)
        if numbers is not None:
            kind = "list" if isinstance(value, list | tuple) else "array"
            yield Found(names, numbers, kind, value)
            continue
        pending.extend(reversed([(child, (*key, *names), depth + 1) for key, child in _children(value)]))


def _numbers(value: object) -> NDArray[Any] | None:
    if isinstance(value, Call):
        return ndarray(value)
    if isinstance(value, list | tuple) and len(value) >= _MIN_NUMBERS:
        plain = [_scalar(item) for item in value]
        if all(type(item) is float or type(item) is int for item in plain) and any(
            type(item) is float for item in plain
        ):
            try:
                return np.array(plain, np.float64)
            except OverflowError:
                return None
    return None


def _scalar(item: object) -> object:
    """NumPy numbers that stand alone are calls of `scalar` with their bytes."""
    if isinstance(item, Call):
        numbers = ndarray(item)
        return (
            float(numbers[0])
            if numbers is not None and numbers.size == 1 and numbers.dtype.kind == "f"
            else None
        )
    return item


def _children(value: object) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield ((key,) if isinstance(key, str) else ()), child
    elif isinstance(value, list | tuple | set):
        for child in value:
            yield (), child
    elif isinstance(value, Call):
        owner = value.function.path if isinstance(value.function, Global) else ""
        names = () if owner.startswith(_PLUMBING) else (owner,)
        yield names, value.arguments
        yield names, value.state
        yield names, value.items
