"""Read the sizes of the weights in a pickle of PyTorch, by playing its opcodes; nothing is ever loaded.

Source: torch/_utils.py, `_rebuild_tensor_v2(storage, offset, size, stride, ...)` and `_rebuild_parameter(data, ...)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.formats.pickle_scan import notes
from efface.formats.pickle_values import Call, Global

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["sizes"]

_TENSOR = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor")
_OPCODES = 2_000_000
_DEPTH = 12


def sizes(pickle: bytes) -> Iterator[tuple[int, ...]]:
    """Yield the sizes of each tensor that a pickle would rebuild.

    Raises:
        FormatError: It is no pickle.
        LimitExceededError: It has more opcodes than weights of a network have.
    """
    if b"torch" not in pickle:
        return
    yield from _walk(notes(pickle, opcodes=_OPCODES), _DEPTH, set())


def _walk(value: object, depth: int, seen: set[int]) -> Iterator[tuple[int, ...]]:
    if depth == 0 or id(value) in seen:
        return
    if isinstance(value, Call):
        seen.add(id(value))
        arguments = value.arguments if isinstance(value.arguments, tuple) else (value.arguments,)
        if isinstance(value.function, Global) and value.function.path in _TENSOR and len(arguments) > 2:
            size = arguments[2]
            if isinstance(size, tuple) and all(isinstance(each, int) for each in size):
                yield size
            return
        yield from _each((*arguments, value.state, *value.items), depth, seen)
    elif isinstance(value, dict):
        seen.add(id(value))
        yield from _each(value.values(), depth, seen)
    elif isinstance(value, list | tuple):
        seen.add(id(value))
        yield from _each(value, depth, seen)


def _each(values: Iterable[object], depth: int, seen: set[int]) -> Iterator[tuple[int, ...]]:
    for value in values:
        yield from _walk(value, depth - 1, seen)
