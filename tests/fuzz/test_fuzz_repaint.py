"""Broken pictures never crash the painter, and what it gives back is always painted."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from efface.engines.repaint import PageBox, repaint
from efface.errors import FormatError
from efface.model import Limits

LIMITS = Limits(artefact_bytes=1 << 20, picture_pixels=1 << 20, frames=16)
BOXES = [PageBox(None, 8, 8, 8, 8)]


def _saved(kind: str, **options) -> bytes:
    picture = Image.linear_gradient("L").resize((40, 32)).convert("RGB")
    target = io.BytesIO()
    (picture.quantize(16) if kind == "GIF" else picture).save(target, kind, **options)
    return target.getvalue()


_SECOND = Image.radial_gradient("L").resize((40, 32)).convert("RGB")
SEEDS = {
    "JPEG": _saved("JPEG"),
    "progressive JPEG": _saved("JPEG", progressive=True),
    "PNG": _saved("PNG"),
    "APNG": _saved("PNG", save_all=True, append_images=[_SECOND]),
    "GIF": _saved("GIF", save_all=True, append_images=[_SECOND.quantize(16)]),
    "WebP": _saved("WEBP", save_all=True, append_images=[_SECOND], lossless=True),
    "TIFF": _saved("TIFF", save_all=True, append_images=[_SECOND]),
    "BMP": _saved("BMP"),
    "AVIF": _saved("AVIF"),
    "animated AVIF": _saved("AVIF", save_all=True, append_images=[_SECOND]),
    "JPEG 2000": _saved("JPEG2000"),
    "JPEG 2000, bare codestream": _saved("JPEG2000", no_jp2=True),
    "icon": _saved("ICO", sizes=[(32, 32), (16, 16)]),
    "icon of bitmaps": _saved("ICO", sizes=[(32, 32), (16, 16)], bitmap_format="bmp"),
    "portable map": _saved("PPM"),
}


def _survives(data: bytes) -> None:
    try:
        painted = repaint(data, BOXES, LIMITS)
    except FormatError:
        return
    assert len(painted) < 20 * len(data) + 65_536
    assert repaint(painted, BOXES, LIMITS) == painted


@pytest.mark.parametrize("seed", SEEDS)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_a_mutated_picture_is_painted_or_refused(seed, data):
    """Bytes of a picture changed at random give a painted picture or an error of this project."""
    picture = bytearray(SEEDS[seed])
    for _ in range(data.draw(st.integers(1, 6))):
        picture[data.draw(st.integers(0, len(picture) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.one_of(st.just(len(picture)), st.integers(0, len(picture))))
    _survives(bytes(picture[:end]))


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.sampled_from([seed[:12] for seed in SEEDS.values()]), st.binary(max_size=400))
def test_random_bytes_behind_a_signature_are_refused(signature, rest):
    """Random bytes that start like a picture give an error of this project, if anything."""
    _survives(signature + rest)
