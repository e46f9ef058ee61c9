"""Turn the samples of a PDF image into grey or RGB pixels, for eyes that look for faces.

Colours are those that a face is recognised by, not those of a proof: CMYK and inks are multiplied, profiles
are ignored, Lab is shown by its lightness.

Source: ISO 32000-2, 8.6 (colour spaces), 8.9.5.2 (Decode arrays), table 87 (image dictionaries).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["GREY", "RGB", "Space", "pixels", "portable_anymap", "unpacked"]

_BAND_ROWS = 256  # rows that are mapped at a time
_INKS = {"Cyan": (0, 1, 1), "Magenta": (1, 0, 1), "Yellow": (1, 1, 0), "None": (1, 1, 1)}
_DARK = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Space:
    """A colour space, as far as pixels need it.

    Attributes:
        kind: "grey", "rgb", "cmyk", "lab", "inks" or "indexed".
        components: Samples of one pixel.
        inks: Names of the inks, for "inks".
        palette: Colours of an indexed space in its base space, one byte a component.
        base: Base of an indexed space.
    """

    kind: str
    components: int
    inks: tuple[str, ...] = ()
    palette: bytes = b""
    base: Space | None = None


GREY, RGB = Space("grey", 1), Space("rgb", 3)


def unpacked(data: bytes, size: tuple[int, int], components: int, bits: int) -> NDArray[np.uint8]:
    """Return samples as uint8, shape (height, width, components); 16 bits are cut to their upper 8.

    Args:
        data: Rows of samples, each row padded to whole bytes; missing rows are zeros.
        size: (width, height).
        components: Samples of one pixel.
        bits: 1, 2, 4, 8 or 16.

    Raises:
        FormatError: No such number of bits.
    """
    width, height = size
    if bits not in {1, 2, 4, 8, 16}:
        raise FormatError("a PDF image has samples of an impossible size")
    row_samples = width * components
    row_bytes = (row_samples * bits + 7) // 8
    wanted = row_bytes * height
    if len(data) < wanted:
        data = data + bytes(wanted - len(data))
    rows = np.frombuffer(data, np.uint8, wanted).reshape(height, row_bytes)
    if bits == 16:
        rows = rows[:, ::2]
    elif bits < 8:
        rows = _split(rows, bits)
    return rows[:, :row_samples].reshape(height, width, components)


def _split(rows: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    if bits == 1:
        return np.unpackbits(rows, axis=1)
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    pieces = (rows[:, :, None] >> shifts) & np.uint8((1 << bits) - 1)
    return pieces.reshape(rows.shape[0], -1)


def pixels(
    samples: NDArray[np.uint8], space: Space, bits: int, decode: Sequence[float] = ()
) -> NDArray[np.uint8]:
    """Return pixels as uint8, shape (height, width) for grey and (height, width, 3) for RGB.

    Args:
        samples: uint8, shape (height, width, components), as `unpacked` gives them.
        space: What they mean.
        bits: Bits of one sample in the file.
        decode: Pairs (least, most) for each component, or nothing for the usual ones.
    """
    if space.kind in {"grey", "rgb"} and bits >= 8 and not decode:
        return samples[:, :, 0] if space.kind == "grey" else samples
    top = (1 << min(bits, 8)) - 1
    tables = [_table(space, top, decode[2 * n : 2 * n + 2]) for n in range(space.components)]
    is_grey = space.kind in {"grey", "lab"} or (space.kind == "inks" and space.components == 1)
    shape = samples.shape[:2] if is_grey else (*samples.shape[:2], 3)
    out = np.empty(shape, np.uint8)
    for at in range(0, samples.shape[0], _BAND_ROWS):
        band = samples[at : at + _BAND_ROWS]
        mapped = [table[band[:, :, n]] for n, table in enumerate(tables)]
        out[at : at + _BAND_ROWS] = _shown(mapped, space)
    return out


def _table(space: Space, top: int, decode: Sequence[float]) -> NDArray[np.uint8]:
    """Return what each stored value is, 0 to 255; for an indexed space, the number of its colour."""
    values = np.arange(256, dtype=np.float64).clip(0, top) / top
    if space.kind == "indexed":
        least, most = (decode[0], decode[1]) if len(decode) == 2 else (0.0, float(top))
        return np.rint(least + values * (most - least)).clip(0, 255).astype(np.uint8)
    least, most = (decode[0], decode[1]) if len(decode) == 2 and space.kind != "lab" else (0.0, 1.0)
    table: NDArray[np.uint8] = np.rint((least + values * (most - least)).clip(0, 1) * 255).astype(np.uint8)
    return table


def _shown(mapped: list[NDArray[np.uint8]], space: Space) -> NDArray[np.uint8]:
    match space.kind:
        case "grey" | "lab":
            return mapped[0]
        case "rgb":
            return np.stack(mapped[:3], axis=-1)
        case "cmyk":
            return _printed(mapped, (*(_INKS[name] for name in ("Cyan", "Magenta", "Yellow")), _DARK))
        case "inks":
            weights = [_INKS.get(name, _DARK) for name in space.inks]
            printed = _printed(mapped, weights)
            return printed[..., 0] if space.components == 1 else printed
        case _:
            colours = _palette(space)
            return np.take(colours, mapped[0], axis=0)


def _printed(mapped: list[NDArray[np.uint8]], colours: Sequence[tuple[int, int, int]]) -> NDArray[np.uint8]:
    """Return white paper under inks: each takes its share of the light that its colour does not reflect."""
    light = np.full((*mapped[0].shape, 3), 255, np.uint16)
    for ink, colour in zip(mapped, colours, strict=False):
        left = 255 - ink.astype(np.uint16)
        for channel in range(3):
            if not colour[channel]:
                light[..., channel] = light[..., channel] * left // 255
    return light.astype(np.uint8)


def _palette(space: Space) -> NDArray[np.uint8]:
    base = space.base or RGB
    colours = unpacked(space.palette, (256, 1), base.components, 8)
    shown = pixels(colours, base, 8)[0] if base.kind != "indexed" else np.zeros((256, 3), np.uint8)
    return np.repeat(shown[:, None], 3, axis=1) if shown.ndim == 1 else shown


def portable_anymap(shown: NDArray[np.uint8]) -> bytes:
    """Return grey or RGB pixels as a file of their own (PGM or PPM, binary)."""
    height, width = shown.shape[:2]
    magic = b"P5" if shown.ndim == 2 else b"P6"
    return b"%s\n%d %d\n255\n" % (magic, width, height) + shown.tobytes()
