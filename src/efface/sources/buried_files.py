"""Files inside bytes of no known kind: caches, programs, containers of makers, texts with something behind them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from efface.engines.buried import buried, name_of
from efface.formats import sniff
from efface.formats.text_values import TEXT_TYPES
from efface.model import Beat, Part, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.model import Column, Gap, Limits

__all__ = ["BuriedFiles"]

_TYPES = frozenset(
    {
        sniff.OCTETS, "application/vnd.microsoft.portable-executable", "application/x-elf", "image/x-icns",
        "application/postscript",
        "application/x-mach-binary", "application/java-vm", "application/wasm", "application/x-pickle",
        "application/x-npy", "application/x-bplist", "application/vnd.lance",
    }
)  # fmt: skip
_ZIP = "application/zip"
_ZIP_END, _ZIP_END_BYTES = b"PK\x05\x06", 22
_TAIL_BYTES = _ZIP_END_BYTES + 0xFFFF
_WINDOW_BYTES = 64 << 20
_SEARCHED_BYTES = 512 << 20
_OVERLAP_BYTES = 16 << 20


class BuriedFiles:
    """Pictures, films, documents and archives that lie in other bytes as they are, and behind a ZIP's end.

    Larger things are looked through in windows of 64 MiB: a file of more than 16 MiB may be cut off where one ends.

    Not promised: what is compressed or encrypted in them.
    """

    name = "buried-files"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether nothing else takes such bytes apart, or something may stand behind what does."""
        return media_type in _TYPES or media_type == _ZIP or _is_text(media_type)

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap | Beat]:
        """Yield the files in their order.

        Raises:
            LimitExceededError: There are too many, or too many starts that lead nowhere.
        """
        del limits
        number = 0
        start = _behind_zip(part) if media_type == _ZIP else 0
        if start is None:
            return
        with closing(part.payload.open()) as stream:
            stream.seek(start)
            for data in _windows(stream.read):
                if isinstance(data, Beat):
                    yield data
                    continue
                for first, last in buried(data[0], text=_is_text(media_type)):
                    if first >= data[1]:
                        break  # the next window has it whole
                    number += 1
                    content = data[0][first:last]
                    name = name_of(number, content)
                    around = Surroundings((name, *part.surroundings.names))
                    yield Part(part.locator.child(name), BytesPayload(content), around, part.modified_at)


def _is_text(media_type: str) -> bool:
    return media_type.startswith("text/") or media_type in TEXT_TYPES


def _windows(read: Callable[[int], bytes]) -> Iterator[tuple[bytes, int] | Beat]:
    """Yield bytes in windows that overlap, each with the offset from which on a start belongs to the next one."""
    window = read(_WINDOW_BYTES)
    while window:
        is_last = len(window) < _WINDOW_BYTES
        yield window, len(window) if is_last else _WINDOW_BYTES - _OVERLAP_BYTES
        if is_last:
            return
        yield Beat()
        window = window[-_OVERLAP_BYTES:] + read(_WINDOW_BYTES - _OVERLAP_BYTES)


def _behind_zip(part: Part) -> int | None:
    """Return where the comment of a ZIP archive starts, when it or what follows could hold a file."""
    size = part.payload.size_bytes
    with closing(part.payload.open()) as stream:
        stream.seek(max(size - _TAIL_BYTES, 0))
        tail = stream.read()
    end = tail.rfind(_ZIP_END)
    if end >= 0:
        behind = size - len(tail) + end + _ZIP_END_BYTES
        return behind if size - behind > _ZIP_END_BYTES else None
    if size > _SEARCHED_BYTES:
        return None
    end = part.payload.read().rfind(_ZIP_END)
    return end + _ZIP_END_BYTES if end >= 0 else None
