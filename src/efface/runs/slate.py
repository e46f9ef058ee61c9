"""What a process is busy with, written where its supervisor reads it: shared memory, so that nobody has to answer.

A part takes less time than a message about it, and only the last word of a process that died or fell silent is ever
asked for.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from typing import Self

__all__ = ["Slate"]

_BYTES = 1 << 16
_BEATS, _LENGTH = struct.Struct("=Q"), struct.Struct("=I")
_TEXT_AT = _BEATS.size + _LENGTH.size


class Slate:
    """A text of up to 65,524 bytes that one process writes and another reads, and how often it was written.

    Not promised: a longer text is kept as none. A process that dies while it writes leaves none; one that was taken
    over can leave any text, as it could send any message.

    Args:
        descriptor: Of the memory, from `blank`; closed here.
    """

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _BYTES)
        os.close(descriptor)
        self._count = 0

    @classmethod
    def blank(cls) -> tuple[Self, int]:
        """Return a new slate and a descriptor of its memory, for the process that writes; close it here then."""
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("slate")
            os.truncate(descriptor, _BYTES)
        else:
            with tempfile.TemporaryFile() as file:
                file.write(bytes(_BYTES))  # a hole would end the process that writes on a full disk
                file.flush()
                descriptor = os.dup(file.fileno())
        return cls(os.dup(descriptor)), descriptor

    def write(self, text: str) -> None:
        """Put a text in the place of the last one."""
        data = text.encode("utf-8", "replace")
        self.clear()
        if len(data) <= _BYTES - _TEXT_AT:
            self._memory[_TEXT_AT : _TEXT_AT + len(data)] = data
            _LENGTH.pack_into(self._memory, _BEATS.size, len(data))

    def clear(self) -> None:
        """Take the text away; this counts as written, too."""
        _LENGTH.pack_into(self._memory, _BEATS.size, 0)
        self._count += 1
        _BEATS.pack_into(self._memory, 0, self._count)

    @property
    def text(self) -> str:
        """The text, or "" when there is none; only sound while nobody writes."""
        (length,) = _LENGTH.unpack_from(self._memory, _BEATS.size)
        return self._memory[_TEXT_AT : _TEXT_AT + length].decode("utf-8", "replace")

    @property
    def beats(self) -> int:
        """How often it was written; another number than before says that the process lives."""
        beats: int = _BEATS.unpack_from(self._memory)[0]
        return beats

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
