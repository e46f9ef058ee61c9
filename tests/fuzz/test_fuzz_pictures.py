"""Whatever bytes come, a picture is decoded, refused or over its limits, and nothing else."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from efface.engines import pictures
from efface.errors import FormatError
from efface.model.limits import Limits
from efface.testing import pictures as make
from efface.testing.pictures_heif import HeifItem, box, cropped, full_box, grid, heif

KINDS = ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "ICO", "JPEG2000", "PPM", "AVIF"]
SMALL = Limits(picture_pixels=1_000_000, frames=20)
HEADS = [
    b"\xff\xd8\xff\xe1",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\x40\0\0\0WEBP",
    b"II*\0\x08\0\0\0",
    b"MM\0*",
    b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0",
    b"8BPS\0\1",
    b"8BPS\0\2",
    b"\0\0\0\x14ftypheic\0\0\0\0heic",
    b"\0\0\0\x14ftypcrx \0\0\0\0isom",
    b"FUJIFILMCCD-RAW 0201",
    b"\xd7\xcd\xc6\x9a",
    struct.pack("<II", 1, 88) + bytes(32) + b" EMF\0\0\1\0" + bytes(40),
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"BM",
    b"P6 9 9 255 ",
    bytes(128) + b"DICM\2\0\0\0UL\4\0",
]


def valid(kind):
    noise = random.Random(kind)
    picture = Image.frombytes("RGB", (24, 16), noise.randbytes(24 * 16 * 3))
    exif = Image.Exif()
    exif[0x112] = 6
    options = {"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF") else {}
    if kind in ("GIF", "PNG", "WEBP", "TIFF"):
        options |= {"save_all": True, "append_images": [picture.rotate(180)]}
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def others():
    """One small file of each kind whose parser is the project's own."""
    picture = Image.radial_gradient("L").resize((24, 16)).convert("RGB")
    photo = make.jpeg(picture)
    coded = HeifItem(b"hvc1", bytes(50), (full_box(b"ispe", struct.pack(">II", 24, 16)), cropped(9, 9)))
    items = {1: coded, 2: coded, 3: grid(1, 1, 24, 16), 4: HeifItem(b"jpeg", photo)}
    references = [(b"thmb", 2, (1,)), (b"dimg", 3, (3, 1, 2))]
    resources = make.resource(1036, bytes(28) + photo)
    yield "HEIF", heif(items, references, behind=box(b"mpvd", make.film()) + box(b"moov", bytes(60)))
    yield "PSD", make.photoshop(picture, [picture], resources=resources, linked=photo)
    yield "PSB", make.photoshop(picture, [picture], large=True, coding=3, depth=16)
    yield "DNG", make.raw_tiff(picture, photo, sensor_px=(99, 99), note=b"Note" + photo, loop=True)
    yield "EMF", make.emf(picture)
    yield "WMF", make.wmf(picture)
    yield "DICOM", make.dicom([np.asarray(picture)] * 2, icon=np.asarray(picture.convert("L")))
    text = b"Raw profile type exif\0\0" + zlib.compress(
        b"\nexif\n 99\n" + (b"Exif\0\0" + photo).hex().encode()
    )
    png = valid("PNG")
    yield "PNG with chunks", png[:33] + struct.pack(">I4s", len(text), b"zTXt") + text + bytes(4) + png[33:]
    segment = b"\xff\xeb" + struct.pack(">H", len(photo) + 12) + b"JP" + bytes(8) + photo
    yield "JPEG with segments", photo[:2] + segment + photo[2:] + photo + make.film() + b"PK\3\4" + bytes(30)


VALID = {kind: valid(kind) for kind in KINDS} | dict(others())


def swallow(data):
    """Run every reader; only the FormatError family may escape, and frames stay within their limits."""
    for read in (pictures.probe, lambda data: list(pictures.frames(data, limits=SMALL, long_side_px=8))):
        try:
            result = read(data)
        except FormatError:
            continue
        if isinstance(result, list):
            assert len(result) <= 2 * SMALL.frames
            assert all(frame.pixels.size <= 3 * SMALL.picture_pixels for frame in result)
    copies = []
    with contextlib.suppress(FormatError):
        copies += pictures.copies(data)
    assert sum(len(copy.data) for copy in copies) <= 8 * len(data) + (1 << 22)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(HEADS), st.binary(max_size=400))
def test_random_bytes_behind_a_real_signature(head, body):
    """Random bytes behind a signature are refused or decoded."""
    swallow(head + body)


@pytest.mark.parametrize("kind", VALID)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_picture_with_changed_bytes(kind, data):
    """A valid picture with a few bytes changed, cut off or repeated is refused or decoded."""
    picture = bytearray(VALID[kind])
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(picture) - 1))
        picture[at] = data.draw(
            st.sampled_from([0, 1, 0x7F, 0x80, 0xFE, 0xFF, data.draw(st.integers(0, 255))])
        )
    cut = data.draw(st.integers(0, len(picture)))
    swallow(bytes(picture if data.draw(st.booleans()) else picture[:cut]))
