"""Tell pickles by whether their first opcodes make sense; nothing is ever loaded.

Source: Python's `pickletools`, the description of the protocols 0 to 5.
"""

from __future__ import annotations

import io
import pickletools
import re

__all__ = ["looks_like_pickle"]

_OPCODES = 24
_FEW = 3
_TEXT = re.compile(
    rb"(?:\([dl]p\d+\n|ccopy_reg\n_reconstructor\n|cnumpy[.\w]*\n\w+\n|c(?:sklearn|pandas|copyreg)[.\w]*\n\w+\n"
    rb"|[\]}]q\x00|\(\]q\x00|\(i\w+\n\w+\n)"
)


def looks_like_pickle(head: bytes) -> bool:
    """Return whether bytes begin like a pickle of protocol 2 to 5, or carefully 0 and 1."""
    if head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        return _opcodes(head) >= _FEW
    return bool(_TEXT.match(head)) and _opcodes(head) >= _FEW


def _opcodes(head: bytes) -> int:
    """Count the opcodes at the start; one whose argument is cut off by the head's end counts."""
    stream = io.BytesIO(head)
    count = 0
    try:
        for opcode, _argument, _position in pickletools.genops(stream):
            count += 1
            if opcode.name == "STOP" or count >= _OPCODES:
                return max(count, _FEW)
    except Exception:  # noqa: BLE001 - pickletools raises whatever its readers meet
        return count + (_FEW if stream.tell() >= len(head) and count >= 2 else 0)
    return count
