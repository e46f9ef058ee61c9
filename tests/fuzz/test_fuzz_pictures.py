"""Whatever bytes come, a picture is decoded, refused or over its limits, and nothing else."""

from __future__ import annotations

import io
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from efface.engines import pictures
from efface.errors import FormatError
from efface.model.limits import Limits

KINDS = ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "ICO", "JPEG2000", "PPM", "AVIF"]
SMALL = Limits(picture_pixels=1_000_000, frames=20)
HEADS = [
    b"\xff\xd8\xff\xe1",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\x40\0\0\0WEBP",
    b"II*\0\x08\0\0\0",
    b"MM\0*",
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


VALID = {kind: valid(kind) for kind in KINDS}


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
    copies = list(pictures.thumbnails(data))
    assert sum(len(copy.data) for copy in copies) <= 8 * len(data) + (1 << 22)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(HEADS), st.binary(max_size=400))
def test_random_bytes_behind_a_real_signature(head, body):
    """Random bytes behind a signature are refused or decoded."""
    swallow(head + body)


@pytest.mark.parametrize("kind", KINDS)
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
