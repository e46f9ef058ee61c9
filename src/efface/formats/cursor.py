"""Read big-endian numbers from bytes so that a short record is a FormatError and never anything else."""

from __future__ import annotations

from efface.errors import FormatError

__all__ = ["Cursor"]


class Cursor:
    """A position in bytes that only moves forward and never past the end.

    Args:
        data: The bytes to read.
        position: Absolute offset of the first byte to read.
    """

    __slots__ = ("data", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position

    @property
    def remaining(self) -> int:
        """How many bytes follow the position."""
        return len(self.data) - self.position

    def skip(self, count: int) -> None:
        """Move forward by `count` bytes; raise FormatError when fewer follow."""
        if count < 0 or count > self.remaining:
            raise FormatError(f"the record ends early: {count} bytes wanted at offset {self.position}")
        self.position += count

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes; raise FormatError when fewer follow."""
        start = self.position
        self.skip(count)
        return self.data[start : self.position]

    def unsigned(self, count: int) -> int:
        """Return the next `count` bytes as one big-endian number without a sign."""
        return int.from_bytes(self.take(count), "big")

    def u8(self) -> int:
        """Return the next byte."""
        return self.unsigned(1)

    def u16(self) -> int:
        """Return the next two bytes as a number."""
        return self.unsigned(2)

    def u32(self) -> int:
        """Return the next four bytes as a number."""
        return self.unsigned(4)
