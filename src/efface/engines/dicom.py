"""Read the pictures of DICOM files with the optional library pydicom: every frame, icons, and embedded files.

Pictures are found in the main data set and in sequences at any depth. Grey values are shown through the file's
own window, else stretched over what occurs; MONOCHROME1 is inverted.

Source: DICOM PS3.3 C.7.6.3 (image pixel), C.11.2 (VOI LUT); PS3.5 8 and annex A (transfer syntaxes); PS3.10
7.1 (file meta information; files without it exist).

Not promised: faces that only a rendering of a volume (CT, MR) shows; JPEG-LS, lossless JPEG and video transfer
syntaxes (each a gap, unless the video itself is a film that another detector opens).
"""

from __future__ import annotations

import io
import logging
import warnings
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from efface.engines.picture_blocks import pixmap
from efface.engines.picture_frame import Budget, Frame, PictureInfo, check_pixels
from efface.engines.pillow import guarded
from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from efface.model.limits import Limits

__all__ = ["embedded", "frames", "is_dicom", "probe"]

_T = TypeVar("_T")

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_VIDEO = ("1.2.840.10008.1.2.4.10",)  # all MPEG-2, MPEG-4 and HEVC transfer syntaxes begin so
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_META_AT = 132  # behind preamble and prefix: the length of the meta information
_CHUNK = 1 << 20
_MAX_NESTED, _MAX_DATA_SETS = 16, 4096
_GREY_ENDS = (0.5, 99.5)  # percentiles that are shown as black and white where no window is given
_PREFIX_AT, _MIN_BARE = 128, 16
_FIRST_GROUPS = (b"\2\0", b"\x08\0")  # of the first element of a file without preamble
_FILE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-", b"PK\x03\x04", b"II*\0", b"MM\0*")
_MIN_FILE = 64


def is_dicom(data: bytes) -> bool:
    """Return whether bytes that are no other picture begin as a DICOM file does.

    What a media type is worth is decided by formats/dicom_head.py, which looks harder.
    """
    bare = data[:2] in _FIRST_GROUPS and data[3:4] == b"\0" and len(data) > _MIN_BARE
    return data[_PREFIX_AT : _PREFIX_AT + 4] == b"DICM" or bare


def probe(data: bytes) -> PictureInfo:
    """Return what the data set says of its pictures.

    Raises:
        UnsupportedError: pydicom is not installed.
        FormatError: The bytes are no DICOM file, broken, or hold no picture.
    """
    with _quiet():
        found = _data_set(data, None)
        if not any(name in found for name in _PIXELS):
            raise FormatError("the DICOM file holds no picture")
        mode = str(found.get("PhotometricInterpretation", ""))[:16]
        return PictureInfo("application/dicom", *_size(found), _count(found), mode, 1)


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """Yield every frame of a DICOM file; none where it holds no pictures.

    Raises:
        UnsupportedError: pydicom is not installed, or the pixels are coded in a way that is not decoded.
        LimitExceededError: A budget is exceeded.
        FormatError: The bytes are broken. Frames before the break were yielded.
    """
    return _stepwise(_all_frames(data, limits))


def embedded(data: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Yield icons and other pictures in sequences, encapsulated documents, films, and files in other elements.

    Raises:
        UnsupportedError: pydicom is not installed.
        LimitExceededError: A budget is exceeded.
        FormatError: The bytes are broken.
    """
    return _stepwise(_embedded(data, limits))


def _all_frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    found = _data_set(data, limits)
    if any(name in found for name in _PIXELS):
        if not _is_video(found):
            yield from _frames(found, limits)
    elif "Rows" in found or _is_of_pictures(found):
        raise FormatError(
            "the DICOM file says that it holds a picture, and holds none: it was cut off or taken out"
        )


def _embedded(data: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    main = _data_set(data, limits)
    if _is_video(main) and "PixelData" in main:
        yield "film.mp4", _film(main)
    for number, found in enumerate(_data_sets(main)):
        if number and any(name in found for name in _PIXELS):
            found.file_meta = main.file_meta
            for frame in _frames(found, limits):
                height, width = frame.pixels.shape[:2]
                yield "icon-image", pixmap(width, height, frame.pixels.tobytes())
        yield from _files(found)


def _stepwise(steps: Iterator[_T]) -> Iterator[_T]:
    """Yield what another iterator does, which runs quietly; whoever takes it runs as ever."""
    while True:
        with _quiet():
            try:
                step = next(steps)
            except StopIteration:
                return
        yield step


@contextmanager
def _quiet() -> Iterator[None]:
    """Run pydicom without its warnings and log lines, which may hold content, and with this project's errors."""
    logger = logging.getLogger("pydicom")
    before = logger.disabled
    logger.disabled = True
    try:
        with guarded(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except RecursionError:
        raise LimitExceededError("the DICOM file is nested too deeply") from None
    except _errors():
        raise FormatError("the DICOM file is broken or cut off") from None
    finally:
        logger.disabled = before


def _errors() -> tuple[type[Exception], ...]:
    """Return the errors that pydicom raises besides the common ones."""
    try:
        from pydicom.errors import BytesLengthException, InvalidDicomError  # noqa: PLC0415 - an optional extra
    except ImportError:
        return ()
    return BytesLengthException, InvalidDicomError


def _data_set(data: bytes, limits: Limits | None) -> Any:  # noqa: ANN401 - pydicom has no types here
    try:
        import pydicom  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise UnsupportedError("a DICOM file: install efface[pictures]") from None
    if not is_dicom(data):
        raise UnsupportedError("the bytes are no DICOM file")
    if limits is not None:
        _check_deflated(data, limits)
    return pydicom.dcmread(io.BytesIO(data), force=True)


def _check_deflated(data: bytes, limits: Limits) -> None:
    """Refuse a deflated data set that unpacks to more than is read as a whole."""
    start = _META_AT + 12 + int.from_bytes(data[_META_AT + 8 : _META_AT + 12], "little")
    if _DEFLATED not in data[_META_AT:start]:
        return
    worker = zlib.decompressobj(-zlib.MAX_WBITS)
    total, block = 0, data[start:]
    while block and not worker.eof:
        total += len(worker.decompress(block, _CHUNK))
        if total > limits.artefact_bytes:
            raise LimitExceededError(
                f"the DICOM file unpacks to more than {limits.artefact_bytes} bytes (artefact_bytes)"
            )
        block = worker.unconsumed_tail


def _size(found: Any) -> tuple[int, int]:  # noqa: ANN401 - pydicom has no types
    return int(found.get("Columns", 0) or 0), int(found.get("Rows", 0) or 0)


def _count(found: Any) -> int:  # noqa: ANN401 - pydicom has no types
    return max(int(found.get("NumberOfFrames", 1) or 1), 1)


def _syntax(found: Any) -> str:  # noqa: ANN401 - pydicom has no types
    return str(found.file_meta.get("TransferSyntaxUID", ""))


def _is_of_pictures(found: Any) -> bool:  # noqa: ANN401 - pydicom has no types
    """Return whether the class of the object is one of pictures."""
    kind = found.get("SOPClassUID") or found.file_meta.get("MediaStorageSOPClassUID") or ""
    return str(getattr(kind, "name", "")).endswith("Image Storage")


def _is_video(found: Any) -> bool:  # noqa: ANN401 - pydicom has no types
    return _syntax(found).startswith(_VIDEO) and len(_syntax(found)) >= len(_VIDEO[0]) + 1


def _film(found: Any) -> bytes:  # noqa: ANN401 - pydicom has no types
    from pydicom.encaps import generate_fragments  # noqa: PLC0415 - an optional extra

    fragments = list(generate_fragments(found.PixelData))
    return b"".join(fragments[1:])  # behind the basic offset table


def _frames(found: Any, limits: Limits) -> Iterator[Frame]:  # noqa: ANN401 - pydicom has no types
    from pydicom.pixels.utils import iter_pixels  # noqa: PLC0415 - an optional extra

    size = _size(found)
    check_pixels(size, limits)
    _settle(found)
    _check_decodable(found)
    budget = Budget(limits)
    for index in range(_count(found)):
        budget.take(size)
        for values in iter_pixels(found, indices=[index]):
            yield Frame(index, _shown(values, found), 1.0, values.shape[1], values.shape[0])


def _settle(found: Any) -> None:  # noqa: ANN401 - pydicom has no types
    """Set what a file without meta information leaves open: how its elements, and so its pixels, are coded."""
    if _syntax(found):
        return
    implicit, little = found.original_encoding if hasattr(found, "original_encoding") else (True, True)
    from pydicom import uid  # noqa: PLC0415 - an optional extra

    explicit = uid.ExplicitVRLittleEndian if little is not False else uid.ExplicitVRBigEndian
    found.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian if implicit else explicit


def _check_decodable(found: Any) -> None:  # noqa: ANN401 - pydicom has no types
    from pydicom.pixels.decoders.base import get_decoder  # noqa: PLC0415 - an optional extra

    try:
        known = get_decoder(found.file_meta.TransferSyntaxUID).is_available
    except (NotImplementedError, ValueError):
        known = False
    if not known:
        raise UnsupportedError(
            f"a DICOM picture of the transfer syntax {_syntax(found)[:64]!a} is not decoded"
        )


def _shown(values: NDArray[Any], found: Any) -> NDArray[np.uint8]:  # noqa: ANN401 - pydicom has no types
    """Return a frame's values as 8-bit RGB."""
    interpretation = str(found.get("PhotometricInterpretation", ""))
    if interpretation == "PALETTE COLOR":
        from pydicom.pixels.processing import apply_color_lut  # noqa: PLC0415 - an optional extra

        values = apply_color_lut(values, found)
    if values.ndim == 3:
        bits = (
            8 * values.dtype.itemsize
            if interpretation == "PALETTE COLOR"
            else int(found.get("BitsStored", 8))
        )
        whole = values >> max(bits - 8, 0) if values.dtype.itemsize > 1 else values
        return np.ascontiguousarray(np.clip(whole[..., :3], 0, 255).astype(np.uint8))
    grey = _windowed(values, found)
    if interpretation == "MONOCHROME1":
        grey = 255 - grey
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def _windowed(values: NDArray[Any], found: Any) -> NDArray[np.uint8]:  # noqa: ANN401 - pydicom has no types
    if values.dtype == np.uint8 and "WindowWidth" not in found and "VOILUTSequence" not in found:
        bits = int(found.get("BitsStored", 8) or 8)
        return (
            values
            if bits == 8
            else (values.astype(np.uint16) * 255 // max((1 << bits) - 1, 1)).astype(np.uint8)
        )
    from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut  # noqa: PLC0415 - an optional extra

    light: NDArray[Any] = values
    windowed = False
    try:
        light = apply_modality_lut(values, found)
        if "WindowWidth" in found or "VOILUTSequence" in found:
            light, windowed = apply_voi_lut(light, found), True
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, NotImplementedError):
        light = values  # a broken table: what is stored is shown all the same
    light = np.nan_to_num(light.astype(np.float32))
    low, high = (float(light.min()), float(light.max())) if windowed else np.percentile(light, _GREY_ENDS)
    scaled = (light - low) * (255.0 / max(high - low, 1e-9))
    return np.clip(scaled, 0, 255).astype(np.uint8)


def _data_sets(main: Any) -> Iterator[Any]:  # noqa: ANN401 - pydicom has no types
    """Yield a data set and those in its sequences, outermost first."""
    waiting = [(main, 0)]
    count = 0
    while waiting:
        found, depth = waiting.pop(0)
        count += 1
        if count > _MAX_DATA_SETS or depth > _MAX_NESTED:
            raise LimitExceededError("the DICOM file has too many sequences inside one another")
        yield found
        for tag in list(found.keys()):
            element = found.get_item(tag)
            if element is not None and (element.VR == "SQ" or tag == (0x0088, 0x0200)):
                waiting += [(inner, depth + 1) for inner in found[tag].value or ()]


def _files(found: Any) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401 - pydicom has no types
    """Yield the files that elements of a data set hold as they are."""
    for tag in list(found.keys()):
        element = found.get_item(tag)
        value = None if element is None or element.VR == "SQ" else element.value
        if tag in ((0x7FE0, 0x0010), (0x7FE0, 0x0008), (0x7FE0, 0x0009)) or not isinstance(value, bytes):
            continue
        if tag == (0x0042, 0x0011):
            yield "document", value
        elif len(value) >= _MIN_FILE and value.startswith(_FILE_STARTS):
            yield "element-file", value
