"""Decode Photoshop files (PSD, PSB): the merged picture, every layer as it lies under its mask, and the copies.

Source: Adobe Photoshop File Formats Specification (2019): file header, image resources, layer and mask
information, image data; compressions 0 (raw), 1 (PackBits), 2 and 3 (ZIP).

Not promised: colours of Lab and multichannel pictures (their first channel is shown as grey); adjustment and
vector layers that hold no pixels.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from efface.engines.picture_blocks import Parts, pixmap
from efface.engines.picture_frame import Budget, Frame, PictureInfo
from efface.engines.pillow import guarded
from efface.engines.pixels import shown_and_hidden
from efface.errors import FormatError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from efface.model.limits import Limits

__all__ = ["frames", "is_psd", "probe", "split_psd", "tiff_layers"]

_SIGNATURE, _HEADER_BYTES = b"8BPS", 26
_BITMAP, _INDEXED, _RGB, _CMYK = 0, 2, 3, 4
_MODES = {0: "1", 1: "L", 2: "P", 3: "RGB", 4: "CMYK", 7: "L", 8: "L", 9: "LAB"}
_RAW, _PACKED, _ZIP, _ZIP_PREDICTED = range(4)
_ALPHA = -1
_MAX_LAYERS, _MAX_CHANNELS = 1000, 56
_LINKED = (b"lnkD", b"lnk2", b"lnk3", b"lnkE")
_TIFF_DEPTHS = {b"Layr": 8, b"Mt16": 16, b"Mt32": 32, b"Lr16": 16, b"Lr32": 32}
_MAX_TIFF_PIXELS = 400_000_000
_TIFF_BLOCK = b"Adobe Photoshop Document Data Block\0"

ByteOrder = Literal["little", "big"]


@dataclass(slots=True)
class _File:
    """Where the sections of a file are."""

    data: bytes
    large: bool
    channels: int
    width: int
    height: int
    depth: int
    mode: int
    palette: bytes
    resources: tuple[int, int]
    layers: tuple[int, int]
    merged_at: int
    order: ByteOrder = "big"

    def number(self, at: int, size: int = 4) -> int:
        return int.from_bytes(self.data[at : at + size], self.order)

    def signed(self, at: int, size: int = 4) -> int:
        return int.from_bytes(self.data[at : at + size], self.order, signed=True)


@dataclass(frozen=True, slots=True)
class _Layer:
    width: int
    height: int
    channels: tuple[tuple[int, int], ...]  # ID, and how many bytes


def is_psd(data: bytes) -> bool:
    """Return whether it is a Photoshop file."""
    return data.startswith(_SIGNATURE)


def _opened(data: bytes) -> _File:
    if not is_psd(data) or len(data) < _HEADER_BYTES or data[4:6] not in (b"\0\1", b"\0\2"):
        raise FormatError("the Photoshop file is broken or cut off")

    def number(at: int, size: int = 4) -> int:
        return int.from_bytes(data[at : at + size], "big")

    large = data[5] == 2
    at = _HEADER_BYTES
    palette = data[at + 4 : at + 4 + min(number(at), 768)]
    at += 4 + number(at)
    resources = (at + 4, at + 4 + number(at))
    at = resources[1]
    word = 8 if large else 4
    layers = (at + word, at + word + number(at, word))
    return _File(
        data, large, number(12, 2), number(18), number(14), number(22, 2), number(24, 2),
        palette, resources, layers, layers[1],
    )  # fmt: skip


def probe(data: bytes) -> PictureInfo:
    """Return what the header says; every layer with pixels counts as a page.

    Raises:
        FormatError: The bytes are broken.
    """
    file = _opened(data)
    pages = 1 + sum(layer.width * layer.height > 0 for layer, _ in _layers(file, *file.layers))
    mode = _MODES.get(file.mode, "L")
    return PictureInfo("image/vnd.adobe.photoshop", file.width, file.height, pages, mode, 1)


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """Yield the merged picture, then each layer that holds pixels, in coordinates of its own.

    Raises:
        FormatError: The bytes are broken or cut off.
        LimitExceededError: A budget is exceeded.
    """
    file = _opened(data)
    budget = Budget(limits)
    budget.take((file.width, file.height))
    with guarded():
        planes = _merged(file)
    yield from _shown(0, file, planes, (file.width, file.height))
    index = 0
    for layer, at in _layers(file, *file.layers):
        if layer.width * layer.height > 0:
            index += 1
            budget.take((layer.width, layer.height))
            with guarded():
                found = _layer_planes(file, layer, at)
            yield from _shown(index, file, found, (layer.width, layer.height))


def split_psd(data: bytes) -> Parts:
    """Return the copies inside a Photoshop file: thumbnails, metadata, and the files placed in it."""
    parts = Parts()
    try:
        file = _opened(data)
    except FormatError:
        return parts
    resources = data[slice(*file.resources)]
    parts.photoshop.append(resources)
    start, stop = file.layers
    layer_info = start + (8 if file.large else 4) + file.number(start, 8 if file.large else 4)
    if any(key in data[layer_info:stop] for key in _LINKED):
        parts.blocks.append(("placed-picture", data[layer_info:stop]))
    return parts


def tiff_layers(block: bytes) -> list[tuple[str, bytes]]:
    """Return the layers that Photoshop keeps in a TIFF (tag 37724), each as a picture file.

    Raises:
        LimitExceededError: They have more pixels than are unpacked here.
        FormatError: They are broken.
    """
    at = len(_TIFF_BLOCK) if block.startswith(_TIFF_BLOCK) else 0
    order: ByteOrder = "little" if block[at : at + 4] == b"MIB8" else "big"
    found = []
    while block[at : at + 4] in (b"8BIM", b"MIB8"):
        size = int.from_bytes(block[at + 8 : at + 12], order)
        key = block[at + 4 : at + 8] if order == "big" else block[at + 4 : at + 8][::-1]
        if key in _TIFF_DEPTHS:
            start = at + 8  # its length stands where that of the layers does
            file = _File(block, False, 0, 0, 0, _TIFF_DEPTHS[key], _RGB, b"", (0, 0), (0, 0), 0, order)
            found += [("tiff-layer", layer) for layer in _pixmaps(file, start, start + 4 + size)]
        at += 12 + size + -size % 4
    return found


def _pixmaps(file: _File, start: int, stop: int) -> Iterator[bytes]:
    total = 0
    for layer, at in _layers(file, start, stop):
        total += layer.width * layer.height
        if total > _MAX_TIFF_PIXELS:
            raise LimitExceededError("the layers in the TIFF have too many pixels together")
        if layer.width * layer.height:
            with guarded():
                planes = _layer_planes(file, layer, at)
                colours = max(planes) + 1
                file.mode = {3: _RGB, 4: _CMYK}.get(colours, 1)
                planes.pop(_ALPHA, None)
                picture = _coloured(file, planes)
            yield pixmap(*picture.size, picture.tobytes())


def _shown(
    index: int, file: _File, planes: dict[int, NDArray[np.uint8]], size: tuple[int, int]
) -> Iterator[Frame]:
    with guarded():
        picture = _coloured(file, planes)
        shown, hidden = shown_and_hidden(picture)
    yield Frame(index, shown, 1.0, *size)
    if hidden is not None:
        yield Frame(index, hidden, 1.0, *size, hidden=True)


def _coloured(file: _File, planes: dict[int, NDArray[np.uint8]]) -> Image.Image:
    first = planes.get(0)
    if first is None:
        first = next(iter(planes.values()))
    if file.mode == _INDEXED:
        table = np.frombuffer(file.palette.ljust(768, b"\0"), np.uint8).reshape(3, 256).T
        picture = Image.fromarray(np.ascontiguousarray(table[first]))
    elif file.mode in (_RGB, _CMYK):
        count = 3 if file.mode == _RGB else 4
        bands = [Image.fromarray(planes.get(number, first)) for number in range(count)]
        if count == 4:  # stored as light, not as ink
            bands = [band.point([255 - value for value in range(256)]) for band in bands]
        picture = Image.merge("RGB" if count == 3 else "CMYK", bands).convert("RGB")
    else:
        picture = Image.fromarray(first).convert("RGB")
    if _ALPHA in planes:
        picture.putalpha(Image.fromarray(planes[_ALPHA]))
    return picture


def _merged(file: _File) -> dict[int, NDArray[np.uint8]]:
    """Return the channels of the merged picture; those behind the colours are masks, not transparency."""
    compression = file.number(file.merged_at, 2)
    count = min(file.channels, 4 if file.mode == _CMYK else 3 if file.mode == _RGB else 1)
    rows, row_bytes = file.height, _row_bytes(file.width, file.depth)
    at = file.merged_at + 2
    if compression not in (_RAW, _PACKED) or not count:
        raise FormatError("the merged picture of the Photoshop file is coded in an unknown way")
    word = 4 if file.large else 2
    counts_at = at
    if compression == _PACKED:
        at += word * rows * file.channels
    planes = {}
    for channel in range(count):
        size = rows * row_bytes
        if compression == _PACKED:
            start = counts_at + channel * rows * word
            size = _sum(file, start, rows, word)
        planes[channel] = _plane(file, file.data[at : at + size], compression, file.width, rows)
        at += size
    return planes


def _sum(file: _File, at: int, rows: int, word: int) -> int:
    """Return the sum of the packed sizes of rows."""
    kind = f"{'>' if file.order == 'big' else '<'}u{word}"
    return int(np.frombuffer(file.data, kind, rows, at).sum(dtype=np.int64))


def _layers(file: _File, start: int, stop: int) -> Iterator[tuple[_Layer, int]]:
    """Yield each layer, and where the pixels of its channels start."""
    word = 8 if file.large else 4
    if start + word > stop:
        return
    if not file.number(start, word):
        start = _deep_layers(file, start + word, stop)
        if not start:
            return
    at = start + word
    count = abs(file.signed(at, 2))
    at += 2
    if count > _MAX_LAYERS:
        raise LimitExceededError(f"the Photoshop file has more than {_MAX_LAYERS} layers")
    found = []
    for _ in range(count):
        if at + 18 > stop:
            raise FormatError("the layers of the Photoshop file are broken or cut off")
        top, left, bottom, right = (file.signed(at + n) for n in (0, 4, 8, 12))
        channels = min(file.number(at + 16, 2), _MAX_CHANNELS)
        at += 18
        rows = tuple(
            (file.signed(at + n * (2 + word), 2), file.number(at + n * (2 + word) + 2, word))
            for n in range(channels)
        )
        at += channels * (2 + word) + 12
        at += 4 + file.number(at)
        found.append(_Layer(max(right - left, 0), max(bottom - top, 0), rows))
    for layer in found:
        yield layer, at
        at += sum(size for _, size in layer.channels)


def _deep_layers(file: _File, at: int, stop: int) -> int:
    """Return where the layers of a 16- or 32-bit file start, which lie in a block behind the global mask."""
    at += 4 + file.number(at)
    while at + 12 <= stop and file.data[at : at + 4] in (b"8BIM", b"8B64"):
        if file.data[at + 4 : at + 8] in (b"Lr16", b"Lr32"):
            return at + 8  # the length of such a block stands where that of the layers does
        size = file.number(at + 8)
        at += 12 + size + -size % 4
    return 0


def _layer_planes(file: _File, layer: _Layer, at: int) -> dict[int, NDArray[np.uint8]]:
    planes = {}
    word = 4 if file.large else 2
    for number, size in layer.channels:
        if number >= _ALPHA and size > 2:  # masks have IDs below
            compression = file.number(at, 2)
            start = at + 2 + (word * layer.height if compression == _PACKED else 0)
            body = file.data[start : at + size]
            planes[number] = _plane(file, body, compression, layer.width, layer.height)
        at += size
    if not any(number >= 0 for number in planes):
        raise FormatError("a layer of the Photoshop file is broken or cut off")
    return planes


def _row_bytes(width: int, depth: int) -> int:
    return (width * depth + 7) // 8


def _plane(file: _File, body: bytes, compression: int, width: int, height: int) -> NDArray[np.uint8]:
    """Return one channel in 8 bits, shape (height, width)."""
    row_bytes = _row_bytes(width, file.depth)
    wanted = row_bytes * height
    if compression == _PACKED:
        body = Image.frombytes("L", (row_bytes, height), body, "packbits", "L").tobytes()
    elif compression in (_ZIP, _ZIP_PREDICTED):
        body = zlib.decompressobj().decompress(body, wanted)
    if len(body) < wanted:
        raise FormatError("the Photoshop file is cut off")
    values = np.frombuffer(body, np.uint8, wanted).reshape(height, row_bytes)
    if compression == _ZIP_PREDICTED:
        values = _undone(values, file.depth, width, ">" if file.order == "big" else "<")
    if file.depth == 1:
        return np.where(np.unpackbits(values, axis=1)[:, :width] > 0, np.uint8(0), np.uint8(255))
    if file.depth == 16:
        return np.ascontiguousarray(values[:, file.order == "little" :: 2])
    if file.depth == 32:
        light = np.nan_to_num(
            np.ascontiguousarray(values).view(">f4" if file.order == "big" else "<f4").astype(np.float32)
        )
        return (np.clip(light, 0.0, 1.0) ** (1 / 2.2) * 255).astype(np.uint8)  # linear light
    return values


def _undone(values: NDArray[np.uint8], depth: int, width: int, order: str) -> NDArray[np.uint8]:
    """Undo the prediction of compression 3: each sample is stored as its difference from the one before."""
    if depth == 16:
        whole = np.cumsum(values.view(kind := f"{order}u2"), axis=1, dtype=np.uint16)
        return whole.astype(kind).view(np.uint8)
    summed = np.cumsum(values, axis=1, dtype=np.uint8)
    if depth != 32:
        return summed
    planes = summed.reshape(len(summed), 4, width)  # high bytes first, plane by plane
    return np.ascontiguousarray(planes.transpose(0, 2, 1)).reshape(len(summed), 4 * width)
