"""Read values of PDF objects without trusting their types, and decode streams within budgets.

For the PDF modules of this room only.

Source: ISO 32000-2, 7.3 (objects), 7.4 (filters), 7.6 (encryption).
"""

from __future__ import annotations

import math
import warnings
import zlib
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from efface.errors import EncryptedError, FormatError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Dictionary",
    "decode_pairs",
    "decoded",
    "filters_of",
    "guarded",
    "head_of",
    "integer",
    "key_of",
    "library",
    "name",
    "parameters_of",
]

Dictionary = Any
"""A pikepdf object: a dictionary, or a stream with one."""

_SHORT = {
    "/AHx": "/ASCIIHexDecode",
    "/A85": "/ASCII85Decode",
    "/LZW": "/LZWDecode",
    "/Fl": "/FlateDecode",
    "/RL": "/RunLengthDecode",
    "/CCF": "/CCITTFaxDecode",
    "/DCT": "/DCTDecode",
}
_MOST = {"/FlateDecode": 1032, "/LZWDecode": 2800, "/RunLengthDecode": 64}
_CHUNK = 1 << 20
_HEAD_BYTES = 4096
_WRONG = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    NotImplementedError,
    zlib.error,
)


@cache
def library() -> Any:  # noqa: ANN401 - the module itself, imported when a PDF is met
    """Return pikepdf, with limits against hostile files set where this version has them."""
    import pikepdf  # noqa: PLC0415

    settings = getattr(pikepdf, "settings", None)
    if settings is not None and hasattr(settings, "set_qpdf_limits"):
        settings.set_qpdf_limits(doc_max_warnings=2_000)
    return pikepdf


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Run pikepdf, and turn what it raises into errors of this project that hold no content.

    Raises:
        EncryptedError: A password is needed.
        FormatError: Anything else; `what` says in a few words what is broken.
    """
    pikepdf = library()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FormatError:
        raise
    except pikepdf.PasswordError:
        raise EncryptedError("encrypted; no password was given") from None
    except RecursionError:
        raise LimitExceededError(f"{what}: nested too deeply") from None
    except (pikepdf.PdfError, *_WRONG) as error:
        if "encrypt" in str(error).lower():
            raise EncryptedError("encrypted in a way that takes more than a password") from None
        raise FormatError(f"{what}: broken or cut off ({type(error).__name__})") from None


def integer(obj: Dictionary, key: str, default: int = 0) -> int:
    """Return a number of a dictionary as an integer, or the default where there is none."""
    value = obj.get(key)
    try:
        return default if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        return default


def name(obj: Dictionary, key: str) -> str:
    """Return a name of a dictionary with its slash, or nothing."""
    value = obj.get(key)
    return str(value) if isinstance(value, library().Name) else ""


def key_of(obj: Dictionary) -> tuple[int, int]:
    """Return the number and generation of an indirect object."""
    number, generation = obj.objgen
    return int(number), int(generation)


def filters_of(stream: Dictionary) -> list[str]:
    """Return the names of a stream's filters in the order of decoding, short ones written out."""
    value = stream.get("/Filter")
    if value is None:
        return []
    each = list(value) if isinstance(value, library().Array) else [value]
    return [_SHORT.get(str(item), str(item)) for item in each[:32]]


def parameters_of(stream: Dictionary, index: int) -> Dictionary:
    """Return the decode parameters of a stream's filter, an empty dictionary where it has none."""
    pikepdf = library()
    value = stream.get("/DecodeParms")
    if isinstance(value, pikepdf.Array):
        value = value[index] if index < len(value) else None
    return value if isinstance(value, pikepdf.Dictionary) else pikepdf.Dictionary()


def decode_pairs(image: Dictionary) -> tuple[float, ...]:
    """Return the numbers of a Decode array, or nothing where it is none."""
    value = image.get("/Decode")
    if not isinstance(value, library().Array) or len(value) > 64:
        return ()
    try:
        found = tuple(float(item) for item in value)
    except (TypeError, ValueError):
        return ()
    return found if all(map(math.isfinite, found)) and len(found) % 2 == 0 else ()


def head_of(stream: Dictionary) -> bytes:
    """Return the first bytes of a stream decoded, or as they stand where its filters cannot be taken off."""
    filters = filters_of(stream)
    if not filters or filters[0] in {"/DCTDecode", "/JPXDecode"}:
        return bytes(stream.read_raw_bytes()[:_HEAD_BYTES])
    if filters[0] == "/FlateDecode":
        return _inflated(stream.read_raw_bytes(), _HEAD_BYTES)
    try:
        return decoded(stream, _CHUNK)[:_HEAD_BYTES]
    except FormatError:
        return b""


def decoded(stream: Dictionary, limit: int, enough: int | None = None) -> bytes:
    """Return the bytes of a stream with all filters taken off that are no pictures.

    Args:
        stream: The stream.
        limit: Most bytes that may come out.
        enough: How many are needed, where the rest is of no use; a bomb behind them is never unpacked.

    Raises:
        FormatError: It cannot be decoded.
        LimitExceededError: More than `limit` comes out.
    """
    with guarded("a stream of the PDF"):
        filters = filters_of(stream)
        raw = bytes(stream.read_raw_bytes())
        is_plain = not filters or integer(parameters_of(stream, 0), "/Predictor", 1) <= 1
    if not filters:
        return raw
    if filters == ["/FlateDecode"] and is_plain:
        data = _inflated(raw, limit + 1 if enough is None else min(enough, limit + 1))
        if len(data) > limit:
            raise LimitExceededError(f"a stream unpacks to more than {limit} bytes")
        if data or not raw:
            return data
    _check_size(raw, filters, limit)
    level = library().StreamDecodeLevel.specialized
    with guarded("a stream of the PDF"):
        data = bytes(stream.read_bytes(level))
    if len(data) > limit:
        raise LimitExceededError(f"a stream unpacks to more than {limit} bytes")
    return data


def _inflated(raw: bytes, count: int) -> bytes:
    """Return up to `count` bytes of what was deflated; what comes before a fault counts."""
    machine = zlib.decompressobj()
    pieces, left, at = [], count, 0
    try:
        while left > 0 and at < len(raw) and not machine.eof:
            piece = machine.decompress(machine.unconsumed_tail + raw[at : at + _CHUNK], left)
            at += _CHUNK
            pieces.append(piece)
            left -= len(piece)
        while left > 0 and machine.unconsumed_tail and not machine.eof:
            piece = machine.decompress(machine.unconsumed_tail, left)
            pieces.append(piece)
            left -= len(piece)
    except zlib.error:
        pass
    return b"".join(pieces)


def _check_size(raw: bytes, filters: list[str], limit: int) -> None:
    """Refuse a bomb before it is unpacked: by what its filters can make of it at most, else by counting."""
    most = len(raw)
    for each in filters:
        most *= _MOST.get(each, 1)
    if most <= limit:
        return
    packed = [each for each in filters if each in _MOST]
    if filters[0] == "/FlateDecode" and _inflated_size(raw, limit) > limit:
        raise LimitExceededError(f"a stream unpacks to more than {limit} bytes")
    if len(packed) > 1 and _twice_inflated_size(raw, filters, limit) > limit:
        raise LimitExceededError(f"a stream unpacks to more than {limit} bytes")


def _inflated_size(raw: bytes, limit: int) -> int:
    """Return how many bytes come out, counted without keeping them, up to a little more than the limit."""
    machine, size, tail = zlib.decompressobj(), 0, raw
    try:
        while tail and not machine.eof and size <= limit:
            size += len(machine.decompress(tail, _CHUNK))
            tail = machine.unconsumed_tail
    except zlib.error:
        pass
    return size


def _twice_inflated_size(raw: bytes, filters: list[str], limit: int) -> int:
    """Return what two deflations give at most; any other pair of packings counts as too much."""
    if filters[:2] != ["/FlateDecode", "/FlateDecode"] or len(filters) > 2:
        return limit + 1
    inner = _inflated(raw, limit + 1)
    return max(len(inner), _inflated_size(inner, limit))
