"""Recognise a vector of an embedding network in one value: its numbers, its encoding and its nature.

A value is a vector when it reads as 64 to 8,192 finite numbers that look like the output of a network:
signs mixed, no number far from the rest, no order between neighbours, and a length that such networks give.
Whether it comes from a face is not told here: names decide that, not numbers.

Sources: the way vectors are written, from the stores of real software (pgvector, PostgreSQL arrays, JSON,
NumPy, float blobs); the ranges, measured on blocks of programs, pictures, sound, text and noise.
"""

from __future__ import annotations

import binascii
import json
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.errors import FormatError
from efface.formats import npy, pickle_scan
from efface.formats.pickle_ops import looks_like_pickle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["MAX_DIMENSION", "MIN_DIMENSION", "Vector", "of_numbers", "parse_numbers", "parse_vector"]

MIN_DIMENSION = 64
MAX_DIMENSION = 8192
_MAX_VALUE = 1 << 19  # bytes or characters of one value: 8,192 numbers of 25 digits twice over
_UNIT_TOLERANCE = 0.01  # networks normalise in float16 at the coarsest
_RAW_NORM = (1.1, 200.0)  # dlib 1.39, FaceNet 512 23, MobileFace 79
_NEGATIVE = (0.25, 0.75)
_PEAK = 14.0  # largest number over the root mean square; Gaussian noise of 8,192 numbers stays below 5
_NEIGHBOURS = 0.4  # correlation of neighbours; sound, pictures and sorted numbers exceed it
_DISTINCT = 0.9  # share of different numbers; quantised tables stay below
# Possessive throughout: no part of a number or a gap is ever tried twice, however long it is.
_NUMBER = r"[-+]?+(?:\d++\.?+\d*+|\.\d++)(?:[eE][-+]?\d++)?+"
_NUMBERS = re.compile(rf"[\s,;|]*+{_NUMBER}(?:[\s,;|]++{_NUMBER})*+[\s,;|]*+")
_WRAPPERS = re.compile(r"(?:np\.|numpy\.|torch\.)?(?:array|tensor|vector)\(|,? ?dtype=[\w.']+|[\[\](){}\"']")
_HEX = re.compile(r"(?:0x|\\x)?(?:[0-9a-fA-F]{2})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}|[A-Za-z0-9_-]+={0,2}")
_BLOBS = ("<f4", "<f8", ">f4", ">f8", "<f2")
_TEXT_DIGITS = 5  # mean significant digits of numbers in text; prices and pixels have fewer


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector, and what it is like.

    Attributes:
        values: float64, shape (dimension,); never shown.
        dtype: Element type as stored ("float32"), or "text".
        how: Words for the encodings, from the outside in ("base64", "float32").
        norm: Euclidean length.
        negative_share: Share of numbers below 0.
        float32_exact: Whether every number is one that float32 holds exactly: a network's output that
            was stored wider.
    """

    values: NDArray[np.float64] = field(repr=False)
    dtype: str
    how: tuple[str, ...]
    norm: float
    negative_share: float
    float32_exact: bool

    @property
    def dimension(self) -> int:
        """Number of numbers."""
        return int(self.values.shape[0])

    @property
    def is_unit(self) -> bool:
        """Whether the length is 1, as networks that normalise give it."""
        return abs(self.norm - 1.0) <= _UNIT_TOLERANCE


def parse_vector(value: bytes | str) -> Vector | None:
    """Return the vector that one value holds, or None; never raises on content.

    Args:
        value: A cell: float blob, NumPy file, pickled array, zlib-compressed blob, or text with numbers,
            base64, base64url or hex of those.

    Limits: values of more than 512 KiB are not looked at.
    """
    return next(_candidates(value, (), 0), None)


def _candidates(value: bytes | str, how: tuple[str, ...], depth: int) -> Iterator[Vector]:
    if not MIN_DIMENSION <= len(value) <= _MAX_VALUE or depth > 3:
        return
    if isinstance(value, str):
        yield from _from_text(value, how, depth)
    else:
        yield from _from_bytes(value, how, depth)


def _from_text(text: str, how: tuple[str, ...], depth: int) -> Iterator[Vector]:
    numbers = parse_numbers(text)
    if numbers is not None:
        vector = of_numbers(numbers, "text", (*how, "text"))
        if vector is not None:
            yield vector
        return
    for word, data in _binary_texts(text.strip()):
        yield from _candidates(data, (*how, word), depth + 1)


def _binary_texts(text: str) -> Iterator[tuple[str, bytes]]:
    compact = "".join(text.split()) if "\n" in text else text
    try:
        if _HEX.fullmatch(compact):
            yield "hex", bytes.fromhex(compact.removeprefix("0x").removeprefix("\\x"))
        elif _BASE64.fullmatch(compact):
            plain = compact.rstrip("=").translate(str.maketrans("-_", "+/"))
            yield "base64", binascii.a2b_base64(plain + "=" * (-len(plain) % 4))
    except (ValueError, binascii.Error):
        return


def _from_bytes(data: bytes, how: tuple[str, ...], depth: int) -> Iterator[Vector]:
    for dtype in _BLOBS:
        vector = _blob(data, dtype, how)
        if vector is not None:
            yield vector
            return
    if data.startswith(npy.MAGIC):
        yield from _from_npy(data, how)
    elif looks_like_pickle(data[:4096]):
        yield from _from_pickle(data, how)
    elif data[:1] == b"x" and int.from_bytes(data[:2], "big") % 31 == 0:
        yield from _candidates(_inflated(data), (*how, "zlib"), depth + 1)
    elif data.isascii():
        yield from _from_text(data.decode("ascii"), how, depth + 1)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _MAX_VALUE)
    except zlib.error:
        return b""


def _from_npy(data: bytes, how: tuple[str, ...]) -> Iterator[Vector]:
    try:
        view = npy.array(data)
    except FormatError:
        return
    if view.dtype.kind == "f" and view.size == max(view.shape, default=0):
        vector = of_numbers(view.reshape(-1), view.dtype.name, (*how, "npy"))
        if vector is not None:
            yield vector


def _from_pickle(data: bytes, how: tuple[str, ...]) -> Iterator[Vector]:
    try:
        for found in pickle_scan.scan(data, opcodes=_MAX_VALUE):
            if found.numbers.dtype.kind == "f" and found.numbers.ndim == 1:
                vector = of_numbers(found.numbers, found.numbers.dtype.name, (*how, "pickle"))
                if vector is not None:
                    yield vector
    except FormatError:
        return


def _blob(data: bytes, dtype: str, how: tuple[str, ...]) -> Vector | None:
    kind = np.dtype(dtype)
    count, rest = divmod(len(data), kind.itemsize)
    if rest or not MIN_DIMENSION <= count <= MAX_DIMENSION:
        return None
    with np.errstate(all="ignore"):
        values = np.frombuffer(data, kind).astype(np.float64)
    word = kind.newbyteorder("=").name + ("" if dtype[0] == "<" else " big-endian")
    vector = of_numbers(values, word, (*how, word))
    if vector is None or kind.itemsize == 4:
        return vector
    # Wider or narrower readings of other bytes look plausible by chance; only a strong sign lets them pass.
    return vector if vector.is_unit or (vector.float32_exact and kind.itemsize == 8) else None


def parse_numbers(text: str) -> NDArray[np.float64] | None:
    """Return the numbers of a text that holds numbers and brackets only, or None.

    JSON arrays, with numbers as strings too, Python and NumPy lists, PostgreSQL and pgvector arrays, and
    numbers between commas, semicolons or blanks are read.
    """
    if len(text) > _MAX_VALUE or not any(mark in text for mark in ",; \n\t|"):
        return None
    quick = _json_numbers(text.strip())
    return _loose_numbers(text) if quick is None else quick


def _loose_numbers(text: str) -> NDArray[np.float64] | None:
    plain = _WRAPPERS.sub(" ", text)
    if not _NUMBERS.fullmatch(plain):
        return None
    words = re.split(r"[\s,;|]+", plain.strip(" \t\r\n,;|"))
    if not MIN_DIMENSION <= len(words) <= MAX_DIMENSION:
        return None
    digits = sum(len(word.partition("e")[0].strip("-+0.").replace(".", "")) for word in words)
    if digits < _TEXT_DIGITS * len(words):
        return None
    try:
        return np.array([float(word) for word in words], np.float64)
    except ValueError:
        return None


def _json_numbers(text: str) -> NDArray[np.float64] | None:
    """The common case, by the fast reader: one flat list of numbers in brackets or braces."""
    if text[:1] + text[-1:] not in {"[]", "{}"}:
        return None
    try:
        items = json.loads(f"[{text[1:-1]}]")
    except (ValueError, RecursionError):
        return None
    if not MIN_DIMENSION <= len(items) <= MAX_DIMENSION or set(map(type, items)) != {float}:
        return None
    # With sign, point and separator a number of _TEXT_DIGITS digits takes some four characters more.
    return np.array(items, np.float64) if len(text) >= (_TEXT_DIGITS + 4) * len(items) else None


def of_numbers(numbers: NDArray[Any], dtype: str, how: tuple[str, ...]) -> Vector | None:
    """Return numbers as a vector where they look like a network's output, else None.

    Args:
        numbers: Any float type, shape (dimension,).
        dtype: Element type as stored.
        how: Words for the encodings they came in.
    """
    if numbers.ndim != 1 or not MIN_DIMENSION <= numbers.shape[0] <= MAX_DIMENSION:
        return None
    with np.errstate(all="ignore"):
        values = numbers.astype(np.float64)
        norm = float(np.sqrt(np.dot(values, values)))
        if not np.isfinite(norm) or not _is_output(values, norm):
            return None
        exact = bool(np.all(values.astype(np.float32).astype(np.float64) == values))
    return Vector(values, dtype, how, norm, float(np.mean(values < 0)), exact)


def _is_output(values: NDArray[np.float64], norm: float) -> bool:
    if abs(norm - 1.0) > _UNIT_TOLERANCE and not _RAW_NORM[0] <= norm <= _RAW_NORM[1]:
        return False
    if not _NEGATIVE[0] <= float(np.mean(values < 0)) <= _NEGATIVE[1]:
        return False
    spread = norm / np.sqrt(values.shape[0])
    if float(np.max(np.abs(values))) > _PEAK * spread:
        return False
    if np.unique(values).shape[0] < _DISTINCT * values.shape[0]:
        return False
    centred = values - values.mean()
    energy = float(np.dot(centred, centred))
    return energy > 0 and abs(float(np.dot(centred[1:], centred[:-1]))) < _NEIGHBOURS * energy
