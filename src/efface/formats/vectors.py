"""Recognise a vector of an embedding network in one value: its numbers, its encoding and its nature.

A value is a vector when it reads as 64 to 8,192 finite numbers that look like the output of a network:
signs mixed, no number far from the rest, no order between neighbours, and a length that such networks give.
Whether it comes from a face is not told here: names decide that, not numbers.

Sources: the way vectors are written, from the stores of real software (pgvector, PostgreSQL arrays, JSON,
NumPy, float blobs).
"""

from __future__ import annotations

import binascii
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.errors import FormatError
from efface.formats import npy, pickle_scan
from efface.formats.pickle_ops import looks_like_pickle
from efface.formats.vector_rows import MAX_DIMENSION, MIN_DIMENSION, UNIT_TOLERANCE, Tested, look_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = [
    "CODINGS",
    "MAX_DIMENSION",
    "MIN_DIMENSION",
    "Vector",
    "binary_texts",
    "is_blob",
    "list_numbers",
    "look_at_blobs",
    "of_numbers",
    "parse_numbers",
    "parse_vector",
    "word",
]

_MAX_VALUE = 1 << 19  # bytes or characters of one value: 8,192 numbers of 25 digits twice over
# Possessive throughout: no part of a number or a gap is ever tried twice, however long it is.
_NUMBER = r"[-+]?+(?:\d++\.?+\d*+|\.\d++)(?:[eE][-+]?\d++)?+"
_NUMBERS = re.compile(rf"[\s,;|]*+{_NUMBER}(?:[\s,;|]++{_NUMBER})*+[\s,;|]*+")
_WRAPPERS = re.compile(r"(?:np\.|numpy\.|torch\.)?(?:array|tensor|vector)\(|,? ?dtype=[\w.']+|[\[\](){}\"']")
_CALL = re.compile(r"(?:(?:np\.|numpy\.|torch\.)?(?:array|tensor|vector)\()?[\[{]")
_CALL_END = 24  # "], dtype=float32)"
_HEX = re.compile(r"(?:0x|\\x)?(?:[0-9a-fA-F]{2})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}|[A-Za-z0-9_-]+={0,2}")
CODINGS = ("<f4", "<f8", ">f4", ">f8", "<f2")
"""Types of the numbers of blobs, in the order in which they are tried."""

_TEXT_DIGITS = 5  # mean significant digits of numbers in text; prices and pixels have fewer
_SHORT_DIGITS = 2  # vectors rounded to four places, of which the first is 0
_SHORT_NORM = (
    1.7  # of what has so few digits only vectors of length 1, and dlib's, are told from other tables
)


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
        return abs(self.norm - 1.0) <= UNIT_TOLERANCE


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
    for word, data in binary_texts(text.strip()):
        yield from _candidates(data, (*how, word), depth + 1)


def binary_texts(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield what a text is in hex or base64, with the word for it."""
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
    for dtype in CODINGS:
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


def is_blob(size_bytes: int, coding: str) -> bool:
    """Return whether so many bytes can be one vector in a coding."""
    count, rest = divmod(size_bytes, np.dtype(coding).itemsize)
    return not rest and MIN_DIMENSION <= count <= MAX_DIMENSION


def word(kind: np.dtype[Any]) -> str:
    """Return the word for a type of numbers: "float32", "float64 big-endian"."""
    return kind.newbyteorder("=").name + (" big-endian" if kind.byteorder == ">" else "")


def look_at_blobs(rows: NDArray[Any]) -> Tested:
    """Return what rows are like whose type is a guess: bytes that may be something else.

    Wider or narrower readings of other bytes look plausible by chance; only a strong sign lets them pass.
    """
    result = look_at(rows)
    if rows.dtype.itemsize != 4:
        result.passed[:] &= result.units | (result.exact if rows.dtype.itemsize == 8 else False)
    return result


def _blob(data: bytes, coding: str, how: tuple[str, ...]) -> Vector | None:
    if not is_blob(len(data), coding):
        return None
    rows = np.frombuffer(data, coding).reshape(1, -1)
    if not look_at_blobs(rows).passed[0]:
        return None
    name = word(rows.dtype)
    return of_numbers(rows[0].astype(np.float64), name, (*how, name))


def parse_numbers(text: str) -> NDArray[np.float64] | None:
    """Return the numbers of a text that holds numbers and brackets only, or None.

    JSON arrays, with numbers as strings too, Python and NumPy lists, PostgreSQL and pgvector arrays, and
    numbers between commas, semicolons or blanks are read.
    """
    if len(text) > _MAX_VALUE or not any(mark in text for mark in ",; \n\t|"):
        return None
    quick = list_numbers(text.strip())
    return _loose_numbers(text) if quick is None else quick


def _loose_numbers(text: str) -> NDArray[np.float64] | None:
    plain = _WRAPPERS.sub(" ", text)
    if not _NUMBERS.fullmatch(plain):
        return None
    words = re.split(r"[\s,;|]+", plain.strip(" \t\r\n,;|"))
    if not MIN_DIMENSION <= len(words) <= MAX_DIMENSION:
        return None
    digits = sum(len(word.partition("e")[0].strip("-+0.").replace(".", "")) for word in words)
    try:
        return _long_enough(np.array([float(word) for word in words], np.float64), digits)
    except ValueError:
        return None


def _long_enough(numbers: NDArray[np.float64], digits: int) -> NDArray[np.float64] | None:
    """Return numbers that are written with as many digits as vectors are, else None."""
    count = numbers.shape[0]
    if digits >= _TEXT_DIGITS * count:
        return numbers
    with np.errstate(all="ignore"):
        is_short = digits >= _SHORT_DIGITS * count and np.dot(numbers, numbers) <= _SHORT_NORM**2
    return numbers if is_short else None


def list_numbers(text: str) -> NDArray[np.float64] | None:
    """Return the numbers of one flat list, the common case, by a fast reader; else None.

    Lists in brackets or braces, as they are or in a call of `array`, lists of strings, and numbers between
    commas or blanks are read.
    """
    from pydantic_core import from_json  # noqa: PLC0415 - five times as fast as json; loaded when lists come

    plain = _plain_list(text) if MIN_DIMENSION <= len(text) <= _MAX_VALUE else ""
    if not plain:
        return None
    try:
        items = from_json(f"[{plain}]")
        kinds = set(map(type, items))
        if kinds == {str}:
            items = list(map(float, items))
        elif kinds != {float}:
            return None
    except ValueError:
        return None
    if not MIN_DIMENSION <= len(items) <= MAX_DIMENSION:
        return None
    # With sign, point and separator a number takes some four characters more than its digits.
    return _long_enough(np.array(items, np.float64), len(plain) - 4 * len(items))


def _plain_list(text: str) -> str:
    """Return the items of a list with commas between them, or nothing where it does not look like one."""
    if text[-1:] in "])}":
        call = _CALL.match(text)
        if call and (end := max(text.rfind("]"), text.rfind("}"))) > 0:
            return text[call.end() : end] if len(text) - end < _CALL_END else ""
        return ""
    if text[:1] not in "-0123456789":
        return ""
    return text if "," in text else ",".join(text.split())


def of_numbers(numbers: NDArray[Any], dtype: str, how: tuple[str, ...]) -> Vector | None:
    """Return numbers as a vector where they look like a network's output, else None.

    Args:
        numbers: Any float type, shape (dimension,).
        dtype: Element type as stored.
        how: Words for the encodings they came in.
    """
    if numbers.ndim != 1 or not MIN_DIMENSION <= numbers.shape[0] <= MAX_DIMENSION:
        return None
    result = look_at(numbers.reshape(1, -1))
    if not result.passed[0]:
        return None
    with np.errstate(all="ignore"):
        values = numbers.astype(np.float64)
        norm = float(np.sqrt(np.dot(values, values)))
    negative = float(result.negative[0]) / numbers.shape[0]
    return Vector(values, dtype, how, norm, negative, bool(result.exact[0]))
