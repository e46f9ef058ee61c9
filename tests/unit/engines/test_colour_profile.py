"""What a colour profile keeps."""

from __future__ import annotations

import io
import struct
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageCms

from efface.engines.colour_profile import clean_profile
from efface.engines.embedded_pictures import thumbnails
from efface.engines.repaint import repaint
from efface.model import Limits

PLAIN = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def with_tag(name: bytes, body: bytes) -> bytes:
    """Return a profile with one more tag."""
    count = int.from_bytes(PLAIN[128:132], "big")
    rows = b""
    for n in range(count):
        tag, at, size = struct.unpack_from(">4sII", PLAIN, 132 + 12 * n)
        rows += struct.pack(">4sII", tag, at + 12, size)
    rows += struct.pack(">4sII", name, len(PLAIN) + 12, len(body))
    profile = PLAIN[:128] + struct.pack(">I", count + 1) + rows + PLAIN[132 + 12 * count :] + body
    return struct.pack(">I", len(profile)) + profile[4:]


@cache
def jpeg() -> bytes:
    target = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(target, "JPEG")
    return target.getvalue()


def test_a_usual_profile_stays_as_it_is():
    """A profile of registered tags comes back byte for byte."""
    assert clean_profile(PLAIN) == PLAIN


@pytest.mark.parametrize("name", [b"face", b"cprt", b"\0\0\0\0"])
def test_a_tag_with_a_picture_goes(name):
    """A picture in a tag is gone, whatever the tag is called, and the profile still opens."""
    cleaned = clean_profile(with_tag(name, jpeg()))
    assert cleaned is not None
    assert jpeg()[100:140] not in cleaned
    assert ImageCms.getOpenProfile(io.BytesIO(cleaned)).profile.xcolor_space == "RGB "


def test_an_unknown_tag_goes():
    """What no standard registers may hold anything, and goes."""
    cleaned = clean_profile(with_tag(b"priv", b"anything at all"))
    assert cleaned is not None
    assert b"anything" not in cleaned


def test_bytes_that_no_tag_names_go():
    """What lies between the tags of a profile, or behind them, becomes zero."""
    cleaned = clean_profile(PLAIN + b"behind the tags")
    assert cleaned is not None
    assert b"behind" not in cleaned


@pytest.mark.parametrize(
    "data",
    [b"", b"no profile", PLAIN[:100], PLAIN[:128] + b"\xff" * 40],
    ids=["nothing", "words", "cut off", "a lying count"],
)
def test_what_is_no_profile_goes(data):
    """Bytes that are no profile, or a cut one, are not kept as one."""
    assert clean_profile(data) is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_picture_in_a_profile_is_found_and_goes(kind):
    """In every kind with a profile, a picture in it is a copy like any other, and colours stay told."""
    target = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(target, kind, icc_profile=with_tag(b"face", jpeg()))
    data = target.getvalue()
    assert jpeg() in {copy.data for copy in thumbnails(data)}
    cleaned = repaint(data, [], Limits())
    assert not [copy for copy in thumbnails(cleaned) if copy.data == jpeg()]
    profile = Image.open(io.BytesIO(cleaned)).info["icc_profile"]
    assert jpeg()[100:140] not in profile
    assert len(profile) == len(with_tag(b"face", jpeg()))
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(cleaned))), np.asarray(Image.open(io.BytesIO(data)))
    )
