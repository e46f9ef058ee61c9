"""Hide copies of one face wherever files keep them, and tell without any detector whether a copy is left.

Each kind of hiding place is one file whose picture shows the face, with one more copy somewhere in it. Whoever
makes a copy notes pieces of its bytes. The judge takes a file apart with the standard library and Pillow alone
(archives, deflated streams, base64, hexadecimal), searches all of it for those pieces, decodes every picture that
begins anywhere in it, with what its opacity hides, and compares the place of the face with the face.

Not promised: that a copy in a coding that the judge does not know is seen by it.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import tarfile
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageSequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["Face", "Kind"]

_SIDE_PX, _COPY_PX = 256, 160
_FACE = (0.34, 0.12, 0.56, 0.38)  # left, top, right and bottom of the face in the portrait, as shares
_SEEN_PX = 96
_SAME = 0.5  # correlation of the place of the face with the face; of other content it is about 0
_FRAGMENT = 24
_DEEP, _MAX_FRAMES = 5, 8
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]|\r?\n(?=[A-Za-z0-9+/])|&#x?[0-9A-Fa-f]+;|\\/|\\n){200,}={0,2}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}|\r?\n){200,}")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_PICTURE = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|II\*\0|MM\0\*|BM....\0\0\0\0|....ftypavi[fs]"
    rb"|\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51|\0\0[\1\2]\0[\1-\x0a]\0|P[56]\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of hiding place.

    Attributes:
        name: What it is, in words.
        suffix: Ending of the file's name.
        build: Makes a file with a hidden copy of a face.
    """

    name: str
    suffix: str
    build: Callable[[Face], bytes]


class Face:
    """One face, the copies of it that were hidden, and the judge of what is left of them.

    Args:
        portrait: A square picture that shows one face where the sample portrait has it.
    """

    def __init__(self, portrait: Image.Image) -> None:
        self.portrait = portrait.convert("RGB").resize((_SIDE_PX, _SIDE_PX))
        self._notes: set[bytes] = set()
        self._wanted = _place(self.portrait)

    def picture(self, kind: str = "JPEG", **settings: Any) -> bytes:  # noqa: ANN401 - Pillow's options
        """Return the picture that shows the face, as a file."""
        return saved(self.portrait, kind, **settings)

    def copy(self, kind: str = "JPEG", side_px: int = _COPY_PX, **settings: Any) -> bytes:  # noqa: ANN401
        """Return a small copy as a file, and note pieces of it."""
        return self.note(saved(self.small(side_px), kind, **settings))

    def small(self, side_px: int = _COPY_PX) -> Image.Image:
        """Return a small copy."""
        return self.portrait.resize((side_px, side_px))

    def note(self, data: bytes) -> bytes:
        """Note pieces of bytes that show the face, and return the bytes."""
        for share in (3, 5, 7):
            at = len(data) * share // 10
            piece = data[at : at + _FRAGMENT]
            if len(set(piece)) > _FRAGMENT // 2:
                self._notes.add(piece)
        return data

    def is_left(self, data: bytes) -> bool:
        """Return whether the face is left in a file, in a piece of noted bytes or in a picture."""
        return any(
            any(note in layer for note in self._notes) or any(map(self._is_seen, _pictures(layer)))
            for layer in _layers(data)
        )

    def _is_seen(self, picture: Image.Image) -> bool:
        found = _place(picture)
        if found.std() < 1 or self._wanted.std() < 1:
            return False
        return bool(np.corrcoef(found.ravel(), self._wanted.ravel())[0, 1] > _SAME)


def saved(picture: Image.Image, kind: str, **settings: Any) -> bytes:  # noqa: ANN401 - Pillow's options
    """Return a picture as a file."""
    target = io.BytesIO()
    picture.save(target, kind, **settings)
    return target.getvalue()


def _place(picture: Image.Image) -> NDArray[np.float64]:
    """Return the place of the face, in grey of one size."""
    grey = np.asarray(picture.convert("L").resize((_SEEN_PX, _SEEN_PX), Image.Resampling.BOX), np.float64)
    left, top, right, bottom = (int(share * _SEEN_PX) for share in _FACE)
    return grey[top:bottom, left:right]


def _layers(data: bytes, deep: int = 0) -> Iterator[bytes]:
    """Yield the bytes, and all that is packed or encoded in them."""
    yield data
    if deep == _DEEP:
        return
    for inner in (*_members(data), *_decoded(data), *_inflated(data)):
        yield from _layers(inner, deep + 1)


def _members(data: bytes) -> Iterator[bytes]:
    start = data.find(b"PK\3\4")
    if start >= 0:
        try:
            with zipfile.ZipFile(io.BytesIO(data[start:])) as archive:
                yield from [archive.read(name) for name in archive.namelist()]
        except (zipfile.BadZipFile, zlib.error, NotImplementedError):
            pass
    if data[257:262] == b"ustar" or data[:2] == b"\x1f\x8b":
        try:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                for member in archive:
                    file = archive.extractfile(member)
                    yield file.read() if file else b""
        except (tarfile.TarError, OSError, EOFError, zlib.error):
            pass


def _decoded(data: bytes) -> Iterator[bytes]:
    for match in _BASE64.finditer(data):
        text = re.sub(rb"\s|&#x?[0-9A-Fa-f]+;|\\n|\\(?=/)", b"", match[0]).rstrip(b"=")
        try:
            yield base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + b"=" * (-len(text) % 4))
        except (ValueError, binascii.Error):
            continue
    for match in _HEX.finditer(data):
        yield bytes.fromhex(match[0].decode("ascii").replace("\n", "").replace("\r", ""))


def _inflated(data: bytes) -> Iterator[bytes]:
    for match in _ZLIB.finditer(data):
        try:
            inner = zlib.decompressobj().decompress(data[match.start() :], 1 << 22)
        except zlib.error:
            continue
        if len(inner) > _FRAGMENT:
            yield inner


def _pictures(data: bytes) -> Iterator[Image.Image]:
    """Yield every frame of every picture that begins somewhere in the bytes, its colours and its opacity."""
    for match in _PICTURE.finditer(data):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                with Image.open(io.BytesIO(data[match.start() :])) as opened:
                    frames = (
                        [opened.ico.frame(n) for n in range(len(opened.ico.entry))]
                        if hasattr(opened, "ico")
                        else [
                            frame.copy()
                            for _, frame in zip(
                                range(_MAX_FRAMES), ImageSequence.Iterator(opened), strict=False
                            )
                        ]
                    )
            except Exception:  # noqa: BLE001, S112 - what does not open is no picture, whatever it raises
                continue
        for frame in frames:
            bands = frame.convert("RGBA").split()
            yield Image.merge("RGB", bands[:3])
            yield bands[3]
