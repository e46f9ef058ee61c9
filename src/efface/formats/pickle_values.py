"""The stack machine of pickles on plain values, and what its notes say about arrays."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.errors import FormatError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Call", "Encoded", "Global", "Machine", "joblib_bytes", "ndarray", "raw_of"]

_MAX_STACK = 20_000_000
_WORD = re.compile(r"[bBhHiIlLqQefd?]|[iufb][1248]")


@dataclass(frozen=True, slots=True)
class Global:
    """A function or class that the pickle names; it is never imported."""

    path: str


@dataclass(slots=True, eq=False)
class Call:
    """A note that a function was to be called or an object to be made."""

    function: object
    arguments: object
    state: object = None
    items: list[object] = field(default_factory=list)


class Encoded(bytes):
    """Bytes that the pickle holds as a text, and that text.

    Attributes:
        text: As the opcode gave it.
    """

    text: str


class _Mark:
    pass


_MARK = _Mark()
_PUSHED = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *(
            "STRING",
            "BINSTRING",
            "SHORT_BINSTRING",
            "UNICODE",
            "SHORT_BINUNICODE",
            "BINUNICODE",
            "BINUNICODE8",
        ),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    }
)
_CONSTANTS: dict[str, Callable[[], object]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
    "NEXT_BUFFER": lambda: Call(Global("buffer"), ()),
    "EXT1": lambda: Call(Global("extension"), ()),
    "EXT2": lambda: Call(Global("extension"), ()),
    "EXT4": lambda: Call(Global("extension"), ()),
    "PERSID": lambda: Call(Global("persistent"), ()),
    "MARK": lambda: _MARK,
}
_NOTHING = frozenset({"PROTO", "FRAME", "READONLY_BUFFER"})


class Machine:
    """Plays the opcodes of a pickle on plain values; anything that would run code becomes a note."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:  # noqa: ANN401 - pickletools gives any
        """Play one opcode; one that does not fit the stack raises IndexError, TypeError or ValueError."""
        if name in _PUSHED:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name]())
        elif name not in _NOTHING:
            _STEPS[name](self, argument)
        if len(self._stack) > _MAX_STACK:
            raise LimitExceededError("pickle: its stack grows too large")

    def result(self) -> object:
        """Return the value that the pickle stands for."""
        if len(self._stack) != 1:
            raise FormatError("the pickle leaves more or less than one value")
        return self._stack[0]

    def top(self) -> object:
        """Return the value on top of the stack."""
        return self._stack[-1]

    def pop(self) -> Any:  # noqa: ANN401
        """Take the value on top of the stack."""
        return self._stack.pop()

    def push(self, value: object) -> None:
        """Put a value on the stack."""
        self._stack.append(value)

    def since_mark(self) -> list[Any]:
        """Take everything above the last mark, and the mark."""
        for at in range(len(self._stack) - 1, -1, -1):
            if self._stack[at] is _MARK:
                taken = self._stack[at + 1 :]
                del self._stack[at:]
                return taken
        raise FormatError("the pickle has no mark where one must be")

    def drop_mark(self) -> None:
        """Throw away everything above the last mark, and the mark."""
        self.since_mark()

    def remember(self, key: int | None) -> None:
        """Keep the top of the stack in the memo."""
        self._memo[len(self._memo) if key is None else key] = self._stack[-1]

    def recall(self, key: int) -> None:
        """Put a value of the memo on the stack."""
        self._stack.append(self._memo[key])


def _reduce(machine: Machine) -> None:
    arguments = machine.pop()
    function = machine.pop()
    machine.push(_plain(Call(function, arguments)))


def _plain(call: Call) -> object:
    """Bytes that protocol 2 writes as a call of `encode` are bytes again."""
    if isinstance(call.function, Global) and call.function.path == "_codecs.encode":
        arguments = call.arguments
        if isinstance(arguments, tuple) and len(arguments) == 2 and arguments[1] == "latin1":
            text = arguments[0]
            if isinstance(text, str):
                encoded = Encoded(text.encode("latin-1"))
                encoded.text = text
                return encoded
    return call


def _build(machine: Machine) -> None:
    state = machine.pop()
    target = machine.top()
    if isinstance(target, Call):
        target.state = state


def _append(machine: Machine, items: list[Any]) -> None:
    target = machine.top()
    if isinstance(target, list):
        target.extend(items)
    elif isinstance(target, Call):
        target.items.extend(items)


def _set(machine: Machine, flat: list[Any]) -> None:
    target = machine.top()
    pairs = zip(flat[::2], flat[1::2], strict=True)
    if isinstance(target, dict):
        for key, value in pairs:
            target[_key(key)] = value
    elif isinstance(target, Call):
        target.items.append({_key(key): value for key, value in pairs})


def _key(key: object) -> object:
    """Keys that are no plain values stand for themselves by place."""
    return key if isinstance(key, str | int | float | bytes | bool | None) else id(key)


def _add(machine: Machine) -> None:
    items = machine.since_mark()
    target = machine.top()
    if isinstance(target, set):
        target.update(_key(item) for item in items)


def _tuple(count: int) -> Callable[[Machine, Any], None]:
    def make(machine: Machine, _argument: object) -> None:
        items = [machine.pop() for _ in range(count)]
        machine.push(tuple(reversed(items)))

    return make


def _two(machine: Machine) -> list[Any]:
    value = machine.pop()
    return [machine.pop(), value]


def _stack_global(machine: Machine) -> None:
    module, name = _two(machine)
    machine.push(Global(f"{module}.{name}"))


def _instance(machine: Machine, name: str) -> None:
    arguments = machine.since_mark()
    machine.push(Call(Global(name.replace(" ", ".")), tuple(arguments)))


def _object(machine: Machine) -> None:
    function, *arguments = machine.since_mark()
    machine.push(Call(function, tuple(arguments)))


def _new_with_keywords(machine: Machine) -> None:
    keywords = machine.pop()
    arguments = machine.pop()
    machine.push(Call(machine.pop(), (arguments, keywords)))


def _set_dict(machine: Machine) -> None:
    flat = machine.since_mark()
    machine.push({})
    _set(machine, flat)


def _persistent(machine: Machine) -> None:
    machine.push(Call(Global("persistent"), machine.pop()))


_STEPS: dict[str, Callable[[Machine, Any], None]] = {
    "APPEND": lambda m, _a: _append(m, [m.pop()]),
    "APPENDS": lambda m, _a: _append(m, m.since_mark()),
    "LIST": lambda m, _a: m.push(m.since_mark()),
    "TUPLE": lambda m, _a: m.push(tuple(m.since_mark())),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "DICT": lambda m, _a: _set_dict(m),
    "SETITEM": lambda m, _a: _set(m, _two(m)),
    "SETITEMS": lambda m, _a: _set(m, m.since_mark()),
    "ADDITEMS": lambda m, _a: _add(m),
    "FROZENSET": lambda m, _a: m.push(list(m.since_mark())),
    "POP": lambda m, _a: m.pop(),
    "DUP": lambda m, _a: m.push(m.top()),
    "POP_MARK": lambda m, _a: m.drop_mark(),
    "GET": lambda m, a: m.recall(int(a)),
    "BINGET": lambda m, a: m.recall(a),
    "LONG_BINGET": lambda m, a: m.recall(a),
    "PUT": lambda m, a: m.remember(int(a)),
    "BINPUT": lambda m, a: m.remember(a),
    "LONG_BINPUT": lambda m, a: m.remember(a),
    "MEMOIZE": lambda m, _a: m.remember(None),
    "GLOBAL": lambda m, a: m.push(Global(a.replace(" ", "."))),
    "STACK_GLOBAL": lambda m, _a: _stack_global(m),
    "REDUCE": lambda m, _a: _reduce(m),
    "BUILD": lambda m, _a: _build(m),
    "INST": _instance,
    "OBJ": lambda m, _a: _object(m),
    "NEWOBJ": lambda m, _a: _reduce(m),
    "NEWOBJ_EX": lambda m, _a: _new_with_keywords(m),
    "BINPERSID": lambda m, _a: _persistent(m),
}


def ndarray(call: Call) -> NDArray[Any] | None:
    """Return the numbers of a note that stands for a NumPy array or number, or None for anything else."""
    try:
        parts = _parts(call)
        if parts is None:
            return None
        raw, dtype, shape, fortran = parts
        return _array(raw, _dtype(dtype), shape, fortran=bool(fortran))
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def raw_of(call: Call) -> object:
    """Return the very value of the pickle that holds the numbers of an array, or None."""
    try:
        parts = _parts(call)
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    return None if parts is None else parts[0]


def _parts(call: Call) -> tuple[object, object, object, object] | None:
    """Return the bytes, element type, shape and whether the first axis varies fastest."""
    path = call.function.path if isinstance(call.function, Global) else ""
    if path.endswith("multiarray._reconstruct") and isinstance(call.state, tuple) and len(call.state) == 5:
        _version, shape, dtype, fortran, raw = call.state
        return raw, dtype, shape, fortran
    if path.endswith("numeric._frombuffer") and isinstance(call.arguments, tuple):
        raw, dtype, shape, order = call.arguments
        return raw, dtype, shape, order == "F"
    if path.endswith("multiarray.scalar") and isinstance(call.arguments, tuple):
        dtype, raw = call.arguments
        return raw, dtype, (1,), False
    if path.endswith("NumpyArrayWrapper") and isinstance(call.state, bytes):
        wrapped: dict[str, Any] = call.items[-1]  # type: ignore[assignment]
        return call.state, wrapped["dtype"], wrapped["shape"], wrapped["order"] == "F"
    return None


def _dtype(note: object) -> np.dtype[Any] | None:
    """Return the element type that a note of `numpy.dtype` stands for, or None for other than numbers."""
    if not isinstance(note, Call) or not isinstance(note.arguments, tuple) or not note.arguments:
        return None
    word = note.arguments[0]
    if not isinstance(word, str) or not _WORD.fullmatch(word):
        return None
    order = note.state[1] if isinstance(note.state, tuple) and len(note.state) > 1 else "="
    return np.dtype(word).newbyteorder(">" if order == ">" else "<")


def _array(raw: object, dtype: np.dtype[Any] | None, shape: object, *, fortran: bool) -> NDArray[Any] | None:
    if isinstance(raw, str):
        raw = raw.encode("latin-1")
    if dtype is None or not isinstance(raw, bytes | bytearray) or not isinstance(shape, tuple):
        return None
    if not all(type(length) is int and length >= 0 for length in shape):
        return None
    if math.prod(shape) * dtype.itemsize != len(raw):
        return None
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran else "C")


def joblib_bytes(note: object, next_byte: bytes) -> tuple[int, int, Call] | None:
    """Return how many bytes to skip and to take behind joblib's description of an array, and its note."""
    if (
        not isinstance(note, Call)
        or not isinstance(note.state, dict)
        or not isinstance(note.function, Global)
    ):
        return None
    if not note.function.path.endswith("NumpyArrayWrapper"):
        return None
    state = note.state
    dtype, shape = _dtype(state.get("dtype")), state.get("shape")
    if dtype is None or not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise FormatError("joblib file of Python objects")
    padding = 1 + next_byte[0] if state.get("numpy_array_alignment_bytes") is not None and next_byte else 0
    note.items.append(state)
    return padding, math.prod(shape) * dtype.itemsize, note
